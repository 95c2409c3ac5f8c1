// Everything that the page shows of a real Postfix, held against its configuration, and against what OpenSSL, in Node,
// sees of its certificates.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { connect } from "node:tls";
import { closeBrowser, noBrowser } from "./harness.mjs";
import { startMailServers, testedOnPage } from "./mail-servers.mjs";

const { servers, stop } = noBrowser ? { servers: {}, stop() {} } : await startMailServers(["postfix"]);

after(closeBrowser);
after(stop);

const MEANINGS = {
  "PIPELINING": "Takes several commands at once, RFC 2920",
  "SIZE 10240000": "Largest message the server takes: 9.7 MiB (10,240,000 octets)",
  "VRFY": "Has the command to verify an address, RFC 5321 §3.5; most servers answer it with 252",
  "ETRN": "Has the command to start delivery of a domain's queue, RFC 1985",
  "STARTTLS": "Begins TLS on this connection, RFC 3207",
  "AUTH PLAIN LOGIN": "Logs in users, RFC 4954: PLAIN (password as it is); LOGIN (password as it is, in no RFC)",
  "ENHANCEDSTATUSCODES": "Says more exactly why in each reply, such as 5.7.1, RFC 2034",
  "8BITMIME": "Takes message bodies of 8-bit octets, RFC 6152",
  "DSN": "Reports delivery, delay and failure as the sender asks, RFC 3461",
  "SMTPUTF8": "Takes addresses and headers in UTF-8, RFC 6531",
  "CHUNKING": "Takes messages in chunks of known size (BDAT), RFC 3030",
};
const BOTH = ["PIPELINING", "SIZE 10240000", "VRFY", "ETRN"];
const MORE = ["ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"];
const CLEAR = [...BOTH, "STARTTLS", ...MORE];
const INSIDE = [...BOTH, ...MORE];
const WITH_AUTH = [...BOTH, "AUTH PLAIN LOGIN", ...MORE];

/** Where the chain ends, which no server sends. */
const ROOT = [["Subject", "CN=Interop Root"]];

const skip = noBrowser || (servers.postfix ? false : "Postfix cannot be started here; why, stands above");

