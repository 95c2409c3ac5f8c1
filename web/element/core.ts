/** The test itself: WebAssembly, loaded when the first test starts. */

import { catalogue } from "./language.ts";
import { unlessOffline } from "./offline.ts";
import type { Report } from "./report.ts";
import { ENGLISH, type Words } from "./words.ts";

/** What was made of the text in the field. */
export interface Understood {
  /** As it is looked up. */
  host: string;
  /** The ports it names; null where it names none. */
  ports: string[] | null;
  /** A sentence about it, where the text is more than the host. */
  said: string | null;
}

/** What to test, and through which relay. */
export interface Options {
  host: string;
  /** 25, 465, 587, or with a mode, such as 2525/starttls. */
  ports: string[];
  /** The relay's http, https, ws or wss URL. */
  relay: string;
  /** Dialled in place of the host's addresses. */
  address?: string;
  /** Trust anchors besides Mozilla's, in PEM. */
  trustAnchors?: string;
  /** The language of the report, BCP 47. */
  language?: string;
}

/** A finished test; each form is made when it is asked for. */
export interface Outcome {
  readonly report: Report;
  readonly html: string;
  readonly json: string;
  /** Plain text; like the next, with what there is to paste where `remedies` says it. */
  text(remedies: string): string;
  markdown(remedies: string): string;
  /** What there is to paste for the finding at a place in `html`, counted from 0: markup. */
  remedy(place: number, remedies: string): string;
  /** Gives the memory back; nothing else may be asked of it afterwards. */
  free(): void;
}

/** The functions of the WebAssembly module. */
export interface Core {
  /** Takes in a language, the text of its catalogue. */
  learn(catalogue: string): void;
  understand(text: string, language: string): Understood;
  /** Reads a report from its JSON; throws an Error with a sentence in `language` where it is none. */
  open(json: string, language: string): Outcome;
  run(options: Options, onProgress: (html: string) => void, signal: AbortSignal): Promise<Outcome>;
}

let loading: Promise<Core> | undefined;

/** Loads the test, once for all elements of a page; a failure is not kept. It then speaks the language of `words`. */
export async function load(words: Words): Promise<Core> {
  loading ??= fetchCore(words).catch((reason: unknown) => {
    loading = undefined;
    throw reason;
  });
  const core = await loading;
  await teach(core, words.language);
  return core;
}

/** Lets the test speak a language; one that cannot be had is left English. */
export async function teach(core: Core, language: string): Promise<void> {
  if (language === ENGLISH.language) return;
  await catalogue(language).then((text) => core.learn(text), () => {});
}

let fetching: Promise<string> | undefined;

/** Loads what can be told each mail server, for `Outcome`, once; a failure is not kept. Throws an Error with a sentence. */
export function remedies(words: Words): Promise<string> {
  fetching ??= fetchRemedies(words).catch((reason: unknown) => {
    fetching = undefined;
    throw reason;
  });
  return fetching;
}

/** The same; where they cannot be had, none. */
export function remediesIfAny(): Promise<string> {
  return remedies(ENGLISH).catch(() => "");
}

async function fetchRemedies(words: Words): Promise<string> {
  const from = new URL("./remedies.txt", import.meta.url);
  try {
    const response = await fetch(from, { credentials: "omit", signal: AbortSignal.timeout(15_000) });
    if (response.ok) return await response.text();
  } catch {
    // Said below.
  }
  throw new Error(unlessOffline(words.noRemedies(from.origin), words));
}

async function fetchCore(words: Words): Promise<Core> {
  if (typeof WebAssembly !== "object") throw new Error(words.noWasm);
  const from = new URL("./heloscope.wasm", import.meta.url);
  try {
    const core = await import("heloscope-core");
    await core.default({ module_or_path: from });
    return core as Core;
  } catch (reason) {
    const text = String(reason);
    if (/content security policy|blocked by csp|unsafe-eval/i.test(text)) throw new Error(words.wasmBlocked, { cause: reason });
    throw new Error(unlessOffline(words.noProgram(from.origin), words), { cause: reason });
  }
}
