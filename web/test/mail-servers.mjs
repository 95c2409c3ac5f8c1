// Real mail servers to test in the page, of the project's own program, and what a report has to say of them.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { withPage } from "./harness.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program =
  process.env.INTEROP_SERVERS ?? resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug/interop-servers");

/**
 * A server: its host and address, its ports as in `2525/starttls`, for each of them what is {@link seen} of it, the file
 * with its root, and where it logs.
 *
 * @typedef {{ host: string, address: string, ports: string[], expected: object[], ca_file: string, log: string }} MailServer
 */

/**
 * Starts the servers of these names, or all; those that cannot be started here are left out, and standard error is told
 * why. With CI=true none is left out.
 *
 * @param {string[]} names
 * @returns {Promise<{ servers: Record<string, MailServer>, stop: () => Promise<void> }>}
 */
export async function startMailServers(names = []) {
  assert.ok(existsSync(program), `${program} is not there: cargo build -p heloscope-interop`);
  const running = spawn(program, names, { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(running, "close");
  const lines = createInterface({ input: running.stdout });
  const [line] = await Promise.race([once(lines, "line"), ended]);
  assert.equal(typeof line, "string", `${program} ended with ${line}`);
  const stop = async () => {
    running.stdin.end();
    assert.deepEqual(await ended, [0, null]);
  };
  return { servers: JSON.parse(line), stop };
}

/**
 * Has the page test a server as its address bar says, through a relay that may reach it, and waits for the report.
 *
 * @param {MailServer} server
 * @param {(at: { page: import("playwright-core").Page, address: string, report: object }) => Promise<void>} use
 */
export function testedOnPage({ host, address, ports, ca_file }, use) {
  const allowed = ports.flatMap((port) => ["--allow-port", port]);
  return withPage({
    relay: ["--ehlo-name", "client.example", "--allow-net", "127.0.0.0/8", "--ca-file", ca_file, ...allowed],
    path: `/?host=${host}&ports=${ports.join(",")}&address=${address}`,
  }, async (at) => {
    await at.page.locator("helo-scope .verdict").waitFor({ timeout: 60_000 });
    await use({ ...at, report: await at.page.evaluate(() => document.querySelector("helo-scope").report) });
  });
}

/**
 * What of a report's port is compared with what is expected of it: equal where all is as expected.
 *
 * @param {{ banner: string | null, notes: string[] }} expected
 * @param {object} port of a report's `ports`
 */
export function seen(expected, port) {
  const some = (object, names) => object && Object.fromEntries(names.map((name) => [name, object[name]]));
  const lines = (offered) => offered?.map(({ keyword, params }) => [keyword, ...params].join(" ")) ?? null;
  return {
    // Some greet with the time as well.
    banner: expected.banner !== null && port.banner?.startsWith(expected.banner) ? expected.banner : port.banner,
    notes: port.notes.map((note, place) => (note.startsWith(expected.notes[place]) ? expected.notes[place] : note)),
    starttls_supported: port.starttls_supported,
    capabilities_before_tls: lines(port.capabilities_before_tls),
    capabilities_after_tls: lines(port.capabilities_after_tls),
    starttls_reply: starttlsReply(port.transcript),
    tls: some(port.tls, ["version", "cipher_suite", "key_exchange", "completed", "client_certificate_requested"]),
    certificate: some(port.certificate, [...LINK, ...LEAF]),
    chain: port.chain.map((link) => some(link, LINK)),
    error: port.error?.code ?? null,
    findings: port.findings.map(({ id }) => id),
    checks: port.checks.map(({ id, verdict }) => `${verdict} ${id}`),
  };
}

const LINK = ["subject", "issuer", "not_before", "not_after", "days_remaining", "key", "signature_algorithm"];
const LEAF = ["sans", "chain_valid", "chain_error", "trust", "hostname_match", "self_signed"];

/** What the server said to STARTTLS, or null. */
function starttlsReply(transcript) {
  const asked = transcript.findIndex(({ from, text }) => from === "client" && text === "STARTTLS");
  const reply = asked < 0 ? null : transcript[asked + 1];
  return reply?.from === "server" ? reply.text : null;
}
