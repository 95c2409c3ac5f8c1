// Takes the README's pictures anew, in light and in dark, on the relay's own page: a report as it begins, and what it says of a
// port, its dialogue as a waterfall and its certificates as a chain.
//
//   npm run build && node web/pictures/take.mjs

import { fileURLToPath } from "node:url";

import { closeBrowser, withPage } from "../test/harness.mjs";

const SIZE = { width: 1100, height: 900 };

try {
  for (const colorScheme of ["light", "dark"]) {
    await withPage({ relay: ["--demo"], path: "/?host=expiring-soon.specimen.test" }, async ({ page }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(SIZE);
      await page.locator("helo-scope .verdict").waitFor();
      const take = async (name, top, height) => {
        const path = fileURLToPath(new URL(`${name}-${colorScheme}.png`, import.meta.url));
        await page.screenshot({ path, fullPage: true, clip: { x: 0, y: top, width: SIZE.width, height } });
      };
      const place = (selector) => page.locator(`helo-scope ${selector}`).first().boundingBox();
      const [findings, port, columns] = [await place(".findings"), await place(".port"), await place(".port .columns")];
      await take("report", 0, Math.ceil(findings.y + findings.height) + 28);
      await take("port", port.y - 4, Math.ceil(columns.y + columns.height - port.y) + 28);
    });
  }
} finally {
  await closeBrowser();
}
