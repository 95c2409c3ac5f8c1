/** The cards of a test that runs, once it runs no longer. */

import { make } from "./dom.ts";
import type { Words } from "./words.ts";

/** Tells in `status` of each long wait, and what its card says of the reason; of what is among the `told` no more. */
export function tellWaits(shown: Element, status: Element, told: Set<string>, words: Words): void {
  for (const card of shown.querySelectorAll<HTMLElement>("[data-port]")) {
    const port = card.dataset["port"] ?? "";
    const why = card.querySelector(".running .note")?.textContent;
    if (!why || told.has(`${port} ${why}`)) continue;
    told.add(`${port} ${why}`);
    const step = card.querySelector(".running .name")?.textContent ?? "";
    status.replaceChildren(words.waiting(port, step), make("span", { class: "unseen" }, ` ${why}`));
  }
}

/** A square. */
const STOP = "M4.5 4.5h7v7h-7Z";

/**
 * Says of what ran when a test ended without a report that it stopped, and of what was to come that it did not; where there is
 * a report, there are no cards.
 */
export function cease(shown: Element, words: Words): void {
  for (const step of shown.querySelectorAll(".step.pending .unseen")) step.replaceChildren(`, ${words.stepNotBegun} `);
  for (const step of shown.querySelectorAll(".step.running")) {
    step.classList.replace("running", "stopped");
    step.querySelector(".icon path")?.setAttribute("d", STOP);
    step.querySelector(".unseen")?.replaceChildren(`, ${words.stoppedStep} `);
    // It says what is waited for.
    step.querySelector(".note")?.remove();
  }
}
