/** The report as JSON: what stands in it, and in which form. Fields may be added to it; `schema_version` rises when one goes. */

/** What one test of one host found. What is not known is null. */
export interface Report {
  schema_version: number;
  /** The language of its words, BCP 47. */
  language: string;
  /** As it was looked up: lower case, A-label form, or an IP address without brackets. */
  host: string;
  /** The address that was dialled in place of the host's own; null where none was chosen. */
  address: string | null;
  /** When the test began, RFC 3339, UTC. */
  tested_at: string;
  duration_ms: number;
  /** The relay, as a ws: or wss: URL; `direct` where there was none. */
  vantage: string;
  /** The worst of all findings; `untested` where no port could be tested. */
  status: "ok" | "notice" | "warning" | "error" | "untested";
  /** About the host as a whole, worst first. */
  findings: Finding[];
  /** In the order asked for. */
  ports: Port[];
}

/** What one port does. */
export interface Port {
  port: number;
  /** 25 is `relay`, 587 `submission`, 465 `submissions`, any other `custom`. */
  role: "relay" | "submission" | "submissions" | "custom";
  /** Whether TLS begins with the first octet. */
  implicit_tls: boolean;
  connected: boolean;
  /** The IP address that answered. */
  address: string | null;
  /** What ended the test of this port early. */
  error: PortError | null;
  /** The greeting, its lines joined by line feeds. */
  banner: string | null;
  /** What was seen and is no fault, a sentence each. */
  notes: string[];
  /** Whether STARTTLS stands in the EHLO reply. */
  starttls_supported: boolean | null;
  /** What the last EHLO reply offers. */
  capabilities: Capability[];
  capabilities_before_tls: Capability[] | null;
  capabilities_after_tls: Capability[] | null;
  tls: Tls | null;
  /** The server's own certificate, judged. */
  certificate: LeafCertificate | null;
  /** Each certificate that was sent, in the order sent. */
  chain: Certificate[];
  /** Worst first. */
  findings: Finding[];
  /** Each check with its verdict. */
  checks: CheckVerdict[];
  timings: Timings;
  /** The dialogue, in the order it happened. */
  transcript: TranscriptLine[];
}

/** What ended the test of a port early. */
export interface PortError {
  /** Such as `connection_refused` or `starttls_rejected`. */
  code: string;
  /** A sentence, with the server's own words where there are any. */
  message: string;
  phase: "resolve" | "connect" | "greeting" | "ehlo" | "starttls" | "tls" | "ehlo_after_tls" | "quit";
}

/** An extension that the server offers. */
export interface Capability {
  keyword: string;
  params: string[];
  /** What it means; null where that is not known. */
  meaning: string | null;
}

/** A TLS session. */
export interface Tls {
  version: "TLS 1.3" | "TLS 1.2" | "TLS 1.1" | "TLS 1.0" | "SSL 3.0";
  /** The suite's IANA name. */
  cipher_suite: string;
  /** The group's IANA name, `RSA`, or such as `DHE 2048`. */
  key_exchange: string | null;
  /** Whether the handshake was finished. */
  completed: boolean;
  client_certificate_requested: boolean;
}

/** A certificate; all but `sha256` is null where it could not be read. */
export interface Certificate {
  /** RFC 4514. */
  subject: string | null;
  issuer: string | null;
  /** DNS names and IP addresses, 100 at most. */
  sans: string[];
  /** How many there are in all. */
  sans_total: number;
  /** RFC 3339, UTC. */
  not_before: string | null;
  not_after: string | null;
  /** Whole days from the test to `not_after`, rounded down. */
  days_remaining: number | null;
  /** Lower-case hex, octets separated by colons. */
  serial: string | null;
  /** Lower-case hex. */
  sha256: string;
  /** Such as `RSA 2048` or `ECDSA P-256`. */
  key: string | null;
  signature_algorithm: string | null;
  signed_with_own_key: boolean | null;
  /** Why it could not be read. */
  unreadable: string | null;
}

/** The server's own certificate, judged. */
export interface LeafCertificate extends Certificate {
  /** Whether a path to a trust anchor holds, the name aside. */
  chain_valid: boolean | null;
  /** Such as `expired` or `missing_intermediate`. */
  chain_error: string | null;
  chain_error_text: string | null;
  /** Mozilla's roots, or those that were added. */
  trust: "webpki" | "private" | null;
  /** Whether it is for the host, RFC 9525. */
  hostname_match: boolean | null;
  self_signed: boolean | null;
  /** Whole days that the path holds, where that is less than the certificate itself is valid. */
  path_days_remaining?: number;
}

/** Something found. */
export interface Finding {
  /** The check's id. */
  id: string;
  severity: "ok" | "notice" | "warning" | "error";
  title: string;
  /** What it means, and what each kind of sender will do. */
  explanation: string;
  /** What to change on the server. */
  fix: string;
  /** The RFC and section, or the practice, that it follows from. */
  reference: string;
}

/** What a check came to. */
export interface CheckVerdict {
  id: string;
  verdict: "passed" | "found" | "not_applicable" | "not_tested";
  why: string | null;
}

/** Milliseconds; null where a stage was not reached. */
export interface Timings {
  /** Since the test began. */
  began_ms: number | null;
  relay_ms: number | null;
  resolve_ms: number | null;
  connect_ms: number | null;
  greeting_ms: number | null;
  tls_ms: number | null;
  /** The connections after the dialogue. */
  other_connections_ms: number | null;
  total_ms: number | null;
}

/** A line of the dialogue. */
export interface TranscriptLine {
  /** Milliseconds since the test began. */
  at_ms: number;
  from: "server" | "client";
  /** Whether inside TLS. */
  encrypted: boolean;
  /** What cannot be seen is written out, such as `\x1b` or `\u{202e}`. */
  text: string;
}
