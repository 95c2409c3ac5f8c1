// What a reader has in sight before, between and instead of reports: rules of WCAG 2.2 AA, in each way in which it is read.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { broken, inEachWay } from "./axe.mjs";
import { closeBrowser, noBrowser, picture, withPage } from "./harness.mjs";
import { onForeignPage, strict } from "./site.mjs";

after(closeBrowser);

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const sound = (page, view) =>
  inEachWay(page, async (way) => {
    assert.deepEqual(await broken(page), [], `${view}, ${way}`);
    assert.equal(await overflow(page), 0, `${view}, ${way}`);
    await picture(page, `view-${view}-${way}`.replace(/\W+/g, "-"));
  });

test("the page before a test, while one runs, and where there is none", { skip: noBrowser }, () =>
  withPage({
    relay: ["--demo", "--contact", "postmaster@relay.example.org", "--other-relay", "https://relay-in-another-region.example.org"],
    expected: [/ERR_FAILED/],
  }, async ({ page, address }) => {
    const field = page.getByRole("textbox", { name: "Mail server" });
    const test = async (host) => {
      await field.fill(host);
      await field.press("Enter");
    };
    await page.locator("helo-scope .examples li").first().waitFor();
    await sound(page, "idle");
    await test("mx1.example.com, mx2.example.com");
    await page.locator("helo-scope .said.wrong").waitFor();
    await sound(page, "wrong");
    await test("silent.specimen.test");
    await page.locator("helo-scope .step.running").first().waitFor();
    await sound(page, "running");
    await page.getByRole("button", { name: "Stop" }).click();
    await sound(page, "stopped");
    // As it is where the relay went away meanwhile.
    await page.route("**/v1/about", (route) => route.abort());
    await page.goto(`${address}/?host=healthy.specimen.test`);
    await page.getByRole("alert").filter({ hasText: "The test could not be run" }).waitFor();
    await sound(page, "failed");
  }));

test("the element in short, on somebody else's page", { skip: noBrowser }, () =>
  onForeignPage({
    policy: (relay) => `${strict(relay)}; style-src 'unsafe-inline'`,
    body: '<meta name="viewport" content="width=device-width"><style>:root { color-scheme: light dark; background: light-dark(#fff, #171c21); color: light-dark(#000, #fff) }' +
      ' a { color: light-dark(#00e, #8ab4f8) }</style><main><h1>Servers</h1>' +
      '<helo-scope host="healthy.specimen.test" ports="25" compact>Ask <a href="#us">us</a> if this does not help.</helo-scope>' +
      '<helo-scope host="expired.specimen.test" ports="25,587" compact>The mail server test needs JavaScript.</helo-scope>' +
      '<helo-scope compact></helo-scope></main>',
  }, async ({ page }) => {
    const element = (place) => page.locator("helo-scope").nth(place);
    await element(2).locator("input").first().waitFor();
    await sound(page, "compact");
    for (const place of [0, 1]) {
      await element(place).getByRole("button", { name: "Test", exact: true }).click();
      await element(place).locator(".verdict").waitFor();
    }
    await element(2).getByRole("button", { name: "Test", exact: true }).click();
    await element(2).locator(".said.wrong").waitFor();
    await sound(page, "compact-tested");
  }));

test("a report of a server with long names, and of one that was tested in part", { skip: noBrowser }, async () => {
  const saved = JSON.parse(await readFile("crates/render/tests/fixtures/healthy.json", "utf8"));
  const long = `mail-exchange-for-a-long-name.${"department-of-long-names.".repeat(4)}example-organisation.org`;
  const [, port] = saved.ports;
  Object.assign(port, { connected: false, banner: null, error: { code: "quota", message: "", phase: "connect" } });
  await withPage({}, async ({ page }) => {
    await page.evaluate((saved) => document.querySelector("helo-scope").open(saved), JSON.stringify({ ...saved, host: long }));
    await page.locator("helo-scope .verdict").waitFor();
    await sound(page, "long");
    await page.setViewportSize({ width: 320, height: 720 });
    const dates = await lines(page, String.raw`\d{4}-\d\d-\d\d`);
    assert.ok(dates.length >= 5, `${dates.length} dates`);
    assert.deepEqual(dates.filter(([, rows]) => rows > 1), []);

    const short = "mx-1.example-mail.org";
    await page.evaluate((saved) => document.querySelector("helo-scope").open(saved), JSON.stringify({ ...saved, host: short }));
    await page.locator("helo-scope .verdict .about", { hasText: short }).waitFor();
    const names = await lines(page, short);
    assert.ok(names.length >= 3, `${names.length} names`);
    assert.deepEqual(names.filter(([, rows]) => rows > 1), []);
  });
});

/** What is on the page of such a form, what a server sent aside, and on how many lines each stands. */
function lines(page, form) {
  return page.evaluate((form) => {
    const root = document.querySelector("helo-scope").shadowRoot;
    const found = [];
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      if (text.parentElement.closest("code:not(.about code), pre") || !text.parentElement.checkVisibility()) continue;
      for (const { index, 0: whole } of text.data.matchAll(new RegExp(form, "g"))) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + whole.length);
        found.push([whole, new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size]);
      }
    }
    return found;
  }, form);
}
