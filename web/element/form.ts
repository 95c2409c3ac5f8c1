import { make, unbroken } from "./dom.ts";
import { STANDARD_PORTS } from "./ports.ts";
import type { About } from "./relay.ts";
import { ENGLISH, type Words } from "./words.ts";

/** The field, the ports, the buttons and the examples. */
export class Form {
  readonly form: HTMLFormElement;
  readonly field: HTMLInputElement;
  #words = ENGLISH;
  readonly #label = make("label", { for: "host" });
  readonly #legend = make("legend");
  readonly #choice = make("label", { for: "relay" });
  readonly #said = make("p", { id: "said", class: "said" });
  readonly #ports: HTMLFieldSetElement;
  readonly #run = make("button", { type: "submit", class: "run", part: "button" });
  readonly #stop = make("button", { type: "button", class: "stop", part: "button", hidden: true });
  readonly #relay = make("select", { id: "relay", name: "relay", part: "input" });
  readonly #all = make("button", { type: "button", part: "button" });
  readonly #through = make(
    "p",
    { class: "through", hidden: true },
    this.#choice,
    this.#relay,
    this.#all,
  );
  readonly #operator = make("p", { class: "operator", part: "operator", hidden: true });
  readonly #examples = make("details", { class: "examples", part: "examples", open: true, hidden: true });
  #offered = STANDARD_PORTS;
  /** What was ticked before the text in the field named other ports; null where it names none. */
  #before: string[] | null = null;
  #about: About | null = null;

  /** `around`: what the page around has to say, before the examples, which may be many. */
  constructor(
    onRun: (host: string) => void,
    onStop: () => void,
    onRelay: (relay: string) => void,
    onAll: (host: string) => void,
    around: HTMLElement,
  ) {
    this.field = make("input", {
      id: "host",
      name: "host",
      part: "input",
      type: "text",
      inputmode: "url",
      enterkeyhint: "go",
      autocapitalize: "none",
      autocomplete: "off",
      autocorrect: "off",
      spellcheck: "false",
      placeholder: ENGLISH.placeholder,
      "aria-describedby": "said",
    });
    this.#ports = make("fieldset", { class: "ports" }, this.#legend);
    this.form = make(
      "form",
      { part: "form", novalidate: true },
      this.#label,
      make("div", { class: "field" }, this.field, this.#run, this.#stop),
      this.#said,
      this.#ports,
      this.#through,
      this.#operator,
      around,
      this.#examples,
    );
    this.#relay.addEventListener("change", () => onRelay(this.#relay.value));
    this.#all.addEventListener("click", () => onAll(this.field.value));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      onRun(this.field.value);
    });
    this.#stop.addEventListener("click", onStop);
    this.field.addEventListener("input", () => this.giveBack());
    // Whoever ticks them means them.
    this.#ports.addEventListener("change", () => (this.#before = null));
    this.#examples.addEventListener("click", (event) => {
      const chosen = (event.target as Element).closest("button");
      if (!chosen) return;
      this.take(chosen.value);
      onRun(chosen.value);
    });
    this.choose(STANDARD_PORTS);
    this.speak(ENGLISH);
  }

  /** Says all of it in these words. A sentence below the field stays what it is, unless it is the hint. */
  speak(words: Words): void {
    const hint = this.#words.hostHint;
    this.#words = words;
    this.#label.textContent = words.host;
    this.#legend.textContent = words.ports;
    this.#choice.textContent = words.through;
    this.#run.textContent = words.run;
    this.#stop.textContent = words.stop;
    this.#all.textContent = words.throughAll;
    if (["", hint].includes(this.#said.textContent ?? "")) this.say(words.hostHint);
    this.#tick(this.#ticked);
    if (this.#about) this.offer(this.#about);
  }

  /** Goes on where the reader was in a field that stood here before the script did. */
  takeUp(field: HTMLInputElement | null): void {
    if (!field || (!field.value && !field.matches(":focus"))) return;
    if (field.value) this.field.value = field.value;
    if (field.matches(":focus")) this.field.focus();
    const { selectionStart, selectionEnd, selectionDirection } = field;
    this.field.setSelectionRange(selectionStart, selectionEnd, selectionDirection ?? undefined);
    // Or it would come back whenever the element is moved.
    field.value = "";
  }

  /** A sentence below the field: a hint, what was understood, or what is wrong. */
  say(sentence: string, wrong = false): void {
    this.#said.replaceChildren(...unbroken(sentence));
    this.#said.classList.toggle("wrong", wrong);
    this.field.setAttribute("aria-invalid", String(wrong));
  }

  /** Shows a test as running, or not. The button that had the focus hands it on. */
  running(running: boolean): void {
    const root = this.form.getRootNode() as ShadowRoot;
    const [shown, other] = running ? [this.#stop, this.#run] : [this.#run, this.#stop];
    const moves = root.activeElement === other;
    shown.hidden = false;
    if (moves) shown.focus();
    other.hidden = true;
    if (!running) return;
    const leaves = this.#examples.contains(root.activeElement) && root.activeElement;
    this.#examples.open = false;
    // What is folded away cannot keep the focus.
    if (leaves) this.#examples.querySelector("summary")?.focus();
  }

  /** Puts the focus on the button that starts a test, or stops the one that runs. */
  focusButton(): void {
    (this.#stop.hidden ? this.#run : this.#stop).focus();
  }

  get hasButtonFocus(): boolean {
    return this.#run.matches(":focus") || this.#stop.matches(":focus");
  }

  /** Puts a text into the field. */
  take(text: string): void {
    if (text !== this.field.value.trim()) this.giveBack();
    this.field.value = text;
  }

  /** The ports that are chosen: those that are ticked, unless it was the text in the field that named them. */
  get chosen(): string[] {
    return this.#before ?? this.#ticked;
  }

  /** Ticks these ports and no others. */
  choose(ports: string[]): void {
    this.#before = null;
    this.#tick(ports);
  }

  /** Ticks the ports that the text in the field names, for as long as it stands there. */
  lend(ports: string[]): void {
    this.#before = this.chosen;
    this.#tick(ports);
  }

  /** Ticks what was ticked before the text in the field named other ports. */
  giveBack(): void {
    if (this.#before) this.choose(this.#before);
  }

  get #ticked(): string[] {
    const boxes = this.#ports.querySelectorAll<HTMLInputElement>("input:checked");
    return Array.from(boxes, (box) => box.value);
  }

  /** One that was not offered so far is from now on, as long as it is ticked. */
  #tick(ports: string[]): void {
    const all = [...new Set([...this.#offered, ...ports])];
    // A box that is there stays: it may have the focus.
    const there = new Map(Array.from(this.#ports.querySelectorAll("input"), (box) => [box.value, box]));
    for (const [port, box] of there) if (!all.includes(port)) box.parentElement?.remove();
    let before: Element | null = this.#ports.querySelector("legend");
    for (const port of all) {
      const label = there.get(port)?.parentElement ?? labelled(port);
      label.querySelector(".use")?.replaceChildren(this.#words.portUse[port] ?? "");
      if (label.previousElementSibling !== before || !label.parentElement) before?.after(label);
      before = label;
    }
    for (const box of this.#ports.querySelectorAll("input")) box.checked = ports.includes(box.value);
  }

  /** Lets one of several relays be chosen; of one there is no choice. */
  relays(relays: string[], chosen: string): void {
    const all = relays.includes(chosen) ? relays : [chosen, ...relays];
    const options = all.map((relay) => make("option", { value: relay }, relay.replace(/^\w+:\/\/|\/$/g, "")));
    this.#relay.replaceChildren(...options);
    this.#relay.value = chosen;
    this.#through.hidden = relays.length === 0 || all.length < 2;
    // Until the one that is now chosen says so itself.
    this.#runBy("");
  }

  /** Takes in what a relay offers. */
  offer(about: About): void {
    const ticked = this.#ticked;
    this.#about = about;
    this.#offered = about.ports;
    this.#tick(ticked);
    const examples = about.examples.map(({ host, title }) =>
      make("li", {}, make("button", { type: "button", value: host, title: host }, ...unbroken(this.#words.page(title)))),
    );
    this.#examples.replaceChildren(make("summary", {}, this.#words.examples), make("ul", {}, ...examples));
    this.#examples.hidden = examples.length === 0;
    this.#runBy(about.contact);
  }

  /** Names whoever runs the relay; what is no mail address and no https URL is no link. */
  #runBy(contact: string): void {
    const href = contact.startsWith("https://") ? contact : /^[^\s@:/?&]+@[^\s@:/?&]+$/.test(contact) ? `mailto:${contact}` : "";
    const named = href ? make("a", { href, rel: "noreferrer" }, contact) : contact;
    this.#operator.replaceChildren(this.#words.operator, named);
    this.#operator.hidden = !contact;
  }
}

/** The box of a port, with what it is for where that is known. */
function labelled(port: string): HTMLElement {
  const box = make("input", { type: "checkbox", name: "port", value: port });
  const label = make("label", {}, box, make("span", { class: "number" }, port.replace("/", " ")));
  if (port in ENGLISH.portUse) label.append(make("span", { class: "use" }));
  return label;
}
