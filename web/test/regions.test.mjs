// Relays in several places, between which one page lets its reader choose, or through all of which it tests.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createServer as listenTcp } from "node:net";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { broken, inEachWay } from "./axe.mjs";
import { closeBrowser, noBrowser, picture, withPage, withRelay } from "./harness.mjs";
import { withSite } from "./site.mjs";

after(closeBrowser);

test("the reader chooses the relay, and the test goes through that one", { skip: noBrowser }, async () => {
  let page;
  await withSite(() => page, (origin) => {
    const relay = (name) => ["--demo", "--allow-origin", origin, "--ehlo-name", `${name}.relay.example`];
    return withRelay(relay("eu"), (eu) =>
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
  });
});

/** A site whose page has the element with three relays: two in places of their own, and one that does not allow the site. */
async function onSite(use) {
  let page;
  await withSite(() => page, (origin) => {
    const relay = (name) => ["--demo", "--allow-origin", origin, "--ehlo-name", `${name}.relay.example`];
    return withRelay(["--demo"], (closed) =>
      withRelay(relay("us"), (us) =>
        withPage({ relay: [...relay("eu"), "--allow-port", "2525/starttls"], origins: [origin, us, closed], context: { permissions: ["clipboard-read", "clipboard-write"] }, expected: [/CORS/, /ERR_FAILED/] }, async ({ page: tab, address: eu }) => {
          const relays = [eu, us, closed];
          page = `<!doctype html><html lang="en"><title>Site</title><meta name="viewport" content="width=device-width">
            <style>:root { color-scheme: light dark; background: light-dark(#fff, #171c21) } h1 { color: light-dark(#000, #fff) }</style>
            <script type="module" src="${eu}/heloscope.js"></script><main><h1>Site</h1>
            <helo-scope host="healthy.specimen.test" ports="25,2525/starttls" relay="${eu}" relays="${relays.join(" ")}"></helo-scope></main>`;
          await tab.goto(origin);
          await tab.getByRole("combobox", { name: "Through the relay" }).waitFor();
          await use(tab, relays);
        })));
  });
}

const listen = (page) =>
  page.evaluate(() => {
    globalThis.compared = new Promise((resolve) => addEventListener("heloscope-compared", ({ detail }) => resolve(detail)));
  });

test("through all relays, side by side, and what differs is marked", { skip: noBrowser }, () =>
  onSite(async (page, relays) => {
    await listen(page);
    await page.getByRole("button", { name: "Test through all of them" }).click();
    const reports = await page.evaluate(() => compared);
    assert.deepEqual(reports.map(({ vantage }) => vantage), relays.slice(0, 2).map((relay) => relay.replace("http", "ws")));
    const host = (relay) => new URL(relay).host;
    const sides = page.locator("helo-scope .side");
    assert.deepEqual(await sides.locator(":scope > .from").allInnerTexts(), relays.map((relay) => `Through ${host(relay)}`));
    assert.equal(await sides.nth(0).locator(".port").count(), 2);
    assert.equal(await sides.nth(1).locator(".port").count(), 2);
    assert.match(await sides.nth(2).innerText(), /The relay at .* does not answer/);

    // One of them has another port. Each makes the certificates of its demo itself, from its own clock.
    const differences = page.locator("helo-scope .differences");
    assert.match(await differences.locator("p").innerText(), /^\d+ things are different; .* are the same but for those\. One relay gave no report\.$/);
    assert.match(await differences.locator("li").innerText(), new RegExp(`^${host(relays[2])}: The relay at .* does not answer`));
    for (const [form, line] of [["text", ""], ["Markdown", "- "]]) {
      await page.getByRole("button", { name: `Copy as ${form}` }).click();
      await page.getByRole("status").filter({ hasText: `Copied: ${form}.` }).waitFor({ state: "attached" });
      const copied = (await page.evaluate(() => navigator.clipboard.readText())).replaceAll("\\", "");
      assert.ok(copied.includes(`\n${line}${host(relays[2])}: The relay at ${relays[2]} does not answer`), copied);
    }
    const rows = await differences.locator("tbody th").allInnerTexts();
    assert.ok(rows.includes("Port 2525: Ended early"), rows.join());
    assert.equal(rows.includes("Port 25: TLS version"), false, rows.join());
    // Their intermediates are signed anew by each.
    const [chain, otherChain] = await Promise.all([0, 1].map((place) => sides.nth(place).locator(".port[data-port='25'] .chain").textContent()));
    assert.equal(rows.includes("Port 25: Certificates"), chain !== otherChain, rows.join());
    const [one25, other25] = reports.map(({ ports }) => ports[0].certificate.sha256);
    assert.equal(rows.includes("Port 25: Certificate's SHA-256"), one25 !== other25);
    const ended = differences.getByRole("row", { name: /^Port 2525: Ended early/ }).locator("td");
    assert.match((await ended.allTextContents()).join(" | "), /^\S+: .+ \| \S+: .*relay/i);
    const marked = sides.nth(1).locator(".port[data-port='2525'] dt.differs");
    assert.match(await marked.first().innerText(), /differs$/);
    // Below each finding is what there is to paste.
    assert.ok((await sides.locator(".finding").count()) > 0);
    assert.equal(await sides.locator(".finding .remedy").count(), await sides.locator(".finding").count());
    await sides.locator(".finding .remedy > summary").first().click();
    await sides.locator(".finding .remedy pre").first().waitFor();
    await inEachWay(page, async (name) => {
      assert.deepEqual(await broken(page), [], name);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, name);
      await picture(page, `side-by-side-${name.replace(/\W+/g, "-")}`);
    });
    const lefts = async () => Promise.all([0, 1].map(async (place) => (await sides.nth(place).boundingBox()).x));
    await page.setViewportSize({ width: 1280, height: 720 });
    const [one, other] = await lefts();
    assert.ok(one < other, "columns where it is wide");
    await page.setViewportSize({ width: 480, height: 720 });
    assert.equal(...(await lefts()), "stacked where it is narrow");
  }));

