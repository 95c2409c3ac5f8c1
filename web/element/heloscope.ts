/** Registers `<helo-scope>`, and brings what is below it. */

import { HeloScopeElement } from "./element.ts";
import type { Failure, Progress, Stopped } from "./events.ts";
import type { Report } from "./report.ts";

declare global {
  interface HTMLElementTagNameMap {
    "helo-scope": HeloScopeElement;
  }
  interface HeloScopeEventMap {
    "heloscope-started": CustomEvent<Progress>;
    "heloscope-progress": CustomEvent<Progress>;
    "heloscope-finished": CustomEvent<Report>;
    "heloscope-opened": CustomEvent<Report | Report[]>;
    "heloscope-compared": CustomEvent<Report[]>;
    "heloscope-stopped": CustomEvent<Stopped>;
    "heloscope-failed": CustomEvent<Failure>;
  }
  // They bubble, also out of a shadow root.
  interface HTMLElementEventMap extends HeloScopeEventMap {}
  interface ShadowRootEventMap extends HeloScopeEventMap {}
  interface DocumentEventMap extends HeloScopeEventMap {}
  interface WindowEventMap extends HeloScopeEventMap {}
}

// On a server that renders pages there is nothing to register with.
if (globalThis.customElements && !customElements.get("helo-scope")) {
  customElements.define("helo-scope", HeloScopeElement);
}

export { test } from "./api.ts";
export { HeloScopeElement };
