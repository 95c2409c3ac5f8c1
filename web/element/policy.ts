/** Whom the site's Content-Security-Policy does not let the page connect to. */

import { isAtHome } from "./home.ts";
import type { Words } from "./words.ts";

const blocked = new Set<string>();
let watching = false;

/** To be called before what may be stopped: policies say whom they stopped in an event; who asked hears only that it failed. */
export function watch(): void {
  if (watching) return;
  watching = true;
  // In a worker there is no document, and the worker itself is told.
  const told = globalThis.document ?? globalThis;
  told.addEventListener("securitypolicyviolation", (event) => {
    const { effectiveDirective, blockedURI } = event as SecurityPolicyViolationEvent;
    if (effectiveDirective === "connect-src" && URL.canParse(blockedURI)) blocked.add(new URL(blockedURI).host);
  });
}

/** For the event, which is a task of its own and may come after the failure. */
const GRACE_MS = 500;

/** Whether a request to the URL's host, which has just failed, was stopped by the policy. */
export async function isBlocked(url: URL): Promise<boolean> {
  const until = performance.now() + GRACE_MS;
  while (!blocked.has(url.host) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
  return blocked.has(url.host);
}

/** What to change in the policy, as an Error with a sentence; the page's own has all the relays that it offers. */
export function blockedError(url: URL, words: Words): Error {
  if (isAtHome()) return new Error(words.notOffered(url.origin.replace(/^ws/, "http")));
  return new Error(words.connectBlocked(`${url.origin} ${url.origin.replace(/^http/, "ws")}`));
}
