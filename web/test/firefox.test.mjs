// The main path once more in Firefox: the page, the widget on another site, dark, a saved report, a link.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { after, test } from "node:test";
import { inflateRawSync } from "node:zlib";
import { broken } from "./axe.mjs";
import { closeFirefox, inFirefox, noFirefox, pictureOf } from "./firefox.mjs";

after(closeFirefox);

const PATIENCE = { timeout: 60_000 };
const FIXTURE = "crates/render/tests/fixtures/faulty.json";

/** The report in sight, once there is one. */
const report = async (page) => {
  await page.waitForFunction(() => document.querySelector("helo-scope").report, PATIENCE);
  return page.evaluate(() => document.querySelector("helo-scope").report);
};
const inside = (page, selector) => page.locator(`helo-scope >>> ${selector}`);
const text = (page, selector) => inside(page, selector).map((element) => element.innerText).wait();
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test("a host is typed, and its report is there", { skip: noFirefox }, () =>
  inFirefox({}, async ({ page, address }) => {
    await inside(page, ".examples li").wait();
    // The field has the focus.
    await page.keyboard.type("smtps://expired.specimen.test:465/");
    await page.keyboard.press("Enter");
    const { status, ports } = await report(page);
    assert.equal(status, "error");
    assert.deepEqual(ports.map(({ port, tls }) => [port, tls.version]), [[465, "TLS 1.3"]]);
    assert.equal(page.url(), `${address}/?host=expired.specimen.test&ports=465`);
    assert.equal(await page.title(), "expired.specimen.test: error – Heloscope");
    assert.equal(await text(page, ".verdict .kind"), "Error");
    assert.match(await text(page, ".finding[data-id=certificate-expired] .meaning"), /^The certificate was valid until \d{4}-\d\d-\d\d\. Mail clients refuse/);

    await inside(page, ".remedy > summary").click();
    assert.match(await text(page, ".remedy[data-filled] > div"), /openssl s_client/);
    await inside(page, ".transcript > summary").click();
    assert.match(await text(page, ".transcript"), /220 expired\.specimen\.test ESMTP ready/);
    assert.deepEqual(await broken(page), []);
    await pictureOf(page, "firefox-light");
    await page.setViewport({ width: 320, height: 640 });
    assert.equal(await overflow(page), 0);
    await pictureOf(page, "firefox-320");

    await page.goBack();
    await page.waitForFunction(() => document.querySelector("helo-scope").report === null);
    assert.equal(page.url(), `${address}/`);
    await page.goForward();
    assert.equal((await report(page)).host, "expired.specimen.test");
    await page.reload();
    assert.equal((await report(page)).host, "expired.specimen.test");
  }));

test("in the dark", { skip: noFirefox }, () =>
  inFirefox({ dark: true, path: "/?host=healthy.specimen.test" }, async ({ page }) => {
    assert.equal((await report(page)).status, "ok");
    const paper = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    assert.equal(paper, "rgb(23, 28, 33)");
    assert.deepEqual(await broken(page), []);
    await pictureOf(page, "firefox-dark");
  }));

test("the element on a page of another site, under a strict policy", { skip: noFirefox }, async () => {
  let address;
  const site = createServer((_, response) => {
    const { host } = new URL(address);
    response.setHeader("content-type", "text/html");
    response.setHeader("content-security-policy",
      `default-src 'none'; script-src ${address} 'wasm-unsafe-eval'; connect-src ${address} ws://${host}; ` +
      "require-trusted-types-for 'script'; trusted-types heloscope");
    response.end(`<!doctype html><html lang="en"><title>Site</title><script type="module" src="${address}/heloscope.js"></script>
      <helo-scope host="healthy.specimen.test" ports="25" autostart>needs JavaScript</helo-scope>`);
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const origin = `http://127.0.0.1:${site.address().port}`;
  try {
    await inFirefox({ relay: ["--demo", "--allow-origin", origin], origins: [origin], expected: [/favicon/] }, async (at) => {
      address = at.address;
      await at.page.goto(origin);
      assert.equal((await report(at.page)).status, "ok");
      assert.match(await text(at.page, ".verdict h2"), /^Mail reaches this server over TLS 1\.3/);
    });
  } finally {
    site.closeAllConnections();
    site.close();
  }
});

test("a report is saved, opened again, and shared by a link", { skip: noFirefox }, () =>
  inFirefox({}, async ({ page, address }) => {
    const saved = JSON.parse(await readFile(FIXTURE, "utf8"));
    const [chooser] = await Promise.all([page.waitForFileChooser(), page.locator("#open").click()]);
    await chooser.accept([resolve(FIXTURE)]);
    assert.deepEqual(await report(page), saved);
    assert.match(await text(page, ".elsewhere p"), /^This is a saved report, made on 2026-11-23 at 22:15 UTC/);

    // Nobody may read the clipboard here: what is written to it is looked at on its way.
    await page.evaluate(() => {
      globalThis.written = "";
      navigator.clipboard.writeText = async (text) => void (globalThis.written = text);
    });
    await page.evaluate(() => {
      const buttons = [...document.querySelector("helo-scope").shadowRoot.querySelectorAll(".actions button")];
      buttons.find(({ textContent }) => textContent === "Copy link to this report").click();
    });
    await page.waitForFunction(() => globalThis.written);
    const link = await page.evaluate(() => globalThis.written);
    assert.ok(link.startsWith(`${address}/#report=`), link);
    assert.deepEqual(JSON.parse(inflateRawSync(Buffer.from(new URL(link).hash.replace("#report=", ""), "base64url"))), saved);
    await page.goto("about:blank");
    await page.goto(link);
    assert.deepEqual(await report(page), saved);
    assert.match(await text(page, ".elsewhere p"), /^This report was made by someone else/);
  }));

test("a silent server is waited for in sight, and the wait can be stopped", { skip: noFirefox }, () =>
  inFirefox({ path: "/?host=silent.specimen.test&ports=25" }, async ({ page }) => {
    await page.waitForFunction(() => {
      const step = document.querySelector("helo-scope").shadowRoot.querySelector(".step.running");
      return /Greeting/.test(step?.textContent) && /\b[2-9] s/.test(step.textContent);
    }, PATIENCE);
    await inside(page, ".stop").click();
    assert.equal(await text(page, ".status"), "Stopped.");
  }));
