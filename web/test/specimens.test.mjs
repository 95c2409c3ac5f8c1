// Every mail server of the demonstration, tested by the page: what is found on each port, that nothing a server says
// becomes more than text, and that none of them holds up the page.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { closeBrowser, noBrowser, notInFirefox, processorTimes, withPage } from "./harness.mjs";

const skip = noBrowser;

/**
 * The status of the whole; what is found on all ports, or on one; the code of the error that ends a port's test; and,
 * where a specimen is there to show a fact, that of its first port.
 *
 * @type {Record<string, {
 *   status: string, all?: string[], found?: Record<number, string[]>,
 *   error?: string, errors?: Record<number, string>, fact?: [(port: object) => unknown, unknown],
 * }>}
 */
const SPECIMENS = {
  "healthy": { status: "ok" },
  "tls12": { status: "ok", fact: [({ tls }) => tls.version, "TLS 1.2"] },
  "ecdsa": { status: "ok", fact: [({ certificate }) => certificate.key, "ECDSA P-256"] },
  "expired": { status: "error", all: ["error certificate-expired"] },
  "not-yet-valid": { status: "error", all: ["error certificate-not-yet-valid"] },
  "expiring-soon": { status: "warning", all: ["warning certificate-expiring-soon"] },
  "wrong-name": { status: "warning", all: ["warning certificate-hostname-mismatch"] },
  "common-name-only": { status: "warning", all: ["warning certificate-common-name-only"] },
  "self-signed": { status: "warning", all: ["warning certificate-self-signed"] },
  "incomplete-chain": { status: "warning", all: ["warning certificate-chain-incomplete"] },
  "untrusted-root": { status: "warning", all: ["warning certificate-untrusted"] },
  "weak-key": { status: "warning", all: ["warning certificate-weak-key"] },
  "sha1-signature": { status: "warning", all: ["warning certificate-weak-signature"] },
  "all-faults-at-once": {
    status: "error",
    all: ["error certificate-expired", "warning certificate-hostname-mismatch", "warning certificate-self-signed"],
  },
  "certificate-maze": {
    status: "warning",
    all: ["warning certificate-path-unknown"],
    fact: [({ certificate }) => certificate.sans_total, 1501],
  },
  "no-starttls": {
    status: "warning",
    found: { 25: ["warning starttls-missing"], 587: ["warning starttls-missing"] },
  },
  "starttls-refused": {
    status: "error",
    found: { 25: ["error starttls-failed"], 587: ["error starttls-failed"] },
    errors: { 25: "starttls_rejected", 587: "starttls_rejected" },
  },
  "starttls-hang-up": {
    status: "error",
    found: { 25: ["error starttls-failed"], 587: ["error starttls-failed"] },
    errors: { 25: "closed", 587: "closed" },
  },
  "starttls-injection": {
    status: "error",
    found: { 25: ["error starttls-injection"], 587: ["error starttls-injection"] },
  },
  "handshake-hang-up": {
    status: "error",
    found: { 25: ["error starttls-failed"], 465: ["error tls-failed"], 587: ["error starttls-failed"] },
    error: "closed",
  },
  "tls-alert": {
    status: "error",
    found: { 25: ["error starttls-failed"], 465: ["error tls-failed"], 587: ["error starttls-failed"] },
    error: "tls_alert",
  },
  "hello-retry": { status: "ok", fact: [({ tls }) => tls.key_exchange, "secp384r1"] },
  "client-cert-request": { status: "ok" },
  "plaintext-on-465": {
    status: "error",
    found: { 465: ["error tls-failed"] },
    errors: { 465: "plaintext_on_implicit_tls" },
  },
  "busy": { status: "warning", all: ["warning greeting-rejected"], error: "greeting_rejected" },
  "rejected": {
    status: "error",
    found: { 25: ["error greeting-rejected"] },
    errors: { 25: "greeting_rejected" },
  },
  "slow-greeting": { status: "notice", found: { 25: ["notice greeting-slow"] } },
  "teaser": {
    status: "ok",
    fact: [
      ({ banner, notes }) => [banner.split("\n").length, ...notes.map((note) => note.replace(/(?<= later\.).*/, ""))],
      [2, "The greeting came in parts: its first line at once, the last 6 s later."],
    ],
  },
  "reply-too-many": {
    status: "warning",
    found: { 25: ["warning malformed-reply"] },
    errors: { 25: "malformed_reply" },
  },
  "silent": { status: "warning", all: ["warning session-cut-short"], error: "timeout" },
  "not-smtp": { status: "error", found: { 25: ["error not-smtp"] }, errors: { 25: "not_smtp" } },
  "helo-only": { status: "warning", all: ["warning ehlo-rejected"] },
  "auth-before-tls": {
    status: "warning",
    found: { 25: ["warning auth-without-tls"], 587: ["warning auth-without-tls"] },
  },
  "no-auth-on-submission": {
    status: "notice",
    found: { 465: ["notice submission-without-auth"], 587: ["notice submission-without-auth"] },
  },
  "cisco": { status: "warning", found: { 25: ["warning esmtp-masked"] } },
  // Its certificate says where its issuer's, a list of those revoked and an OCSP answer are; a request there fails the test.
  "hostile-text": { status: "notice", all: ["notice reply-format"] },
  "flood": { status: "notice", all: ["notice reply-format"], fact: [({ capabilities_after_tls }) => capabilities_after_tls.length >= 96, true] },
  // Its extensions all have one name.
  "megabytes": {
    status: "warning",
    all: ["warning reply-too-long"],
    found: { 587: ["warning reply-too-long", "notice reply-format"] },
    error: "reply_too_long",
  },
  "trickle": { status: "ok", fact: [({ notes }) => notes.map((note) => note.replace(/\d+/g, "…")), ["The greeting, … octets, came in … pieces over … s."]] },
  "closed-ports": {
    status: "error",
    found: { 465: ["error connect-failed"], 587: ["error connect-failed"] },
    errors: { 465: "connection_refused", 587: "connection_refused" },
  },
  "unreachable": { status: "error", all: ["error connect-failed"], error: "connection_refused" },
  "filtered": { status: "error", all: ["error connect-failed"], error: "connect_timeout" },
  "no-route": { status: "error", all: ["error connect-failed"], error: "unreachable" },
};
/** These are waited for, side by side. */
const SLOW = ["slow-greeting", "teaser", "silent", "trickle", "filtered"];

