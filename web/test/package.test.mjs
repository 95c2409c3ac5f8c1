// The npm package, installed into a project of somebody else's, bundled by Vite, and used there.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { closeBrowser, NO_WEBSOCKET, noBrowser, withPage } from "./harness.mjs";
import { filesOf, withSite } from "./site.mjs";

const PACKAGE = "target/npm";
let project;

const FILES = {
  "package.json": JSON.stringify({ name: "site", private: true, type: "module" }),
  "index.html": `<!doctype html><html lang="en"><title>Site</title><body><script type="module" src="/main.ts"></script>`,
  "main.ts": `
    import { HeloScopeElement, test, type Report } from "heloscope";
    import "heloscope/register";

    const relay = new URLSearchParams(location.search).get("relay") ?? "";
    const element = document.createElement("helo-scope");
    Object.assign(element, { host: "expired.specimen.test", ports: "25", relay, autostart: true });
    document.addEventListener("heloscope-finished", ({ detail }) => (document.title = detail.status));
    document.body.append(element);

    const one = async (signal?: AbortSignal): Promise<{ steps: number; report: Report | null; text: string }> => {
      let steps = 0;
      for await (const step of test("tls12.specimen.test:25", { relay, ...(signal && { signal }) })) {
        steps += 1;
        if (step.report) return { steps, report: step.report, text: step.text };
      }
      return { steps, report: null, text: "" };
    };
    const failing = async (start: () => Promise<unknown>): Promise<string> =>
      start().then(() => "", (reason: unknown) => String(reason));
    Object.assign(globalThis, {
      one,
      same: element instanceof HeloScopeElement,
      aborted: () => failing(() => one(AbortSignal.timeout(1))),
      odd: () => failing(async () => { for await (const _ of test("127.1", { relay })); }),
      left: async () => { for await (const step of test("silent.specimen.test", { relay })) return step.html; return ""; },
    });
  `,
};

before(async () => {
  project = await mkdtemp(join(tmpdir(), "heloscope-site-"));
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(project, name), text);
  const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", project, resolve(PACKAGE)]));
  execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${filename}`], { cwd: project, stdio: "pipe" });
});

after(async () => {
  await closeBrowser();
  await rm(project, { recursive: true, force: true });
});

test("the package says what it is", async () => {
  const manifest = JSON.parse(await readFile(`${PACKAGE}/package.json`, "utf8"));
  const own = JSON.parse(await readFile("package.json", "utf8"));
  assert.equal(manifest.version, own.version);
  for (const entry of Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? entry : Object.values(entry)))) {
    await readFile(join(PACKAGE, entry));
  }
  const integrity = JSON.parse(await readFile(`${PACKAGE}/integrity.json`, "utf8"));
  const loaded = (await readdir(PACKAGE)).filter((name) => /\.(js|wasm|txt)$/.test(name)).sort();
  assert.deepEqual(Object.keys(integrity), loaded);
  for (const [name, hash] of Object.entries(integrity)) {
    const octets = await readFile(join(PACKAGE, name));
    assert.equal(hash, `sha384-${createHash("sha384").update(octets).digest("base64")}`, name);
  }
});

test("each file that it names is in it, as bundlers ask for", async () => {
  const named = [];
  for (const script of (await readdir(PACKAGE)).filter((name) => name.endsWith(".js"))) {
    const text = await readFile(join(PACKAGE, script), "utf8");
    named.push(...[...text.matchAll(/new URL\(\s*["'`]([^"'`$]+)["'`],\s*import\.meta\.url\s*\)/g)].map(([, name]) => name));
  }
  assert.ok(named.includes("./heloscope.wasm"), named.join());
  for (const name of named) await readFile(join(PACKAGE, name));
});

/** The files of a folder, those below it aside. */
const sources = async (folder) =>
  (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));