/** A relay's own page, which offers a second relay beside it. */
async function onOwnPage(use) {
  // Each has to know the other's origin before it is there.
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const own = `127.0.0.1:${free.address().port}`;
  free.close();
  await withRelay(["--demo", "--allow-origin", `http://${own}`, "--allow-port", "2525/starttls"], (other) =>
    withPage({
      relay: ["--demo", "--listen", own, "--other-relay", other],
      origins: [other],
      context: { permissions: ["clipboard-read", "clipboard-write"] },
    }, ({ page, address }) => use({ page, address, other })));
}

const differences = (page) => page.locator("helo-scope .differences");

test("the relay's own page offers the others, and the address bar holds the comparison", { skip: noBrowser }, () =>
  onOwnPage(async ({ page, address, other }) => {
    const names = [address, other].map((relay) => new URL(relay).host);
    const choice = page.getByRole("combobox", { name: "Through the relay" });
    assert.deepEqual(await choice.locator("option").allInnerTexts(), names);
    await page.getByRole("textbox", { name: "Mail server" }).fill("healthy.specimen.test:25");
    await page.getByRole("button", { name: "Test through all of them" }).click();
    await differences(page).waitFor();
    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=25&compare`);
    assert.equal(await page.title(), "healthy.specimen.test: ok, ok – Heloscope");
    const sides = () => page.locator("helo-scope .side > .from").allInnerTexts();
    assert.deepEqual(await sides(), names.map((name) => `Through ${name}`));

    await page.reload();
    await differences(page).waitFor();
    assert.deepEqual(await sides(), names.map((name) => `Through ${name}`));

    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.locator("helo-scope .verdict .actions").waitFor();
    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=25`);
    await page.goBack();
    await differences(page).waitFor();
    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=25&compare`);

    await choice.selectOption(names[1]);
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.locator("helo-scope .verdict .actions").waitFor();
    const vantage = () => page.evaluate(() => document.querySelector("helo-scope").report.vantage);
    assert.equal(await vantage(), other.replace("http", "ws"));
    assert.deepEqual(await choice.locator("option").allInnerTexts(), names);

    // Reloaded it goes the same way again, and back the way before.
    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=25&relay=${other}`);
    await page.reload();
    await page.locator("helo-scope .verdict .actions").waitFor();
    assert.equal(await vantage(), other.replace("http", "ws"));
    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=25&relay=${other}`);
    assert.deepEqual(await choice.locator("option").allInnerTexts(), names);
    assert.equal(await choice.inputValue(), other);
    // What it leads to is the page's own all the same, and so is the page that a copied link opens.
    const leads = () => page.locator("helo-scope .help a").evaluateAll((links) => [...new Set(links.map(({ href }) => new URL(href).origin))]);
    assert.deepEqual(await leads(), [address]);
    await page.getByRole("button", { name: "Copy link to this report" }).click();
    await page.getByRole("status").filter({ hasText: "Nothing was uploaded." }).waitFor({ state: "attached" });
    assert.ok((await page.evaluate(() => navigator.clipboard.readText())).startsWith(`${address}/#report=`));

    // As the choice shows it.
    await page.goto(`${address}/?host=healthy.specimen.test&ports=25&relay=${names[1]}`);
    await page.locator("helo-scope .verdict .actions").waitFor();
    assert.equal(await vantage(), other.replace("http", "ws"));
    await page.goto(`${address}/?host=healthy.specimen.test&ports=25&compare`);
    await differences(page).waitFor();
    assert.equal(await choice.inputValue(), address);
  }));

