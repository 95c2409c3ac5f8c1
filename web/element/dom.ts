/** Makes an element: attributes by name (true is an empty one, false none), then its content. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string | boolean> = {},
  ...content: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...content);
  return element;
}

/** A sentence in which no version is broken, and no date, no name that fits into a line and none like P-384 at its hyphens. */
export function unbroken(sentence: string): (Node | string)[] {
  // What stands around it goes with it: a line does not begin with a comma.
  const isWhole = (word: string): boolean =>
    /\d{4}-\d\d-\d\d|\b[A-Z]+-\d|^(TLS|SSL) \d/.test(word) || (word.includes("-") && /\.\w/.test(word));
  return sentence.split(/(\b(?:TLS|SSL) \d\.\d\S*|\s+)/).map((part) =>
    isWhole(part) ? make("span", { class: part.length < 16 ? "short" : "unbroken" }, part) : part);
}
