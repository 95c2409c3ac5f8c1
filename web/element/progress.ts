/** The cards of a test that runs, once it runs no longer. */

import type { Words } from "./words.ts";

/** Says of what ran when a test ended without a report that it stopped; where there is a report, there are no cards. */
export function cease(shown: Element, words: Words): void {
  for (const step of shown.querySelectorAll(".step.running")) {
    step.classList.replace("running", "stopped");
    step.querySelector(".icon")?.replaceChildren();
    step.querySelector(".unseen")?.replaceChildren(`, ${words.stoppedStep} `);
    // It says what is waited for.
    step.querySelector(".note")?.remove();
  }
}
