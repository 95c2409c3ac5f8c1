// The page for everyone: rules of WCAG 2.2 AA that a program can check, narrow screens, paper.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { broken, inEachWay } from "./axe.mjs";
import { closeBrowser, noBrowser, picture, withPage } from "./harness.mjs";

after(closeBrowser);

const verdict = (page) => page.locator("helo-scope .verdict").waitFor({ timeout: 60_000 });
const unfold = (page) =>
  page.evaluate(() => {
    for (const details of document.querySelector("helo-scope").shadowRoot.querySelectorAll("details")) details.open = true;
  });
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const colorScheme of ["light", "dark"]) {
  test(`accessible, ${colorScheme}`, { skip: noBrowser }, () =>
    withPage({ context: { colorScheme } }, async ({ page }) => {
      await page.locator("helo-scope .examples li").first().waitFor();
      assert.deepEqual(await broken(page), [], "idle");
      await picture(page, `idle-${colorScheme}`);

      await page.goto(`${page.url()}?host=silent.specimen.test`);
      await page.locator("helo-scope .step.running").first().waitFor();
      assert.deepEqual(await broken(page), [], "running");

      await page.goto(page.url().replace("silent", "all-faults-at-once"));
      await verdict(page);
      await unfold(page);
      assert.deepEqual(await broken(page), [], "faulty");
      await picture(page, `faulty-${colorScheme}`);
    }));
}

for (const [name, width] of [["320 pixels", 320], ["1280 pixels at 400 %", 320], ["1280 pixels at 200 %", 640]]) {
  test(`nothing runs over the edge: ${name}`, { skip: noBrowser }, () =>
    withPage({ context: { viewport: { width, height: 640 }, deviceScaleFactor: name.includes("%") ? 1280 / width : 1 } }, async ({ page }) => {
      await page.locator("helo-scope .examples li").first().waitFor();
      assert.equal(await overflow(page), 0, "idle");
      for (const host of ["all-faults-at-once", "hostile-text"]) {
        await page.goto(`${new URL(page.url()).origin}/?host=${host}.specimen.test`);
        await verdict(page);
        await unfold(page);
        assert.equal(await overflow(page), 0, host);
      }
      await picture(page, `narrow-${width}`);
    }));
}

test("a report, everything unfolded, in each way in which it is read", { skip: noBrowser }, () =>
  withPage({ path: "/?host=incomplete-chain.specimen.test&ports=25,465" }, async ({ page }) => {
    await verdict(page);
    await unfold(page);
    await inEachWay(page, async (name) => {
      assert.deepEqual(await broken(page), [], name);
      assert.equal(await overflow(page), 0, name);
      await picture(page, `unfolded-${name.replace(/\W+/g, "-")}`);
    });
  }));

test("targets are large enough for a finger", { skip: noBrowser }, () =>
  withPage({ path: "/?host=expired.specimen.test" }, async ({ page }) => {
    await verdict(page);
    await unfold(page);
    const small = await page.evaluate(() =>
      [...document.querySelector("helo-scope").shadowRoot.querySelectorAll("button, summary, select, label:has(input), input[type=text]")]
        .filter((control) => control.checkVisibility())
        .map((control) => ({ control: control.outerHTML, height: control.getBoundingClientRect().height }))
        .filter(({ height }) => height < 24));
    assert.deepEqual(small, []);
  }));

test("on paper everything is unfolded, and folded again afterwards", { skip: noBrowser }, () =>
  withPage({ path: "/?host=healthy.specimen.test&ports=25" }, async ({ page }) => {
    await verdict(page);
    const transcript = page.locator("helo-scope .transcript table");
    assert.equal(await transcript.isVisible(), false);
    await page.pdf({ path: "target/screenshots/healthy.pdf", format: "A4" });
    assert.equal(await transcript.isVisible(), false);
    await page.emulateMedia({ media: "print" });
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    assert.equal(await transcript.isVisible(), true);
    assert.equal(await page.getByRole("textbox").count(), 0, "the form is not printed");
    await picture(page, "paper");
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.equal(await transcript.isVisible(), false);
  }));

test("on paper is what the reader unfolded of what there is to paste, and nothing is loaded for it", { skip: noBrowser }, () =>
  withPage({ path: "/?host=expired.specimen.test&ports=25" }, async ({ page }) => {
    await verdict(page);
    const loaded = [];
    page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
    const remedy = page.locator("helo-scope .remedy");
    const print = async () => {
      await page.emulateMedia({ media: "print" });
      await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
      await page.waitForTimeout(300);
    };
    const printed = async () => {
      await page.evaluate(() => dispatchEvent(new Event("afterprint")));
      await page.emulateMedia({ media: "screen" });
    };
    await print();
    assert.equal(await remedy.isVisible(), false);
    assert.deepEqual(loaded, []);
    await printed();

    await remedy.getByText("Configuration and commands").click();
    await remedy.getByText("Postfix", { exact: true }).click();
    await print();
    assert.match(await remedy.innerText(), /smtpd_tls_chain_files/);
    assert.deepEqual(await remedy.locator("details > summary").filter({ visible: true }).allInnerTexts(), ["Postfix"]);
    await picture(page, "paper-remedy");
    await printed();
    assert.equal(await remedy.locator("details > summary").filter({ visible: true }).count(), 7);
  }));

test("with colours of the reader's own", { skip: noBrowser }, () =>
  withPage({ path: "/?host=expired.specimen.test", context: { forcedColors: "active" } }, async ({ page }) => {
    await verdict(page);
    const bar = page.locator("helo-scope .validity svg .fill").first();
    assert.notEqual(
      await bar.evaluate((element) => getComputedStyle(element).fill),
      await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
    );
    await picture(page, "forced-colours");
  }));
