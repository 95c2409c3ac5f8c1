// For a project in TypeScript: what TSX may write of the element. It goes anywhere among the project's sources.

import type { HeloScopeElement } from "heloscope";
import type { DetailedHTMLProps, HTMLAttributes } from "react";

type Properties = "host" | "ports" | "relay" | "relays" | "address" | "autostart" | "compact";

type Listeners = {
  [Name in keyof HeloScopeEventMap as `on${Name}`]: (event: HeloScopeEventMap[Name]) => void;
};

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "helo-scope": DetailedHTMLProps<HTMLAttributes<HeloScopeElement>, HeloScopeElement> &
        Partial<Pick<HeloScopeElement, Properties> & Listeners>;
    }
  }
}