test("everything that is shown of a Postfix", { skip }, () =>
  testedOnPage(servers.postfix, async ({ page, address, report }) => {
    const [relay, submissions, submission] = servers.postfix.ports.map((port) => Number(port.split("/")[0]));
    const [leaf, intermediate] = await certificates(submissions);
    const shown = await everythingShown(page);

    assert.equal(shown.kind, "As it should be");
    assert.equal(shown.verdict, `Clients reach this server on port ${relay} over TLS 1.3; its certificate is valid for 59 more days.`);
    const about = /^mail\.interop\.test at 127\.0\.0\.1 tested (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC in (\d+) ms, through (\S+)$/.exec(shown.about);
    assert.deepEqual(about?.slice(1), [
      ...report.tested_at.slice(0, -1).split("T"),
      String(report.duration_ms),
      address.replace("http:", "ws:"),
    ], shown.about);
    assert.equal(shown.findings, 0);
    assert.deepEqual(shown.senders, [...sendingServers(relay), ...mailClients(submissions), ...sendingServers(submission)]);

    const leafFacts = [
      ["Subject", "CN=mail.interop.test"],
      ["Issuer", "CN=Interop Intermediate"],
      ["Names", "mail.interop.test\n127.0.0.1"],
      ["Valid", `${leaf.validity}, 59 days left`],
      ["Key", "ECDSA P-256"],
      ["Signed with", "ecdsa-with-SHA256"],
      ["Serial", leaf.serial],
      ["SHA-256", leaf.sha256],
    ];
    const intermediateFacts = [
      ["Subject", "CN=Interop Intermediate"],
      ["Issuer", "CN=Interop Root"],
      ["Valid", `${intermediate.validity}, 364 days left`],
      ["Key", "ECDSA P-256"],
      ["Signed with", "ecdsa-with-SHA256"],
      ["Serial", intermediate.serial],
      ["SHA-256", intermediate.sha256],
    ];
    const facts = (starttls) => [
      ["Address", "127.0.0.1"],
      ["Greeting", "220 mail.interop.test ESMTP Postfix"],
      ...starttls,
      ["TLS version", "TLS 1.3"],
      ["Cipher suite", "TLS_AES_256_GCM_SHA384"],
      ["Key exchange", "X25519"],
      ["Host name", "stands for mail.interop.test"],
      ["Trust", "a path to a trust anchor added here holds"],
      ["Valid", `${leaf.validity}, 59 days left`],
    ];
    const onStarttls = (port, inside) => ({
      heading: `Port ${port} STARTTLS`,
      sign: "As it should be",
      facts: facts([["STARTTLS", "offered"]]),
      timings: ["Relay", "TCP connection", "Greeting", "EHLO", "STARTTLS", "TLS handshake", "EHLO inside TLS", "QUIT", "Whole test"],
      extensions: extensions(CLEAR, inside),
      transcript: [
        "server: 220 mail.interop.test ESMTP Postfix",
        "test: EHLO client.example",
        ...reply(CLEAR),
        "test: STARTTLS",
        "server: 220 2.0.0 Ready to start TLS",
        "inside TLS from here on",
        "test: EHLO client.example",
        ...reply(inside),
        "test: QUIT",
        "server: 221 2.0.0 Bye",
      ],
      notPassed: [
        ["name-not-found", "Not tested", "the name was not looked up: an address was given in its place"],
        ["tls-failed", "Not applicable", "on this port TLS begins with STARTTLS"],
        ["submission-without-auth", "Not applicable", "this is no submission port"],
      ],
    });
    const early = "on this port TLS begins with the first octet";
    assert.deepEqual(shown.ports, [
      { ...onStarttls(relay, INSIDE), certificates: [leafFacts, intermediateFacts, ROOT], same: null },
      {
        heading: `Port ${submissions} implicit TLS`,
        sign: "As it should be",
        facts: facts([]),
        timings: ["Relay", "TCP connection", "TLS handshake", "Greeting", "EHLO", "QUIT", "Whole test"],
        certificates: [],
        same: `The certificates are those of port ${relay}.`,
        extensions: extensions([], WITH_AUTH),
        transcript: [
          "inside TLS from here on",
          "server: 220 mail.interop.test ESMTP Postfix",
          "test: EHLO client.example",
          ...reply(WITH_AUTH),
          "test: QUIT",
          "server: 221 2.0.0 Bye",
        ],
        notPassed: [
          ["name-not-found", "Not tested", "the name was not looked up: an address was given in its place"],
          ["esmtp-masked", "Not applicable", "inside TLS nothing on the path can overwrite the EHLO reply"],
          ["starttls-missing", "Not applicable", early],
          ["starttls-failed", "Not applicable", early],
          ["starttls-injection", "Not applicable", early],
          ["auth-without-tls", "Not applicable", "on this port nothing is said before TLS"],
          ["submission-without-auth", "Not applicable", "this is no submission port"],
        ],
      },
      { ...onStarttls(submission, WITH_AUTH), certificates: [], same: `The certificates are those of port ${relay}.` },
    ]);

    for (const [place, { certificate, checks }] of report.ports.entries()) {
      assert.equal(shown.checks[place], checks.length);
      assert.equal(certificate.sha256, leaf.sha256);
      assert.deepEqual([certificate.not_before, certificate.not_after], leaf.moments);
    }
    const log = await logOnce(servers.postfix, (log) => log.match(/: disconnect from .* quit=1 /g)?.length === 3);
    assert.doesNotMatch(log, /client=|warning/, "a mail was begun, or Postfix is not content");
  }));

/** What a server logged, once that is complete: it may say so after the last reply, and another process writes it down. */
async function logOnce({ log }, complete) {
  for (const deadline = Date.now() + 20_000; ; await setTimeout(20)) {
    const said = await readFile(log, "utf8");
    if (complete(said)) return said;
    assert.ok(Date.now() < deadline, `not complete after 20 s: ${said}`);
  }
}

/** The ports are of no standard, and the authority is private. */
const SET_UP = "If set up for this port: ";
const HOLDS = "the certificate holds where the trust anchor added here is trusted";

/** What is said of those who deliver to a port. */
const sendingServers = (port) => [
  [`Opportunistic TLS port ${port}`, "delivers over TLS", `${SET_UP}delivers over TLS 1.3; the certificate is not looked at.`],
  [
    `MTA-STS in mode enforce port ${port}`,
    "delivers over TLS",
    `${SET_UP}delivers over TLS 1.3 where the policy names this host: ${HOLDS}.`,
  ],
  [
    `DANE port ${port}`,
    "depends",
    SET_UP + "TLSA records were not looked up. With DANE-EE(3) it delivers if the record matches the server's key, whatever the " +
      "certificate's name, dates and issuer; with DANE-TA(2) name, dates and the chain up to the certificate in the " +
      "record count as well, and hold. Without records, as an opportunistic sender.",
  ],
];
const mailClients = (port) => [
  [`Mail client port ${port}`, "delivers over TLS", `${SET_UP}sends over TLS 1.3; ${HOLDS}.`],
];

/** The rows of the table: those of the first EHLO reply, then those that came with the second. */
const extensions = (clear, inside) =>
  [...clear, ...inside.filter((line) => !clear.includes(line))].map((line) => [
    line,
    MEANINGS[line],
    [clear.includes(line) && "before", inside.includes(line) && "inside"].filter(Boolean).join(" and ") + " TLS",
  ]);

const reply = (offers) =>
  ["mail.interop.test", ...offers].map((line, place) => `server: 250${place === offers.length ? " " : "-"}${line}`);

/** What OpenSSL sees of the certificates, leaf first. */
async function certificates(port) {
  const ca = await readFile(servers.postfix.ca_file);
  const socket = connect({ port, host: servers.postfix.address, servername: servers.postfix.host, ca });
  await once(socket, "secureConnect");
  const leaf = socket.getPeerCertificate(true);
  socket.destroy();
  return [leaf, leaf.issuerCertificate].map(({ valid_from, valid_to, serialNumber, fingerprint256 }) => {
    const moments = [valid_from, valid_to].map((moment) => new Date(moment).toISOString().replace(".000Z", "Z"));
    return {
      moments,
      validity: moments.map((moment) => moment.split("T")[0]).join(" to "),
      serial: serialNumber.toLowerCase().replace(/..(?=.)/g, "$&:"),
      sha256: fingerprint256.toLowerCase().replaceAll(":", ""),
    };
  });
}

/** The report as it is read, all of it unfolded. */
const everythingShown = (page) =>
  page.evaluate(() => {
    const root = document.querySelector("helo-scope").shadowRoot;
    for (const details of root.querySelectorAll("details")) details.open = true;
    const text = (element) => element?.innerText.trim() ?? null;
    const texts = (of, selector) => [...of.querySelectorAll(selector)].map(text);
    const rows = (of, selector) => [...of.querySelectorAll(selector)].map((row) => texts(row, "th, td"));
    const facts = (list) =>
      [...list.querySelectorAll(":scope > div")].map((fact) => {
        const [label, value] = texts(fact, "dt, dd");
        // A serial number whose highest bit is set has an octet of noughts before it, which OpenSSL does not print.
        return [label, label === "Serial" ? value.replace(/^00:/, "") : value];
      });
    // What a line means is unfolded below it.
    const said = (line) => line.split("\n\n")[0];
    const timing = ([label, time]) => (/^\d+ ms$/.test(time) ? label : `${label}: ${time}`);
    const port = (section) => ({
      heading: text(section.querySelector("h3")),
      sign: text(section.querySelector("header .mark")),
      facts: facts(section.querySelector(".columns > :first-child .facts")),
      // What the test did itself is there where it took a whole millisecond.
      timings: rows(section, ".timings tbody tr").filter(([label]) => label !== "This test itself").map(timing),
      certificates: [...section.querySelectorAll(".chain .facts")].map(facts),
      same: text(section.querySelector(".same")),
      extensions: rows(section, ".extensions tbody tr"),
      transcript: rows(section, ".transcript tbody tr").map(([turn, from, line]) => (from ? `${from}: ${said(line)}` : turn)),
      notPassed: rows(section, ".checks tbody tr").filter(([, verdict]) => verdict !== "Passed"),
    });
    return {
      kind: text(root.querySelector(".verdict .kind")),
      verdict: text(root.querySelector(".verdict h2")),
      about: text(root.querySelector(".verdict .about")),
      findings: root.querySelectorAll(".finding").length,
      senders: rows(root, ".senders tbody tr"),
      ports: [...root.querySelectorAll(".port")].map(port),
      checks: [...root.querySelectorAll(".port .checks")].map((table) => rows(table, "tbody tr").length),
    };
  });
