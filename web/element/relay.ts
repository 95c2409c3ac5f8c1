/** What the element asks of a relay before a test. */

import { unlessOffline } from "./offline.ts";
import { blockedError, isBlocked, watch } from "./policy.ts";
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
  /** Other relays of whoever runs this one; may be empty. */
  relays: string[];
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

/** Why not one connection came about through a relay that was asked about itself before, as an Error with a sentence. */
export async function whyAway(relay: URL, words: Words): Promise<Error> {
  if (await isBlocked(relay)) return blockedError(relay, words);
  asked.delete(relay.href);
  return about(relay, words).then(() => new Error(words.noSocket(relay.origin)), (reason: Error) => reason);
}

async function ask(relay: URL, words: Words): Promise<About> {
  const url = new URL("v1/about", relay);
  watch();
  let response: Response;
  try {
    response = await fetch(url, { credentials: "omit", signal: AbortSignal.timeout(15_000) });
  } catch (reason) {
    if (await isBlocked(url)) throw blockedError(url, words);
    throw new Error(unlessOffline(words.relayUnreachable(url.origin, globalThis.origin), words), { cause: reason });
  }
  if (!response.ok) throw new Error(words.relayStatus(relay.href.replace(/\/$/, ""), response.status));
  const answer = (await response.json().catch(() => null)) as Partial<About> | null;
  if (!answer || !Array.isArray(answer.ports)) throw new Error(words.relayOdd(url.origin));
  const contact = typeof answer.contact === "string" ? answer.contact : "";
  const { ports, trust_anchors = "", examples = [], relays = [] } = answer;
  return { ports, trust_anchors, examples, contact, relays };
}

/** A relay's URL as an absolute one by http or https, with a slash at the end. Throws an Error with a sentence. */
export function relayUrl(relay: string, words: Words): URL {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  const url = URL.canParse(relay, base) ? new URL(relay, base) : null;
  if (!url || !/^(https?|wss?):$/.test(url.protocol)) throw new Error(words.relayUrl(relay));
  const absolute = url.href.replace(/^ws/, "http").replace(/[?#].*/, "");
  return new URL(absolute.endsWith("/") ? absolute : `${absolute}/`);
}
