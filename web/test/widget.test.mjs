// The element on somebody else's page, under a Content-Security-Policy of its own.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { closeBrowser, NO_WEBSOCKET, noBrowser, withPage, withRelay } from "./harness.mjs";
import { failure, onForeignPage, strict, withSite } from "./site.mjs";

after(closeBrowser);

const readme = await readFile("README.md", "utf8");
const [, markup] = /## In your own page[^]*?```html\n([^]*?)```/.exec(readme);
const [, program] = /has a test for programs[^]*?```js\n([^]*?)```/.exec(readme);
/** What it says, for this relay and a server that is there. */
const applied = (text) => text.replaceAll("http://127.0.0.1:8025", "RELAY").replaceAll("mx1.example.com", "healthy.specimen.test");

/** Keeps what the element tells, as long as the page lives. */
const listen = (page) =>
  page.evaluate(() => {
    globalThis.told = [];
    for (const what of ["started", "progress", "finished", "stopped", "failed"]) {
      addEventListener(`heloscope-${what}`, (event) => told.push({ what, detail: event.detail, id: event.target.id }));
    }
  });
const told = (page, what) => page.evaluate((what) => told.filter((entry) => entry.what === what), what);

test("tests when asked, and tells its page", { skip: noBrowser }, () =>
  onForeignPage({ body: '<helo-scope id="one" host="healthy.specimen.test" ports="25">needs JavaScript</helo-scope>' }, async ({ page }) => {
    await page.locator("helo-scope input").first().waitFor();
    await listen(page);
    const settled = await page.evaluate(async () => {
      const element = document.querySelector("helo-scope");
      const before = element.report;
      await element.start();
      return { before, after: element.report };
    });
    assert.equal(settled.before, null);
    assert.equal(settled.after.status, "ok");
    assert.deepEqual(await told(page, "started"), [
      { what: "started", id: "one", detail: { host: "healthy.specimen.test", ports: ["25"], done: [] } },
    ]);
    const progress = await told(page, "progress");
    assert.ok(progress.length > 0);
    assert.deepEqual(progress[0].detail, { host: "healthy.specimen.test", ports: ["25"], done: [] });
    const finished = await told(page, "finished");
    assert.equal(finished.length, 1);
    assert.deepEqual(finished[0].detail, settled.after);
    assert.deepEqual(await told(page, "failed"), []);
    assert.equal(await page.title(), "Site");
  }));

test("the README's words: the element", { skip: noBrowser }, () =>
  onForeignPage({ body: applied(markup) }, async ({ page }) => {
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.locator("helo-scope .verdict").waitFor();
    const ports = await page.evaluate(() => document.querySelector("helo-scope").report.ports.map(({ port }) => port));
    assert.deepEqual(ports, [25, 465, 587]);
  }));

test("the README's words: the test for programs", { skip: noBrowser }, () =>
  onForeignPage({
    body: `<script type="module">${applied(program).replace("console.log(", "(globalThis.said ??= []).push(")} globalThis.over = true;</script>`,
    policy: (relay) => strict(relay).replace("script-src", "script-src 'unsafe-inline'"),
  }, async ({ page }) => {
    await page.waitForFunction(() => globalThis.over);
    const [status, text] = await page.evaluate(() => said);
    assert.equal(status, "ok");
    assert.match(text, /healthy\.specimen\.test/);
  }));

test("the words inside it stay below its field until a test starts, and do not come back", { skip: noBrowser }, () =>
  onForeignPage({
    body: '<helo-scope host="healthy.specimen.test" ports="25">Ask <a href="#us">us</a>.<p slot="beforehand">It loads.</p></helo-scope>' +
      '<helo-scope compact><noscript>needs JavaScript</noscript>In short.</helo-scope>',
  }, async ({ page }) => {
    const [one, short] = [page.locator("helo-scope").nth(0), page.locator("helo-scope").nth(1)];
    const shown = () => one.evaluate((element) => element.innerText.trim());
    await one.locator("input").first().waitFor();
    assert.equal(await shown(), "Ask us.");
    assert.equal(await short.evaluate((element) => element.innerText.trim()), "In short.");
    const [field, words] = await Promise.all([one.locator("input").first(), page.getByRole("link", { name: "us" })].map((part) => part.boundingBox()));
    assert.ok(words.y > field.y + field.height, "below the field");
    // Without a host there is no test, and nothing takes their place.
    await one.locator("input").first().fill("");
    await one.getByRole("button", { name: "Test", exact: true }).click();
    await one.locator(".said.wrong").waitFor();
    assert.equal(await shown(), "Ask us.");
    await one.locator("input").first().fill("healthy.specimen.test");
    await one.getByRole("button", { name: "Test", exact: true }).click();
    await one.locator(".verdict").waitFor();
    assert.equal(await shown(), "");
    const report = await one.evaluate((element) => (element.reset(), element.report) ?? null);
    assert.equal(report, null);
    assert.equal(await shown(), "");
  }));

