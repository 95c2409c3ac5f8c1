/** The package without side effects: `heloscope/register` registers the element. */

export { test, type TestOptions, type TestProgress, type TestResult } from "./api.ts";
export type { Report } from "./core.ts";
export { HeloScopeElement } from "./element.ts";
export type { Asking, Failure, Progress, Stopped } from "./events.ts";
