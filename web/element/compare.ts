/** The same test through several relays: the reports side by side, and first of all what is different in them. */

import type { Outcome, Report } from "./core.ts";
import { make } from "./dom.ts";
import { show } from "./trusted.ts";
import type { Words } from "./words.ts";

/** Where the test of one relay is shown. */
interface Side {
  relay: string;
  shown: HTMLElement;
  report: Report | null;
}

/** The reports of a test through several relays. */
export class Sides {
  readonly element = make("div", { class: "compared", part: "compared" });
  readonly #sides: Side[];
  readonly #words: Words;

  /** With a place for each of these relays. */
  constructor(relays: readonly string[], words: Words) {
    this.#words = words;
    this.#sides = relays.map((relay) => ({ relay, shown: make("div"), report: null }));
    const sections = this.#sides.map(({ relay, shown }) =>
      make("section", { class: "side", "aria-label": words.from(named(relay)) }, make("p", { class: "from" }, words.from(named(relay))), shown));
    this.element.append(make("div", { class: "sides" }, ...sections));
  }

  /** Shows how far the test of the relay at `place` has come. */
  progress(place: number, html: string): void {
    const side = this.#sides[place];
    if (side) show(side.shown, html);
  }

  /** Shows the report of the relay at `place`. */
  finished(place: number, outcome: Outcome): void {
    const side = this.#sides[place];
    if (!side) return;
    side.report = outcome.report;
    show(side.shown, outcome.html);
  }

  /** Says why there is none. */
  failed(place: number, message: string): void {
    this.#sides[place]?.shown.replaceChildren(make("p", { class: "failure" }, make("strong", {}, this.#words.failed), ` ${message}`));
  }

  /** Once all are there: what is different, before the reports and in them. Gives a sentence about it. */
  compare(): string {
    const words = this.#words;
    const told = this.#sides.filter(({ report }) => report !== null);
    const facts = told.map(({ shown, report }) => factsOf(shown, report, words));
    const keys = [...new Set(facts.flatMap((one) => [...one.keys()]))];
    const different = keys.filter((key) => new Set(facts.map((one) => one.get(key)?.said ?? "")).size > 1);
    const sentence = told.length < 2 ? words.nothingToCompare : different.length === 0 ? words.allTheSame : words.differences(different.length);
    const without = this.#sides.length - told.length;
    const whole = without > 0 ? `${sentence} ${words.withoutReport(without)}` : sentence;
    const summary = make("section", { class: "differences" }, make("h2", {}, words.sideBySide), make("p", {}, whole));
    if (told.length > 1 && different.length > 0) summary.append(table(told, facts, different, words));
    this.element.prepend(summary);
    for (const one of facts) {
      for (const key of different) {
        const place = one.get(key)?.place;
        place?.classList.add("differs");
        place?.append(" ", make("span", { class: "difference" }, words.differs));
      }
    }
    return whole;
  }
}

function named(relay: string): string {
  return relay.replace(/^\w+:\/\/|\/$/g, "");
}

interface Fact {
  said: string;
  /** Where it stands in the report, for a mark. */
  place: Element | null;
}

/** What a report as it is shown says, by where it says so. */
function factsOf(shown: Element, report: Report | null, words: Words): Map<string, Fact> {
  const facts = new Map<string, Fact>();
  facts.set(words.verdict, { said: textOf(shown.querySelector(".verdict h2")), place: null });
  for (const port of shown.querySelectorAll(".port")) {
    const of = words.portNumber(port.getAttribute("data-port") ?? "");
    facts.set(`${of}: ${words.worst}`, { said: textOf(port.querySelector("header .mark")), place: null });
    for (const row of port.querySelectorAll(".columns > :first-child > .facts > div")) {
      const label = row.querySelector("dt");
      facts.set(`${of}: ${textOf(label)}`, { said: textOf(row.querySelector("dd")), place: label });
    }
  }
  for (const { port, certificate } of (report?.["ports"] ?? []) as { port: number; certificate: { sha256: string } | null }[]) {
    const said = certificate && /^[\da-f]{64}$/.test(certificate.sha256) ? `${certificate.sha256.slice(0, 16)}…` : "";
    facts.set(`${words.portNumber(String(port))}: ${words.certificate}`, { said, place: null });
  }
  return facts;
}

function textOf(element: Element | null): string {
  return element?.textContent?.trim() ?? "";
}

function table(sides: Side[], facts: Map<string, Fact>[], keys: string[], words: Words): HTMLElement {
  const head = make("tr", {}, make("th", { scope: "col" }, words.fact), ...sides.map(({ relay }) => make("th", { scope: "col" }, named(relay))));
  const rows = keys.map((key) =>
    make("tr", {}, make("th", { scope: "row" }, key), ...sides.map(({ relay }, place) =>
      make("td", {}, make("span", { class: "from" }, `${named(relay)}: `), facts[place]?.get(key)?.said || words.nothingSaid))));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}
