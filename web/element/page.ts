/** The page around the element: the address bar holds the test or the report, the title says what came of it. */

import type { HeloScopeElement, Progress } from "./element.ts";
import { firstOf, nearest, wordsOf } from "./language.ts";
import { fromLink, holdsReport } from "./share.ts";
import { translate } from "./translated.ts";

const NAME = "Heloscope";
const element = document.querySelector<HeloScopeElement>("helo-scope");

/** What is in sight, as the address bar has it; a file, which it cannot hold, is `FILE`. */
let shown = "";
const FILE = "file";
/** Whether what happens is what the address bar asked for. */
let asked = false;

/** What the address bar says of the language; else the browser's wish counts. */
const wish = new URLSearchParams(location.search).get("lang");
const language = wish === null ? firstOf(navigator.languages) : nearest(wish);
document.documentElement.lang = language;
const words = await wordsOf(language);
translate(words);
const other = document.querySelector<HTMLAnchorElement>("#language");
if (other) {
  other.lang = other.hreflang = language === "en" ? "de" : "en";
  // The test or the report comes along, whatever it is by then.
  for (const what of ["focus", "pointerenter", "click"]) other.addEventListener(what, () => lead(other));
  lead(other);
}

if (element) {
  await customElements.whenDefined("helo-scope");
  element.addEventListener("heloscope-started", (event) => {
    const { host, ports } = (event as CustomEvent<Progress>).detail;
    shown = search(host, ports, element.address);
    // A second entry for what was asked for would make the back button come here again.
    if (asked) history.replaceState(null, "", shown);
    else if (shown !== location.search + location.hash || history.state) history.pushState(null, "", shown);
    asked = false;
    document.title = `${host} – ${NAME}`;
  });
  for (const what of ["heloscope-finished", "heloscope-opened"]) {
    element.addEventListener(what, () => {
      const report = element.report;
      if (report) document.title = `${report.host.replace(/[^!-~]/g, "\ufffd")}: ${words.status[report.status]} – ${NAME}`;
    });
  }
  element.addEventListener("heloscope-opened", () => {
    if (asked) asked = false;
    else keep(element);
  });
  element.addEventListener("heloscope-failed", () => {
    asked = false;
  });
  addEventListener("popstate", () => {
    if (history.state || location.search + location.hash !== shown) follow(element);
  });
  files(element);
  follow(element);
}

/** Does what the address bar and the history's entry say. */
function follow(element: HeloScopeElement): void {
  const saved = (history.state as { report?: string } | null)?.report;
  shown = saved ? FILE : location.search + location.hash;
  const search = new URLSearchParams(location.search);
  const [host, ports] = [search.get("host"), search.get("ports")];
  element.reset();
  element.host = host ?? "";
  element.address = search.get("address") ?? "";
  if (ports) element.ports = ports;
  else element.removeAttribute("ports");
  document.title = NAME;
  asked = true;
  if (saved) void element.open(saved);
  else if (holdsReport(location.hash)) void element.open(fromLink(location.hash, words), "link");
  else if (host) void element.start();
  else {
    asked = false;
    element.focus();
  }
}

/** Keeps the report of a file in the history, so that coming back to it and reloading work. */
function keep(element: HeloScopeElement): void {
  shown = FILE;
  try {
    history.pushState({ report: JSON.stringify(element.report) }, "", location.pathname);
  } catch {
    // Too large for this browser's history: it can be opened once more.
    history.pushState(null, "", location.pathname);
  }
}

/** Opens files: by the button, and by dropping one anywhere. */
function files(element: HeloScopeElement): void {
  const chooser = document.querySelector<HTMLInputElement>("#saved");
  const button = document.querySelector<HTMLButtonElement>("#open");
  if (!chooser || !button) return;
  button.hidden = false;
  button.addEventListener("click", () => chooser.click());
  const open = (files: FileList | null | undefined): void => {
    const file = files?.[0];
    asked = false;
    if (file) void element.open(file);
  };
  chooser.addEventListener("change", () => {
    open(chooser.files);
    // Or choosing the same file once more would be no change.
    chooser.value = "";
  });
  const over = (event: DragEvent, dropping: boolean): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.documentElement.classList.toggle("dropping", dropping);
  };
  addEventListener("dragover", (event) => over(event, true));
  addEventListener("dragleave", (event) => event.relatedTarget ?? over(event, false));
  addEventListener("drop", (event) => {
    over(event, false);
    open(event.dataTransfer?.files);
  });
}

/** Has the link to the other language lead to what is in sight. */
function lead(link: HTMLAnchorElement): void {
  const to = new URL(location.href);
  to.searchParams.set("lang", link.hreflang);
  link.href = `${readable(to.search)}${to.hash}`;
}

/** `?host=mx1.example.com&ports=25,465`; commas, slashes and colons are left readable. */
function search(host: string, ports: string[], address: string): string {
  const asked = new URLSearchParams({ host, ports: ports.join(","), ...(address && { address }), ...(wish !== null && { lang: wish }) });
  return readable(`?${asked}`);
}

function readable(search: string): string {
  return search.replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":");
}
