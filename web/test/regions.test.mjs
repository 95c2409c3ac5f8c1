// Relays in several places, between which one page lets its reader choose.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, test } from "node:test";
import { closeBrowser, noBrowser, withPage, withRelay } from "./harness.mjs";

after(closeBrowser);

test("the reader chooses the relay, and the test goes through that one", { skip: noBrowser }, async () => {
  let page;
  const site = createServer((_, response) => response.setHeader("content-type", "text/html").end(page));
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const origin = `http://127.0.0.1:${site.address().port}`;
  const relay = (name) => ["--demo", "--allow-origin", origin, "--ehlo-name", `${name}.relay.example`];
  try {
    await withRelay(relay("eu"), (eu) =>
      withPage({ relay: relay("us"), origins: [origin, eu] }, async ({ page: tab, address: us }) => {
        page = `<!doctype html><html lang="en"><title>Site</title>
          <script type="module" src="${eu}/heloscope.js"></script>
          <label>Test from <select id="from"><option value="${eu}">Europe</option><option value="${us}">America</option></select></label>
          <helo-scope id="test" host="healthy.specimen.test" ports="25" relay="${eu}">needs JavaScript</helo-scope>
          <script type="module">
            const [from, test] = ["from", "test"].map((id) => document.getElementById(id));
            from.addEventListener("change", () => { test.relay = from.value; });
          </script>`;
        await tab.goto(origin);
        const greeted = () =>
          tab.evaluate(async () => {
            const element = document.getElementById("test");
            await element.start();
            return element.report.ports[0].transcript.map(({ text }) => text).find((line) => line.startsWith("EHLO"));
          });
        assert.equal(await greeted(), "EHLO eu.relay.example");
        await tab.selectOption("#from", us);
        assert.equal(await greeted(), "EHLO us.relay.example");
      }),
    );
  } finally {
    site.closeAllConnections();
    site.close();
  }
});
