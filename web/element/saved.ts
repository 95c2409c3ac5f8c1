/** What the element asks of a report that was made elsewhere. Whoever wrote it may have meant ill. */

import type { Report } from "./core.ts";
import { ENGLISH, type Words } from "./words.ts";

/** Octets of a file that are read. */
const MAX_FILE = 8 << 20;

/** The text of a report, wherever it is. Throws an Error with a sentence where there is too much of it. */
export async function textOf(report: string | Blob | Promise<string>, words: Words): Promise<string> {
  if (!(report instanceof Blob)) return report;
  if (report.size > MAX_FILE) throw new Error(words.fileTooLarge);
  return report.text();
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
