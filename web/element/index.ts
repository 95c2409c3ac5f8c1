/** The package without side effects: `heloscope/register` registers the element. */

export { test, type TestOptions, type TestProgress, type TestResult } from "./api.ts";
export { HeloScopeElement } from "./element.ts";
export type { Asking, Failure, Progress, Stopped } from "./events.ts";
export type {
  Capability,
  Certificate,
  CheckVerdict,
  Finding,
  LeafCertificate,
  Port,
  PortError,
  Report,
  Timings,
  Tls,
  TranscriptLine,
} from "./report.ts";
