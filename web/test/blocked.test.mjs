// What can be in a test's way before any mail server is reached: one clear sentence each.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, NO_WEBSOCKET, noBrowser, withPage } from "./harness.mjs";
import { failure, onForeignPage, strict } from "./site.mjs";

after(closeBrowser);

const START = '<helo-scope host="healthy.specimen.test" autostart></helo-scope>';

test("a relay that does not answer", { skip: noBrowser }, () =>
  onForeignPage({
    body: '<helo-scope host="healthy.specimen.test" relay="RELAY/elsewhere" autostart></helo-scope>',
    expected: [/404/, /CORS/, /ERR_FAILED/],
  }, async ({ page, address }) => {
    assert.equal(
      await failure(page),
      `The relay at ${address} does not answer. It may be down, or it may not allow this site to use it: whoever runs it does so with --allow-origin ${new URL(page.url()).origin}.`,
    );
    assert.equal(await page.getByRole("button", { name: "Test" }).isVisible(), true);
  }));

test("a policy without wasm-unsafe-eval", { skip: noBrowser }, () =>
  onForeignPage({
    body: START,
    policy: (relay) => strict(relay).replace(" 'wasm-unsafe-eval'", ""),
    expected: [/policy: script-src/, /Content.Security.Policy|WebAssembly/i],
  }, async ({ page }) => {
    assert.match(await failure(page), /'wasm-unsafe-eval'/);
  }));

test("a policy that does not know our Trusted Types", { skip: noBrowser }, () =>
  onForeignPage({
    body: START,
    policy: (relay) => strict(relay).replace("trusted-types heloscope", "trusted-types 'none'"),
    expected: [/policy: trusted-types/, /Content.Security.Policy|Trusted ?Type/i],
  }, async ({ page }) => {
    assert.match(await failure(page), /trusted-types/);
  }));

test("a relay's URL that is none", { skip: noBrowser }, () =>
  onForeignPage({ body: '<helo-scope host="healthy.specimen.test" relay="gopher://relay" autostart></helo-scope>' }, async ({ page }) => {
    assert.equal(await failure(page), "“gopher://relay” is no http, https, ws or wss URL of a relay.");
  }));

test("a policy that lets the page ask the relay, and open no WebSocket to it", { skip: noBrowser }, () =>
  onForeignPage({
    body: START,
    policy: (relay) => strict(relay).replace(` ws://${relay}`, ""),
    expected: [/policy: connect-src forbids ws:/, /Content.Security.Policy/],
  }, async ({ page, address }) => {
    assert.equal(
      await failure(page),
      `This site's Content-Security-Policy does not let the test reach the relay. Add ${address} ${address.replace("http", "ws")} to its connect-src.`,
    );
    assert.equal(await page.evaluate(() => document.querySelector("helo-scope").report), null);
  }));

test("a policy that lets the page ask nobody", { skip: noBrowser }, () =>
  onForeignPage({
    body: START,
    policy: (relay) => strict(relay).replace(/connect-src [^;]*/, "connect-src 'none'"),
    expected: [/policy: connect-src/, /Content.Security.Policy/],
  }, async ({ page, address }) => {
    assert.match(await failure(page), new RegExp(`Add ${address} ws.* to its connect-src\\.$`));
  }));

test("a browser that goes offline after the page is there", { skip: noBrowser }, () =>
  withPage({ expected: [/ERR_(INTERNET_DISCONNECTED|CONNECTION_REFUSED)/, NO_WEBSOCKET] }, async ({ page }) => {
    const field = page.getByRole("textbox", { name: "Mail server" });
    await field.fill("healthy.specimen.test");
    await field.press("Enter");
    await page.locator("helo-scope .verdict").waitFor({ timeout: 60_000 });
    await page.context().setOffline(true);
    await field.press("Enter");
    assert.equal(await failure(page), "This browser is offline. Connect to a network, then try again.");
    assert.equal(await page.locator("helo-scope .verdict").count(), 0);
    await page.context().setOffline(false);
    await field.press("Enter");
    await page.locator("helo-scope .verdict").waitFor({ timeout: 60_000 });
  }));

test("a relay that goes away after the page is there", { skip: noBrowser }, () =>
  withPage({ expected: [/ERR_CONNECTION_REFUSED/, NO_WEBSOCKET] }, async ({ page, address, stop }) => {
    const field = page.getByRole("textbox", { name: "Mail server" });
    await field.fill("healthy.specimen.test");
    await field.press("Enter");
    await page.locator("helo-scope .verdict").waitFor({ timeout: 60_000 });
    await stop();
    await field.press("Enter");
    assert.equal(await failure(page), `The relay at ${address} does not answer. It may be down.`);
    assert.equal(await page.locator("helo-scope .verdict").count(), 0);
  }));

/** Runs in the page: each WebSocket meets a 404, as behind a proxy that knows none. */
function elsewhere() {
  globalThis.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      super(url.replace("/v1/connect", "/elsewhere"), protocols);
    }
  };
}

test("something on the way that lets no WebSocket through", { skip: noBrowser }, () =>
  withPage({ first: elsewhere, expected: [/WebSocket connection/, NO_WEBSOCKET] }, async ({ page, address }) => {
    await page.getByRole("textbox", { name: "Mail server" }).fill("healthy.specimen.test");
    await page.getByRole("textbox", { name: "Mail server" }).press("Enter");
    assert.match(await failure(page), new RegExp(`^The relay at ${address} answers, but a WebSocket to it cannot be opened\\.`));
  }));

test("the test's program is not to be had", { skip: noBrowser }, () =>
  withPage({ expected: [/ERR_FAILED|Failed to (fetch|load)/] }, async ({ page, address }) => {
    await page.route("**/*.wasm", (route) => route.abort());
    const field = page.getByRole("textbox", { name: "Mail server" });
    await field.fill("healthy.specimen.test");
    await field.press("Enter");
    assert.equal(await failure(page), `The test's program could not be loaded from ${address}. That may be down, or this site's Content-Security-Policy, where it has one, does not name it in script-src and connect-src.`);
    // A failure is not kept.
    await page.unroute("**/*.wasm");
    await field.press("Enter");
    await page.locator("helo-scope .verdict").waitFor({ timeout: 60_000 });
  }));

test("a browser without WebAssembly", { skip: noBrowser }, () =>
  withPage({ first: () => delete globalThis.WebAssembly, path: "/?host=healthy.specimen.test" }, async ({ page }) => {
    assert.equal(await failure(page), "This browser does not run WebAssembly, which the test needs.");
  }));

for (const path of ["/", "/embed?host=healthy.specimen.test"]) {
  test(`no JavaScript: ${path}`, { skip: noBrowser }, () =>
    withPage({ path, context: { javaScriptEnabled: false } }, async ({ page }) => {
      assert.match(await page.locator("helo-scope").innerText(), /^This test needs JavaScript and WebAssembly\./);
      assert.equal(await page.locator("h1").count(), 1);
      const button = page.locator("#open");
      assert.equal(await button.count() === 0 || !(await button.isVisible()), true, "no button that does nothing");
    }));
}

test("a script that does not come leaves the words in the element", { skip: noBrowser }, () =>
  onForeignPage({
    body: '<helo-scope host="healthy.specimen.test">The test needs JavaScript.</helo-scope>',
    policy: () => "default-src 'none'",
    expected: [/policy: script-src/, /Content.Security.Policy/],
  }, async ({ page }) => {
    assert.equal(await page.locator("helo-scope").innerText(), "The test needs JavaScript.");
  }));
