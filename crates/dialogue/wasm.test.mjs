// The dialogues as WebAssembly under Node, as a browser runs them: `npm test` compiles and binds them first, and says in
// DIALOGUES how many there are natively.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dialogue_count, dialogue_name, dialogue_run } from "../../target/dialogue/heloscope_dialogue.js";

test("as many dialogues as natively", () => {
  assert.ok(dialogue_count() > 0, "no dialogue at all");
  assert.equal(dialogue_count(), Number(process.env.DIALOGUES));
});

for (let index = 0; index < dialogue_count(); index += 1) {
  test(dialogue_name(index), () => dialogue_run(index));
}
