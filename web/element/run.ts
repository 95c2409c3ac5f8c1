/** One test, as the element and `test()` have it in common: what was asked for, how far it has come, what came of it. */

import { load, type Outcome } from "./core.ts";
import { about, whyAway } from "./relay.ts";
import type { Report } from "./report.ts";
import type { Words } from "./words.ts";

/** What is to be tested. */
export interface Asked {
  /** As it is looked up. */
  host: string;
  /** 25, 465, 587, or with a mode, such as 2525/starttls. */
  ports: string[];
  /** Whether the text itself named them. */
  named: boolean;
  /** A sentence about what was understood, where the text is more than the host. */
  said: string | null;
}

/** By which way, and until when. */
export interface Way {
  relay: URL;
  /** Dialled in place of the host's addresses; empty for none. */
  address?: string | undefined;
  signal: AbortSignal;
  /** What it speaks. */
  words: Words;
}

/** A text in which there is no mail server; its message says so to whoever typed it. */
export class NotAHost extends Error {
  // Its own name is gone once the scripts are made small.
  override readonly name = "NotAHost";
}

/** Reads a mail server from a text; the ports that it names go before those given. Throws {@link NotAHost}. */
export async function understood(text: string, ports: readonly string[], words: Words): Promise<Asked> {
  const core = await load(words);
  try {
    const { host, ports: named, said } = core.understand(text, words.language);
    return { host, ports: named ?? [...ports], named: named !== null, said };
  } catch (reason) {
    throw new NotAHost(sentenceOf(reason));
  }
}

/**
 * Tests through one relay: yields how far it has come, as markup, and at last what came of it. Leaving the loop ends the test.
 * Throws an Error with a sentence where the test cannot be run, and the signal's reason where that aborts.
 */
export async function* steps({ host, ports }: Pick<Asked, "host" | "ports">, { relay, address, signal, words }: Way): AsyncGenerator<string | Outcome, void, void> {
  const [offer, core] = await Promise.all([about(relay, words), load(words)]);
  signal.throwIfAborted();
  let news: string | null = null;
  let wake = (): void => {};
  const options = {
    host,
    ports,
    relay: relay.href,
    language: words.language,
    ...(address && { address }),
    ...(offer.trust_anchors && { trustAnchors: offer.trust_anchors }),
  };
  const tell = (html: string): void => {
    news = html;
    wake();
  };
  const left = new AbortController();
  const end = (): void => left.abort(signal.reason);
  signal.addEventListener("abort", end);
  const running = core.run(options, tell, left.signal);
  // Whoever is not listening when it ends hears of it at the next step.
  running.catch(() => {});
  try {
    for (;;) {
      // Progress that nobody asked for meanwhile is passed over for what is newer.
      const heard = new Promise<null>((resolve) => (wake = () => resolve(null)));
      const outcome = news === null ? await Promise.race([running, heard]) : null;
      if (outcome && isAway(outcome.report)) {
        outcome.free();
        throw await whyAway(relay, words);
      }
      if (outcome) return yield outcome;
      if (news !== null) {
        const html: string = news;
        news = null;
        yield html;
      }
    }
  } finally {
    signal.removeEventListener("abort", end);
    left.abort();
  }
}

/** Whether nothing was tested, for want of any connection to the relay. */
function isAway(report: Report): boolean {
  return report.ports.every(({ connected, error }) => !connected && error?.code === "relay_unreachable");
}

/** What is said of whatever was thrown. */
export function sentenceOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
