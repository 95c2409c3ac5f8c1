/** The package without side effects: `heloscope/register` registers the element. */

export { test, type TestOptions, type TestProgress, type TestResult } from "./api.ts";
export type { Report } from "./core.ts";
export { HeloScopeElement, type Failure, type Progress } from "./element.ts";
