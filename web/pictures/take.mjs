// Takes the README's pictures anew: a report on the relay's own page, in light and in dark.
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
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: fileURLToPath(new URL(`report-${colorScheme}.png`, import.meta.url)) });
    });
  }
} finally {
  await closeBrowser();
}
