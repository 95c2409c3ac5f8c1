/** What the element asks of a relay before a test. */

import type { Words } from "./words.ts";

/** The part of a relay's `/v1/about` that the element uses. */
export interface About {
  /** The ports it connects to, with their TLS mode where it is not the port's own. */
  ports: string[];
  /** Private trust anchors in PEM; may be empty. */
  trust_anchors: string;
  /** Mail servers to try the test on; may be empty. */
  examples: { host: string; title: string }[];
  /** Whom to write to about it: a mail address or an https URL; may be empty. */
  contact: string;
}

const asked = new Map<string, Promise<About>>();

/** Asks a relay about itself, once for all elements of a page; a failure is not kept. Throws an Error with a sentence. */
export function about(relay: URL, words: Words): Promise<About> {
  let answer = asked.get(relay.href);
  if (!answer) {
    answer = ask(relay, words).catch((reason: unknown) => {
      asked.delete(relay.href);
      throw reason;
    });
    asked.set(relay.href, answer);
  }
  return answer;
}

async function ask(relay: URL, words: Words): Promise<About> {
  const url = new URL("v1/about", relay);
  let response: Response;
  try {
    response = await fetch(url, { credentials: "omit", signal: AbortSignal.timeout(15_000) });
  } catch (reason) {
    throw new Error(words.relayUnreachable(url.origin), { cause: reason });
  }
  if (!response.ok) throw new Error(words.relayStatus(url.origin, response.status));
  const answer = (await response.json().catch(() => null)) as Partial<About> | null;
  if (!answer || !Array.isArray(answer.ports)) throw new Error(words.relayOdd(url.origin));
  const contact = typeof answer.contact === "string" ? answer.contact : "";
  return { ports: answer.ports, trust_anchors: answer.trust_anchors ?? "", examples: answer.examples ?? [], contact };
}

/** A relay's URL as an absolute one by http or https, with a slash at the end. Throws an Error with a sentence. */
export function relayUrl(relay: string, words: Words): URL {
  const url = URL.canParse(relay, document.baseURI) ? new URL(relay, document.baseURI) : null;
  if (!url || !/^(https?|wss?):$/.test(url.protocol)) throw new Error(words.relayUrl(relay));
  const absolute = url.href.replace(/^ws/, "http").replace(/[?#].*/, "");
  return new URL(absolute.endsWith("/") ? absolute : `${absolute}/`);
}
