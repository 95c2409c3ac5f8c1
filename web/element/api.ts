/** The test without the element: `for await (const step of test("mx1.example.com", { relay })) …`. */

import { load, remediesIfAny, type Report } from "./core.ts";
import { nearest, wordsOf } from "./language.ts";
import { STANDARD_PORTS } from "./ports.ts";
import { about, relayUrl } from "./relay.ts";

/** How to test. */
export interface TestOptions {
  /** The relay's http, https, ws or wss URL; by default the origin of this script. */
  relay?: string;
  /** 25, 465, 587, or with a mode, such as 2525/starttls; what the host text names goes first. By default the three. */
  ports?: readonly string[];
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
 * with a sentence for a person where the test cannot be run; whatever server or relay do is in the report.
 */
export async function* test(
  host: string,
  options: TestOptions = {},
): AsyncGenerator<TestProgress | TestResult, void, void> {
  const words = await wordsOf(nearest(options.lang ?? ""));
  const relay = relayUrl(options.relay ?? new URL(import.meta.url).origin, words);
  const [offer, core] = await Promise.all([about(relay, words), load(words)]);
  options.signal?.throwIfAborted();
  const understood = core.understand(host, words.language);
  const left = new AbortController();
  const end = (): void => left.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", end);
  let news: string | null = null;
  let wake = (): void => {};
  const remedies = remediesIfAny();
  const running = core.run(
    {
      host: understood.host,
      ports: understood.ports ?? [...(options.ports ?? STANDARD_PORTS)],
      relay: relay.href,
      language: words.language,
      ...(options.address && { address: options.address }),
      ...(offer.trust_anchors && { trustAnchors: offer.trust_anchors }),
    },
    (html) => {
      news = html;
      wake();
    },
    left.signal,
  );
  // Whoever is not listening when it ends hears of it at the next step.
  running.catch(() => {});
  try {
    for (;;) {
      // Progress that nobody asked for meanwhile is passed over for what is newer.
      const heard = new Promise<null>((resolve) => (wake = () => resolve(null)));
      const outcome = news === null ? await Promise.race([running, heard]) : null;
      if (outcome) {
        const { report, html } = outcome;
        const [text, markdown] = await remedies.then((remedies) => [outcome.text(remedies), outcome.markdown(remedies)] as const);
        outcome.free();
        yield { report, html, text, markdown };
        return;
      }
      if (news !== null) {
        const html: string = news;
        news = null;
        yield { report: null, html };
      }
    }
  } finally {
    options.signal?.removeEventListener("abort", end);
    left.abort();
  }
}
