// The scenes of the report's tests judged as WebAssembly under Node, as a browser judges: each report must be the one that was
// made natively. `npm test` compiles and binds the module first, and has the native tests write what they judged to the
// folder SCENES.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { judge } from "../../target/scenes/heloscope_scenes.js";

// Some fewer than there are: where the native tests wrote only a part of theirs, this is not to go unnoticed.
const SCENES_AT_LEAST = 450;

const folder = process.env.SCENES;
assert.ok(folder, "SCENES names no folder; `npm test` sets it");
const read = (file) => JSON.parse(readFileSync(join(folder, file), "utf8"));
const files = readdirSync(folder).filter((file) => file.startsWith("scene-")).sort();

test("the native tests wrote their scenes", () => {
  assert.ok(files.length >= SCENES_AT_LEAST, `${files.length} scenes in ${folder}, not ${SCENES_AT_LEAST}`);
});

// Those in English, as made here.
const reports = [];

for (const file of files) {
  const { scene, reports: texts } = read(file);
  const native = texts.map((text) => JSON.parse(text));
  test(`${file}: ${inShort(native[0])}`, () => {
    assert.deepEqual(native.map(({ language }) => language), ["en", "de"]);
    const here = native.map(({ language }) => judge(scene, language));
    reports.push(JSON.parse(here[0]));
    // Shows what differs, where the octets alone would not.
    assert.deepStrictEqual(here.map((text) => JSON.parse(text)), native);
    assert.deepStrictEqual(here, texts);
  });
}

test("every error code, phase, status, finding and verdict that is asked for natively comes about here", () => {
  const { codes, phases, statuses, checks } = read("lists.json");
  assert.ok([codes, phases, statuses, checks].every((list) => list.length > 0));
  const ports = reports.flatMap((report) => report.ports);
  const errors = ports.flatMap(({ error }) => error ?? []);
  assert.deepEqual(distinct(errors.map(({ code }) => code)), distinct(codes));
  assert.deepEqual(distinct(errors.map(({ phase }) => phase)), distinct(phases));
  assert.deepEqual(distinct(reports.map(({ status }) => status)), distinct(statuses));
  const findings = [...reports, ...ports].flatMap(({ findings }) => findings);
  assert.deepEqual(distinct(findings.map(({ id }) => id)), distinct(checks.map(({ id }) => id)));
  for (const { id, verdicts } of checks) {
    const come = ports.map(({ checks }) => checks.find((check) => check.id === id).verdict);
    assert.deepEqual(distinct(come), distinct(verdicts), id);
  }
});

test("what is no scene is refused", () => {
  assert.throws(() => judge("{}", "en"), /missing field `observations`/);
  const { scene } = read(files[0]);
  assert.throws(() => judge(scene, "tlh"), /there is no translation to tlh/);
  assert.throws(() => judge(JSON.stringify({ ...JSON.parse(scene), anchors: "none" }), "en"), /certificate/i);
});

function inShort({ host, status, ports }) {
  const ends = ports.map(({ port, error }) => (error ? `${port} ${error.code} in ${error.phase}` : port));
  return `${host} ${ends.join(", ")}: ${status}`;
}

function distinct(names) {
  return [...new Set(names)].sort();
}
