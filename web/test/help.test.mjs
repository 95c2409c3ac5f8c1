// The pages that explain what a report says: made from its own words, linked from it, and without any script.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { broken, inEachWay } from "./axe.mjs";
import { closeBrowser, noBrowser, picture, withPage } from "./harness.mjs";

after(closeBrowser);

const PAGES = ["test", "ports", "certificates", "replies", "extensions", "tools", "keyboard"];
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test("each page, without script, in each way in which it is read", { skip: noBrowser }, () =>
  withPage({ path: "/help/test.html" }, async ({ page, address }) => {
    for (const name of PAGES) {
      await page.goto(`${address}/help/${name}.html`);
      assert.equal(await page.locator("script").count(), 0, name);
      assert.equal(await page.locator("h1").count(), 1, name);
      assert.equal(await page.locator("nav [aria-current=page]").getAttribute("href"), `${name}.html`);
      await inEachWay(page, async (way) => {
        assert.deepEqual(await broken(page), [], `${name}, ${way}`);
        assert.equal(await overflow(page), 0, `${name}, ${way}`);
        if (["light", "320 pixels"].includes(way)) await picture(page, `help-${name}-${way.replace(/\W+/g, "-")}`);
      });
    }
  }));

test("what a report says leads to where it is explained", { skip: noBrowser }, () =>
  withPage({ path: "/?host=expired.specimen.test&ports=25" }, async ({ page, address }) => {
    await page.locator("helo-scope .verdict").waitFor({ timeout: 60_000 });
    const leads = async (label, to, heading) => {
      const link = page.locator("helo-scope").getByRole("link", { name: label });
      assert.equal(await link.getAttribute("href"), `${address}/help/${to}`);
      const [opened] = await Promise.all([page.waitForEvent("popup"), link.click()]);
      await opened.locator(":target, h1").last().waitFor();
      if (to.includes("#")) assert.equal(await opened.locator(":target").count(), 1, to);
      assert.equal(await opened.locator("h1").innerText(), heading);
      await opened.close();
    };
    await leads("More about this warning", "certificates.html#certificate-expired", "Certificate warnings");
    await leads("What each port is for", "ports.html#port-25", "Three ports");
    await leads("All extensions", "extensions.html", "Extensions");
    await page.locator("helo-scope").getByText(/^Transcript/).click();
    await leads("What reply codes mean", "replies.html", "Reply codes");
  }));

test("the words are the report's", { skip: noBrowser }, () =>
  withPage({ path: "/?host=expired.specimen.test&ports=25" }, async ({ page, address }) => {
    await page.locator("helo-scope .verdict").waitFor({ timeout: 60_000 });
    const { explanation, fix } = await page.evaluate(() => document.querySelector("helo-scope").report.ports[0].findings[0]);
    const pages = await Promise.all(PAGES.map(async (name) => [name, await (await fetch(`${address}/help/${name}.html`)).text()]));
    const { certificates, replies, extensions } = Object.fromEntries(pages);
    assert.ok(certificates.includes(fix), fix);
    // The date aside.
    assert.ok(certificates.includes(explanation.slice(explanation.indexOf("Opportunistic"))), explanation);
    assert.match(replies, /<tr id="code-421"><th scope="row"><code>421<\/code><\/th><td>service not available, closing transmission channel<\/td><\/tr>/);
    assert.match(replies, /<tr id="status-7-25">.*?reverse DNS validation failed/);
    assert.match(extensions, /<tr id="CHUNKING"><th scope="row"><code>CHUNKING<\/code><\/th><td>Takes messages in chunks of known size \(BDAT\), RFC 3030<\/td>/);
    for (const path of ["help", "help/", "help/de", "help/de/"]) {
      const { status, url } = await fetch(`${address}/${path}`);
      assert.deepEqual([status, url], [200, `${address}/${path.replace(/\/?$/, "/")}`]);
    }
  }));

test("dates are written as the page's language has them, without script", { skip: noBrowser }, () =>
  withPage({ path: "/help/certificates.html" }, async ({ page, address }) => {
    for (const [path, sentence] of [
      ["certificates", "The certificate was valid until 13 November 2026."],
      ["de/certificates", "Das Zertifikat war bis 13. November 2026 gültig."],
    ]) {
      await page.goto(`${address}/help/${path}.html`);
      const text = await page.locator("main").innerText();
      assert.ok(text.includes(sentence), text);
      assert.doesNotMatch(text, /\d{4}-\d\d-\d\d/);
      assert.equal(await page.locator("time").nth(1).getAttribute("datetime"), "2026-11-13");
    }
  }));
