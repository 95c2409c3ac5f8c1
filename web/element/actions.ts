import type { Outcome } from "./core.ts";
import { make } from "./dom.ts";
import { words } from "./words.ts";

/** The buttons that take a report elsewhere. What they did is said in `status`. */
export function actions(outcome: Outcome, status: HTMLElement): HTMLElement {
  const button = (label: string, act: () => void): HTMLButtonElement => {
    const made = make("button", { type: "button", part: "action" }, label);
    made.addEventListener("click", act);
    return made;
  };
  const copy = (label: string, format: string, text: () => string): HTMLButtonElement => {
    const made = button(label, () => {
      void copied(text()).then((done) => {
        status.textContent = done ? words.copied(format) : words.notCopied;
        made.textContent = done ? words.copiedShort : words.notCopiedShort;
        setTimeout(() => (made.textContent = label), 2000);
      });
    });
    return made;
  };
  return make(
    "div",
    { class: "actions", role: "group", "aria-label": words.report },
    copy(words.copyMarkdown, "Markdown", () => outcome.markdown),
    copy(words.copyText, "text", () => outcome.text),
    copy(words.copyJson, "JSON", () => outcome.json),
    button(words.downloadJson, () => download(outcome)),
  );
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
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
  make("a", { href: url, download: `heloscope-${outcome.report.host}-${day}.json` }).click();
  URL.revokeObjectURL(url);
}
