// The harness sees what it is there to see: a stand-in for the relay serves pages with one thing amiss each.

import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { closeBrowser, noBrowser, notInFirefox, processorTimes, withPage } from "./harness.mjs";

const STAND_IN = `#!/usr/bin/env node
const pages = {
  "/": "<p>all well</p>",
  "/console": "<script>console.error('broken promise')</script>",
  "/exception": "<script>throw new Error('nobody caught this')</script>",
  "/dialog": "<script>alert('come here')</script>",
  "/busy": "<script>for (let i = 0; i < 1e9; i++);</script>",
  "/policy": "<p style='color: red'>inline</p>",
  "/foreign": "<script>fetch('http://127.0.0.2:4009/').catch(() => {})</script>",
  "/socket": "<script>new WebSocket('ws://127.0.0.2:4009/')</script>",
};
const policy = "style-src 'self'";
const server = require("node:http").createServer(({ url }, response) => {
  response.writeHead(url in pages ? 200 : 204, { "content-type": "text/html", "content-security-policy": policy });
  response.end(pages[url]);
});
server.listen(0, "127.0.0.1", () => console.log("listening on http://127.0.0.1:" + server.address().port));
process.on("SIGTERM", () => process.exit(process.argv.includes("--broken") ? 3 : 0));
`;

let folder;
const relayBefore = process.env.HELOSCOPE_RELAY;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "harness-"));
  process.env.HELOSCOPE_RELAY = join(folder, "stand-in.cjs");
  await writeFile(process.env.HELOSCOPE_RELAY, STAND_IN);
  await chmod(process.env.HELOSCOPE_RELAY, 0o755);
});

after(async () => {
  await closeBrowser();
  await rm(folder, { recursive: true });
  if (relayBefore === undefined) delete process.env.HELOSCOPE_RELAY;
  else process.env.HELOSCOPE_RELAY = relayBefore;
});

const settled = ({ page }) => page.waitForLoadState("networkidle");

test("a page with nothing amiss", { skip: noBrowser }, async () => {
  const words = await withPage({}, ({ page }) => page.textContent("p"));
  assert.equal(words, "all well");
});

for (const [path, said] of [
  ["/console", /console: broken promise/],
  ["/exception", /exception: Error: nobody caught this/],
  ["/dialog", /dialog: come here/],
  ["/policy", /policy: style-src-attr forbids inline/],
  ["/foreign", /request to http:\/\/127\.0\.0\.2:4009\//],
  ["/socket", /WebSocket to ws:\/\/127\.0\.0\.2:4009\//],
]) {
  test(`${path.slice(1)} is amiss`, { skip: noBrowser }, () => assert.rejects(withPage({ path }, settled), said));
}

test("a page is read as it was asked to be, wherever it leads", { skip: noBrowser }, () =>
  withPage({ context: { colorScheme: "dark" } }, async ({ page, address }) => {
    const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-reduced-motion: reduce)", "print"];
    const matching = async () => {
      await page.goto("about:blank");
      await page.goto(address);
      return page.evaluate((queries) => queries.filter((query) => matchMedia(query).matches), queries);
    };
    assert.deepEqual(await matching(), [queries[0]]);
    // Colours of the reader's own, and paper, are not dark in each browser.
    await page.emulateMedia({ colorScheme: "light", forcedColors: "active", reducedMotion: "reduce", media: "print" });
    assert.deepEqual(await matching(), queries.slice(1));
    await page.emulateMedia({ forcedColors: "none", reducedMotion: "no-preference", media: null });
    assert.deepEqual(await matching(), []);
  }));

test("a page without script", { skip: noBrowser }, () =>
  withPage({ path: "/console", context: { javaScriptEnabled: false } }, async (at) => {
    await settled(at);
    await at.page.goto("about:blank");
    await at.page.goto(`${at.address}/exception`);
    await settled(at);
  }));

test("a page that hears nobody for a while", { skip: notInFirefox("its driver does not say what its threads do") }, () =>
  withPage({}, async ({ page, address }) => {
    const [most] = await processorTimes(page, () => page.goto(`${address}/busy`));
    assert.ok(most > 100, `${most} ms`);
  }));

test("what was amiss is told beside what failed", { skip: noBrowser }, () =>
  assert.rejects(
    withPage({ path: "/console" }, async (at) => {
      await settled(at);
      throw new Error("no such button");
    }),
    /no such button\namiss on the page:\nconsole: broken promise/,
  ));

test("what a test expects is not amiss", { skip: noBrowser }, () =>
  withPage({ path: "/console", expected: [/broken promise/] }, settled));

test("a relay that does not end well", { skip: noBrowser }, () =>
  assert.rejects(withPage({ relay: ["--broken"] }, settled), /the relay ended with 3/));
