/** What the element asks of a report that was made elsewhere. Whoever wrote it may have meant ill. */

import type { Report } from "./core.ts";
import { ENGLISH, type Words } from "./words.ts";

/** Octets of a file that are read. */
const MAX_FILE = 8 << 20;

/** The text of a report, wherever it is. Throws an Error with a sentence where there is too much of it. */
export async function textOf(report: string | Blob, words: Words): Promise<string> {
  if (!(report instanceof Blob)) return report;
  if (report.size > MAX_FILE) throw new Error(words.fileTooLarge);
  return report.text();
}

/** Reports side by side that are opened at most. */
const MAX_SIDES = 8;

/** The JSON of each report, where a text is a list of several; null where it is none. Throws an Error with a sentence. */
export function listed(json: string, words: Words): string[] | null {
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
export function madeAt(report: Report, words: Words): string {
  const text = String(report["tested_at"]);
  const moment = new Date(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? text : NaN);
  return Number.isNaN(moment.getTime()) ? words.atUnknown : words.at(moment);
}

/** The language of a report by its JSON, which may be anything. */
export function languageIn(json: string): string {
  try {
    const language = (JSON.parse(json) as { language?: unknown } | null)?.language;
    return typeof language === "string" ? language : ENGLISH.language;
  } catch {
    return ENGLISH.language;
  }
}

/** The ports that a report is about, as the element names them. */
export function portsOf(report: Report): string[] {
  const ports = report["ports"] as { port: number; role: string; implicit_tls: boolean }[];
  return ports.map(({ port, role, implicit_tls }) =>
    role === "custom" ? `${port}/${implicit_tls ? "implicit" : "starttls"}` : String(port));
}