test("a relay that the page does not offer is not tested through, nor is anything that it leads to its", { skip: noBrowser }, async () => {
  const saved = await readFile("crates/render/tests/fixtures/faulty.json", "utf8");
  await withRelay(["--demo"], (other) =>
    withPage({ expected: [/Content.Security.Policy/, /^policy: connect-src/] }, async ({ page, address }) => {
      await page.goto(`${address}/?host=healthy.specimen.test&ports=25&relay=${other}`);
      const failure = page.locator("helo-scope .failure p");
      await failure.filter({ hasText: `This page does not offer the relay ${other}. Choose one of those that it does` }).waitFor();
      await page.evaluate((saved) => document.querySelector("helo-scope").open(saved), saved);
      await page.locator("helo-scope .verdict").waitFor();
      const leads = await page.locator("helo-scope .help a").evaluateAll((links) => links.map(({ href }) => new URL(href).origin));
      assert.deepEqual([...new Set(leads)], [address]);
    }));
});

test("a relay that is away is told of in the language of the page, at once", { skip: noBrowser }, async () => {
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const away = `http://127.0.0.1:${free.address().port}`;
  free.close();
  await withPage({ relay: ["--demo", "--other-relay", away], origins: [away], expected: [/ERR_CONNECTION_REFUSED|NetworkError|CORS/] }, async ({ page, address }) => {
    await page.goto(`${address}/?lang=de&host=healthy.specimen.test&ports=25&relay=${away}`);
    await page.locator("helo-scope .failure p").filter({ hasText: /^Das Relay/ }).waitFor();
  });
});

