/** The page around the element: the address bar holds the test or the report, the title says what came of it. */

import { language, REPORT, wish } from "./beforehand.ts";
import "./heloscope.ts";
import type { HeloScopeElement } from "./element.ts";
import { live } from "./home.ts";
import type { Failure, Progress, Stopped } from "./events.ts";
import { wordsOf } from "./language.ts";
import type { Report } from "./report.ts";
import { isPartial } from "./saved.ts";
import { translate } from "./translated.ts";
import { ENGLISH } from "./words.ts";

live(new URL("./", import.meta.url));

const NAME = "Heloscope";
const element = document.querySelector<HeloScopeElement>("helo-scope");

/** What is in sight, as the address bar has it; a file, which it cannot hold, is `FILE`. */
let shown = "";
const FILE = "file";
/** Whether what happens is what the address bar asked for. */
let asked = false;
/** Whether a file is being opened: until it is, and where it cannot be, what was in sight before still is. */
let opening = false;

/** The relay of the page itself: the address bar names another one only. */
const own = element?.relay;

let words = ENGLISH;
const other = document.querySelector<HTMLAnchorElement>("#language");
if (other) {
  other.lang = other.hreflang = language === "en" ? "de" : "en";
  // The test or the report comes along, whatever it is by then.
  for (const what of ["focus", "pointerenter", "click"]) other.addEventListener(what, () => lead(other));
  lead(other);
}

if (element) {
  element.addEventListener("heloscope-started", (event) => {
    opening = false;
    const { host, ports, relays } = (event as CustomEvent<Progress>).detail;
    arrive(search(element, host, ports, relays !== undefined), host);
  });
  for (const what of ["heloscope-finished", "heloscope-compared", "heloscope-opened"]) {
    element.addEventListener(what, (event) => {
      const { detail } = event as CustomEvent<Report | Report[]>;
      const reports = Array.isArray(detail) ? detail : [detail];
      const [first] = reports;
      const statuses = reports.map((report) => words.status[isPartial(report) ? "partial" : report.status]).join(", ");
      if (first) document.title = `${visible(first.host)}: ${statuses} – ${NAME}`;
    });
  }
  element.addEventListener("heloscope-opened", (event) => {
    if (asked) asked = false;
    else keep((event as CustomEvent<Report | Report[]>).detail);
  });
  // Perhaps before it had started.
  for (const what of ["heloscope-stopped", "heloscope-failed"]) {
    element.addEventListener(what, (event) => {
      if (opening) return;
      const { asked: over } = (event as CustomEvent<Stopped | Failure>).detail;
      // What the address bar asked for stays in it, to be tried once more.
      const to = asked ? shown : over ? search(element, over.host, over.ports, over.relays !== undefined) : nothing();
      arrive(to, over?.host);
    });
  }
  addEventListener("popstate", () => {
    if (history.state || location.search + location.hash !== shown) follow(element);
  });
  files(element);
  follow(element);
}

words = await wordsOf(language);
translate(words);

/** Does what the address bar and the history's entry say. */
function follow(element: HeloScopeElement): void {
  const saved = (history.state as { report?: string } | null)?.report;
  shown = saved ? FILE : location.search + location.hash;
  const search = new URLSearchParams(location.search);
  const [host, ports] = [search.get("host"), search.get("ports")];
  element.reset();
  // What was typed meanwhile stays.
  if (element.host !== (host ?? "")) element.host = host ?? "";
  element.address = search.get("address") ?? "";
  element.relay = relayIn(search.get("relay"));
  if (ports) element.ports = ports;
  else element.removeAttribute("ports");
  document.title = NAME;
  asked = true;
  if (saved) void element.open(saved);
  else if (location.hash.startsWith(REPORT)) void element.open(location.hash, "link");
  else if (host) void (search.has("compare") ? element.compare() : element.start());
  else {
    asked = false;
    // Unless the reader has gone elsewhere by keyboard.
    if ([document.body, element].includes(document.activeElement as HTMLElement)) element.focus();
  }
}

/** What is in sight is another thing: the address bar and the title are about it, and no more about what was there before. */
function arrive(to: string, host?: string): void {
  shown = to;
  const address = to || location.pathname;
  // A second entry for what was asked for would make the back button come here again.
  if (asked) history.replaceState(to === FILE ? history.state : null, "", to === FILE ? location.href : address);
  else if (to !== location.search + location.hash || history.state) history.pushState(null, "", address);
  asked = false;
  document.title = host ? `${visible(host)} – ${NAME}` : NAME;
}

/** A host as far as a title can hold it. */
function visible(host: string): string {
  return host.replace(/[^!-~]/g, "\ufffd");
}

/** Keeps the report of a file in the history, so that coming back to it and reloading work. */
function keep(opened: Report | Report[]): void {
  shown = FILE;
  try {
    history.pushState({ report: JSON.stringify(opened) }, "", location.pathname);
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
    if (!file) return;
    asked = false;
    opening = true;
    void element.open(file).finally(() => (opening = false));
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

/**
 * `?host=mx1.example.com&ports=25,465`, with `&relay=` where it goes through another one than the page's, with `&compare` where
 * through all of them; commas, slashes and colons are left readable.
 */
function search({ address, relay }: HeloScopeElement, host: string, ports: string[], compare: boolean): string {
  const named = ports.length > 0 && { ports: ports.join(",") };
  const through = !compare && relay !== own && { relay };
  const asked = new URLSearchParams({ host, ...named, ...(address && { address }), ...through, ...(wish !== null && { lang: wish }) });
  return readable(compare ? `?${asked}&compare` : `?${asked}`);
}

/** A relay as the address bar names it, perhaps as the choice shows it; null for none. */
function relayIn(text: string | null): string | null {
  const url = text && [text, `${location.protocol}//${text}`].find((one) => /^https?:/.test(one) && URL.canParse(one));
  return url ? new URL(url).origin : null;
}

/** Where nothing is tested: of what the address bar says, the language stays. */
function nothing(): string {
  return wish === null ? "" : `?${new URLSearchParams({ lang: wish })}`;
}

function readable(search: string): string {
  return search.replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":").replace(/\bcompare=(?=&|$)/, "compare");
}