test("a report that is opened takes the place of the words inside it", { skip: noBrowser }, () =>
  onForeignPage({ body: "<helo-scope>Words.</helo-scope>" }, async ({ page }) => {
    await page.locator("helo-scope input").first().waitFor();
    const saved = await readFile("crates/render/tests/fixtures/healthy.json", "utf8");
    await page.evaluate((saved) => document.querySelector("helo-scope").open(saved), saved);
    await page.locator("helo-scope .verdict").waitFor();
    assert.equal(await page.locator("helo-scope").evaluate((element) => element.innerText.trim()), "");
    // As the element has it, too, and several side by side.
    const sides = await page.evaluate(async () => {
      const element = document.querySelector("helo-scope");
      await element.open(element.report);
      const { host } = element.report;
      await element.open([element.report, element.report]);
      return [host, element.shadowRoot.querySelectorAll(".side").length];
    });
    assert.deepEqual(sides, [JSON.parse(saved).host, 2]);
    await page.evaluate(() => document.querySelector("helo-scope").open(undefined));
    assert.match(await page.getByRole("alert").innerText(), /The report could not be opened\s+This is no report: /);
  }));

test("a test is stopped by the page around it, and leaves no report", { skip: noBrowser }, () =>
  onForeignPage({ body: '<helo-scope host="silent.specimen.test" ports="25"></helo-scope>', expected: [NO_WEBSOCKET] }, async ({ page }) => {
    await page.locator("helo-scope input").first().waitFor();
    await listen(page);
    const left = await page.evaluate(async () => {
      const element = document.querySelector("helo-scope");
      const ended = element.start();
      await new Promise((resolve) => element.addEventListener("heloscope-progress", resolve, { once: true }));
      element.stop();
      await ended;
      return element.report;
    });
    assert.equal(left, null);
    assert.deepEqual([await told(page, "finished"), await told(page, "failed")], [[], []]);
    assert.deepEqual((await told(page, "stopped")).map(({ detail }) => detail), [{ asked: { host: "silent.specimen.test", ports: ["25"] } }]);
    assert.equal(await page.getByRole("status").innerText(), "Stopped.");
    // Nor does any step go on, to the eye or to the ear.
    const cards = page.locator("helo-scope .card");
    assert.equal(await cards.locator(".step.running").count(), 0);
    assert.match(await cards.locator(".step.stopped").textContent(), /^(TCP connection|Connect|Greeting), stopped /);
    assert.equal(await cards.locator(".step.stopped path").getAttribute("d"), "M4.5 4.5h7v7h-7Z");
    assert.match(await cards.locator(".step").last().textContent(), /, not begun /);
    assert.equal(await cards.getByText(", waiting").count(), 0);
  }));

test("what cannot be opened stops the test that ran, and says so", { skip: noBrowser }, () =>
  onForeignPage({ body: '<helo-scope host="silent.specimen.test" ports="25"></helo-scope>', expected: [NO_WEBSOCKET] }, async ({ page }) => {
    const told = await page.evaluate(async () => {
      const element = document.querySelector("helo-scope");
      const told = [];
      for (const what of ["stopped", "failed"]) element.addEventListener(`heloscope-${what}`, ({ detail }) => told.push([what, detail.asked?.host]));
      const started = new Promise((done) => element.addEventListener("heloscope-started", done));
      void element.start();
      await started;
      await element.open("{}");
      return told;
    });
    assert.deepEqual(told, [["stopped", "silent.specimen.test"], ["failed", undefined]]);
    await page.getByRole("alert").filter({ hasText: "The report could not be opened" }).waitFor();
    assert.equal(await page.getByRole("status").innerText(), "Stopped.");
  }));

