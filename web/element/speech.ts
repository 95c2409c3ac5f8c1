import { languageOf, wordsAtHand, wordsOf } from "./language.ts";
import { ENGLISH, type Words } from "./words.ts";

/** What an element speaks: the language of the nearest `lang`, also once that is another. */
export class Speech {
  readonly #element: Element;
  readonly #frame: Element;
  readonly #onWords: (words: Words) => void;
  readonly #langs = new MutationObserver(() => this.follow());
  #words = ENGLISH;
  /** While the words of its language are on their way. */
  #learning: Promise<void> | null = null;

  /** `frame`, all that the element shows, has the class `learning` while words are on their way. */
  constructor(element: Element, frame: Element, onWords: (words: Words) => void) {
    this.#element = element;
    this.#frame = frame;
    this.#onWords = onWords;
  }

  /** Those that are there. */
  get words(): Words {
    return this.#words;
  }

  watch(): void {
    this.follow();
    this.#langs.observe(document, { subtree: true, attributeFilter: ["lang"] });
  }

  leave(): void {
    this.#langs.disconnect();
  }

  /** Speaks the language that is asked for. */
  follow(): void {
    const language = languageOf(this.#element);
    const at = wordsAtHand(language);
    if (at) {
      this.#learning = null;
      return this.#take(at);
    }
    // Nobody is to read half of it in English first.
    this.#frame.classList.add("learning");
    const learning = wordsOf(language).then((words) => {
      // Meanwhile another one may have been asked for.
      if (this.#learning !== learning) return;
      this.#learning = null;
      this.#take(words);
    });
    this.#learning = learning;
  }

  /** Whether words are on their way; then they are waited for by `learned()`. */
  get isLearning(): boolean {
    return this.#learning !== null;
  }

  async learned(): Promise<void> {
    while (this.#learning) await this.#learning;
  }

  #take(words: Words): void {
    this.#frame.classList.remove("learning");
    if (words === this.#words) return;
    this.#words = words;
    this.#onWords(words);
  }
}
