/** What a report as it is shown says, by where it says so: what is compared with what another one says. */

import type { Report } from "./report.ts";
import type { Words } from "./words.ts";

export interface Fact {
  said: string;
  /** Where it stands in the report, for a mark. */
  place: Element | null;
}

/**
 * The verdict, the findings, what senders do, and of each port its facts, extensions and certificates. Not times, the
 * transcript, and what each check says of itself, which follow from these or differ each time.
 */
export function factsOf(shown: Element, report: Report | null, words: Words): Map<string, Fact> {
  const facts = new Map<string, Fact>();
  const add = (name: string, said: string, place: Element | null = null): void => {
    facts.set(name, { said, place });
  };
  add(words.verdict, textOf(shown.querySelector(".verdict h2")));
  const findings = Array.from(shown.querySelectorAll(".findings .finding"), (finding) =>
    bracketed(textOf(finding.querySelector("h4")), textOf(finding.querySelector(".where"))));
  add(words.findings, findings.join("; "), shown.querySelector(".findings h3"));
  for (const row of shown.querySelectorAll(".senders tbody tr")) {
    const sender = row.querySelector("th");
    add(textOf(sender), textOf(row.querySelector("td")), sender);
  }
  for (const port of shown.querySelectorAll(".port")) {
    const of = words.portNumber(port.getAttribute("data-port") ?? "");
    add(`${of}: ${words.worst}`, textOf(port.querySelector("header .mark")));
    for (const row of port.querySelectorAll(".columns > :first-child > .facts > div")) {
      const label = row.querySelector("dt");
      add(`${of}: ${textOf(label)}`, textOf(row.querySelector("dd")), label);
    }
    const extensions = Array.from(port.querySelectorAll(".extensions tbody tr"), (row) =>
      bracketed(textOf(row.querySelector("th")), textOf(row.querySelector(".where"))));
    add(`${of}: ${words.extensions}`, extensions.join(", "), port.querySelector(".extensions caption"));
    const chain = Array.from(port.querySelectorAll(".chain [part=certificate]"), (certificate) =>
      bracketed([textOf(certificate.querySelector("dd")), fingerprintIn(certificate)].join(" ").trim(), textOf(certificate.querySelector(".label"))));
    add(`${of}: ${words.certificates}`, chain.join("; "), port.querySelector(".chain h4"));
  }
  for (const { port, certificate } of report?.ports ?? []) {
    add(`${words.portNumber(String(port))}: ${words.certificate}`, shortened(certificate?.sha256 ?? ""));
  }
  return facts;
}

/** Of one that was sent: what it is, whatever it says of itself. */
function fingerprintIn(certificate: Element): string {
  const row = Array.from(certificate.querySelectorAll("dl > div")).find((row) => textOf(row.querySelector("dt")) === "SHA-256");
  return shortened(textOf(row?.querySelector("dd") ?? null));
}

function shortened(sha256: string): string {
  return /^[\da-f]{64}$/.test(sha256) ? `${sha256.slice(0, 16)}…` : "";
}

/** On one line, as it is read. */
function textOf(element: Element | null): string {
  if (!element) return "";
  const read = element.cloneNode(true) as Element;
  for (const line of read.querySelectorAll("br")) line.replaceWith(" / ");
  return (read.textContent ?? "").replace(/\s+/g, " ").trim();
}

function bracketed(what: string, where: string): string {
  return where ? `${what} (${where})` : what;
}