test("what cannot be tested is told once, and then there is nothing to stop", { skip: noBrowser }, () =>
  onForeignPage({ body: "<helo-scope></helo-scope>" }, async ({ page }) => {
    await page.locator("helo-scope input").first().waitFor();
    await listen(page);
    const events = () => page.evaluate(() => told.splice(0).map(({ what, detail }) => [what, detail]));
    await page.evaluate(async () => {
      const element = document.querySelector("helo-scope");
      const ended = element.start();
      element.stop();
      await ended;
    });
    assert.deepEqual(await events(), [["failed", { message: "Type the name of a mail server, such as mx1.example.com." }]]);
    // What is typed wrong is told in a sentence, too, and a listener that stops whatever ends stops nothing.
    await page.evaluate(async () => {
      const element = document.querySelector("helo-scope");
      for (const what of ["failed", "finished"]) element.addEventListener(`heloscope-${what}`, () => element.stop());
      for (const host of ["127.1", "healthy.specimen.test:25"]) {
        element.host = host;
        await element.start();
      }
    });
    const [failed, ...rest] = await events();
    assert.deepEqual(failed, ["failed", { message:
      "Write an IPv4 address as four decimal numbers, such as 192.0.2.1; none is above 255 or has a leading zero." }]);
    assert.deepEqual(rest.map(([what]) => what).filter((what) => what !== "progress"), ["started", "finished"]);
  }));

test("a test is stopped before its language is there", { skip: noBrowser }, () =>
  onForeignPage({ body: '<helo-scope host="healthy.specimen.test" ports="25"></helo-scope>' }, async ({ page }) => {
    await page.locator("helo-scope input").first().waitFor();
    await listen(page);
    const left = await page.evaluate(async () => {
      const element = document.querySelector("helo-scope");
      element.lang = "de";
      const ended = element.start();
      element.stop();
      await ended;
      return element.report;
    });
    assert.equal(left, null);
    assert.deepEqual(await page.evaluate(() => told.map(({ what }) => what)), ["stopped"]);
  }));

test("inside another element's shadow its events come out", { skip: noBrowser }, () =>
  onForeignPage({ body: '<div id="around"></div>' }, async ({ page }) => {
    await page.evaluate(() => customElements.whenDefined("helo-scope"));
    await listen(page);
    await page.evaluate(async () => {
      const element = document.createElement("helo-scope");
      Object.assign(element, { host: "healthy.specimen.test", ports: "25" });
      document.getElementById("around").attachShadow({ mode: "open" }).append(element);
      await element.start();
      element.host = "";
      await element.start();
    });
    for (const what of ["started", "finished", "failed"]) {
      assert.deepEqual((await told(page, what)).map(({ id }) => id), ["around"], what);
    }
  }));

test("attributes and properties are one", { skip: noBrowser }, () =>
  onForeignPage({ body: "<helo-scope></helo-scope>" }, async ({ page, address }) => {
    await page.locator("helo-scope input").first().waitFor();
    const seen = await page.evaluate(() => {
      const element = document.querySelector("helo-scope");
      const relay = element.relay;
      Object.assign(element, { host: "mx.example", ports: "25,2525/starttls", address: "192.0.2.1", compact: true, autostart: true });
      const attributes = Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value]));
      element.address = "";
      element.compact = false;
      const other = document.createElement("helo-scope");
      Object.assign(other, { host: "mx.example", ports: "25", relay: "https://relay.example", relays: "offered", address: "192.0.2.1" });
      // As React gives what its page leaves out.
      Object.assign(other, { host: null, ports: undefined, relay: null, relays: undefined, address: null });
      const boxes = [...element.shadowRoot.querySelectorAll("input[type=checkbox]")].map((box) => [box.value, box.checked]);
      return { relay, attributes, boxes, field: element.shadowRoot.querySelector("input").value,
        left: [element.hasAttribute("address"), element.hasAttribute("compact"), other.attributes.length] };
    });
    assert.deepEqual(seen, {
      relay: address,
      attributes: { host: "mx.example", ports: "25,2525/starttls", address: "192.0.2.1", compact: "", autostart: "" },
      boxes: [["25", true], ["465", false], ["587", false], ["2525/starttls", true]],
      field: "mx.example",
      left: [false, false, 0],
    });
  }));

