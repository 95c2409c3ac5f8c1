/**
 * On paper nothing unfolds: everything in an element is open while the page is printed, and folded again afterwards. What there
 * is to paste is printed as far as the reader has unfolded it: nothing is loaded for that, and nobody has all mail servers.
 */
export class Paper {
  readonly #shown: Element;

  constructor(shown: Element) {
    this.#shown = shown;
  }

  watch(): void {
    addEventListener("beforeprint", this.#unfold);
    addEventListener("afterprint", this.#fold);
  }

  leave(): void {
    removeEventListener("beforeprint", this.#unfold);
    removeEventListener("afterprint", this.#fold);
  }

  readonly #unfold = (): void => {
    for (const details of this.#shown.querySelectorAll("details:not([open], .remedy, .remedy *)")) {
      details.setAttribute("open", "");
      details.setAttribute("data-folded", "");
    }
  };

  readonly #fold = (): void => {
    for (const details of this.#shown.querySelectorAll("[data-folded]")) {
      details.removeAttribute("open");
      details.removeAttribute("data-folded");
    }
  };
}
