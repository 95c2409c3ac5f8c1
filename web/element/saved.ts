/** What the element asks of a report that was made elsewhere. Whoever wrote it may have meant ill. */

import { load, teach, type Outcome } from "./core.ts";
import { make, unbroken } from "./dom.ts";
import { nearest } from "./language.ts";
import type { Report } from "./report.ts";
import { fromLink } from "./share.ts";
import { areOneTest } from "./told-apart.ts";
import { ENGLISH, type Words } from "./words.ts";

/** By which way it came: a file, or its text; or the link that carries it. */
export type From = "file" | "link";

/** A report as JSON, a file of it, the report itself, or several in a list; or the link that carries it. */
export type Given = string | Blob | Report | readonly Report[];

/**
 * Reads a report, or those of a list. Throws an Error with a sentence where it is none, and the signal's reason where that
 * aborts.
 */
export async function read(
  report: Given,
  from: From,
  words: Words,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const text = from === "link" ? fromLink(String(report), words) : textOf(report, words);
  const [core, json] = await Promise.all([load(words), text]);
  const several = listed(json, words);
  const all = several ?? [json];
  // Around a report is said what there is to say in its own language.
  await Promise.all(all.map((one) => teach(core, nearest(languageIn(one)))));
  signal.throwIfAborted();
  return all.map((one) => core.open(one, words.language));
}

/** What stands above: when it was made and perhaps by whom, and a button that tests again, where that is one test. */
export function noteOn(reports: readonly Report[], from: From, words: Words, again: (() => void) | null): HTMLElement[] {
  const [first] = reports;
  const isOne = new Set(reports.map((report) => madeAt(report, words))).size === 1 || areOneTest(reports);
  const at = first && isOne ? madeAt(first, words) : words.atSeveral;
  const note = make("p", {}, ...unbroken(from === "link" ? words.sharedReport(at) : words.savedReport(at)));
  if (!again) return [note];
  const button = make("button", { type: "button", part: "button" }, words.testAgain);
  button.addEventListener("click", again);
  return [note, button];
}

/** Octets of a file that are read. */
const MAX_FILE = 8 << 20;

/** The text of a report, wherever it is. Throws an Error with a sentence where there is too much of it. */
async function textOf(report: Given, words: Words): Promise<string> {
  if (typeof report === "string") return report;
  if (!(report instanceof Blob)) return jsonOf(report, words);
  if (report.size > MAX_FILE) throw new Error(words.fileTooLarge);
  return report.text();
}

/** What a script gives. Throws an Error with a sentence where that is none by its looks. */
function jsonOf(report: unknown, words: Words): string {
  if (typeof report !== "object" || report === null || (Array.isArray(report) && report.length === 0)) throw new Error(words.noReport);
  try {
    return JSON.stringify(report);
  } catch (reason) {
    throw new Error(words.noReport, { cause: reason });
  }
}

/** Reports side by side that are opened at most. */
const MAX_SIDES = 8;

/** The JSON of each report, where a text is a list of several; null where it is none. Throws an Error with a sentence. */
function listed(json: string, words: Words): string[] | null {
  if (!json.trimStart().startsWith("[")) return null;
  let list: unknown[];
  try {
    list = JSON.parse(json) as unknown[];
  } catch {
    // Whatever reads reports says what is wrong with it.
    return null;
  }
  const isReport = (one: unknown): boolean => typeof one === "object" && one !== null && "schema_version" in one;
  if (list.length === 0 || !list.every(isReport)) return null;
  if (list.length > MAX_SIDES) throw new Error(words.tooManySides(MAX_SIDES));
  return list.map((one) => JSON.stringify(one));
}

/** When a report says that it was made, as a phrase. */
function madeAt(report: Report, words: Words): string {
  const text = report.tested_at;
  const moment = new Date(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? text : NaN);
  return Number.isNaN(moment.getTime()) ? words.atUnknown : words.at(moment);
}

/** The language of a report by its JSON, which may be anything. */
function languageIn(json: string): string {
  try {
    const language = (JSON.parse(json) as { language?: unknown } | null)?.language;
    return typeof language === "string" ? language : ENGLISH.language;
  } catch {
    return ENGLISH.language;
  }
}

/** The ports that a report is about, as the element names them. */
export function portsOf(report: Report): string[] {
  return report.ports.map(({ port, role, implicit_tls }) =>
    role === "custom" ? `${port}/${implicit_tls ? "implicit" : "starttls"}` : String(port));
}

/** Whether all is well that was tested, but a port was not: an “ok” would say too much. After QUIT all has been. */
export function isPartial(report: Report): boolean {
  return report.status === "ok" && report.ports.some(({ error, findings }) => error && error.phase !== "quit" && findings.length === 0);
}