/** Each interface of a source with all that it has, written on one line. */
function detailsOf(source) {
  const details = new Map();
  const bare = source.replace(/\/\*\*.*?\*\//gs, "");
  for (const [, name, parent, fields] of bare.matchAll(/export interface (\w+)(?: extends (\w+))? \{(.*?)\n\}/gs)) {
    const own = fields.split("\n").map((field) => field.trim()).filter(Boolean).map((field) => field.replace(/\w+(?=;$)/, (type) => details.get(type) ?? type));
    const inherited = parent ? details.get(parent).slice(2, -2).split("; ").map((field) => `${field};`) : [];
    details.set(name, `{ ${[...inherited, ...own].join(" ").replace(/;$/, "")} }`);
  }
  return details;
}

test("its manifest of elements names what the class has", async () => {
  const { modules } = JSON.parse(await readFile(`${PACKAGE}/custom-elements.json`, "utf8"));
  const [element] = modules[0].declarations;
  const [attributes, own, events, registered] = await Promise.all(["attributes", "element", "events", "heloscope"].map((name) => readFile(`web/element/${name}.ts`, "utf8")));
  const source = attributes + own;
  const has = (pattern) => [...source.matchAll(pattern)].map(([, name]) => name).sort();
  const named = (list) => list.map(({ name }) => name).sort();
  const fields = element.members.filter(({ kind }) => kind === "field");
  assert.deepEqual(named(fields), has(/^  get (\w+)\(/gm));
  assert.deepEqual(named(element.attributes), has(/^  set (\w+)\(/gm));
  assert.deepEqual(named(element.slots), has(/make\("slot"(?:, \{ name: "(\w+)")?/g).map((name) => name ?? ""));
  assert.deepEqual(named(element.events), has(/#(?:tell|end)<[\w[\] |]+>\("(\w+)"/g).map((name) => `heloscope-${name}`).filter((name, place, all) => all.indexOf(name) === place));
  const details = detailsOf(events);
  const told = [...own.matchAll(/#(?:tell|end)<([\w[\] |]+)>\("(\w+)"/g)].map(([, type, name]) => [`heloscope-${name}`, type]);
  for (const { name, type } of element.events) {
    const types = [...new Set(told.filter(([other]) => other === name).map(([, type]) => type))];
    assert.equal(types.length, 1, name);
    assert.ok(registered.includes(`"${name}": CustomEvent<${types[0]}>;`), name);
    assert.equal(type.text, `CustomEvent<${details.get(types[0]) ?? types[0]}>`, name);
  }
  const markup = await Promise.all((await Promise.all(["web/element", "crates/render/src", "crates/render/src/html"].map(sources))).flat().map((file) => readFile(file, "utf8")));
  const parts = [...markup.join("").matchAll(/\bpart(?:: |=)"(\w+)"/g)].map(([, name]) => name);
  assert.deepEqual(named(element.cssParts), [...new Set(parts)].sort());
  const style = (await Promise.all(["controls", "report", "port"].map((name) => readFile(`web/element/${name}.css`, "utf8")))).join("");
  assert.deepEqual(named(element.cssProperties), [...new Set([...style.matchAll(/var\((--heloscope-[\w-]+)/g)].map(([, name]) => name))].sort());
});

test("it can be imported where there is no page", () => {
  const said = execFileSync("node", ["--input-type=module", "-e", 'import "heloscope/register"; console.log(Object.keys(await import("heloscope")).join())'], { cwd: project });
  assert.equal(String(said).trim(), "HeloScopeElement,test");
});

test("its types hold", async () => {
  const options = ["--strict", "--noEmit", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2023,dom,dom.iterable", "--types", ""];
  // A literal has each field that its type has, and no other: reports as the program writes them.
  const reports = await Promise.all(["faulty", "healthy", "unreachable"].map((name) => readFile(`crates/render/tests/fixtures/${name}.json`, "utf8")));
  await writeFile(join(project, "reports.ts"), `import type { Report } from "heloscope";\nexport const reports: Report[] = [${reports}];\n`);
  execFileSync(resolve("node_modules/.bin/tsc"), [...options, "main.ts", "reports.ts"], { cwd: project, stdio: "inherit" });
});

test("the example's declaration lets TSX write the element, as it is", async () => {
  const types = resolve("node_modules/@types/react");
  const config = {
    compilerOptions: {
      strict: true, noEmit: true, target: "es2022", module: "esnext", moduleResolution: "bundler", lib: ["es2023", "dom", "dom.iterable"], types: [], jsx: "react-jsx",
      paths: { react: [`${types}/index.d.ts`], "react/jsx-runtime": [`${types}/jsx-runtime.d.ts`] },
    },
    files: ["helo-scope.d.ts", "page.tsx"],
  };
  const page = (attributes) => `import "heloscope/register";\nexport const element = <helo-scope ${attributes} />;\n`;
  const compiles = async (attributes) => {
    await writeFile(join(project, "page.tsx"), page(attributes));
    return spawnSync(resolve("node_modules/.bin/tsc"), ["--project", "tsx.json"], { cwd: project, encoding: "utf8" });
  };
  await writeFile(join(project, "tsx.json"), JSON.stringify(config));
  await copyFile("web/examples/react/helo-scope.d.ts", join(project, "helo-scope.d.ts"));
  const right = await compiles(`className="test" host="mx1.example.com" autostart onheloscope-finished={(event) => console.log(event.detail.status)}`);
  assert.equal(right.status, 0, right.stdout);
  for (const [wrong, why] of [["host={25}", /number/], ["hots=\"mx1.example.com\"", /hots/], ["onheloscope-finished={(event) => event.detail.state}", /state/]]) {
    const refused = await compiles(wrong);
    assert.notEqual(refused.status, 0, wrong);
    assert.match(refused.stdout, why);
  }
});

test("bundled by Vite it tests, by the element and by test()", { skip: noBrowser }, async () => {
  execFileSync("node", [resolve("node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn"], { cwd: project, stdio: "inherit" });
  await withSite(filesOf(join(project, "dist")), (origin) =>
    withPage({ relay: ["--demo", "--allow-origin", origin], origins: [origin], expected: [/404/, NO_WEBSOCKET] }, async ({ page, address }) => {
      await page.goto(`${origin}/?relay=${encodeURIComponent(address)}`);
      await page.locator("helo-scope .verdict").waitFor({ timeout: 60_000 });
      assert.equal(await page.title(), "error");
      assert.equal(await page.evaluate(() => same), true);
      const { steps, report, text } = await page.evaluate(() => one());
      assert.ok(steps >= 2, `${steps} steps`);
      assert.deepEqual([report.host, report.ports.map(({ port }) => port), report.ports[0].tls.version], ["tls12.specimen.test", [25], "TLS 1.2"]);
      assert.match(text, /tls12\.specimen\.test/);
      assert.match(await page.evaluate(() => aborted()), /TimeoutError/);
      assert.match(await page.evaluate(() => odd()), /^NotAHost: .*four decimal numbers/i);
      assert.match(await page.evaluate(() => left()), /^<div class="cards"/);
    }));
});
