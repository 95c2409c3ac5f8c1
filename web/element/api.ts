/** The test without the element: `for await (const step of test("mx1.example.com", { relay })) …`. */

import { remediesIfAny } from "./core.ts";
import { nearest, wordsOf } from "./language.ts";
import { listed, STANDARD_PORTS } from "./ports.ts";
import { about, relayUrl } from "./relay.ts";
import type { Report } from "./report.ts";
import { NotAHost, steps, understood } from "./run.ts";

/** How to test. */
export interface TestOptions {
  /** The relay's http, https, ws or wss URL; by default the origin of this script. */
  relay?: string;
  /**
   * 25, 465, 587, or with a mode, such as 2525/starttls: a list of them, or comma separated as in the element's attribute; what
   * the host text names goes first. By default the three.
   */
  ports?: string | readonly (string | number)[];
  /** An IP address of the host to dial in place of those its name has. */
  address?: string;
  /** The language of the report, BCP 47; English for one that there is not, and unless told otherwise. */
  lang?: string;
  /** Ends the test; the loop over it then throws the signal's reason. */
  signal?: AbortSignal;
}

/** How far a test has come. */
export interface TestProgress {
  report: null;
  /** A card for each port, as the element shows it: markup without script, style or link. */
  html: string;
}

/** A finished test. */
export interface TestResult {
  report: Report;
  /** The report as the element shows it: markup without script, style or link. */
  html: string;
  text: string;
  markdown: string;
}

/**
 * Tests a mail server: yields how far it has come, and at last the report. Leaving the loop ends the test. Throws an Error
 * with a sentence for a person where the test cannot be run, by the name of NotAHost where there is no mail server in `host`; whatever server or relay do is in the report.
 */
export async function* test(
  host: string,
  options: TestOptions = {},
): AsyncGenerator<TestProgress | TestResult, void, void> {
  const words = await wordsOf(nearest(options.lang ?? ""));
  const relay = relayUrl(options.relay ?? new URL(import.meta.url).origin, words);
  const signal = options.signal ?? new AbortController().signal;
  const [asking, offer] = await Promise.allSettled([understood(host ?? "", listed(options.ports ?? STANDARD_PORTS), words), about(relay, words)]);
  signal.throwIfAborted();
  // A host that is none is told without a relay; a policy that stops the relay may stop the program's file too.
  if (asking.status === "rejected" && asking.reason instanceof NotAHost) throw asking.reason;
  if (offer.status === "rejected") throw offer.reason;
  if (asking.status === "rejected") throw asking.reason;
  const asked = asking.value;
  const told = remediesIfAny();
  for await (const step of steps(asked, { relay, address: options.address, signal, words })) {
    if (typeof step === "string") {
      yield { report: null, html: step };
      continue;
    }
    const remedies = await told;
    const { report, html } = step;
    const [text, markdown] = [step.text(remedies), step.markdown(remedies)];
    step.free();
    yield { report, html, text, markdown };
  }
}
