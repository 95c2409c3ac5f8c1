import { actions } from "./actions.ts";
import { Sides } from "./compare.ts";
import controls from "./controls.css";
import { load, type Core, type Outcome, type Report } from "./core.ts";
import { make } from "./dom.ts";
import { Form } from "./form.ts";
import { linkHelp } from "./help.ts";
import port from "./port.css";
import { STANDARD_PORTS } from "./ports.ts";
import { about, relayUrl } from "./relay.ts";
import { offerRemedies } from "./remedies.ts";
import report from "./report.css";
import { madeAt, portsOf, textOf } from "./saved.ts";
import { show } from "./trusted.ts";
import { words } from "./words.ts";

/** What a test that could not be run says of it. */
export interface Failure {
  message: string;
}

/** What a test that goes on says of it: the ports that are done. */
export interface Progress {
  host: string;
  ports: string[];
  done: string[];
}

/** Programs that render pages on a server import this too, where there are no elements. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** One for all elements of a page. */
let sheets: CSSStyleSheet[] | undefined;

/**
 * Tests a mail server and shows the report.
 *
 * Attributes, each mirrored by a property: `host`; `ports`, comma separated; `relay`, its URL, by default the origin of
 * this script; `relays`, to choose one from; `address`, dialled in place of the host's own; `autostart`; `compact`, the report without its details.
 *
 * Events, all of them composed and bubbling: `heloscope-started` and `heloscope-progress` (detail: {@link Progress}),
 * `heloscope-finished` and `heloscope-opened` (detail: the report), `heloscope-compared` (detail: the reports),
 * `heloscope-failed` (detail: {@link Failure}).
 */
export class HeloScopeElement extends Base {
  static readonly observedAttributes = ["host", "ports", "relay", "relays"];

