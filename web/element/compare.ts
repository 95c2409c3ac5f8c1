/** Reports side by side, those of one test through several relays above all, and first what is different in them. */

import { actions, exportsOf, fileOf, type Exports } from "./actions.ts";
import type { Outcome } from "./core.ts";
import { writeDatesAndNumbers } from "./dates-and-numbers.ts";
import { make, unbroken } from "./dom.ts";
import { factsOf, type Fact } from "./facts.ts";
import { linkHelp } from "./help.ts";
import { nearest } from "./language.ts";
import { tellWaits } from "./progress.ts";
import { offerRemedies } from "./remedies.ts";
import type { Report } from "./report.ts";
import { sentenceOf, steps, type Asked, type Way } from "./run.ts";
import { linkTo } from "./share.ts";
import { areOneTest, hostsOf, namesOf, relayName, timeOf } from "./told-apart.ts";
import { show } from "./trusted.ts";
import type { Words } from "./words.ts";

/** Where one report is shown. */
interface Side {
  relay: string;
  /** What it is called: by its relay, where that tells it from the others. */
  name: string;
  shown: HTMLElement;
  outcome: Outcome | null;
  /** Why there is no report; empty where there is one. */
  why: string;
  /** What the report says, as it is written in text. */
  plain: Map<string, Fact>;
}

/** Several reports, side by side. */
export class Sides {
  readonly element = make("div", { class: "compared", part: "compared" });
  readonly #sides: Side[];
  readonly #words: Words;
  readonly #areOneTest: boolean;
  #table: Table | null = null;

