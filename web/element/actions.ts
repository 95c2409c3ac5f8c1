import { remediesIfAny, type Outcome } from "./core.ts";
import { make } from "./dom.ts";
import { linkTo } from "./share.ts";
import type { Words } from "./words.ts";

/** The buttons that take a report elsewhere. What they did is said in `status`; links lead to the page of `relay`. */
export function actions(outcome: Outcome, relay: () => URL, status: HTMLElement, words: Words): HTMLElement {
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
        made.textContent = trouble ? words.notCopiedShort : words.copiedShort;
        setTimeout(() => (made.textContent = label), 2000);
      });
    });
    return made;
  };
  return make(
    "div",
    { class: "actions", role: "group", "aria-label": words.report },
    copy(words.copyMarkdown, words.copied("Markdown"), async () => outcome.markdown(await remediesIfAny())),
    copy(words.copyText, words.copied(words.text), async () => outcome.text(await remediesIfAny())),
    copy(words.copyJson, words.copied("JSON"), () => outcome.json),
    copy(words.copyLink, words.copiedLink, () => linkTo(outcome.report, relay(), words)),
    button(words.downloadJson, () => download(outcome)),
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
  const before = document.activeElement;
  const area = make("textarea", { readonly: true, "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}

function download(outcome: Outcome): void {
  const url = URL.createObjectURL(new Blob([outcome.json], { type: "application/json" }));
  const day = String(outcome.report["tested_at"]).slice(0, 10);
  // A report that somebody else wrote may name its host as it likes.
  const name = `heloscope-${outcome.report.host}-${day}.json`.replace(/[^\w.-]/g, "_");
  make("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
