import { actions, exportsOf } from "./actions.ts";
import { Attributes } from "./attributes.ts";
import { Sides } from "./compare.ts";
import controls from "./controls.css";
import { load, type Outcome } from "./core.ts";
import { writeDatesAndNumbers } from "./dates-and-numbers.ts";
import { make, unbroken } from "./dom.ts";
import type { Asking, Failure, Progress, Stopped } from "./events.ts";
import { Form } from "./form.ts";
import { linkHelp } from "./help.ts";
import { homeOr } from "./home.ts";
import { nearest } from "./language.ts";
import { Paper } from "./paper.ts";
import port from "./port.css";
import { listed, STANDARD_PORTS } from "./ports.ts";
import { cease, tellWaits } from "./progress.ts";
import { about, relayUrl } from "./relay.ts";
import { offerRemedies } from "./remedies.ts";
import report from "./report.css";
import type { Report } from "./report.ts";
import { NotAHost, sentenceOf, steps, understood, type Asked } from "./run.ts";
import { noteOn, portsOf, read, type From, type Given } from "./saved.ts";
import { Speech } from "./speech.ts";
import { areOneTest, hostsOf } from "./told-apart.ts";
import { show } from "./trusted.ts";
import type { Words } from "./words.ts";

/** In place of a list of relays: those that the relay itself names. */
const OFFERED = "offered";

/** One for all elements of a page. */
let sheets: CSSStyleSheet[] | undefined;

/**
 * Tests a mail server and shows the report.
 *
 * Attributes, each mirrored by a property: `host`; `ports`, comma separated; `relay`, its URL, by default the origin of
 * this script; `relays`, to choose one from, or `offered`; `address`, dialled in place of the host's own; `autostart`;
 * `compact`, no more of the report than its verdict and its findings' titles.
 * What stands in it is shown below the field until a first test starts, or a first report is opened.
 * The nearest `lang`, its own or that of an element around it, is the language that it speaks.
 *
 * Events, all of them composed and bubbling: `heloscope-started` and `heloscope-progress` (detail: {@link Progress}),
 * `heloscope-finished` and `heloscope-opened` (detail: the report, or those that were opened side by side),
 * `heloscope-compared` (detail: the reports), `heloscope-stopped` (detail: {@link Stopped}),
 * `heloscope-failed` (detail: {@link Failure}).
 */
export class HeloScopeElement extends Attributes {
  static readonly observedAttributes = ["host", "ports", "relay", "relays", "lang"];

