// The page for frames, on somebody else's site: as high as what is in it, and on no site that the relay does not allow.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { broken, inEachWay } from "./axe.mjs";
import { closeBrowser, noBrowser, picture, withPage } from "./harness.mjs";
import { withSite } from "./site.mjs";

after(closeBrowser);

const example = await readFile("web/examples/iframe/index.html", "utf8");
const [, documented] = /### In a frame[^]*?```html\n([^]*?)```/.exec(await readFile("README.md", "utf8"));

/** A site of another origin with such a page, `change`d: its frame, the page around it, the relay's address. */
async function onSite({ allowed, site: html = example, change = (html) => html, expected = [] }, use) {
  let address;
  const answer = (_, response) => {
    response.setHeader("content-security-policy", `frame-src ${address}`);
    return change(html.replaceAll("https://relay.example.org", address).replaceAll("mx1.example.com", "expired.specimen.test"));
  };
  await withSite(answer, (origin) => {
    const other = origin.replace("127.0.0.1", "localhost");
    const relay = ["--demo", "--allow-origin", allowed ? origin : other];
    return withPage({ relay, origins: [origin], expected }, async (at) => {
      address = at.address;
      await at.page.goto(origin);
      await use({ ...at, frame: at.page.frameLocator("iframe"), outer: at.page.locator("iframe") });
    });
  });
}

/** The frame is as high as what is in it: nothing in it can be scrolled. */
const fits = async (page) => {
  const inner = page.frames().find((frame) => frame.url().includes("/embed"));
  await inner.waitForFunction(() => Math.abs(innerHeight - document.body.getBoundingClientRect().height) <= 1);
  return inner.evaluate(() => [document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth]);
};

/** The words that a line does not hold. */
const brokenWords = (place) => {
  const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  const broken = [];
  while (texts.nextNode()) {
    for (const { 0: word, index } of texts.currentNode.data.matchAll(/[\p{L}\d]+/gu)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, index);
      range.setEnd(texts.currentNode, index + word.length);
      if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) broken.push(word);
    }
  }
  return broken;
};

for (const [what, site] of [
  ["the example", example],
  ["the README's words", `<!doctype html><html lang="en"><title>Site</title><h1>Site</h1>${documented}`],
]) {
  test(`${what}: a frame that grows with what is in it`, { skip: noBrowser }, () =>
    onSite({ allowed: true, site }, async ({ page, frame, outer }) => {
      await frame.getByRole("textbox", { name: "Mail server" }).waitFor();
      assert.equal(await frame.getByRole("textbox", { name: "Mail server" }).inputValue(), "expired.specimen.test");
      assert.deepEqual(await fits(page), [0, 0]);
      const before = (await outer.boundingBox()).height;
      await frame.getByRole("button", { name: "Test", exact: true }).click();
      await frame.locator(".verdict").waitFor({ timeout: 60_000 });
      assert.deepEqual(await fits(page), [0, 0]);
      assert.ok((await outer.boundingBox()).height > before, "it has grown");
      for (const width of [360, 600, 640, 700, 760]) {
        await page.setViewportSize({ width, height: 800 });
        assert.deepEqual(await frame.locator(".senders").evaluate(brokenWords), [], `${width} px`);
      }
      await inEachWay(page, async (name) => {
        assert.deepEqual(await fits(page), [0, 0], name);
        await picture(page, `embed-${name.replace(/\W+/g, "-")}`);
      });
    }));
}

test("started by itself, in short", { skip: noBrowser }, () =>
  onSite({ allowed: true, change: (html) => html.replace("ports=25", "ports=25&amp;compact&amp;autostart") }, async ({ page, frame }) => {
    await frame.locator(".verdict").waitFor({ timeout: 60_000 });
    assert.equal(await frame.locator(".columns").isVisible(), false);
    assert.deepEqual(await fits(page), [0, 0]);
  }));

test("another site cannot show it", { skip: noBrowser }, () =>
  onSite({ allowed: false, expected: [/frame-ancestors|refused to connect|Framing/i, /chrome-error/] }, async ({ page, address }) => {
    const refused = page.frames().filter((frame) => frame !== page.mainFrame());
    await page.waitForFunction(() => document.readyState === "complete");
    assert.ok(refused.every((frame) => !frame.url().startsWith(address)), refused.map((frame) => frame.url()).join());
    const { headers } = await fetch(`${address}/embed`).then((response) => ({ headers: response.headers }));
    assert.match(headers.get("content-security-policy"), /frame-ancestors http:\/\/localhost:\d+;/);
  }));

test("nobody can show the page itself, and nobody that for frames where no site is allowed", { skip: noBrowser }, () =>
  withPage({}, async ({ address }) => {
    for (const path of ["/", "/embed", "/embed.html"]) {
      const policy = (await fetch(address + path)).headers.get("content-security-policy");
      assert.match(policy, /frame-ancestors 'none'/, path);
    }
  }));

test("accessible by itself", { skip: noBrowser }, () =>
  withPage({ path: "/embed?host=expired.specimen.test&ports=25&autostart" }, async ({ page }) => {
    await page.locator(".verdict").waitFor({ timeout: 60_000 });
    await inEachWay(page, async (name) => assert.deepEqual(await broken(page), [], name));
  }));