/** A mail server that shows one of two relays less than the other, as a device between may. */
async function onFilteredWay(use) {
  const server = listenTcp((socket) => {
    socket.setEncoding("utf8").on("error", () => {});
    socket.write("220-mx.example\r\n220 waits for you\r\n");
    socket.on("data", (line) => {
      if (line.startsWith("QUIT")) return socket.end("221 bye\r\n");
      const whole = line.includes("one.relay.example");
      socket.write(whole ? "250-mx.example\r\n250-PIPELINING\r\n250 SIZE 10240000\r\n" : "250-mx.example\r\n250 SIZE 1000\r\n");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = `${server.address().port}/starttls`;
  const relay = (name) => ["--ehlo-name", `${name}.relay.example`, "--allow-net", "127.0.0.0/8", "--allow-port", port];
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const own = `127.0.0.1:${free.address().port}`;
  free.close();
  try {
    await withRelay([...relay("two"), "--allow-origin", `http://${own}`, "--demo"], (other) =>
      withPage({ relay: [...relay("one"), "--demo", "--listen", own, "--other-relay", other], origins: [other], path: `/?host=127.0.0.1&ports=${port}&compare` },
        ({ page }) => use(page, server.address().port)));
  } finally {
    server.close();
  }
}

test("an extension that one way eats is a difference", { skip: noBrowser }, () =>
  onFilteredWay(async (page, port) => {
    await differences(page).waitFor();
    assert.equal(
      await differences(page).locator(":scope > p").innerText(),
      "One thing is different; verdict, findings, senders, facts, extensions and certificates are the same but for that.",
    );
    const row = differences(page).getByRole("row", { name: `Port ${port}: Extensions` });
    assert.deepEqual((await row.locator("td").allTextContents()).map((said) => said.replace(/^\S+: /, "")), ["PIPELINING (before TLS), SIZE 10240000 (before TLS)", "SIZE 1000 (before TLS)"]);
    const marked = page.locator("helo-scope .side").nth(1).locator(".extensions caption");
    assert.match(await marked.innerText(), /differs$/);
  }));

test("a page whose relay stands alone makes of a comparison a test", { skip: noBrowser }, () =>
  withPage({ path: "/?host=healthy.specimen.test&ports=25&compare" }, async ({ page, address }) => {
    await page.locator("helo-scope .verdict .actions").waitFor();
    assert.equal(await differences(page).count(), 0);
    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=25`);
  }));

test("a comparison is copied, downloaded, opened again, and shared by a link", { skip: noBrowser }, () =>
  onOwnPage(async ({ page, address, other }) => {
    await page.goto(`${address}/?host=hostile-text.specimen.test&ports=25,2525/starttls&compare`);
    await differences(page).waitFor();
    const copied = async (button, said) => {
      await page.getByRole("button", { name: button }).click();
      await page.getByRole("status").filter({ hasText: said }).waitFor({ state: "attached" });
      return page.evaluate(() => navigator.clipboard.readText());
    };
    const names = [address, other].map((relay) => new URL(relay).host);
    const markdown = await copied("Copy as Markdown", "Copied: Markdown.");
    assert.match(markdown, /^# hostile-text\.specimen\.test through 2 relays, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n\n\d+ things are different; verdict, findings, senders, facts, extensions and certificates are the same but for those\.\n\n\| What \| /);
    const [, compared, worst] = markdown.match(/^([^]*)\n\nThe whole report of the test through (\S+):\n\n# hostile-text\.specimen\.test: /);
    const rows = compared.split("\n").filter((line) => line.startsWith("| "));
    assert.ok(rows[0].includes(names[0]) && rows[0].includes(names[1]), rows[0]);
    assert.ok(rows.every((row) => row.split(/(?<!\\)\|/).length === 5), rows.join("\n"));
    assert.ok(!/(?<!\\)[<>]/.test(compared), compared);
    assert.ok(rows.some((row) => row.startsWith("| Port 2525: Ended early |")), rows.join("\n"));
    const text = await copied("Copy as text", "Copied: text.");
    assert.ok(text.includes(`\nPort 2525: Ended early\n  ${names[0]}: `), text);
    assert.ok(text.includes(`\n\nThe whole report of the test through ${worst}:\n\n`), text);
    const json = JSON.parse(await copied("Copy as JSON", "Copied: JSON."));
    assert.deepEqual(json.map(({ vantage }) => vantage), [address, other].map((relay) => relay.replace("http", "ws")));
    const findings = json.map(({ ports }) => ports.reduce((sum, { findings }) => sum + findings.length, 0));
    assert.equal(worst, names[findings.indexOf(Math.max(...findings))]);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download JSON" }).click()]);
    assert.equal(download.suggestedFilename(), `heloscope-hostile-text.specimen.test-${json[0].tested_at.slice(0, 10)}-compared.json`);
    const link = await copied("Copy link to this report", "Nothing was uploaded.");

    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Open a saved report" }).click()]);
    await chooser.setFiles(await download.path());
    const note = page.locator("helo-scope .elsewhere p");
    await note.filter({ hasText: "This is a saved report" }).waitFor();
    assert.equal(await page.locator("helo-scope .side").count(), 2);
    assert.ok((await differences(page).locator("tbody th").allInnerTexts()).includes("Port 2525: Ended early"));
    await page.reload();
    await note.filter({ hasText: "This is a saved report" }).waitFor();
    assert.equal(await page.locator("helo-scope .side").count(), 2);

    await page.goto("about:blank");
    await page.goto(link);
    await note.filter({ hasText: "made by someone else" }).waitFor();
    assert.deepEqual(await page.locator("helo-scope .side > .from").allInnerTexts(), names.map((name) => `Through ${name}`));
    assert.deepEqual(JSON.parse(await copied("Copy as JSON", "Copied: JSON.")), json);
  }));

test("a comparison that was opened is tested again as one, and the focus goes with it", { skip: noBrowser }, () =>
  onOwnPage(async ({ page, address }) => {
    await listen(page);
    await page.evaluate(() => Object.assign(document.querySelector("helo-scope"), { host: "healthy.specimen.test", ports: "25" }).compare());
    await page.evaluate(async () => document.querySelector("helo-scope").open(JSON.stringify(await compared)));
    const again = page.locator("helo-scope .elsewhere button");
    await again.click();
    await again.waitFor({ state: "hidden" });
    await page.waitForURL(`${address}/?host=healthy.specimen.test&ports=25&compare`);
    await differences(page).waitFor();
    await page.waitForFunction(() => document.querySelector("helo-scope").shadowRoot.activeElement?.localName === "h2");
  }));

test("reports of no one test are told apart by what is different, and the worst is copied in full", { skip: noBrowser }, async () => {
  const [healthy, faulty] = await Promise.all(["healthy", "faulty"].map(async (name) => JSON.parse(await readFile(`crates/render/tests/fixtures/${name}.json`, "utf8"))));
  const one = { ...healthy, host: "mx1.example.com", vantage: "direct", tested_at: "2026-11-20T08:00:00Z" };
  const later = { ...one, tested_at: "2026-11-27T08:00:00Z" };
  const worse = { ...faulty, host: "mx2.example.com", vantage: "direct", tested_at: one.tested_at };
  await withPage({ context: { permissions: ["clipboard-read", "clipboard-write"] } }, async ({ page }) => {
    const again = page.locator("helo-scope .elsewhere button");
    const note = page.locator("helo-scope .elsewhere p");
    for (const [reports, names, said, buttons] of [
      [[one, worse], ["mx1.example.com", "mx2.example.com"], /^This is a saved report, made on .*20.* at /, 0],
      [[one, later], ["2026-11-20 08:00:00 UTC", "2026-11-27 08:00:00 UTC"], /^This is a saved report, made at the times that are named below, /, 1],
      [[later, worse], ["mx1.example.com, 2026-11-27 08:00:00 UTC", "mx2.example.com, 2026-11-20 08:00:00 UTC"], / at the times that are named below, /, 0],
      [[one, one], ["(1)", "(2)"], /^This is a saved report, made on .*20.* at /, 1],
      [[one, { ...one, vantage: "wss://relay.example/" }], ["Through direct", "Through relay.example"], /^This is a saved report, made on .*20.* at /, 1],
      [[one], [], /^This is a saved report, made on .*20.* at /, 1],
    ]) {
      await page.evaluate((reports) => document.querySelector("helo-scope").open(reports), reports);
      assert.deepEqual(await page.locator("helo-scope .side > .from").allInnerTexts(), names);
      assert.match(await note.innerText(), said);
      assert.equal(await again.count(), buttons, names.join());
    }
    await page.evaluate((reports) => document.querySelector("helo-scope").open(reports), [one, worse]);
    await page.getByRole("button", { name: "Copy as text" }).click();
    await page.getByRole("status").filter({ hasText: "Copied: text." }).waitFor({ state: "attached" });
    const text = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(text.startsWith("mx1.example.com, mx2.example.com: 2 reports side by side\n"), text);
    assert.match(text, /\nThe whole report, of mx2\.example\.com:\n\nError: /);
    for (let place = 0; place < 5; place++) {
      await page.evaluate((place) => {
        const circular = {};
        circular.circular = circular;
        return document.querySelector("helo-scope").open([[], null, undefined, 7, circular][place]);
      }, place);
      assert.match(await page.getByRole("alert").innerText(), /This is no report: give one as it is, /);
    }
  });
});

test("a comparison has its language's dates and numbers on the page, and those of text where it is taken", { skip: noBrowser }, async () => {
  const saved = JSON.parse(await readFile("crates/render/tests/fixtures/faulty.json", "utf8"));
  const [port, ...ports] = saved.ports;
  const certificate = { ...port.certificate, not_after: "2026-10-28T00:00:00Z" };
  const notes = (seconds) => [`Die Begrüßung, 10240000 Oktette, kam über ${seconds} s.`];
  const reports = [
    { ...saved, language: "de", ports: [{ ...port, notes: notes("5,9") }, ...ports] },
    { ...saved, language: "de", vantage: "direct", ports: [{ ...port, certificate, notes: notes("6,1") }, ...ports] },
  ];
  const file = { name: "compared.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(reports)) };
  await withPage({ path: "/?lang=de", context: { permissions: ["clipboard-read", "clipboard-write"] } }, async ({ page }) => {
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Gespeicherten Bericht öffnen" }).click()]);
    await chooser.setFiles(file);
    await differences(page).waitFor();
    const shown = await differences(page).locator("table").textContent();
    for (const written of ["30.10.2026", "28.10.2026", "10.240.000 Oktette", "5,9 s", "6,1 s"]) assert.ok(shown.includes(written), `${written}: ${shown}`);
    for (const [button, said] of [["Als Markdown kopieren", "Kopiert: Markdown."], ["Als Text kopieren", "Kopiert: Text."]]) {
      await page.getByRole("button", { name: button }).click();
      await page.getByRole("status").filter({ hasText: said }).waitFor({ state: "attached" });
      const taken = await page.evaluate(() => navigator.clipboard.readText());
      for (const written of ["2026-10-30", "2026-10-28", "10240000 Oktette", "5,9 s", "6,1 s"]) assert.ok(taken.includes(written), `${written}: ${taken}`);
      assert.ok(!/\d\d\.\d\d\.\d{4}|10\.240/.test(taken), taken);
    }
  });
});

/** Runs in the page: the words of row heads, and the dates and versions beside them, that do not stand on one line. */
function brokenInRows() {
  const rows = document.querySelector("helo-scope").shadowRoot.querySelector(".differences tbody");
  rows.normalize();
  const texts = document.createTreeWalker(rows, NodeFilter.SHOW_TEXT);
  const [broken, found] = [[], { heads: 0, dates: 0, versions: 0 }];
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const isHead = text.parentElement.matches("th");
    for (const { index, 0: word } of text.data.matchAll(isHead ? /[\p{L}\p{N}]+/gu : /\d{4}-\d\d-\d\d|\d\d\.\d\d\.\d{4}|(?:TLS|SSL) \d\.\d/g)) {
      found[isHead ? "heads" : /S/.test(word) ? "versions" : "dates"]++;
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      if (new Set(Array.from(range.getClientRects(), ({ top }) => top)).size > 1) broken.push(`${text.data}: ${word}`);
    }
  }
  return found.heads > 20 && found.dates > 1 && found.versions > 1 ? broken : [JSON.stringify(found)];
}

test("no word is broken in what a row of a comparison is about, and no date or version beside it", { skip: noBrowser }, async () => {
  const saved = async (name) => JSON.parse(await readFile(`crates/render/tests/fixtures/${name}.json`, "utf8"));
  const [one, other] = await Promise.all(["faulty", "healthy"].map(saved));
  for (const language of ["en", "de"]) {
    const vantages = [one, other].map((report, place) => ({ ...report, language, vantage: `wss://relay-${place}.north.example.org` }));
    await withPage({ path: `/?lang=${language}` }, async ({ page }) => {
      await page.evaluate((reports) => document.querySelector("helo-scope").open(reports), JSON.stringify(vantages));
      await differences(page).waitFor();
      for (const width of [320, 768, 1200, 1600]) {
        await page.setViewportSize({ width, height: 900 });
        assert.deepEqual(await page.evaluate(brokenInRows), [], `${language}, ${width} pixels`);
        await picture(page, `compared-${language}-${width}`);
      }
    });
  }
});
