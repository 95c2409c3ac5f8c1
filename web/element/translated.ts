/** The texts of a page in its language: what stands in the page is English, and is looked up as it stands. */

import { ENGLISH, type Words } from "./words.ts";

/** Says every text of the page in these words, the element's own aside, and has its links lead to the pages of their language. */
export function translate(words: Words): void {
  if (words === ENGLISH) return;
  for (const told of document.querySelectorAll("title, h1, h2, p, a, button")) {
    if (!told.firstElementChild) told.textContent = words.page((told.textContent ?? "").trim().replace(/\s+/g, " "));
  }
  for (const [selector, attribute] of [["nav[aria-label]", "aria-label"], ["meta[name=description]", "content"]] as const) {
    const told = document.querySelector(selector);
    told?.setAttribute(attribute, words.page(told.getAttribute(attribute) ?? ""));
  }
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a[href^="help/"]')) {
    link.setAttribute("href", (link.getAttribute("href") ?? "").replace("help/", `help/${words.language}/`));
  }
}
