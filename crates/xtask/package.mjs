// Makes the npm package: node package.mjs FOLDER. Its modules are bundled as the page's are, and stay readable.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const folder = process.argv[2];
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await cp("web/package", folder, { recursive: true });
for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) await cp(name, join(folder, name));
const texts = (await readdir("target/web")).filter((name) => name.endsWith(".txt"));
for (const name of ["heloscope.wasm", ...texts]) await cp(`target/web/${name}`, join(folder, name));

const { version } = JSON.parse(await readFile("package.json", "utf8"));
const manifest = JSON.parse(await readFile("web/package/package.json", "utf8"));
await writeFile(join(folder, "package.json"), JSON.stringify({ ...manifest, version }, null, 2) + "\n");

await build({
  entryPoints: { index: "web/element/index.ts", register: "web/element/heloscope.ts" },
  alias: { "heloscope-core": "./target/web/heloscope_web.js" },
  bundle: true,
  chunkNames: "[name]-[hash]",
  format: "esm",
  loader: { ".css": "text" },
  logLevel: "warning",
  outdir: folder,
  splitting: true,
  target: "es2022",
});

const types = join(folder, "types");
const options = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rootDir", "web/element", "--outDir", types];
execFileSync("node_modules/.bin/tsc", options, { stdio: "inherit" });
for (const name of ["beforehand", "embed", "page", "translated"]) await rm(join(types, `${name}.d.ts`));
for (const name of await readdir(types)) {
  // A declaration stands for the module beside it, whose name does not end as its source's does.
  const text = await readFile(join(types, name), "utf8");
  await writeFile(join(types, name), text.replace(/(from|import\()(\s*"\.\/[\w-]+)\.ts"/g, '$1$2.js"'));
}

const integrity = {};
for (const name of (await readdir(folder)).filter((name) => /\.(js|wasm|txt)$/.test(name)).sort()) {
  integrity[name] = `sha384-${createHash("sha384").update(await readFile(join(folder, name))).digest("base64")}`;
}
await writeFile(join(folder, "integrity.json"), JSON.stringify(integrity, null, 2) + "\n");
