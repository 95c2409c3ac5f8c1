// The element in a site's own colours, typefaces and shapes: whatever its manifest names is seen in computed styles.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { closeBrowser, noBrowser } from "./harness.mjs";
import { onForeignPage, strict } from "./site.mjs";

after(closeBrowser);

const { modules } = JSON.parse(await readFile("web/package/custom-elements.json", "utf8"));
const [{ cssProperties, cssParts }] = modules[0].declarations;
const properties = cssProperties.map(({ name }) => name);
const parts = cssParts.map(({ name }) => name);

/** On a page whose style sheet is its own and has this in it. */
const styled = (style, body, use) =>
  onForeignPage({
    body: `<style>${style}</style>${body}`,
    policy: (relay) => `${strict(relay)}; style-src 'unsafe-inline'`,
  }, use);

/** Which of these values elements in the shadow tree have for some property of theirs. */
const seen = (page, values) =>
  page.evaluate((values) => {
    const found = new Set();
    for (const element of document.querySelector("helo-scope").shadowRoot.querySelectorAll("*")) {
      const style = getComputedStyle(element);
      for (const name of ["color", "background-color", "border-top-color", "outline-color", "fill", "stroke", "font-family"]) {
        found.add(style.getPropertyValue(name));
      }
    }
    return values.filter((value) => found.has(value));
  }, values);

test("each custom property", { skip: noBrowser }, () => {
  const value = (name, place) => (/-(font|mono)$/.test(name) ? name.slice(2) : `rgb(1, 2, ${place})`);
  const values = properties.map(value);
  const style = `helo-scope { ${properties.map((name, place) => `${name}: ${values[place]};`).join(" ")} }`;
  return styled(style, '<helo-scope host="all-faults-at-once.specimen.test" ports="25" autostart></helo-scope>', async ({ page }) => {
    await page.locator("helo-scope .verdict .actions").waitFor({ timeout: 60_000 });
    assert.deepEqual(await seen(page, values), values);
    const run = page.getByRole("button", { name: "Test", exact: true });
    const computed = (locator, name) => locator.evaluate((element, name) => getComputedStyle(element)[name], name);
    const of = (name) => values[properties.indexOf(`--heloscope-${name}`)];
    assert.deepEqual(
      [await computed(run, "backgroundColor"), await computed(run, "color"), await computed(page.getByRole("textbox"), "fontFamily")],
      [of("accent"), of("on-accent"), of("mono")],
    );
  });
});

test("each part", { skip: noBrowser }, () =>
  // Nothing else sets this one.
  styled(parts.map((name, place) => `helo-scope::part(${name}) { scroll-margin-top: ${place + 1}px }`).join(" "),
    '<helo-scope host="silent.specimen.test" ports="25"></helo-scope>', async ({ page }) => {
      const reached = new Set();
      const look = async () => {
        const there = await page.evaluate(() =>
          [...document.querySelector("helo-scope").shadowRoot.querySelectorAll("[part]")]
            .map((element) => [element.getAttribute("part"), getComputedStyle(element).scrollMarginTop]));
        for (const [part, margin] of there) {
          assert.equal(margin, `${parts.indexOf(part) + 1}px`, part);
          reached.add(part);
        }
      };
      await page.getByRole("button", { name: "Test", exact: true }).click();
      await page.locator("helo-scope .step.running").first().waitFor();
      await look();
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByRole("textbox").fill("all-faults-at-once.specimen.test");
      await page.getByRole("textbox").press("Enter");
      await page.locator("helo-scope .verdict .actions").waitFor({ timeout: 60_000 });
      await look();
      await page.evaluate(() => {
        const element = document.querySelector("helo-scope");
        return element.open(JSON.stringify([element.report, element.report]));
      });
      await look();
      assert.deepEqual([...reached].sort(), [...parts].sort());
    }));