  /** With a place for a test through each of these relays; or for reports of these names, where they are of no one test. */
  constructor(relays: readonly string[], words: Words, names: readonly string[] | null = null) {
    this.#words = words;
    this.#areOneTest = names === null;
    this.#sides = relays.map((relay, place) =>
      ({ relay, name: names?.[place] ?? relayName(relay), shown: make("div"), outcome: null, why: "", plain: new Map() }));
    const sections = this.#sides.map(({ name, shown }) => {
      const label = this.#areOneTest ? words.from(name) : name;
      return make("section", { class: "side", "aria-label": label }, make("p", { class: "from" }, label), shown);
    });
    this.element.append(make("div", { class: "sides" }, ...sections));
  }

  /** Those of reports that were made elsewhere, each beside what tells it from the others. */
  static of(outcomes: readonly Outcome[], words: Words): Sides {
    const reports = outcomes.map(({ report }) => report);
    const sides = new Sides(reports.map(({ vantage }) => vantage), words, areOneTest(reports) ? null : namesOf(reports));
    for (const [place, side] of sides.#sides.entries()) {
      const outcome = outcomes[place];
      if (outcome) finish(side, outcome, words);
    }
    return sides;
  }

  /**
   * Tests through all relays at the same time, telling long waits in `status`; settles when all have ended. Throws the signal's
   * reason where that aborts.
   */
  async test(asked: Asked, way: Omit<Way, "relay">, status: Element): Promise<void> {
    const { signal } = way;
    const waits = new Set<string>();
    await Promise.all(this.#sides.map(async (side) => {
      try {
        for await (const step of steps(asked, { ...way, relay: new URL(side.relay) })) {
          if (signal.aborted) break;
          if (typeof step === "string") {
            show(side.shown, step);
            writeDatesAndNumbers(side.shown, this.#words.language);
            tellWaits(side.shown, status, waits, this.#words);
          } else finish(side, step, this.#words);
        }
      } catch (reason) {
        if (signal.aborted) return;
        side.why = sentenceOf(reason);
        side.shown.replaceChildren(make("div", { class: "failure" }, make("strong", {}, this.#words.failed), make("p", {}, side.why)));
      }
    }));
    signal.throwIfAborted();
  }

  /** The reports that there are. */
  get reports(): Report[] {
    return this.#sides.flatMap(({ outcome }) => outcome?.report ?? []);
  }

  /** Gives the memory of the reports back; what they say stays in sight. */
  free(): void {
    for (const side of this.#sides) {
      side.outcome?.free();
      side.outcome = null;
    }
  }

  /** Once all are there: what is different, before the reports and in them. Gives a sentence about it. */
  compare(): string {
    const words = this.#words;
    const told = this.#sides.filter(({ outcome }) => outcome !== null);
    const facts = told.map(({ shown, outcome }) => factsOf(shown, outcome?.report ?? null, words));
    const keys = [...new Set(facts.flatMap((one) => [...one.keys()]))];
    const different = keys.filter((key) => new Set(facts.map((one) => one.get(key)?.said ?? "")).size > 1);
    const sentence = told.length < 2 ? words.nothingToCompare : different.length === 0 ? words.allTheSame : words.differences(different.length);
    const without = this.#sides.length - told.length;
    const whole = without > 0 ? `${sentence} ${words.withoutReport(without)}` : sentence;
    // Where nothing is different, the verdict says at least what it is.
    const shown = different.includes(words.verdict) ? different : [words.verdict, ...different];
    this.#table = {
      sentence: whole,
      without: this.#sides.filter(({ why }) => why).map(({ name, why }) => `${name}: ${why}`),
      head: [words.fact, ...told.map(({ name }) => name)],
      rows: shown.map((key) => [key, ...told.map(({ plain }) => plain.get(key)?.said || words.nothingSaid)]),
    };
    const summary = make("section", { class: "differences" }, make("h2", {}, words.sideBySide), make("p", {}, whole));
    if (this.#table.without.length > 0) summary.append(make("ul", {}, ...this.#table.without.map((one) => make("li", {}, ...unbroken(one)))));
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

  /**
   * Offers to take that elsewhere, and below each finding what there is to paste, and leads to the pages of `relay` that explain
   * it. What was done is said in `status`.
   */
  offer(relay: () => URL, status: HTMLElement): void {
    const exports = this.#exports(relay);
    if (exports) this.element.querySelector(".differences")?.append(actions(exports, status, this.#words));
    for (const { shown, outcome } of this.#sides) if (outcome) offerRemedies(shown, outcome, status, this.#words);
    linkHelp(this.element, relay(), this.#words);
  }

  /**
   * The comparison, and the whole of the report that has most findings, in each form in which it is taken elsewhere; null where
   * there is no report.
   */
  #exports(relay: () => URL): Exports | null {
    const told = this.#sides.flatMap(({ name, outcome }) => (outcome ? { name, outcome } : []));
    const reports = told.map(({ outcome }) => outcome.report);
    const [first] = reports;
    const [worst] = [...told].sort((one, other) => findingsOf(other.outcome.report) - findingsOf(one.outcome.report));
    const table = this.#table;
    if (!first || !worst || !table) return null;
    const words = this.#words;
    const one = exportsOf(worst.outcome, relay, words);
    const whole = this.#areOneTest ? words.wholeReportThrough(worst.name) : words.wholeReportOf(worst.name);
    // The tests of one begin at once; else what is different of their times is in their names.
    const title = this.#areOneTest
      ? `${words.comparedReports(first.host, this.#sides.length)}, ${timeOf(first)}`
      : words.severalReports(hostsOf(reports).join(", "), reports.length);
    return {
      markdown: async () => `${markdownOf(title, table)}\n${literal(whole)}\n\n${await one.markdown()}`,
      text: async () => `${plainOf(title, table)}\n${whole}\n\n${await one.text()}`,
      json: () => JSON.stringify(reports, null, 2),
      link: () => linkTo(reports, relay(), words),
      name: `${fileOf(first)}-compared`,
    };
  }
}

function finish(side: Side, outcome: Outcome, words: Words): void {
  side.outcome = outcome;
  show(side.shown, outcome.html);
  side.plain = factsOf(side.shown, outcome.report, words);
  writeDatesAndNumbers(side.shown, nearest(outcome.report.language));
}

/** What is different, as it goes elsewhere. */
interface Table {
  sentence: string;
  /** Each relay that gave no report, and why. */
  without: string[];
  head: string[];
  rows: string[][];
}

function markdownOf(title: string, { sentence, without, head, rows }: Table): string {
  const row = (cells: string[]): string => `| ${cells.map(literal).join(" | ")} |\n`;
  const list = without.map((one) => `- ${literal(one)}\n`).join("");
  return `# ${literal(title)}\n\n${sentence}\n\n${list && `${list}\n`}${row(head)}|${" --- |".repeat(head.length)}\n${rows.map(row).join("")}`;
}

/** What a server said, so that Markdown has nothing to read in it. */
function literal(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>()#!|~&]/g, "\\$&");
}

/** A paragraph for each thing: a terminal or a mail is seldom wide enough for columns. */
function plainOf(title: string, { sentence, without, head, rows }: Table): string {
  const things = rows.map(([thing, ...values]) => `${thing}\n${values.map((value, place) => `  ${head[place + 1]}: ${value}\n`).join("")}`);
  return `${title}\n${[sentence, ...without].join("\n")}\n\n${things.join("\n")}`;
}

function findingsOf({ ports }: Report): number {
  return ports.reduce((sum, { findings }) => sum + findings.length, 0);
}

function table(sides: Side[], facts: Map<string, Fact>[], keys: string[], words: Words): HTMLElement {
  const head = make("tr", {}, make("th", { scope: "col" }, words.fact), ...sides.map(({ name }) => make("th", { scope: "col" }, name)));
  const rows = keys.map((key) =>
    make("tr", {}, make("th", { scope: "row" }, key), ...sides.map(({ name }, place) =>
      make("td", {}, make("span", { class: "from" }, `${name}: `), ...unbroken(facts[place]?.get(key)?.said || words.nothingSaid)))));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}
