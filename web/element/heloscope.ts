/** Registers `<helo-scope>`. */

import { HeloScopeElement } from "./element.ts";

if (!customElements.get("helo-scope")) customElements.define("helo-scope", HeloScopeElement);

export { HeloScopeElement };
