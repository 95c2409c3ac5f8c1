/** How reports that stand side by side are told apart. */

import type { Report } from "./report.ts";

/** Tests that begin within as many milliseconds are one: those of a comparison begin at once, by clocks of their own. */
const AT_ONCE = 5 * 60_000;

/** Whether they are of one test of a host, through a relay each. */
export function areOneTest(reports: readonly Report[]): boolean {
  const times = reports.map(({ tested_at }) => Date.parse(tested_at));
  const relays = different(reports, ({ vantage }) => vantage);
  return hostsOf(reports).length === 1 && relays.length === reports.length && Math.max(...times) - Math.min(...times) <= AT_ONCE;
}

/** The hosts that they are of, each once. */
export function hostsOf(reports: readonly Report[]): string[] {
  return different(reports, ({ host }) => host);
}

/** A name for each: what is different of host, relay and time, or else its number. */
export function namesOf(reports: readonly Report[]): string[] {
  const telling = [({ host }: Report) => host, ({ vantage }: Report) => relayName(vantage), timeOf].filter((told) => different(reports, told).length > 1);
  const names = reports.map((report) => telling.map((told) => told(report)).join(", "));
  if (new Set(names).size === names.length) return names;
  return names.map((name, place) => `${name} (${place + 1})`.trim());
}

/** A relay without what all relays' URLs have. */
export function relayName(relay: string): string {
  return relay.replace(/^\w+:\/\/|\/$/g, "");
}

/** When a test began, as a text has it. */
export function timeOf({ tested_at }: Report): string {
  return tested_at.replace("T", " ").replace("Z", " UTC");
}

function different(reports: readonly Report[], told: (report: Report) => string): string[] {
  return [...new Set(reports.map(told))];
}
