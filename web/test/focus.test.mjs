// Where the focus goes when what has it goes away, and what is said meanwhile.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { closeBrowser, noBrowser, withPage } from "./harness.mjs";

after(closeBrowser);

const verdict = (page) => page.locator("helo-scope .verdict h2");
const focused = (page) => page.evaluate(() => document.querySelector("helo-scope").shadowRoot.activeElement?.textContent ?? null);
const said = (page) => page.getByRole("status").textContent();

/** The link to a report that was made of this host. */
const linkTo = async (host) => {
  const report = { ...JSON.parse(await readFile("crates/render/tests/fixtures/healthy.json", "utf8")), host };
  return `/#report=${deflateRawSync(JSON.stringify(report)).toString("base64url")}`;
};
const pressAgain = async (page) => {
  await page.getByRole("button", { name: "Test again now" }).focus();
  await page.keyboard.press("Enter");
};

test("“Test again now” hands the focus to Stop, and then to the verdict", { skip: noBrowser }, async () =>
  withPage({ path: await linkTo("healthy.specimen.test") }, async ({ page }) => {
    await verdict(page).waitFor();
    await pressAgain(page);
    await page.waitForFunction(() => document.querySelector("helo-scope").shadowRoot.activeElement?.matches(".verdict h2"));
    assert.match(await focused(page), /^Mail reaches this server/);
    assert.equal(await said(page), `Finished. ${await focused(page)}`);
    // From there on a reader is in the report.
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Copy as Markdown");
  }));

test("a test that is made again can be stopped at once", { skip: noBrowser }, async () =>
  withPage({ path: await linkTo("silent.specimen.test") }, async ({ page }) => {
    await verdict(page).waitFor();
    await pressAgain(page);
    await page.locator("helo-scope .step.running").first().waitFor();
    assert.equal(await focused(page), "Stop");
    assert.match(await said(page), /^Testing silent\.specimen\.test, ports 25, 465, 587\./);
    await page.keyboard.press("Enter");
    assert.deepEqual([await focused(page), await said(page)], ["Test", "Stopped."]);
  }));

test("whoever went elsewhere meanwhile is left there", { skip: noBrowser }, async () =>
  withPage({ path: await linkTo("healthy.specimen.test") }, async ({ page }) => {
    await verdict(page).waitFor();
    await page.evaluate(() => {
      const { shadowRoot } = document.querySelector("helo-scope");
      shadowRoot.querySelector(".elsewhere button").click();
      shadowRoot.querySelector("input[value='25']").focus();
    });
    await page.getByRole("status").filter({ hasText: "Finished." }).waitFor({ state: "attached" });
    assert.equal(await page.evaluate(() => document.querySelector("helo-scope").shadowRoot.activeElement.value), "25");
  }));

test("copying leaves the focus on its button, also where the page is no secure context", { skip: noBrowser }, () =>
  withPage({
    path: "/?host=expired.specimen.test&ports=25",
    first: () => Object.defineProperty(navigator, "clipboard", { value: undefined }),
  }, async ({ page }) => {
    await verdict(page).waitFor();
    await page.evaluate(() => addEventListener("copy", () => (globalThis.copied = document.activeElement.value)));
    const copied = () => page.evaluate(() => globalThis.copied);
    await page.getByRole("button", { name: "Copy as text" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Copied" }).waitFor();
    assert.match(await copied(), /^Error: /);
    assert.deepEqual([await focused(page), await said(page)], ["Copied", "Copied: text."]);

    const remedy = page.locator("helo-scope .remedy");
    await remedy.getByText("Configuration and commands").click();
    const copy = remedy.locator(":scope > div > .copy");
    await copy.focus();
    await page.keyboard.press("Enter");
    await copy.filter({ hasText: "Copied" }).waitFor();
    assert.match(await copied(), /^openssl s_client/);
    assert.deepEqual([await focused(page), await said(page)], ["Copied", "Copied"]);
  }));
