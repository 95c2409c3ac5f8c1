/** Links from what a report says to the relay's pages that explain it. They open beside the report, which is not lost. */

import { make } from "./dom.ts";
import { ENGLISH, type Words } from "./words.ts";

/** Adds them to the reports in `output`; `relay` is whose pages they lead to. */
export function linkHelp(output: Element, relay: URL, words: Words): void {
  const folder = words.language === ENGLISH.language ? "help" : `help/${words.language}`;
  const link = (page: string, label: string): HTMLElement =>
    make("a", { href: new URL(`${folder}/${page}`, relay).href, target: "_blank", rel: "noopener", part: "help" }, label);
  const said = (page: string, label: string): HTMLElement => make("p", { class: "help" }, link(page, label));
  for (const finding of output.querySelectorAll(".finding[data-id^=certificate-]")) {
    finding.querySelector(".meaning")?.append(said(`certificates.html#${finding.getAttribute("data-id")}`, words.helpCertificate));
  }
  for (const port of output.querySelectorAll(".port")) {
    const number = port.getAttribute("data-port") ?? "";
    const anchor = words.portUse[number] ? `#port-${number}` : "";
    port.querySelector(":scope > header")?.after(said(`ports.html${anchor}`, words.helpPorts));
    port.querySelector(".extensions")?.after(said("extensions.html", words.helpExtensions));
    port.querySelector(".transcript > summary")?.after(said("replies.html", words.helpReplies));
  }
}
