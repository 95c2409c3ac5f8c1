// The example for MkDocs, built by MkDocs as the Python index has it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { closeBrowser, noBrowser, withPage } from "./harness.mjs";
import { filesOf, withSite } from "./site.mjs";

const VERSION = "1.6.1";

after(closeBrowser);

/** The program of MkDocs, fetched at the first time; an error where there is no Python or no index. */
function mkdocs() {
  const folder = resolve(`target/mkdocs-${VERSION}`);
  const program = join(folder, "bin/mkdocs");
  if (!existsSync(program)) {
    execFileSync("python3", ["-m", "venv", "--clear", folder], { stdio: "pipe" });
    const install = ["install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "10"];
    execFileSync(join(folder, "bin/pip"), [...install, `mkdocs==${VERSION}`], { stdio: "pipe" });
  }
  return program;
}

test("the example for MkDocs, built by MkDocs", { skip: noBrowser }, async (context) => {
  let program;
  try {
    program = mkdocs();
  } catch (error) {
    return context.skip(`MkDocs ${VERSION} could not be installed: ${String(error.stderr || error.message).trim().split("\n").at(-1)}`);
  }
  const folder = await mkdtemp(join(tmpdir(), "heloscope-mkdocs-"));
  try {
    await withSite(filesOf(join(folder, "site")), (origin) =>
      withPage({ relay: ["--demo", "--allow-origin", origin], origins: [origin] }, async ({ page, address }) => {
        await cp("web/examples/mkdocs", folder, { recursive: true });
        for (const [name, written, here] of [
          ["mkdocs.yml", "https://relay.example.org", address],
          ["docs/index.md", "mx1.example.com", "healthy.specimen.test"],
        ]) {
          const text = await readFile(join(folder, name), "utf8");
          assert.ok(text.includes(written), name);
          await writeFile(join(folder, name), text.replaceAll(written, here));
        }
        execFileSync(program, ["build", "--quiet", "--strict"], { cwd: folder, stdio: "pipe" });
        await page.goto(origin);
        const element = page.locator("helo-scope");
        await element.getByRole("button", { name: "Test", exact: true }).click();
        await element.locator(".verdict").waitFor();
        assert.match(await element.locator(".verdict .kind").innerText(), /As it should be/);
        assert.deepEqual(await element.evaluate(({ children }) => [...children].map(({ localName }) => localName)), ["noscript"], "what stands inside it is what was written");
      }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
