import { remediesIfAny, type Outcome } from "./core.ts";
import { make } from "./dom.ts";
import type { Report } from "./report.ts";
import { linkTo } from "./share.ts";
import type { Words } from "./words.ts";

/** What is taken elsewhere, in each of its forms. */
export interface Exports {
  markdown(): string | Promise<string>;
  text(): string | Promise<string>;
  json(): string;
  link(): Promise<string>;
  /** What a file of it is called, without an ending. */
  name: string;
}

/** Those of a report; links lead to the page of `relay`. */
export function exportsOf(outcome: Outcome, relay: () => URL, words: Words): Exports {
  return {
    markdown: async () => outcome.markdown(await remediesIfAny()),
    text: async () => outcome.text(await remediesIfAny()),
    json: () => outcome.json,
    link: () => linkTo(outcome.report, relay(), words),
    name: fileOf(outcome.report),
  };
}

/** What a file of a report is called; whoever wrote it may name its host as he likes. */
export function fileOf({ host, tested_at }: Report): string {
  return `heloscope-${host}-${String(tested_at).slice(0, 10)}`.replace(/[^\w.-]/g, "_");
}

/** The buttons that take a report elsewhere. What they did is said in `status`. */
export function actions(exports: Exports, status: HTMLElement, words: Words): HTMLElement {
  const button = (label: string, act: () => void): HTMLButtonElement => {
    const made = make("button", { type: "button", part: "action" }, label);
    made.addEventListener("click", act);
    return made;
  };
  const copy = (label: string, said: string, text: () => string | Promise<string>): HTMLButtonElement => {
    const made = button(label, () => {
      void copied(text, words).then((trouble) => {
        status.textContent = trouble ?? said;
        // Not all trouble has a word that fits the button.
        status.classList.toggle("unseen", !trouble);
        // Or the next one would move under the pointer.
        made.style.minWidth = `${made.offsetWidth}px`;
        made.textContent = trouble ? words.notCopiedShort : words.copiedShort;
        setTimeout(() => (made.textContent = label), 2000);
      });
    });
    return made;
  };
  return make(
    "div",
    { class: "actions", role: "group", "aria-label": words.report },
    copy(words.copyMarkdown, words.copied("Markdown"), () => exports.markdown()),
    copy(words.copyText, words.copied(words.text), () => exports.text()),
    copy(words.copyJson, words.copied("JSON"), () => exports.json()),
    copy(words.copyLink, words.copiedLink, () => exports.link()),
    button(words.downloadJson, () => download(exports)),
  );
}

/** Copies a text; what went wrong is a sentence, where something did. */
export async function copied(make: () => string | Promise<string>, words: Words): Promise<string | null> {
  let text;
  try {
    text = await make();
  } catch (reason) {
    return reason instanceof Error ? reason.message : String(reason);
  }
  try {
    await navigator.clipboard.writeText(text);
    return null;
  } catch {
    return copiedBySelection(text) ? null : words.notCopied;
  }
}

/** For pages that are not a secure context, where there is no `navigator.clipboard`. */
function copiedBySelection(text: string): boolean {
  let before = document.activeElement;
  // What has the focus, and not the element that it is in.
  while (before?.shadowRoot?.activeElement) before = before.shadowRoot.activeElement;
  const area = make("textarea", { readonly: true, "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}

function download({ json, name }: Exports): void {
  const url = URL.createObjectURL(new Blob([json()], { type: "application/json" }));
  make("a", { href: url, download: `${name}.json` }).click();
  URL.revokeObjectURL(url);
}
