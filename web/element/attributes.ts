/** What the element is asked for: attributes, each mirrored by a property. */

/** Programs that render pages on a server import this too, where there are no elements. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/**
 * The element's attributes as properties, null and undefined for none; what it does with them is told by the class that has
 * them.
 */
export class Attributes extends Base {
  /** The mail server, as typed. */
  get host(): string {
    return this.getAttribute("host") ?? "";
  }
  set host(value: string | null | undefined) {
    this.#reflect("host", value ?? null);
  }

  /** The ports, comma separated: 25, 465, 587, or with a mode, such as 2525/starttls. */
  get ports(): string {
    return this.getAttribute("ports") ?? "";
  }
  set ports(value: string | null | undefined) {
    this.#reflect("ports", value ?? null);
  }

  /** The relay's URL, http, https, ws or wss; by default the origin of this script. */
  get relay(): string {
    return this.getAttribute("relay") ?? new URL(import.meta.url).origin;
  }
  set relay(value: string | null | undefined) {
    this.#reflect("relay", value ?? null);
  }

  /** URLs of relays to choose from, with spaces between, or `offered`: those that the relay names; empty for no choice. */
  get relays(): string {
    return this.getAttribute("relays") ?? "";
  }
  set relays(value: string | null | undefined) {
    this.#reflect("relays", value || null);
  }

  /** An IP address of the host to dial in place of those its name has; empty for none. */
  get address(): string {
    return this.getAttribute("address") ?? "";
  }
  set address(value: string | null | undefined) {
    this.#reflect("address", value || null);
  }

  /** Whether a test starts as soon as the element is in the page. */
  get autostart(): boolean {
    return this.hasAttribute("autostart");
  }
  set autostart(value: boolean) {
    this.toggleAttribute("autostart", value);
  }

  /** Whether no more is shown than the field, the verdict and the findings' titles. */
  get compact(): boolean {
    return this.hasAttribute("compact");
  }
  set compact(value: boolean) {
    this.toggleAttribute("compact", value);
  }

  /** A property that was set before the class was there hides the accessor: sets it once more. */
  protected takeUpProperties(): void {
    for (const name of ["host", "ports", "relay", "relays", "address", "autostart", "compact"] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete (this as Partial<Attributes>)[name];
      Object.assign(this, { [name]: value });
    }
  }

  #reflect(name: string, value: string | null): void {
    if (value === null) this.removeAttribute(name);
    else this.setAttribute(name, value);
  }
}
