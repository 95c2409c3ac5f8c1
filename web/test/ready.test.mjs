// How soon the page can be typed into: counted in what has to arrive one after the other, which no slow machine changes.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { broken, inEachWay } from "./axe.mjs";
import { closeBrowser, noBrowser, notInFirefox, withPage } from "./harness.mjs";
import { onForeignPage } from "./site.mjs";

after(closeBrowser);

const field = (page) => page.getByRole("textbox", { name: "Mail server" });
const upgraded = (page) => page.waitForFunction(() => document.querySelector("helo-scope").shadowRoot);

/** Where the cursor is: in which field, before the element is there or in it, and between which characters. */
const cursor = (page) =>
  page.evaluate(() => {
    const element = document.querySelector("helo-scope");
    const active = element.shadowRoot ? element.shadowRoot.activeElement : document.activeElement;
    return [active?.name, active?.value, active?.selectionStart, active?.selectionEnd];
  });

/** Leaves requests for `what` without an answer, until what it gives is called. */
async function held(page, what) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route(what, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

const noInitiator = notInFirefox("its driver does not say which script or page asked for a file");

/** What was asked for when a page was opened, and how many answers had to arrive before each request. */
async function waits(page, url) {
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  const asked = new Map();
  network.on("Network.requestWillBeSent", ({ request, initiator }) => {
    const by = initiator.url ?? initiator.stack?.callFrames[0]?.url;
    if (!asked.has(request.url)) asked.set(request.url, by ? (asked.get(by) ?? 0) + 1 : 0);
  });
  await page.goto(url);
  await page.locator("helo-scope .examples li").first().waitFor();
  const paths = [...asked].map(([url, waits]) => [new URL(url).pathname, waits]);
  // A browser asks for a page's icon when it likes.
  return Object.fromEntries(paths.filter(([path]) => path !== "/icon.svg"));
}

test("what has to arrive one after the other", { skip: noInitiator }, () =>
  withPage({}, async ({ page, address }) => {
    assert.deepEqual(await waits(page, `${address}/`), { "/": 0, "/page.js": 1, "/v1/about": 2 });
    assert.deepEqual(await waits(page, `${address}/embed`), { "/embed": 0, "/embed.js": 1, "/v1/about": 2 });
  }));

test("on another's page one script is all that comes before a test", { skip: noInitiator }, () =>
  onForeignPage({ body: "<helo-scope></helo-scope>" }, async ({ page }) => {
    const { "/favicon.ico": _, ...asked } = await waits(page, page.url());
    assert.deepEqual(asked, { "/": 0, "/heloscope.js": 1, "/v1/about": 2 });
  }));

test("the field is typed into before any script is there, and nothing of it is lost", { skip: noBrowser }, () =>
  withPage({}, async ({ page, address }) => {
    const [script, about] = [await held(page, "**/*.js"), await held(page, "**/v1/about")];
    await page.goto(address, { waitUntil: "commit" });
    await page.waitForFunction(() => document.activeElement?.name === "host");
    await page.keyboard.type("althy.specimen");
    await page.keyboard.press("Home");
    assert.deepEqual(await cursor(page), ["host", "althy.specimen", 0, 0]);
    assert.equal(await page.locator("helo-scope > p").isVisible(), false, "no word of what would be so without script");
    const before = await field(page).boundingBox();

    script();
    await upgraded(page);
    assert.deepEqual(await cursor(page), ["host", "althy.specimen", 0, 0]);
    assert.deepEqual(await field(page).boundingBox(), before, "it is where it was");
    await page.keyboard.type("he");
    await page.keyboard.press("End");
    await page.keyboard.type(".test");
    assert.equal(await field(page).inputValue(), "healthy.specimen.test", "while the relay has not said anything yet");

    about();
    await page.keyboard.press("Enter");
    await page.locator("helo-scope .verdict .about", { hasText: "healthy.specimen.test" }).waitFor();
  }));

test("the page without its script, in each way in which it is read", { skip: noBrowser }, () =>
  withPage({}, async ({ page, address }) => {
    await held(page, "**/*.js");
    await page.goto(address, { waitUntil: "commit" });
    await page.waitForFunction(() => document.activeElement?.name === "host");
    await inEachWay(page, async (name) => {
      assert.deepEqual(await broken(page), [], name);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, name);
    });
  }));

test("Enter before any script is there", { skip: noBrowser }, () =>
  withPage({}, async ({ page, address }) => {
    const script = await held(page, "**/*.js");
    await page.goto(address, { waitUntil: "commit" });
    await page.waitForFunction(() => document.activeElement?.name === "host");
    await page.keyboard.type("healthy.specimen.test:25");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${address}/?host=healthy.specimen.test%3A25`, { waitUntil: "commit" });
    script();
    await page.locator("helo-scope .verdict").waitFor();
    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=25`);
  }));

test("the field is typed into while its words are on their way", { skip: noBrowser }, () =>
  withPage({ context: { locale: "de-DE" } }, async ({ page, address }) => {
    const words = await held(page, "**/de.txt");
    await page.goto(address, { waitUntil: "commit" });
    await upgraded(page);
    const typed = page.locator("helo-scope input[type=text]").last();
    await page.keyboard.type("healthy.specimen.test");
    assert.equal(await typed.inputValue(), "healthy.specimen.test");
    const opacity = (selector) => page.locator(`helo-scope ${selector}`).last().evaluate((element) => getComputedStyle(element).opacity);
    assert.deepEqual([await opacity(".field"), await opacity("input[type=text]"), await opacity("form > label")], ["1", "1", "0"]);
    words();
    await page.locator("helo-scope label", { hasText: "Mailserver" }).waitFor();
    assert.equal(await typed.inputValue(), "healthy.specimen.test");
    await page.keyboard.press("Enter");
    await page.locator("helo-scope .verdict .about", { hasText: "healthy.specimen.test" }).waitFor();
  }));

test("who comes for a report has no cursor in the field, and the keys move the page", { skip: noBrowser }, () =>
  withPage({}, async ({ page, address }) => {
    const script = await held(page, "**/*.js");
    await page.goto(`${address}/?host=healthy.specimen.test&ports=25`, { waitUntil: "commit" });
    await page.waitForFunction(() => document.activeElement?.name === "host");
    script();
    await page.locator("helo-scope .verdict").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement === document.body), true);
  }));

test("a script that does not come is told after a while, and at once where there is none", { skip: noBrowser }, async () => {
  const said = "This test needs JavaScript and WebAssembly.";
  await withPage({ expected: [/ERR_FAILED/] }, async ({ page, address }) => {
    await page.route("**/*.js", (route) => route.abort());
    await page.goto(address);
    await page.getByText(said).waitFor();
    assert.equal(await field(page).isVisible(), true);
  });
  await withPage({ context: { javaScriptEnabled: false } }, async ({ page }) => {
    assert.equal(await page.getByText(said).isVisible(), true);
    assert.equal(await field(page).isVisible(), false);
  });
});
