// The test for programs in a worker, where there is no document.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, noBrowser } from "./harness.mjs";
import { onForeignPage, strict } from "./site.mjs";

after(closeBrowser);

/** Tests what it is told to, and tells what came of it. */
const worker = `
  import { test } from "RELAY/heloscope.js";
  addEventListener("message", async ({ data: [host, options] }) => {
    try {
      let steps = 0;
      for await (const { report, html, text } of test(host, options)) {
        steps += 1;
        if (report) postMessage({ steps, status: report.status, language: report.language, html, text });
      }
    } catch (reason) {
      postMessage({ message: reason.message });
    }
  });
  postMessage({ document: typeof document });`;

/** A page with such a worker, under the policy that the README spells out, and how to ask the worker. */
const withWorker = ({ policy = (relay) => `${strict(relay)}; worker-src 'self' http://${relay}`, expected }, use) =>
  onForeignPage({ body: "", worker, policy, expected }, async ({ page, address }) => {
    const ask = (host, options) =>
      page.evaluate(async (asked) => {
        const answer = () =>
          new Promise((resolve, reject) => {
            globalThis.worker.onmessage = ({ data }) => resolve(data);
            globalThis.worker.onerror = ({ message }) => reject(new Error(`the worker: ${message}`));
          });
        if (!globalThis.worker) {
          const own = globalThis.trustedTypes.createPolicy("heloscope", { createScriptURL: (url) => url });
          globalThis.worker = new Worker(own.createScriptURL("/worker.js"), { type: "module" });
          globalThis.there = await answer();
        }
        const answered = answer();
        globalThis.worker.postMessage(asked);
        return [globalThis.there, await answered];
      }, [host, options]);
    await use({ address, ask });
  });

test("a module worker tests by test() of the same script", { skip: noBrowser }, () =>
  withWorker({}, async ({ ask, address }) => {
    const [there, sound] = await ask("healthy.specimen.test", { ports: ["25"] });
    assert.deepEqual(there, { document: "undefined" });
    assert.ok(sound.steps >= 2, `${sound.steps} steps`);
    assert.deepEqual([sound.status, sound.language, sound.html.slice(0, 9)], ["ok", "en", "<article "]);
    assert.match(sound.text, /^As it should be: Mail reaches/);
    const [, faulty] = await ask("expired.specimen.test:587", { relay: address, lang: "de" });
    assert.deepEqual([faulty.status, faulty.language], ["error", "de"]);
    assert.match(faulty.text, /^Fehler: /);
    const [, odd] = await ask("127.1", {});
    assert.match(odd.message, /four decimal numbers/);
    const [, elsewhere] = await ask("healthy.specimen.test", { relay: "ftp://relay.example" });
    assert.match(elsewhere.message, /is no http, https, ws or wss URL/);
  }));

test("a policy that does not let a worker reach the relay is named", { skip: noBrowser }, () =>
  withWorker({
    policy: (relay) => `${strict(relay).replace(`connect-src http://${relay} ws://${relay}`, "connect-src 'none'")}; worker-src 'self' http://${relay}`,
    expected: [/Content.Security.Policy/, /connect-src/],
  }, async ({ ask, address }) => {
    const [, { message }] = await ask("healthy.specimen.test", { ports: ["25"] });
    assert.equal(message, `This site's Content-Security-Policy does not let the test reach the relay. Add ${address} ${address.replace("http", "ws")} to its connect-src.`);
  }));
