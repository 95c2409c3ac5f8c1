/** What has to be so before the element is there: the page's language, and who has the focus. */

import { firstOf, nearest } from "./language.ts";

/** What the fragment of a link that holds a report begins with. */
export const REPORT = "#report=";

const asked = new URLSearchParams(location.search);

/** What the address bar says of the language; else the browser's wish counts. */
export const wish = asked.get("lang");
export const language = wish === null ? firstOf(navigator.languages) : nearest(wish);
document.documentElement.lang = language;

// Whoever comes for a report reads: the keys are to move the page, and not a cursor in the field.
const field = document.querySelector<HTMLInputElement>("helo-scope input");
if (field?.value === "" && (asked.has("host") || location.hash.startsWith(REPORT) || history.state)) field.blur();
