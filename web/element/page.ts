/** The page around the element: the address bar holds the test, the title says what came of it. */

import type { HeloScopeElement, Progress } from "./element.ts";

const NAME = "Heloscope";
const element = document.querySelector<HeloScopeElement>("helo-scope");

/** The search string of the test in sight. */
let shown = "";
/** Whether the test that starts is one that the address bar asked for. */
let asked = false;

if (element) {
  await customElements.whenDefined("helo-scope");
  element.addEventListener("heloscope-started", (event) => {
    const { host, ports } = (event as CustomEvent<Progress>).detail;
    shown = search(host, ports, element.address);
    // A second entry for what was asked for would make the back button come here again.
    if (asked) history.replaceState(null, "", shown);
    else if (shown !== location.search) history.pushState(null, "", shown);
    asked = false;
    document.title = `${host} – ${NAME}`;
  });
  element.addEventListener("heloscope-finished", () => {
    const report = element.report;
    if (report) document.title = `${report.host}: ${report.status} – ${NAME}`;
  });
  element.addEventListener("heloscope-failed", () => {
    asked = false;
  });
  addEventListener("popstate", () => {
    if (location.search !== shown) follow(element);
  });
  follow(element);
}

/** Does what the address bar says. */
function follow(element: HeloScopeElement): void {
  shown = location.search;
  const search = new URLSearchParams(shown);
  const [host, ports] = [search.get("host"), search.get("ports")];
  element.reset();
  element.host = host ?? "";
  element.address = search.get("address") ?? "";
  if (ports) element.ports = ports;
  else element.removeAttribute("ports");
  document.title = NAME;
  asked = Boolean(host);
  if (host) void element.start();
  else element.focus();
}

/** `?host=mx1.example.com&ports=25,465`; commas, slashes and colons are left readable. */
function search(host: string, ports: string[], address: string): string {
  const asked = new URLSearchParams({ host, ports: ports.join(","), ...(address && { address }) });
  return `?${asked}`.replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":");
}