test("several on one page, started by themselves, in short", { skip: noBrowser }, () =>
  onForeignPage({
    body: '<helo-scope host="healthy.specimen.test" ports="25" autostart compact></helo-scope>' +
      '<helo-scope host="no-starttls.specimen.test" ports="587" autostart compact></helo-scope>',
  }, async ({ page }) => {
    const [one, other] = [page.locator("helo-scope").nth(0), page.locator("helo-scope").nth(1)];
    await one.locator(".verdict").waitFor();
    await other.locator(".verdict").waitFor();
    assert.match(await one.locator(".verdict .kind").innerText(), /As it should be/);
    assert.match(await other.locator(".verdict .kind").innerText(), /Warning/);
    assert.equal(await other.locator(".finding h4").isVisible(), true);
    for (const folded of [".ports", ".actions", ".senders", ".port", ".advice"]) {
      for (const part of await other.locator(folded).all()) assert.equal(await part.isVisible(), false, folded);
    }
    const height = async (element) => (await element.boundingBox()).height;
    assert.ok((await height(one)) < 300, "a few lines");
    assert.ok((await height(other)) < 400, "a few lines more");
  }));

test("the example in plain HTML, with the policy that it names", { skip: noBrowser }, async () => {
  const example = await readFile("web/examples/plain/index.html", "utf8");
  let address;
  const answer = () => {
    const { host } = new URL(address);
    const own = example.replaceAll("wss://relay.example.org", `ws://${host}`).replaceAll("https://relay.example.org", address);
    return own.replaceAll(/mx\d\.example\.com/g, "healthy.specimen.test");
  };
  await withSite(answer, (origin) =>
    withPage({ relay: ["--demo", "--allow-origin", origin], origins: [origin] }, async (at) => {
      address = at.address;
      await at.page.goto(origin);
      await at.page.locator("helo-scope[autostart] .verdict").waitFor();
      await at.page.locator("helo-scope").first().getByRole("button", { name: "Test", exact: true }).click();
      await at.page.locator("helo-scope").first().locator(".verdict").waitFor();
    }));
});

test("without the element, by test() of the same script", { skip: noBrowser }, () =>
  onForeignPage({ body: "" }, async ({ page, address }) => {
    const steps = await page.evaluate(async (script) => {
      const { test } = await import(script);
      const steps = [];
      for await (const { report, html } of test("healthy.specimen.test", { ports: ["25"] })) steps.push([report?.status ?? null, html.slice(0, 9)]);
      return steps;
    }, `${address}/heloscope.js`);
    assert.deepEqual(steps.at(-1), ["ok", "<article "]);
    assert.ok(steps.slice(0, -1).every(([status, html]) => status === null && html === "<div clas"), JSON.stringify(steps));
  }));

test("test() without a mail server says so, by a name that stays", { skip: noBrowser }, () =>
  onForeignPage({ body: "" }, async ({ page, address }) => {
    const failed = await page.evaluate(async (script) => {
      const { test } = await import(script);
      const failed = [];
      for (const host of [undefined, null, "", "mail server"]) {
        try {
          for await (const _ of test(host));
        } catch ({ name, message }) {
          failed.push([name, message]);
        }
      }
      return failed;
    }, `${address}/heloscope.js`);
    assert.deepEqual(failed.map(([name]) => name), Array(4).fill("NotAHost"));
    assert.equal(new Set(failed.slice(0, 3).map(([, message]) => message)).size, 1, JSON.stringify(failed));
    assert.match(failed[0][1], /mx1\.example\.com/);
  }));

