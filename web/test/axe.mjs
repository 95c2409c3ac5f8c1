// Rules of WCAG 2.2 AA that a program can check.

import { readFile } from "node:fs/promises";

const axe = await readFile("node_modules/axe-core/axe.min.js", "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds: the rule and the elements that break it. */
export async function broken(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((values) => globalThis.axe.run({ runOnly: { type: "tag", values }, resultTypes: ["violations"] }), RULES);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** The page in each way in which readers have it: what is done with it, and its name. */
export async function inEachWay(page, look) {
  for (const [name, media, width] of [
    ["light", { colorScheme: "light", forcedColors: "none" }, 1280],
    ["dark", { colorScheme: "dark", forcedColors: "none" }, 1280],
    ["forced colours", { colorScheme: "light", forcedColors: "active" }, 1280],
    ["forced colours, dark", { colorScheme: "dark", forcedColors: "active" }, 1280],
    ["1280 pixels at 200 %", { colorScheme: "light", forcedColors: "none" }, 640],
    ["320 pixels", { colorScheme: "dark", forcedColors: "none" }, 320],
  ]) {
    // Without motion, or a colour might still be on its way from one to the other.
    await page.emulateMedia({ ...media, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 720 });
    await look(name);
  }
}
