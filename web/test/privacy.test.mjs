// Nothing is kept of whoever tests, by the page or by the element on another's: no cookie, nothing stored, no word of where
// the visitor comes from. That nobody but the relay is asked for anything is held by every test.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, noBrowser, withPage } from "./harness.mjs";
import { onForeignPage } from "./site.mjs";

after(closeBrowser);

/** Notes each request and its answer from now on. */
function watch(page) {
  const answers = [];
  page.on("response", (response) => answers.push(response));
  return async () =>
    Promise.all(answers.map(async (response) => ({
      path: new URL(response.url()).pathname,
      sent: await response.request().allHeaders(),
      got: await response.allHeaders(),
    })));
}

/** All that a browser lets a page keep. */
const kept = async (page) => {
  const { cookies, origins } = await page.context().storageState({ indexedDB: true });
  const other = await page.evaluate(async () => ({
    cookie: document.cookie,
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  }));
  return { cookies, origins, ...other };
};
const NOTHING = { cookies: [], origins: [], cookie: "", local: {}, session: {}, databases: [], caches: [], workers: 0 };

const verdict = (page) => page.locator("helo-scope .verdict .actions").waitFor({ timeout: 60_000 });

test("the page: tests, reports, languages, explanations", { skip: noBrowser }, () =>
  withPage({ context: { permissions: ["clipboard-read", "clipboard-write"] } }, async ({ page, address }) => {
    const answers = watch(page);
    await page.goto(`${address}/?host=expired.specimen.test&ports=25`);
    await verdict(page);
    await page.locator("helo-scope .remedy summary").first().click();
    await page.getByRole("button", { name: "Copy link to this report" }).click();
    await page.getByRole("status").filter({ hasText: "Nothing was uploaded." }).waitFor({ state: "attached" });
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download JSON" }).click()]);
    await page.locator("#saved").setInputFiles(await download.path());
    await page.getByText("This is a saved report").waitFor();
    assert.deepEqual(await kept(page), NOTHING, "after tests");

    await page.goto("about:blank");
    await page.goto(link);
    await page.getByText("made by someone else").waitFor();
    await page.getByRole("link", { name: "Deutsch" }).click();
    await page.locator("html[lang=de] helo-scope .verdict").waitFor();
    await page.getByRole("link", { name: "Drei Ports" }).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.deepEqual(await kept(page), NOTHING, "after reports and explanations");

    const all = await answers();
    const paths = new Set(all.map(({ path }) => path));
    for (const path of ["/", "/page.js", "/page.css", "/v1/about", "/heloscope.wasm", "/remedies.txt", "/de.txt", "/help/de/ports.html"]) {
      assert.ok(paths.has(path), `${path} was not asked for: ${[...paths].join(" ")}`);
    }
    for (const { path, sent, got } of all) {
      assert.equal("set-cookie" in got, false, `${path} sets a cookie`);
      assert.equal("cookie" in sent || "authorization" in sent, false, `${path} was asked for with a cookie`);
      // Firefox tells of the WebSockets as well, from whose answers nothing is loaded.
      if (path !== "/v1/connect") assert.equal(got["referrer-policy"], "no-referrer", path);
      assert.equal(sent.referer, undefined, `${path} was told where the visitor comes from`);
    }
  }));

test("the element on another's page, with cookies of the site's own", { skip: noBrowser }, () =>
  onForeignPage({ body: '<helo-scope host="healthy.specimen.test" ports="25"></helo-scope>' }, async ({ page, address }) => {
    const site = new URL(page.url());
    await page.context().addCookies([{ name: "site", value: "own", url: site.origin }, { name: "relay", value: "foreign", url: address }]);
    const answers = watch(page);
    await page.reload();
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await verdict(page);
    const relay = (await answers()).filter(({ path }) => path !== "/");
    assert.ok(relay.some(({ path }) => path === "/heloscope.wasm") && relay.some(({ path }) => path === "/v1/about"));
    for (const { path, sent, got } of relay.filter(({ path }) => path !== "/favicon.ico")) {
      assert.equal("set-cookie" in got, false, `${path} sets a cookie`);
      // With a WebSocket any browser sends what cookies its host has, whoever opens it.
      if (path !== "/v1/connect") assert.equal("cookie" in sent, false, `${path} was asked for with a cookie: ${sent.cookie}`);
    }
    assert.deepEqual(await page.evaluate(() => ({ ...localStorage, ...sessionStorage })), {});
  }));
