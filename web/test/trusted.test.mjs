// What the element shows is what the renderer writes, and nothing else can get into the page through it.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { build } from "esbuild";

const bundle = await build({ entryPoints: ["web/element/trusted.ts"], bundle: true, format: "esm", write: false });
const { checked } = await import(`data:text/javascript,${encodeURIComponent(bundle.outputFiles[0].text)}`);

const FIXTURES = "crates/render/tests/fixtures";

for (const name of (await readdir(FIXTURES)).filter((name) => name.endsWith(".html"))) {
  test(`${name} is taken as it is`, async () => {
    const html = await readFile(`${FIXTURES}/${name}`, "utf8");
    assert.equal(checked(html), html);
  });
}

for (const html of [
  "<script>alert(1)</script>",
  "<SCRIPT>alert(1)</SCRIPT>",
  "<img src=x onerror=alert(1)>",
  '<p onclick="alert(1)">x</p>',
  '<p class="a" style="color:red">x</p>',
  '<a href="javascript:alert(1)">x</a>',
  '<svg><use href="https://evil.example/#x"></use></svg>',
  '<svg class="icon"><script>alert(1)</script></svg>',
  "<p class='a'>x</p>",
  "<p/onclick=alert(1)>",
  '<p class="a"onclick="b">',
  '<p class="<script>">',
  "<p\nonclick=alert(1)>",
  "<!-- x -->",
  "<template><p>x</p></template>",
  "<svgx>",
  "a < b",
  "<p",
]) {
  test(`${JSON.stringify(html)} is refused`, () => {
    assert.throws(() => checked(html), { name: "TypeError", message: "not the markup of a report" });
  });
}

test("what stands between tags is of no concern", () => {
  for (const html of ["", "a > b & c", '<p class="a b">&lt;script&gt; onclick="x"</p>', '<div class="x" data-port="25">']) {
    assert.equal(checked(html), html);
  }
});
