/** A link that holds a whole report: its JSON, deflated (RFC 1951), in base64url (RFC 4648 §5), after `#report=`. */

import type { Words } from "./words.ts";

const MARK = "#report=";
/** Longer ones are cut or refused by some programs on the way. */
const MAX_LINK = 64_000;
/** Characters of JSON that a link may unpack to. A few octets can be deflated from any number. */
const MAX_JSON = 1 << 20;

/** The link that opens a report at the page of `relay`. Throws an Error with a sentence. */
export async function linkTo(report: unknown, relay: URL, words: Words): Promise<string> {
  if (!("CompressionStream" in globalThis)) throw new Error(words.linkUnsupported);
  const json = JSON.stringify(report);
  const packed = await through(new Blob([json]), new CompressionStream("deflate-raw"), Infinity);
  const link = relay.href + MARK + base64url(packed);
  if (link.length > MAX_LINK || json.length > MAX_JSON) throw new Error(words.linkTooLong);
  return link;
}

/** Whether the fragment of a URL holds a report. */
export function holdsReport(hash: string): boolean {
  return hash.startsWith(MARK);
}

/** The JSON of the report in the fragment of a URL; whether it is one is not looked at. Throws an Error with a sentence. */
export async function fromLink(hash: string, words: Words): Promise<string> {
  if (!("DecompressionStream" in globalThis)) throw new Error(words.linkUnsupported);
  let octets: Uint8Array<ArrayBuffer>;
  try {
    const packed = atob(hash.slice(MARK.length).replaceAll("-", "+").replaceAll("_", "/"));
    octets = Uint8Array.from(packed, (character) => character.charCodeAt(0));
    octets = await through(new Blob([octets]), new DecompressionStream("deflate-raw"), MAX_JSON);
  } catch (reason) {
    throw reason instanceof RangeError ? new Error(words.linkTooLarge) : new Error(words.linkDamaged, { cause: reason });
  }
  return new TextDecoder().decode(octets);
}

/** What comes out of a stream. Throws a RangeError, and reads no further, where that is more than `most` octets. */
async function through(
  from: Blob,
  stream: CompressionStream | DecompressionStream,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = from.stream().pipeThrough(stream).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    length += value.length;
    if (length > most) {
      void reader.cancel();
      throw new RangeError();
    }
    parts.push(value);
  }
}

function base64url(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