  /** What the page around put into the element. */
  readonly #around = make("slot");
  readonly #form = new Form(
    (host) => this.#submitted(host),
    () => this.stop(),
    (relay) => (this.relay = relay),
    (host) => void this.#takeUp(host).compare(),
    this.#around,
  );
  readonly #status = make("p", { class: "status", role: "status", part: "status" });
  readonly #alert = make("div", { class: "failure", role: "alert", part: "failure", hidden: true });
  readonly #elsewhere = make("div", { class: "elsewhere", part: "elsewhere", hidden: true });
  readonly #output = make("div", { class: "output", part: "output" });
  readonly #frame = make("div", { class: "frame" });
  readonly #paper = new Paper(this.#output);
  /** A report in sight stays in its own language. */
  readonly #speech = new Speech(this, this.#frame, (words) => this.#form.speak(words));
  #test: AbortController | null = null;
  #asking: Asking | null = null;
  /** What is in sight and has memory of the test's. */
  #outcome: Pick<Outcome, "free"> | null = null;
  #report: Report | null = null;
  /** Those that the first relay asked names, itself among them. */
  #offered: string[] = [];
  #first = "";

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = sheets ??= [controls, report, port].map(sheetOf);
    this.#frame.append(this.#form.form, this.#status, this.#alert, this.#elsewhere, this.#output);
    root.append(this.#frame);
  }

  connectedCallback(): void {
    this.takeUpProperties();
    this.#form.takeUp(this.querySelector("input[name=host]"));
    this.#speech.watch();
    this.#paper.watch();
    this.#form.relays(this.#relays, this.relay);
    void this.#askRelay();
    if (this.autostart && this.host) void this.start();
  }

  disconnectedCallback(): void {
    this.#speech.leave();
    this.#paper.leave();
    this.#abort();
  }

  attributeChangedCallback(name: string, before: string | null, value: string | null): void {
    if (before === value) return;
    if (name === "host") this.#form.take(value ?? "");
    if (name === "ports") this.#form.choose(this.#ports);
    if (name === "lang" && this.isConnected) this.#speech.follow();
    if (!name.startsWith("relay") || !this.isConnected) return;
    this.#form.relays(this.#relays, this.relay);
    void this.#askRelay();
  }

  /** The report in sight; null where there is none, and while a test runs. */
  get report(): Report | null {
    return this.#report;
  }

  /** Puts the focus into the field. */
  override focus(options?: FocusOptions): void {
    this.#form.field.focus(options);
  }

  /** Starts a test of `host`, ending one that runs. Settles when it has ended, in whichever way. */
  async start(): Promise<void> {
    await this.#during("loading", "failed", (signal) => this.#run(signal), this.#wanted);
  }

  /**
   * Tests `host` through each of `relays` at the same time, ending a test that runs, and shows the reports side by side. Settles
   * when all have ended, in whichever way.
   */
  async compare(): Promise<void> {
    await this.#during("loading", "failed", (signal) => this.#compare(signal), this.#wanted);
  }

  /**
   * Shows a report that was made elsewhere: one that was saved, given as it is, as JSON or as a file of it, or one that a link
   * carries after its `#`, given as that. Several in a list are shown side by side. No relay is asked. Settles when it is in sight, or
   * when it has been said why not; what was in sight before then still is. A test that runs is stopped.
   */
  async open(report: Given, from: From = "file"): Promise<void> {
    await this.#during("opening", "notOpened", async (signal) => {
      const words = this.#words;
      const outcomes = await read(report, from, words, signal);
      const reports = outcomes.map(({ report }) => report);
      const several = reports.length > 1;
      const [[outcome], [first]] = [outcomes, reports];
      if (!outcome || !first) return;
      this.#clear();
      if (several) this.#sideBySide(outcomes);
      else this.#present(outcome, words.opened);
      const { host } = first;
      this.host = host;
      this.address = "";
      this.#form.choose(portsOf(first));
      const again = hostsOf(reports).length === 1 ? () => void this.#testAgain(host, several && areOneTest(reports)) : null;
      this.#elsewhere.replaceChildren(...noteOn(reports, from, words, again));
      this.#elsewhere.hidden = false;
      this.#end<Report | Report[]>("opened", several ? reports : first);
    });
  }

  /** Stops the test that runs, if one does. What was learned so far stays in sight. */
  stop(): void {
    if (this.#abort()) this.#tellStopped();
  }

  #tellStopped(): void {
    this.#tell<Stopped>("stopped", this.#asking ? { asked: this.#asking } : {});
  }

  /** Puts the element back to where no test was made. */
  reset(): void {
    this.#abort();
    this.#clear();
    this.#form.giveBack();
    this.#form.say(this.#words.hostHint);
  }

  /** Does something that can be stopped, and says what came in its way. A test, which asks for something, clears the place first. */
  async #during(what: "loading" | "opening", otherwise: "failed" | "notOpened", act: (signal: AbortSignal) => Promise<void>, asking: Asking | null = null): Promise<void> {
    const cut = this.#abort() && !asking;
    if (cut) this.#tellStopped();
    this.#asking = asking;
    const test = new AbortController();
    this.#test = test;
    if (asking) this.#clear();
    this.#alert.hidden = true;
    this.#status.classList.remove("unseen");
    this.#form.running(true);
    try {
      if (this.#speech.isLearning) await this.#speech.learned();
      test.signal.throwIfAborted();
      this.#status.textContent = this.#words[what];
      await act(test.signal);
    } catch (reason) {
      if (!test.signal.aborted) {
        this.#failed(this.#words[otherwise], sentenceOf(reason));
        if (cut) this.#status.textContent = this.#words.stopped;
      }
    }
    if (this.#test === test) this.#over();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const words = this.#words;
    if (!this.host.trim()) return this.#wrong(words.noHost);
    // A site that does not let anything be shown says so before a server is bothered.
    this.#show("");
    const relay = relayUrl(this.relay, words);
    const [offer, core] = await Promise.allSettled([about(relay, words), load(words)]);
    signal.throwIfAborted();
    // What was typed can be read, and be wrong, without a relay.
    const asked = core.status === "fulfilled" ? await this.#asked(signal) : null;
    for (const one of [offer, core]) if (one.status === "rejected" && this.#asking) throw one.reason;
    if (!asked) return;
    const { host, ports } = asked;
    this.#tell<Progress>("started", { host, ports, done: [] });
    const [done, waits] = [new Set<string>(), new Set<string>()];
    for await (const step of steps(asked, { relay, address: this.address, signal, words })) {
      if (signal.aborted) break;
      if (typeof step === "string") {
        this.#show(step);
        tellWaits(this.#output, this.#status, waits, words);
        this.#settled(ports.length, done);
        this.#tell<Progress>("progress", { host, ports, done: [...done] });
      } else {
        this.#present(step, words.finished);
        this.#end<Report>("finished", step.report);
      }
    }
  }

  async #compare(signal: AbortSignal): Promise<void> {
    const words = this.#words;
    if (!this.host.trim()) return this.#wrong(words.noHost);
    this.#show("");
    if (this.relays === OFFERED) await this.#askRelay();
    signal.throwIfAborted();
    const relays = [...new Set([this.relay, ...this.#relays].map((relay) => relayUrl(relay, words).href))];
    if (relays.length < 2) return this.#run(signal);
    if (this.#asking) this.#asking.relays = relays;
    const asked = await this.#asked(signal);
    if (!asked) return;
    const { host, ports } = asked;
    this.#tell<Progress>("started", { host, ports, done: [], relays });
    const sides = new Sides(relays, words);
    this.#outcome = sides;
    this.#output.replaceChildren(sides.element);
    await sides.test(asked, { address: this.address, signal, words }, this.#status);
    signal.throwIfAborted();
    this.#compared(sides, words.finished);
    this.#end<Report[]>("compared", sides.reports);
  }

  /** What is to be tested, and says so; null where something is wrong with it, which is said too. */
  async #asked(signal: AbortSignal): Promise<Asked | null> {
    const words = this.#words;
    let asked;
    try {
      asked = await understood(this.host, this.#ports, words);
    } catch (reason) {
      if (!(reason instanceof NotAHost)) throw reason;
      if (!signal.aborted) this.#wrong(reason.message);
      return null;
    }
    signal.throwIfAborted();
    const { host, ports, named, said } = asked;
    if (ports.length === 0) {
      this.#wrong(words.noPort);
      return null;
    }
    this.#asking = { ...this.#asking, host, ports };
    const { address } = this;
    if (named) this.#form.lend(ports);
    else this.#form.choose(ports);
    this.#form.say([said, address && words.dialling(address)].filter(Boolean).join(" "));
    this.#status.replaceChildren(...unbroken(words.running(host, ports)));
    return asked;
  }

  #sideBySide(outcomes: Outcome[]): void {
    const sides = Sides.of(outcomes, this.#words);
    this.#outcome = sides;
    this.#output.replaceChildren(sides.element);
    this.#compared(sides, this.#words.opened);
  }

  #compared(sides: Sides, said: (verdict: string) => string): void {
    const sentence = sides.compare();
    sides.offer(this.#home, this.#status);
    this.#shown(said(sentence));
  }

  #present(outcome: Outcome, said: (verdict: string) => string): void {
    const words = this.#words;
    // What was made elsewhere may be in another language than this.
    this.#output.lang = outcome.report.language;
    this.#outcome = outcome;
    this.#report = outcome.report;
    this.#show(outcome.html);
    offerRemedies(this.#output, outcome, this.#status, words);
    linkHelp(this.#output, this.#home(), words);
    const verdict = this.#output.querySelector(".verdict");
    const exports = exportsOf(outcome, this.#home, words);
    verdict?.append(actions(exports, this.#status, words));
    this.#shown(said(verdict?.querySelector("h2")?.textContent ?? ""));
  }

  /** Tells those who hear the page what all others see in it. */
  #shown(sentence: string): void {
    this.#status.classList.add("unseen");
    this.#status.textContent = sentence;
  }

  /** Says of each port once that it is done. */
  #settled(of: number, done: Set<string>): void {
    for (const card of this.#output.querySelectorAll<HTMLElement>("[data-port][data-state=done]")) {
      const port = card.dataset["port"] ?? "";
      if (done.has(port)) continue;
      done.add(port);
      this.#status.textContent = this.#words.settled(port, of - done.size);
    }
  }

  #submitted(typed: string): void {
    void this.#takeUp(typed).start();
  }

  /** The button that was pressed for it is gone: the focus goes with what takes its place, and at last to the verdict. */
  async #testAgain(host: string, compared: boolean): Promise<void> {
    const test = this.#takeUp(host);
    const ended = compared ? test.compare() : test.start();
    this.#form.focusButton();
    await ended;
    if (!this.#form.hasButtonFocus) return;
    const verdict = this.#output.querySelector<HTMLElement>(".differences h2, .verdict h2");
    verdict?.setAttribute("tabindex", "-1");
    verdict?.focus();
  }

  /** Takes up what stands in the form. */
  #takeUp(typed: string): this {
    // Another host has other addresses.
    if (typed.trim() !== this.host) this.address = "";
    this.host = typed.trim();
    this.ports = this.#form.chosen.join(",");
    return this;
  }

  async #askRelay(): Promise<void> {
    const { relay } = this;
    this.#first ||= relay;
    // What goes wrong is said to whoever asks meanwhile, too.
    if (this.#speech.isLearning) await this.#speech.learned();
    try {
      const offer = await about(relayUrl(relay, this.#words), this.#words);
      if (relay === this.#first && offer.relays.length > 0) {
        this.#offered = [relay, ...offer.relays];
        this.#form.relays(this.#relays, this.relay);
      }
      // Meanwhile another one may have been chosen.
      if (relay === this.relay) this.#form.offer(offer);
    } catch {
      // The element works without what a relay offers; a test says what is wrong with the relay.
    }
  }

  #show(html: string): void {
    this.#around.hidden = true;
    try {
      show(this.#output, html);
      writeDatesAndNumbers(this.#output, nearest(this.#report?.language ?? this.#words.language));
    } catch (reason) {
      throw new Error(this.#words.markupRefused, { cause: reason });
    }
  }

  #wrong(sentence: string): void {
    this.#asking = null;
    this.#form.say(sentence, true);
    this.#form.field.focus();
    this.#shown(sentence);
    this.#end<Failure>("failed", { message: sentence });
  }

  #failed(what: string, message: string): void {
    this.#alert.replaceChildren(make("strong", {}, what), make("p", {}, message));
    this.#alert.hidden = false;
    this.#status.textContent = "";
    this.#end<Failure>("failed", this.#asking ? { message, asked: this.#asking } : { message });
  }

  /** Tells how what was done ended; whoever hears it finds nothing more to be stopped. */
  #end<Detail>(what: string, detail: Detail): void {
    this.#over();
    this.#tell(what, detail);
  }

  /** Ends the test that runs, before its end; whether one did. */
  #abort(): boolean {
    if (!this.#test) return false;
    this.#test.abort();
    this.#over();
    this.#status.textContent = this.#words.stopped;
    return true;
  }

  #over(): void {
    this.#test = null;
    this.#form.running(false);
    cease(this.#output, this.#words);
  }

  #clear(): void {
    this.#outcome?.free();
    this.#outcome = null;
    this.#report = null;
    this.#output.replaceChildren();
    this.#output.removeAttribute("lang");
    this.#alert.hidden = true;
    this.#elsewhere.hidden = true;
    this.#status.textContent = "";
    this.#status.classList.remove("unseen");
    this.#form.say("");
  }

  #tell<Detail>(what: string, detail: Detail): void {
    this.dispatchEvent(new CustomEvent(`heloscope-${what}`, { bubbles: true, composed: true, detail }));
  }

  readonly #home = (): URL => homeOr(() => relayUrl(this.relay, this.#words));

  /** What stands in the attributes, not read yet: a text with a digit after a colon, or a scheme, may name ports of its own. */
  get #wanted(): Asking {
    const host = this.host.trim();
    const namesPorts = /[:\s,;]\d|^(smtp|submission)s?:/i.test(host);
    return { host, ports: namesPorts ? [] : this.#ports };
  }

  get #words(): Words {
    return this.#speech.words;
  }

  get #relays(): string[] {
    if (this.relays === OFFERED) return this.#offered;
    return this.relays.split(/\s+/).filter(Boolean);
  }

  /** The attribute as a list; the standard ports where there is none. */
  get #ports(): string[] {
    return this.hasAttribute("ports") ? listed(this.ports) : STANDARD_PORTS;
  }
}

function sheetOf(css: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}
