// The walk-through that the page by keyboard describes, done key by key from its own text.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, noBrowser, withPage } from "./harness.mjs";

after(closeBrowser);

/** The steps of a table: the key, where the focus is after it, and what it says. */
const steps = async (address, page, id) => {
  const html = await (await fetch(`${address}/help/${page}keyboard.html`)).text();
  const table = html.slice(html.indexOf(`<table id="${id}">`)).split("</table>")[0];
  const plain = (markup) => markup.replace(/<[^>]*>/g, "").trim();
  return [...table.matchAll(/<tr><th scope="row">(.*?)<\/th><td[^>]*>(.*?)<\/td><td>(.*?)<\/td><\/tr>/g)]
    .map(([, key, focus, what]) => ({ key: key.includes("<kbd>") ? plain(key) : null, focus: plain(focus), what: plain(what) }));
};

/** What has the focus, by the name that a screen reader says. */
const focused = (page) =>
  page.evaluate(() => {
    const { activeElement } = document.querySelector("helo-scope").shadowRoot;
    const named = activeElement?.labels?.[0] ?? activeElement?.closest(".operator") ?? activeElement;
    return named?.textContent ?? "";
  });
const ringed = (page) =>
  page.evaluate(() => {
    const { activeElement } = document.querySelector("helo-scope").shadowRoot;
    const { outlineStyle, outlineWidth } = getComputedStyle(activeElement);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  });

const ENGLISH = { locale: "en-GB", page: "", such: "such as", keys: { Tab: "Tab", "Shift+Tab": "Shift+Tab", Space: "Space", Enter: "Enter" } };
const GERMAN = {
  locale: "de-DE",
  page: "de/",
  such: "etwa",
  keys: { Tabulatortaste: "Tab", "Umschalt- und Tabulatortaste": "Shift+Tab", Leertaste: "Space", Eingabetaste: "Enter" },
};

for (const [name, { locale, page: folder, such, keys }, relay, without] of [
  ["English", ENGLISH, [], ["Through the relay", "Test through all of them", "Who runs this relay"]],
  ["a relay with an address and with others beside it", ENGLISH, ["--contact", "postmaster@relay.example.org", "--other-relay", "https://other.example.org"], []],
  ["German", GERMAN, ["--contact", "https://relay.example.org/", "--other-relay", "https://other.example.org"], []],
]) {
  test(`key by key as it is written: ${name}`, { skip: noBrowser }, () =>
    withPage({ relay: ["--demo", ...relay], context: { locale } }, async ({ page, address }) => {
      await page.locator("helo-scope .examples li").first().waitFor();
      const press = async ({ key, focus, what }) => {
        if (key) await page.keyboard.press(keys[key]);
        assert.ok((await focused(page)).startsWith(focus), `${key ?? "at first"}: ${await focused(page)}, not ${focus}`);
        assert.equal(await ringed(page), true, `${focus} has a ring around it`);
        const typed = new RegExp(`${such} ([\\w.-]+[\\w])`).exec(what);
        if (typed) await page.keyboard.type(typed[1]);
      };
      const first = await steps(address, folder, "test-steps");
      assert.equal(first.filter(({ key }) => keys[key] === "Enter").length, 1);
      for (const step of first) await press(step);
      await page.locator("helo-scope .verdict .actions").waitFor({ timeout: 60_000 });
      const { host, ports } = await page.evaluate(() => document.querySelector("helo-scope").report);
      assert.deepEqual([host, ports.map(({ port }) => port)], ["healthy.specimen.test", [25, 465]]);
      assert.match(await focused(page), /^465/, "the focus stays");
      const second = await steps(address, folder, "report-steps");
      assert.equal(second.length, 10);
      assert.equal(second.filter(({ focus }) => without.includes(focus)).length, without.length);
      for (const step of second) if (!without.includes(step.focus)) await press(step);
    }));
}

test("a test that runs is stopped by keyboard", { skip: noBrowser }, () =>
  withPage({}, async ({ page, address }) => {
    assert.match(await (await fetch(`${address}/help/keyboard.html`)).text(), /Shift\+Tab leads back to it, and Enter stops the test/);
    await page.locator("helo-scope .examples li").first().waitFor();
    await page.keyboard.type("silent.specimen.test");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator("helo-scope .step.running").first().waitFor();
    await page.keyboard.press("Shift+Tab");
    assert.equal(await focused(page), "Stop");
    await page.keyboard.press("Enter");
    assert.equal(await page.getByRole("status").innerText(), "Stopped.");
    assert.equal(await focused(page), "Test", "the focus is on what took its place");
  }));
