/** Below each finding, folded: what there is to paste. It is loaded and made when it is unfolded for the first time. */

import { copied } from "./actions.ts";
import { remedies, type Outcome } from "./core.ts";
import { make } from "./dom.ts";
import { show } from "./trusted.ts";
import type { Words } from "./words.ts";

/** Adds them to the report in `output`, which shows `outcome`. What was copied is said in `status`. */
export function offerRemedies(output: Element, outcome: Outcome, status: HTMLElement, words: Words): void {
  for (const [place, finding] of output.querySelectorAll(".finding").entries()) {
    const content = make("div");
    const details = make("details", { class: "remedy", part: "remedy" }, make("summary", {}, words.remedy), content);
    details.addEventListener("toggle", () => {
      if (details.open && !details.hasAttribute("data-filled")) void fill(details, content, outcome, place, status, words);
    });
    finding.querySelector(".advice")?.append(details);
  }
}

async function fill(
  details: Element,
  content: Element,
  outcome: Outcome,
  place: number,
  status: HTMLElement,
  words: Words,
): Promise<void> {
  try {
    const told = await remedies(words);
    // Meanwhile another report may have taken this one's place, and its memory.
    if (!details.isConnected || details.hasAttribute("data-filled")) return;
    show(content, outcome.remedy(place, told));
    details.setAttribute("data-filled", "");
    for (const pasted of content.querySelectorAll("pre")) {
      pasted.before(copyButton(pasted, status, words));
      inWords(pasted);
    }
  } catch (reason) {
    content.textContent = reason instanceof Error ? reason.message : String(reason);
  }
}

/** A line goes on at a space, and nowhere else: broken after a hyphen, an option would look like another. */
function inWords(pasted: Element): void {
  const code = pasted.querySelector("code") ?? pasted;
  const parts = (code.textContent ?? "").split(/(\s+)/);
  code.replaceChildren(...parts.map((part) => (part.trim() ? make("span", { class: "word" }, part) : part)));
  // What is longer than the screen is wide can be scrolled, by keyboard too.
  new ResizeObserver(() => {
    if (pasted.scrollWidth > pasted.clientWidth) pasted.setAttribute("tabindex", "0");
    else pasted.removeAttribute("tabindex");
  }).observe(pasted);
}

function copyButton(pasted: Element, status: HTMLElement, words: Words): HTMLElement {
  const button = make("button", { type: "button", class: "copy", part: "action" }, words.copy);
  button.addEventListener("click", () => {
    void copied(() => pasted.textContent ?? "", words).then((trouble) => {
      button.textContent = trouble ? words.notCopiedShort : words.copiedShort;
      status.textContent = trouble ?? words.copiedShort;
      setTimeout(() => (button.textContent = words.copy), 2000);
    });
  });
  return button;
}