  readonly #form = new Form(
    (host) => this.#submitted(host),
    () => this.stop(),
    (relay) => (this.relay = relay),
    (host) => void this.#takeUp(host).compare(),
  );
  readonly #status = make("p", { class: "status", role: "status", part: "status" });
  readonly #alert = make("div", { class: "failure", role: "alert", part: "failure", hidden: true });
  readonly #elsewhere = make("div", { class: "elsewhere", part: "elsewhere", hidden: true });
  readonly #output = make("div", { class: "output", part: "output" });
  #test: AbortController | null = null;
  #outcome: Outcome | null = null;
  #report: Report | null = null;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = sheets ??= [controls, report, port].map(sheetOf);
    root.append(make("div", { class: "frame" }, this.#form.form, this.#status, this.#alert, this.#elsewhere, this.#output));
  }

  connectedCallback(): void {
    this.#takeUpProperties();
    addEventListener("beforeprint", this.#unfold);
    addEventListener("afterprint", this.#fold);
    this.#form.relays(this.#relays, this.relay);
    void this.#askRelay();
    if (this.autostart && this.host) void this.start();
  }

  disconnectedCallback(): void {
    removeEventListener("beforeprint", this.#unfold);
    removeEventListener("afterprint", this.#fold);
    this.stop();
  }

  attributeChangedCallback(name: string, before: string | null, value: string | null): void {
    if (before === value) return;
    if (name === "host") this.#form.field.value = value ?? "";
    if (name === "ports") this.#form.choose(this.#ports);
    if (!name.startsWith("relay") || !this.isConnected) return;
    this.#form.relays(this.#relays, this.relay);
    void this.#askRelay();
  }

  /** The mail server, as typed. */
  get host(): string {
    return this.getAttribute("host") ?? "";
  }
  set host(value: string) {
    this.setAttribute("host", value);
  }

  /** The ports, comma separated: 25, 465, 587, or with a mode, such as 2525/starttls. */
  get ports(): string {
    return this.getAttribute("ports") ?? "";
  }
  set ports(value: string) {
    this.setAttribute("ports", value);
  }

  /** The relay's URL, http, https, ws or wss; by default the origin of this script. */
  get relay(): string {
    return this.getAttribute("relay") ?? new URL(import.meta.url).origin;
  }
  set relay(value: string) {
    this.setAttribute("relay", value);
  }

  /** URLs of relays to choose from, with spaces between; empty for no choice. */
  get relays(): string {
    return this.getAttribute("relays") ?? "";
  }
  set relays(value: string) {
    this.#reflect("relays", value || null);
  }

  /** An IP address of the host to dial in place of those its name has; empty for none. */
  get address(): string {
    return this.getAttribute("address") ?? "";
  }
  set address(value: string) {
    this.#reflect("address", value || null);
  }

  /** Whether a test starts as soon as the element is in the page. */
  get autostart(): boolean {
    return this.hasAttribute("autostart");
  }
  set autostart(value: boolean) {
    this.toggleAttribute("autostart", value);
  }

  /** Whether the report is shown without its details. */
  get compact(): boolean {
    return this.hasAttribute("compact");
  }
  set compact(value: boolean) {
    this.toggleAttribute("compact", value);
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
    await this.#during(words.loading, words.failed, (signal) => this.#run(signal));
  }

  /**
   * Tests `host` through each of `relays` at the same time, ending a test that runs, and shows the reports side by side. Settles
   * when all have ended, in whichever way.
   */
  async compare(): Promise<void> {
    await this.#during(words.loading, words.failed, (signal) => this.#compare(signal));
  }

  /**
   * Shows a report that was made elsewhere, given as JSON or as a file of it: one that was saved, or one that came with a
   * link. No relay is asked. Settles when it is in sight, or when it has been said why not.
   */
  async open(report: string | Blob | Promise<string>, from: "file" | "link" = "file"): Promise<void> {
    await this.#during(words.opening, words.notOpened, async (signal) => {
      this.#show("");
      const [core, json] = await Promise.all([load(), textOf(report)]);
      signal.throwIfAborted();
      const outcome = core.open(json);
      this.#present(outcome, words.opened);
      const { host } = outcome.report;
      this.host = host;
      this.address = "";
      this.#form.choose(portsOf(outcome.report));
      const again = make("button", { type: "button", part: "button" }, words.testAgain);
      again.addEventListener("click", () => this.#submitted(host));
      const at = madeAt(outcome.report);
      this.#elsewhere.replaceChildren(
        make("p", {}, from === "link" ? words.sharedReport(at) : words.savedReport(at)),
        again,
      );
      this.#elsewhere.hidden = false;
      this.#tell<Report>("opened", outcome.report);
    });
  }

  /** Stops the test that runs, if one does. What was learned so far stays in sight. */
  stop(): void {
    if (!this.#test) return;
    this.#test.abort();
    this.#over();
    this.#status.textContent = words.stopped;
  }

  /** Puts the element back to where no test was made. */
  reset(): void {
    this.stop();
    this.#clear();
    this.#form.say(words.hostHint);
  }

  /** Does something that can be stopped, and says what came in its way. */
  async #during(what: string, otherwise: string, act: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.stop();
    const test = new AbortController();
    this.#test = test;
    this.#clear();
    this.#form.running(true);
    this.#status.textContent = what;
    try {
      await act(test.signal);
    } catch (reason) {
      if (!test.signal.aborted) this.#failed(otherwise, reason instanceof Error ? reason.message : String(reason));
    }
    if (this.#test === test) this.#over();
  }

  async #run(signal: AbortSignal): Promise<void> {
    if (!this.host.trim()) return this.#wrong(words.noHost);
    // A site that does not let anything be shown says so before a server is bothered.
    this.#show("");
    const relay = relayUrl(this.relay);
    const [offer, core] = await Promise.all([about(relay), load()]);
    signal.throwIfAborted();
    const asked = this.#asked(core);
    if (!asked) return;
    const { host, ports, address } = asked;
    this.#tell<Progress>("started", { host, ports, done: [] });
    const done = new Set<string>();
    const outcome = await core.run(
      {
        host,
        ports,
        relay: relay.href,
        ...(address && { address }),
        ...(offer.trust_anchors && { trustAnchors: offer.trust_anchors }),
      },
      (html) => {
        if (signal.aborted) return;
        this.#show(html);
        this.#settled(ports.length, done);
        this.#tell<Progress>("progress", { host, ports, done: [...done] });
      },
      signal,
    );
    if (signal.aborted) return outcome.free();
    this.#present(outcome, words.finished);
    this.#tell<Report>("finished", outcome.report);
  }

  async #compare(signal: AbortSignal): Promise<void> {
    if (!this.host.trim()) return this.#wrong(words.noHost);
    this.#show("");
    const relays = [...new Set([this.relay, ...this.#relays].map((relay) => relayUrl(relay).href))];
    const core = await load();
    signal.throwIfAborted();
    const asked = this.#asked(core);
    if (!asked) return;
    const { host, ports, address } = asked;
    const sides = new Sides(relays);
    this.#output.replaceChildren(sides.element);
    const reports: Report[] = [];
    await Promise.all(relays.map(async (relay, place) => {
      try {
        const offer = await about(new URL(relay));
        const options = { host, ports, relay, ...(address && { address }), ...(offer.trust_anchors && { trustAnchors: offer.trust_anchors }) };
        const outcome = await core.run(options, (html) => void (signal.aborted || sides.progress(place, html)), signal);
        if (!signal.aborted) sides.finished(place, outcome);
        reports.push(outcome.report);
        outcome.free();
      } catch (reason) {
        if (!signal.aborted) sides.failed(place, reason instanceof Error ? reason.message : String(reason));
      }
    }));
    signal.throwIfAborted();
    this.#status.textContent = words.finished(sides.compare());
    linkHelp(sides.element, relayUrl(this.relay));
    this.#tell<Report[]>("compared", reports);
  }

  /** What is to be tested, and says so; null where something is wrong with it, which is said too. */
  #asked(core: Core): { host: string; ports: string[]; address: string } | null {
    let understood;
    try {
      understood = core.understand(this.host);
    } catch (reason) {
      this.#wrong(reason instanceof Error ? reason.message : String(reason));
      return null;
    }
    const { host } = understood;
    const ports = understood.ports ?? this.#ports;
    if (ports.length === 0) {
      this.#wrong(words.noPort);
      return null;
    }
    const { address } = this;
    this.#form.choose(ports);
    this.#form.say([understood.said, address && words.dialling(address)].filter(Boolean).join(" "));
    this.#status.textContent = words.running(host, ports);
    return { host, ports, address };
  }

  #present(outcome: Outcome, said: (verdict: string) => string): void {
    this.#outcome = outcome;
    this.#report = outcome.report;
    this.#show(outcome.html);
    offerRemedies(this.#output, outcome);
    linkHelp(this.#output, relayUrl(this.relay));
    const verdict = this.#output.querySelector(".verdict");
    verdict?.append(actions(outcome, () => relayUrl(this.relay), this.#status));
    // From here on it says only what is in sight elsewhere.
    this.#status.classList.add("unseen");
    this.#status.textContent = said(verdict?.querySelector("h2")?.textContent ?? "");
  }

  /** Says of each port once that it is done. */
  #settled(of: number, done: Set<string>): void {
    for (const card of this.#output.querySelectorAll<HTMLElement>("[data-port][data-state=done]")) {
      const port = card.dataset["port"] ?? "";
      if (done.has(port)) continue;
      done.add(port);
      this.#status.textContent = words.settled(port, of - done.size);
    }
  }

  #submitted(typed: string): void {
    void this.#takeUp(typed).start();
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
    try {
      const offer = await about(relayUrl(relay));
      // Meanwhile another one may have been chosen.
      if (relay === this.relay) this.#form.offer(offer);
    } catch {
      // The element works without what a relay offers; a test says what is wrong with the relay.
    }
  }

  #show(html: string): void {
    try {
      show(this.#output, html);
    } catch (reason) {
      throw new Error(words.markupRefused, { cause: reason });
    }
  }

  #wrong(sentence: string): void {
    this.#form.say(sentence, true);
    this.#form.field.focus();
    this.#status.classList.add("unseen");
    this.#status.textContent = sentence;
    this.#tell<Failure>("failed", { message: sentence });
  }

  #failed(what: string, message: string): void {
    this.#alert.replaceChildren(make("strong", {}, what), make("p", {}, message));
    this.#alert.hidden = false;
    this.#status.textContent = "";
    this.#tell<Failure>("failed", { message });
  }

  #over(): void {
    this.#test = null;
    this.#form.running(false);
  }

  #clear(): void {
    this.#outcome?.free();
    this.#outcome = null;
    this.#report = null;
    this.#output.replaceChildren();
    this.#alert.hidden = true;
    this.#elsewhere.hidden = true;
    this.#status.textContent = "";
    this.#status.classList.remove("unseen");
    this.#form.say("");
  }

  #tell<Detail>(what: string, detail: Detail): void {
    this.dispatchEvent(new CustomEvent(`heloscope-${what}`, { bubbles: true, composed: true, detail }));
  }

  /** A property that was set before the class was there hides the accessor: set it once more. */
  #takeUpProperties(): void {
    for (const name of ["host", "ports", "relay", "relays", "address", "autostart", "compact"] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete (this as Partial<HeloScopeElement>)[name];
      Object.assign(this, { [name]: value });
    }
  }

  #reflect(name: string, value: string | null): void {
    if (value === null) this.removeAttribute(name);
    else this.setAttribute(name, value);
  }

  get #relays(): string[] {
    return this.relays.split(/\s+/).filter(Boolean);
  }

  /** The attribute as a list; the standard ports where there is none. */
  get #ports(): string[] {
    if (!this.hasAttribute("ports")) return STANDARD_PORTS;
    return this.ports.split(",").map((port) => port.trim()).filter(Boolean);
  }

  /** On paper nothing unfolds: everything is open while the page is printed. */
  readonly #unfold = (): void => {
    for (const details of this.#output.querySelectorAll("details:not([open])")) {
      details.setAttribute("open", "");
      details.setAttribute("data-folded", "");
    }
  };

  readonly #fold = (): void => {
    for (const details of this.#output.querySelectorAll("[data-folded]")) {
      details.removeAttribute("open");
      details.removeAttribute("data-folded");
    }
  };
}

function sheetOf(css: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}
