// What the README beside says is tested, is.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

test("each test that the README names is there", async () => {
  const readme = await readFile("web/test/README.md", "utf8");
  const [, table] = /\| --- \| --- \|\n([^]*?)\n\n/.exec(readme);
  const named = table.split("\n").flatMap((row) => row.split(" | ")[1].replace(/ \|$/, "").split(/; (?=`)/));
  assert.ok(named.length > 50, `${named.length}`);
  for (const name of named) {
    const [, file, title] = /^`(\w+)` (.*?)(?: \(Chromium\)|, which every test holds)?$/.exec(name);
    const text = await readFile(`web/test/${file}.test.mjs`, "utf8");
    assert.ok(["\"", "`"].some((quote) => text.includes(`(${quote}${title}${quote}`)), name);
  }
});
