/** What failed on the network, as a sentence: where the browser itself is offline, nobody else is to blame. */

import type { Words } from "./words.ts";

/** That the browser is offline, as far as it knows; else the sentence given. */
export function unlessOffline(sentence: string, words: Words): string {
  return globalThis.navigator?.onLine === false ? words.offline : sentence;
}
