// The page over HTTPS: HTTP/2, and the WebSockets of a test in the one connection that the page came by.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { closeBrowser, noBrowser, withPage } from "./harness.mjs";
import { withSite } from "./site.mjs";

after(closeBrowser);

const noSockets = existsSync("/proc/net/tcp") ? false : "no /proc/net/tcp here, which lists the connections";

test("a test's three WebSockets share the connection of the page", { skip: noBrowser || noSockets }, async () => {
  const overHttp = await whileTesting([]);
  assert.ok(overHttp.open >= 3, `HTTP/1.1: a connection for each of ${overHttp.webSockets} WebSockets`);
  assert.deepEqual(overHttp.protocols, ["http/1.1"]);

  await withCertificate(async (options) => {
    const overHttps = await whileTesting(options);
    assert.equal(overHttps.webSockets, 3);
    assert.deepEqual(overHttps.protocols, ["h2"]);
    // Chromium keeps what it asks for without credentials, /v1/about, on another connection, and that one idle.
    assert.ok(overHttps.open <= 2, `HTTP/2: ${overHttps.open} connections, as many as before the test`);
    assert.equal(overHttps.open, overHttps.before);
  });
});

test("another site's page over HTTPS tests through a relay over HTTPS", { skip: noBrowser }, () =>
  withCertificate(async (options, files) => {
    let relay;
    const answer = (_, response) => {
      const { host } = new URL(relay);
      response.setHeader(
        "content-security-policy",
        `default-src 'none'; script-src https://${host} 'wasm-unsafe-eval'; connect-src https://${host} wss://${host}; ` +
          "require-trusted-types-for 'script'; trusted-types heloscope; upgrade-insecure-requests",
      );
      return `<!doctype html><html lang="en"><title>Site</title>
        <script type="module" src="${relay}/heloscope.js"></script>
        <helo-scope host="healthy.specimen.test">needs JavaScript</helo-scope>`;
    };
    // By name, so that it is another site and not only another port.
    await withSite(answer, (origin) => {
      const setup = {
        relay: ["--demo", "--allow-origin", origin, ...options],
        context: { ignoreHTTPSErrors: true },
        origins: [origin],
      };
      return withPage(setup, async ({ page, address }) => {
        relay = address;
        const sockets = [];
        page.on("websocket", (socket) => sockets.push(socket.url()));
        await page.goto(origin);
        await page.locator("helo-scope input").first().waitFor();
        const report = await page.evaluate(async () => {
          const element = document.querySelector("helo-scope");
          await element.start();
          return element.report;
        });
        assert.equal(report.status, "ok");
        assert.deepEqual(report.ports.map(({ port }) => port), [25, 465, 587]);
        assert.equal(await page.evaluate(() => isSecureContext), true);
        assert.equal(sockets.length, 3);
        for (const url of sockets) assert.ok(url.startsWith(`${relay.replace("https", "wss")}/v1/connect?`), url);
      });
    }, files);
  }));

/** A certificate for 127.0.0.1 and localhost: the relay's options for it, and its PEM texts. */
async function withCertificate(use) {
  const folder = await mkdtemp(join(tmpdir(), "heloscope-https-"));
  try {
    const [certificate, key] = [join(folder, "relay.crt"), join(folder, "relay.key")];
    execFileSync("openssl", [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=relay".split(" "),
      ...["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", certificate],
    ], { stdio: "ignore" });
    const texts = { cert: await readFile(certificate), key: await readFile(key) };
    return await use(["--tls-cert", certificate, "--tls-key", key], texts);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The connections to a relay before, and while, three WebSockets wait for a mail server that says nothing. */
function whileTesting(options) {
  return withPage({ relay: ["--demo", ...options], context: { ignoreHTTPSErrors: true } }, async ({ page, address }) => {
    await page.locator("helo-scope .examples li").first().waitFor();
    const before = await connections(address);
    let webSockets = 0;
    page.on("websocket", () => (webSockets += 1));
    await page.keyboard.type("silent.specimen.test");
    await page.keyboard.press("Enter");
    for (const port of [25, 465, 587]) {
      await page.locator(`helo-scope .card[data-port="${port}"] .step.done`, { hasText: "Connect" }).waitFor();
    }
    const open = await connections(address);
    const protocols = await page.evaluate(() => [
      ...new Set(performance.getEntries().map((entry) => entry.nextHopProtocol).filter(Boolean)),
    ]);
    return { before, open, webSockets, protocols };
  });
}

/** How many established TCP connections (state 01 of Linux) lead to a port of 127.0.0.1, seen from its side. */
async function connections(address) {
  const port = Number(new URL(address).port).toString(16).toUpperCase().padStart(4, "0");
  const lines = (await readFile("/proc/net/tcp", "utf8")).split("\n").slice(1);
  return lines.filter((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    return local === `0100007F:${port}` && state === "01";
  }).length;
}