test("the ports of test(), as a list or as in the attribute", { skip: noBrowser }, () =>
  onForeignPage({ body: "" }, async ({ page, address }) => {
    const tested = await page.evaluate(async (script) => {
      const { test } = await import(script);
      const tested = [];
      for (const ports of ["25", "25, 587", [25, "465"], 587, ["25x"]]) {
        try {
          for await (const { report } of test("healthy.specimen.test", { ports })) if (report) tested.push(report.ports.map(({ port }) => port));
        } catch (reason) {
          tested.push(reason.message);
        }
      }
      return tested;
    }, `${address}/heloscope.js`);
    assert.deepEqual(tested.slice(0, 4), [[25], [25, 587], [25, 465], [587]]);
    assert.match(tested[4], /25x/);
  }));

test("several on one page, as the package's README starts them: none is refused for another", { skip: noBrowser }, async () => {
  const readme = await readFile("web/package/README.md", "utf8");
  const [, loop] = /\n(for \(const element of .*\n)/.exec(readme);
  const body = '<helo-scope host="healthy.specimen.test"></helo-scope>'.repeat(3);
  await onForeignPage({ body }, async ({ page }) => {
    await page.evaluate(() => customElements.whenDefined("helo-scope").then(() => {}));
    await page.evaluate(`(async () => { ${loop} })()`);
    const seen = await page.evaluate(() => [...document.querySelectorAll("helo-scope")].map(({ report }) => report.ports.map(({ connected }) => connected)));
    assert.deepEqual(seen, Array.from({ length: 3 }, () => [true, true, true]));
  });
});

test("a property that was set before the element was there", { skip: noBrowser }, () =>
  onForeignPage({ body: "" }, async ({ page }) => {
    const seen = await page.evaluate(async () => {
      await customElements.whenDefined("helo-scope");
      // As a framework does that makes its nodes in an inert document.
      const element = document.implementation.createHTMLDocument("").createElement("helo-scope");
      element.host = "mx.example";
      document.body.append(element);
      return [element.getAttribute("host"), element.host, element.shadowRoot.querySelector("input").value];
    });
    assert.deepEqual(seen, ["mx.example", "mx.example", "mx.example"]);
  }));

test("the ports are those of the relay, with their TLS mode", { skip: noBrowser }, () =>
  onForeignPage({ body: '<helo-scope host="healthy.specimen.test"></helo-scope>', relay: ["--allow-port", "2525/starttls", "--allow-port", "10465/implicit"] }, async ({ page }) => {
    for (const port of ["25", "465", "587", "2525 starttls", "10465 implicit"]) {
      await page.getByRole("checkbox", { name: port }).first().waitFor();
    }
    for (const port of ["25", "465", "587"]) await page.getByRole("checkbox", { name: new RegExp(`^${port} `) }).uncheck();
    await page.getByRole("checkbox", { name: "2525 starttls" }).check();
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.locator("helo-scope .verdict").waitFor();
    const tested = await page.evaluate(() => document.querySelector("helo-scope").report.ports.map(({ port, implicit_tls }) => [port, implicit_tls]));
    assert.deepEqual(tested, [[2525, false]]);
  }));

test("one of several relays is chosen", { skip: noBrowser }, () =>
  withRelay(["--demo"], (other) =>
    onForeignPage({
      body: `<helo-scope host="healthy.specimen.test" ports="25" relay="RELAY" relays="RELAY ${other}/"></helo-scope>`,
      policy: (relay) => strict(relay).replace("connect-src", `connect-src ${other}`),
      expected: [/CORS/, /ERR_FAILED/, /request to/],
    }, async ({ page, address }) => {
      const choice = page.getByRole("combobox", { name: "Through the relay" });
      assert.deepEqual(await choice.locator("option").allInnerTexts(), [new URL(address).host, new URL(other).host]);
      await page.getByRole("button", { name: "Test", exact: true }).click();
      await page.locator("helo-scope .verdict").waitFor();
      assert.equal(await page.evaluate(() => document.querySelector("helo-scope").report.vantage), address.replace("http", "ws"));
      await choice.selectOption(new URL(other).host);
      assert.equal(await page.locator("helo-scope").getAttribute("relay"), `${other}/`);
      await page.getByRole("button", { name: "Test", exact: true }).click();
      // It does not allow this site, and says nothing to it.
      assert.match(await failure(page), new RegExp(`^The relay at ${other} does not answer`));
    })));