const PORTS = [25, 465, 587];
const RELAY = ["--demo"];

after(closeBrowser);

const path = (name) => `/?host=${name}.specimen.test`;
const finished = (page) => page.locator("helo-scope .verdict").waitFor({ timeout: 60_000 });
/** Over with all that the report's arrival brought about. */
const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));

/** In the page: what holds it up for 50 ms and more, by the clock. */
function noteLongTasks() {
  globalThis.longTasks = [];
  const note = (list) => longTasks.push(...list.getEntries().map(({ duration }) => duration));
  new PerformanceObserver(note).observe({ type: "longtask" });
}

/** The longest of these, of each specimen's page. */
const longest = new Map();

const specimen = (name) =>
  test(name, () =>
    withPage({ relay: RELAY, path: path(name), first: noteLongTasks }, async ({ page }) => {
      await finished(page);
      await settled(page);
      longest.set(name, await page.evaluate(() => Math.max(0, ...longTasks)));
      const { status, ports } = await page.evaluate(() => document.querySelector("helo-scope").report);
      const { all = [], found = {}, error = null, errors = {}, fact, ...expected } = SPECIMENS[name];
      const seen = ({ port, findings, error }) =>
        [port, findings.map(({ id, severity }) => `${severity} ${id}`), error?.code ?? null];
      assert.deepEqual(ports.map(seen), PORTS.map((port) => [port, found[port] ?? all, errors[port] ?? error]));
      assert.equal(status, expected.status);
      if (fact) assert.deepEqual(fact[0](ports[0]), fact[1]);
      assert.deepEqual(await foreignElements(page), []);
    }));

/** Elements in what is shown of a server that it does not take to show text: such as could load, run or lead away. */
const foreignElements = (page) =>
  page.evaluate(() => {
    const own =
      "article, b, br, button, caption, code, data, dd, details, div, dl, dt, h2, h3, h4, header, li, ol, p, path, rect, " +
      "section, span, strong, summary, svg, table, tbody, td, th, thead, time, tr, ul";
    const { shadowRoot } = document.querySelector("helo-scope");
    const shown = [...shadowRoot.querySelectorAll(".output *")];
    // The links into the explanations are the page's own: they lead there, and carry nothing else.
    const leadsToHelp = (element) => element.matches(".help > a") && element.href.startsWith(`${location.origin}/help/`);
    const carries = (element) =>
      [...element.attributes].some(({ name }) => /^(on|style$|href|src|xlink:)/.test(name) && !(name === "href" && leadsToHelp(element)));
    const foreign = (element) => !(element.matches(own) || leadsToHelp(element)) || carries(element);
    return shown.filter(foreign).map(({ outerHTML }) => outerHTML);
  });

test("no specimen is left out", { skip }, () =>
  withPage({ relay: RELAY }, async ({ page }) => {
    const { examples } = await page.evaluate(async () => (await fetch("/v1/about")).json());
    const hosts = examples.map(({ host }) => host);
    assert.deepEqual(hosts, Object.keys(SPECIMENS).map((name) => `${name}.specimen.test`));
  }));

describe("specimens", { skip, concurrency: 2 }, () => {
  describe("slow ones", { concurrency: SLOW.length }, () => SLOW.forEach(specimen));
  describe("quick ones", () => Object.keys(SPECIMENS).filter((name) => !SLOW.includes(name)).forEach(specimen));
});

test("no server holds up the page for over 100 ms", { skip: notInFirefox("it tells no page of its long tasks") }, async (test) => {
  assert.equal(longest.size, Object.keys(SPECIMENS).length);
  test.diagnostic(`by the clock: ${Math.max(...longest.values())} ms`);
  // Other work of the machine may be in that.
  for (const [name] of [...longest].filter(([, ms]) => ms > 100)) {
    await withPage({ relay: RELAY }, async ({ page, address }) => {
      const [most] = await processorTimes(page, async () => {
        await page.goto(address + path(name));
        await finished(page);
        await settled(page);
      });
      test.diagnostic(`${name}: ${longest.get(name)} ms by the clock, ${most} ms of the processor`);
      assert.ok(most <= 100, `${name}: ${most} ms`);
    });
  }
});
