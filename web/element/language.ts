/** Which language an element speaks, and where its words come from: a file beside this script, loaded once it is spoken. */

import { ENGLISH, wordsIn, type Words } from "./words.ts";

/** The languages besides English, and their catalogues. A bundler finds the files by these very words. */
const TRANSLATIONS: Record<string, URL> = { de: new URL("./de.txt", import.meta.url) };

/** The language for a wish by BCP 47, such as `de-AT`; English for one that there is not. */
export function nearest(wish: string): string {
  const [language = ""] = wish.toLowerCase().split("-");
  return language in TRANSLATIONS ? language : ENGLISH.language;
}

/** The first of the wishes that there is; English where there is none of them. */
export function firstOf(wishes: readonly string[]): string {
  const known = wishes.find((wish) => nearest(wish) !== ENGLISH.language || /^en\b/i.test(wish));
  return nearest(known ?? "");
}

/** The language of an element: its `lang`, or that of the nearest element around it that has one. */
export function languageOf(element: Element): string {
  for (let at: Element | null = element; at; ) {
    const named = at.closest("[lang]");
    if (named) return nearest(named.getAttribute("lang") ?? "");
    const root: Node = at.getRootNode();
    at = root instanceof ShadowRoot ? root.host : null;
  }
  return ENGLISH.language;
}

const loading = new Map<string, Promise<string>>();

/** The catalogue of a language, loaded once; a failure is not kept. */
export function catalogue(language: string): Promise<string> {
  let text = loading.get(language);
  if (!text) {
    text = load(language).catch((reason: unknown) => {
      loading.delete(language);
      throw reason;
    });
    loading.set(language, text);
  }
  return text;
}

async function load(language: string): Promise<string> {
  const from = TRANSLATIONS[language];
  if (!from) throw new Error(language);
  const response = await fetch(from, { credentials: "omit", signal: AbortSignal.timeout(15_000) });
  if (!response.ok) throw new Error(`${from.href}: ${response.status}`);
  return response.text();
}

const known = new Map<string, Words>([[ENGLISH.language, ENGLISH]]);

/** The words of a language where they are at hand already. */
export function wordsAtHand(language: string): Words | undefined {
  return known.get(language);
}

/** The words of a language; English where they cannot be had. */
export async function wordsOf(language: string): Promise<Words> {
  const words = known.get(language);
  if (words) return words;
  try {
    // The language, then each message and its translation.
    const lines = (await catalogue(language)).split("\n");
    const translations = new Map<string, string>();
    for (let place = 1; place + 1 < lines.length; place += 2) translations.set(lines[place] ?? "", lines[place + 1] ?? "");
    const made = wordsIn(language, (message) => translations.get(message));
    known.set(language, made);
    return made;
  } catch {
    return ENGLISH;
  }
}
