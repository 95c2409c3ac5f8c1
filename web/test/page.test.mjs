// The page as a person uses it: the real relay with its demonstration servers, a real browser.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { closeBrowser, noBrowser, picture, withPage } from "./harness.mjs";

after(closeBrowser);

const field = (page) => page.getByRole("textbox", { name: "Mail server" });
const verdict = (page) => page.locator("helo-scope .verdict");
const finished = (page, host) => verdict(page).locator(".about").filter({ hasText: host }).waitFor({ timeout: 60_000 });
const report = (page) => page.evaluate(() => document.querySelector("helo-scope").report);
const port = (page, number) => page.locator(`helo-scope .port[data-port="${number}"]`);

/** The value beside a label, among the facts of a port. */
const fact = (page, number, label) =>
  port(page, number).locator(".columns > :first-child .facts > div", { has: page.locator(`dt:text-is("${label}")`) }).locator("dd").innerText();

test("a sound server, typed in", { skip: noBrowser }, () =>
  withPage({}, async ({ page, address }) => {
    assert.equal(await page.title(), "Heloscope");
    const loaded = [];
    page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
    await page.locator("helo-scope .examples li").first().waitFor();
    assert.ok(!loaded.some((path) => path.endsWith(".wasm")), "WebAssembly is loaded before a test starts");

    // The field has the focus.
    await page.keyboard.type("healthy.specimen.test");
    await page.keyboard.press("Enter");
    await finished(page, "healthy.specimen.test");

    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=25,465,587`);
    assert.equal(await page.title(), "healthy.specimen.test: ok – Heloscope");
    assert.match(await verdict(page).locator("h2").innerText(), /^Mail reaches this server over TLS 1\.3/);
    assert.equal(await verdict(page).locator(".kind").innerText(), "As it should be");
    assert.equal(await page.locator("helo-scope .finding").count(), 0);
    assert.equal(await page.getByRole("status").innerText(), `Finished. ${await verdict(page).locator("h2").innerText()}`);

    for (const number of [25, 465, 587]) {
      assert.equal(await fact(page, number, "Greeting"), "220 healthy.specimen.test ESMTP ready");
      assert.equal(await fact(page, number, "TLS version"), "TLS 1.3");
      assert.match(await fact(page, number, "Cipher suite"), /^TLS_(AES|CHACHA20)/);
      assert.equal(await fact(page, number, "Key exchange"), "X25519");
      assert.equal(await fact(page, number, "Host name"), "stands for healthy.specimen.test");
      assert.equal(await fact(page, number, "Trust"), "a path to a trust anchor added here holds");
    }
    assert.equal(await fact(page, 25, "STARTTLS"), "offered");
    assert.equal(await port(page, 465).getByText("STARTTLS", { exact: true }).count(), 0);
    const size = port(page, 25).getByRole("row", { name: "SIZE 52428800" });
    assert.match(await size.innerText(), /50 MiB/);
    assert.match(await size.innerText(), /before and inside TLS/);
    assert.equal(await port(page, 25).locator(".chain > ol > li").count(), 3);
    assert.match(await port(page, 465).locator(".same").innerText(), /port 25/);

    const found = await report(page);
    assert.equal(found.schema_version, 1);
    assert.equal(found.host, "healthy.specimen.test");
    assert.equal(found.status, "ok");
    assert.equal(found.vantage, address.replace("http", "ws"));
    assert.deepEqual(found.ports.map(({ port, starttls_supported }) => [port, starttls_supported]), [[25, true], [465, false], [587, true]]);
    for (const { tls, certificate } of found.ports) {
      assert.equal(tls.version, "TLS 1.3");
      assert.equal(tls.completed, true);
      assert.equal(certificate.chain_valid, true);
      assert.equal(certificate.hostname_match, true);
      assert.equal(certificate.trust, "private");
    }
    await picture(page, "healthy");
  }));

test("a faulty server, by a click on its example", { skip: noBrowser }, () =>
  withPage({}, async ({ page }) => {
    await page.getByRole("button", { name: "Certificate expired 10 days ago" }).click();
    await finished(page, "expired.specimen.test");
    assert.equal(await field(page).inputValue(), "expired.specimen.test");
    assert.equal(await verdict(page).locator(".kind").innerText(), "Error");
    const finding = page.locator("helo-scope .finding[data-id=certificate-expired]");
    assert.match(await finding.locator(".kind").innerText(), /^Error\s+ports 25, 465 and 587$/);
    assert.match(await finding.locator(".meaning").innerText(), /MTA-STS/);
    assert.match(await finding.locator(".advice").innerText(), /^To mend it\n/);
    const senders = page.locator("helo-scope .senders");
    assert.match(await senders.getByRole("row", { name: /^Opportunistic TLS port 25/ }).innerText(), /delivers over TLS/);
    assert.match(await senders.getByRole("row", { name: /^MTA-STS in mode enforce port 25/ }).innerText(), /does not deliver/);
    await port(page, 25).getByText(/^Checks/).click();
    assert.match(await port(page, 25).getByRole("row", { name: "certificate-expired" }).innerText(), /Found/);
    assert.equal((await report(page)).status, "error");
    await picture(page, "expired");
  }));

for (const [host, ends] of [
  ["healthy", ["The server's own, sent", "Intermediate, sent", "Trust anchor, added here; not sent, and need not be"]],
  ["incomplete-chain", ["The server's own, sent", "Issuer that is not among the trusted roots; not sent"]],
  ["untrusted-root", ["The server's own, sent", "Intermediate, sent", "Issuer that is not among the trusted roots; not sent"]],
  ["self-signed", ["The server's own, sent; it names itself as its issuer"]],
]) {
  test(`the chain of ${host}, from the server's certificate to where it leads`, { skip: noBrowser }, () =>
    withPage({ path: `/?host=${host}.specimen.test&ports=25` }, async ({ page }) => {
      await finished(page, host);
      assert.deepEqual(await port(page, 25).locator(".chain > ol > li > .label").allInnerTexts(), ends);
    }));
}

test("the dialogue as a waterfall", { skip: noBrowser }, () =>
  withPage({ path: "/?host=healthy.specimen.test&ports=25,465" }, async ({ page }) => {
    await finished(page, "healthy.specimen.test");
    // What the test did itself is there where it took a whole millisecond.
    const stages = async (number) => (await port(page, number).locator(".timings tbody th").allInnerTexts()).filter((label) => label !== "This test itself");
    assert.deepEqual(await stages(25), ["Relay", "TCP connection", "Greeting", "EHLO", "STARTTLS", "TLS handshake", "EHLO inside TLS", "QUIT", "Whole test"]);
    assert.deepEqual(await stages(465), ["Relay", "TCP connection", "TLS handshake", "Greeting", "EHLO", "QUIT", "Whole test"]);
    for (const number of [25, 465]) {
      const times = await port(page, number).locator(".timings tbody td:nth-child(2)").allInnerTexts();
      assert.ok(times.every((time) => /^\d+ ms$/.test(time)), `${times}`);
      const [whole, ...parts] = times.map((time) => parseInt(time)).reverse();
      assert.equal(parts.reduce((sum, part) => sum + part, 0), whole, `${times}`);
    }
    const bars = await port(page, 25).locator(".timings .fill").evaluateAll((bars) => bars.map((bar) => [bar.x.baseVal.value, bar.width.baseVal.value]));
    for (const [place, [x, width]] of bars.entries()) {
      const before = bars[place - 1] ?? [0, 0];
      assert.ok(x >= before[0] && x + width <= 1006, `${bars}`);
    }
    const began = await port(page, 25).getByRole("row", { name: /^TLS handshake/ }).getByRole("cell").last().textContent();
    assert.match(began, /^\d+ ms$/);
  }));

test("by keyboard alone, one port, the transcript unfolded", { skip: noBrowser }, () =>
  withPage({}, async ({ page }) => {
    await page.locator("helo-scope .examples li").first().waitFor();
    const focused = () =>
      page.evaluate(() => {
        const { activeElement } = document.querySelector("helo-scope").shadowRoot;
        return activeElement.value || activeElement.textContent;
      });
    await page.keyboard.type("healthy.specimen.test");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "Test");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "25");
    for (const number of ["465", "587"]) {
      await page.keyboard.press("Tab");
      assert.equal(await focused(), number);
      await page.keyboard.press("Space");
    }
    for (const number of ["587", "465", "25", "Test"]) {
      assert.equal(await focused(), number);
      if (number !== "Test") await page.keyboard.press("Shift+Tab");
    }
    await page.keyboard.press("Enter");
    await finished(page, "healthy.specimen.test");
    assert.equal(await focused(), "Test", "the focus is where it was");
    assert.deepEqual((await report(page)).ports.map(({ port }) => port), [25]);
    assert.equal(new URL(page.url()).search, "?host=healthy.specimen.test&ports=25");

    const transcript = port(page, 25).locator(".transcript");
    while (!(await focused()).startsWith("Transcript")) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const spot = transcript.locator("details", { hasText: "250-SIZE 52428800" }).first();
    while ((await focused()) !== "250-SIZE 52428800") await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await spot.locator("p").innerText(), "Largest message the server takes: 50 MiB.");
    await page.keyboard.press("Enter");
    assert.equal(await spot.locator("p").isVisible(), false);
    const lines = await transcript.locator("tbody tr").allInnerTexts();
    const spoken = lines.map((line) => line.split("\t").slice(1).join(" ").replace(/\s+/g, " ").trim());
    assert.equal(spoken[0], "server 220 healthy.specimen.test ESMTP ready");
    assert.match(spoken[1], /^test EHLO /);
    const turn = lines.findIndex((line) => line.includes("inside TLS from here on"));
    assert.equal(spoken[turn - 2], "test STARTTLS");
    assert.equal(spoken[turn - 1], "server 220 2.0.0 Ready to start TLS");
    assert.match(spoken[turn + 1], /^test EHLO /);
    assert.equal(spoken.at(-2), "test QUIT");
    assert.match(spoken.at(-1), /^server 221 /);
  }));

test("the address bar holds the test, and the back button goes back", { skip: noBrowser }, () =>
  withPage({ path: "/?host=HEALTHY.specimen.test&ports=25" }, async ({ page, address }) => {
    await finished(page, "healthy.specimen.test");
    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=25`);
    assert.deepEqual((await report(page)).ports.map(({ port }) => port), [25]);

    await field(page).fill("postmaster@tls12.specimen.test");
    await field(page).press("Enter");
    await finished(page, "tls12.specimen.test");
    assert.equal(page.url(), `${address}/?host=tls12.specimen.test&ports=25`);
    assert.equal(await fact(page, 25, "TLS version"), "TLS 1.2");

    await page.goBack();
    await finished(page, "healthy.specimen.test");
    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=25`);
    await page.goForward();
    await finished(page, "tls12.specimen.test");
    await page.reload();
    await finished(page, "tls12.specimen.test");
  }));

test("what is pasted is understood, and what is not is said", { skip: noBrowser }, () =>
  withPage({}, async ({ page, address }) => {
    await field(page).fill("smtps://healthy.specimen.test:465/");
    await field(page).press("Enter");
    await finished(page, "healthy.specimen.test");
    assert.match(await page.locator("helo-scope .said").innerText(), /healthy\.specimen\.test/);
    assert.deepEqual((await report(page)).ports.map(({ port }) => port), [465]);
    assert.equal(await page.getByRole("checkbox", { name: "25" }).isChecked(), false);
    assert.equal(await page.getByRole("checkbox", { name: "465" }).isChecked(), true);

    for (const [typed, said] of [
      ["127.1", /four decimal numbers/],
      ["１２７.０.０.１", /four decimal numbers/],
      ["under_score.example", /letters, digits and hyphens/],
      ["mx.example ninety", /^A host name has no spaces in it, .*\.$/],
      ["mx.example 90", /^`90` is no port to test .*\.$/],
      ["mx1.example.com, mx2.example.com", /more than one mail server/],
      ["<b>x</b>", /^A host name is made of letters, digits and hyphens, with single dots between\.$/],
      ["[::1", /^Write an IPv6 address as in 2001:db8::1, /],
      ["", /^Type the name of a mail server, such as mx1\.example\.com\.$/],
    ]) {
      await field(page).fill(typed);
      await field(page).press("Enter");
      const sentence = page.locator("helo-scope .said.wrong").filter({ hasText: said });
      await sentence.waitFor();
      assert.equal(await field(page).getAttribute("aria-invalid"), "true");
      assert.equal(await page.getByRole("status").innerText(), await sentence.textContent());
      assert.equal(await verdict(page).count(), 0);
      assert.equal(page.url(), `${address}/`);
      assert.equal(await page.title(), "Heloscope");
    }
    await page.goBack();
    await finished(page, "healthy.specimen.test");
    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=465`);
  }));

for (const [typed, host, ports, said] of [
  ["healthy.specimen.test", "healthy.specimen.test", [25, 465, 587], ""],
  ["healthy.specimen.test:587", "healthy.specimen.test", [587], "Tests port 587 of healthy.specimen.test."],
  ["https://healthy.specimen.test/login", "healthy.specimen.test", [25, 465, 587], "Tests healthy.specimen.test, the host of the URL."],
  ["postmaster@healthy.specimen.test", "healthy.specimen.test", [25, 465, 587],
    "Tests healthy.specimen.test, the domain of the mail address, itself: which hosts take a domain's mail is said by its MX records."],
  ["[127.0.0.1]:25", "127.0.0.1", [25], "Tests port 25 of 127.0.0.1."],
  ["postmaster@[127.0.0.1]", "127.0.0.1", [25, 465, 587], "Tests 127.0.0.1, the address literal of the mail address."],
  ["::1", "::1", [25, 465, 587], ""],
]) {
  test(`each form in which a mail server is named: ${typed}`, { skip: noBrowser }, () =>
    withPage({}, async ({ page }) => {
      await field(page).fill(typed);
      await field(page).press("Enter");
      await finished(page, host);
      assert.equal(await page.locator("helo-scope .said").innerText(), said);
      const found = await report(page);
      assert.deepEqual([found.host, found.ports.map(({ port }) => port)], [host, ports]);
      // The relay connects to no address of its own, and says so.
      const own = !host.endsWith(".specimen.test");
      assert.deepEqual(found.ports.map(({ error }) => error?.code ?? null), ports.map(() => (own ? "blocked" : null)));
      const told = new RegExp(`The relay does not connect to ${host.replaceAll(".", "\\.")}, which is (a|the) loopback address`);
      assert.equal(await page.getByText(told).count(), own ? ports.length : 0);
    }));
}

test("a test that is stopped before its text was read leaves the text, and no ports that are not its own", { skip: noBrowser }, () =>
  withPage({ expected: [/ERR_FAILED|Failed to (fetch|load)/] }, async ({ page, address }) => {
    const held = [];
    await page.route("**/*.wasm", (route) => void held.push(route));
    for (const [typed, search] of [
      ["https://healthy.specimen.test:587/x", "?host=https://healthy.specimen.test:587/x"],
      ["healthy.specimen.test:465", "?host=healthy.specimen.test:465"],
      ["healthy.specimen.test", "?host=healthy.specimen.test&ports=25,465,587"],
    ]) {
      await field(page).fill(typed);
      await field(page).press("Enter");
      await page.getByRole("button", { name: "Stop" }).click();
      assert.equal(page.url(), `${address}/${search}`);
      assert.equal(await page.title(), `${typed} – Heloscope`);
    }
    await page.unroute("**/*.wasm");
    await page.goBack();
    // The test that starts by itself may be over in a moment.
    await page.waitForFunction(() => document.querySelector("helo-scope").shadowRoot.querySelector("input[name=host]").value === "healthy.specimen.test:465");
    await page.reload();
    await finished(page, "healthy.specimen.test");
    assert.equal(page.url(), `${address}/?host=healthy.specimen.test&ports=465`);
  }));

test("ports that a text names are chosen for as long as it stands there", { skip: noBrowser }, () =>
  withPage({}, async ({ page }) => {
    const boxes = () => page.getByRole("checkbox").evaluateAll((boxes) => boxes.filter((box) => box.checked).map((box) => box.value));
    const tested = async () => (await report(page)).ports.map(({ port }) => String(port));
    await page.getByRole("checkbox", { name: "465" }).uncheck();
    await field(page).fill("healthy.specimen.test:587");
    await field(page).press("Enter");
    await finished(page, "healthy.specimen.test");
    assert.equal(await page.locator("helo-scope .said").innerText(), "Tests port 587 of healthy.specimen.test.");
    assert.deepEqual([await boxes(), await tested()], [["587"], ["587"]]);
    // The same once more, then another host: what was chosen before is chosen again, and seen to be so before the test.
    await field(page).press("Enter");
    await finished(page, "healthy.specimen.test");
    assert.deepEqual(await tested(), ["587"]);
    await field(page).fill("tls12.specimen.test");
    assert.deepEqual(await boxes(), ["25", "587"]);
    await field(page).press("Enter");
    await finished(page, "tls12.specimen.test");
    assert.deepEqual(await tested(), ["25", "587"]);

    // What is ticked by hand meanwhile stays.
    await field(page).fill("healthy.specimen.test:25");
    await field(page).press("Enter");
    await finished(page, "healthy.specimen.test");
    await page.getByRole("checkbox", { name: "465" }).check();
    await field(page).fill("tls12.specimen.test");
    assert.deepEqual(await boxes(), ["25", "465"]);

    await field(page).fill("healthy.specimen.test:587");
    await field(page).press("Enter");
    await finished(page, "healthy.specimen.test");
    await page.locator("helo-scope .examples summary").click();
    await page.getByRole("button", { name: "Certificate expired 10 days ago" }).click();
    await finished(page, "expired.specimen.test");
    assert.deepEqual(await tested(), ["25", "465"]);
  }));

test("no port chosen", { skip: noBrowser }, () =>
  withPage({}, async ({ page }) => {
    for (const number of ["25", "465", "587"]) await page.getByRole("checkbox", { name: number }).uncheck();
    await field(page).fill("healthy.specimen.test");
    await field(page).press("Enter");
    await page.locator("helo-scope .said.wrong").filter({ hasText: "Choose at least one port." }).waitFor();
  }));

test("a silent server is waited for in sight, and the wait can be stopped", { skip: noBrowser }, () =>
  withPage({}, async ({ page }) => {
    await field(page).fill("silent.specimen.test");
    await field(page).press("Enter");
    const card = (number) => page.locator(`helo-scope .card[data-port="${number}"]`);
    const greeting = card(25).locator(".step.running", { hasText: "Greeting" });
    await greeting.filter({ hasText: /\b[2-9] s/ }).waitFor();
    assert.match(await greeting.innerText(), /not an error/);
    // Those who hear the page are told the reason as well.
    const told = page.getByRole("status").filter({ hasText: "is waiting" });
    await told.waitFor();
    assert.match(await told.textContent(), /^Port (25|587) is waiting: Greeting\. A greeting delay is not an error: /);
    await card(465).locator(".step.running", { hasText: "TLS" }).waitFor();
    assert.match(await card(25).locator(".step.done", { hasText: "Connect" }).innerText(), /\d+ ms/);
    assert.match(await card(25).locator(".step.pending").first().innerText(), /EHLO/);
    await picture(page, "waiting");
    await page.getByRole("button", { name: "Stop" }).click();
    assert.equal(await page.getByRole("status").innerText(), "Stopped.");
    assert.equal(await page.getByRole("button", { name: "Test" }).isVisible(), true);
    assert.equal(await report(page), null);
    assert.equal(await card(25).count(), 1, "what was learned stays");
  }));

test("hostile text stays text", { skip: noBrowser }, () =>
  withPage({ path: "/?host=hostile-text.specimen.test&ports=25" }, async ({ page }) => {
    await finished(page, "hostile-text.specimen.test");
    const greeting = await fact(page, 25, "Greeting");
    assert.ok(greeting.includes("<img src=x onerror=alert(1)>"), greeting);
    assert.ok(greeting.includes("\\x1b[2J\\x1b[31mcleared"), greeting);
    assert.ok(greeting.includes("\\u{202e}draziw"), greeting);
    const markup = await page.evaluate(() => {
      const { shadowRoot } = document.querySelector("helo-scope");
      return [...shadowRoot.querySelectorAll(`.output :is(a:not(.help > a[href^="${location.origin}/help/"]), img, script, iframe, b)`)].map(({ outerHTML }) => outerHTML);
    });
    assert.deepEqual(markup, []);
    await picture(page, "hostile");
    await page.setViewportSize({ width: 500, height: 800 });
    await page.locator("helo-scope details.transcript > summary").click();
    const outdented = await page.evaluate(() => {
      const { shadowRoot } = document.querySelector("helo-scope");
      const lines = [...shadowRoot.querySelectorAll(".transcript td > code, .transcript td summary > code")];
      const lefts = lines.map((line) => {
        const text = document.createRange();
        text.selectNodeContents(line);
        return [...text.getClientRects()].map(({ left }) => Math.round(left));
      });
      const wrapped = lefts.filter((rows) => new Set(rows).size > 1 || rows.length > 1);
      return { wrapped: wrapped.length, outdented: wrapped.filter((rows) => rows.some((left) => left < rows[0])).length };
    });
    assert.ok(outdented.wrapped > 0, "a line is longer than the page is wide");
    assert.equal(outdented.outdented, 0, "a wrapped line goes on where it began");
  }));

test("the report is copied and downloaded", { skip: noBrowser }, () =>
  withPage(
    { path: "/?host=self-signed.specimen.test&ports=25", context: { permissions: ["clipboard-read", "clipboard-write"] } },
    async ({ page }) => {
      await finished(page, "self-signed.specimen.test");
      const copied = async (name) => {
        await page.getByRole("button", { name: `Copy as ${name}` }).click();
        await page.getByRole("status").filter({ hasText: `Copied: ${name}.` }).waitFor({ state: "attached" });
        return page.evaluate(() => navigator.clipboard.readText());
      };
      const found = await report(page);
      const title = found.ports[0].findings[0].title;
      assert.match(await copied("Markdown"), /^# self-signed\.specimen\.test: warning\n/);
      const text = await copied("text");
      assert.match(text, /^Warning: /);
      assert.ok(text.includes(title), title);
      assert.deepEqual(JSON.parse(await copied("JSON")), found);

      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Download JSON" }).click(),
      ]);
      assert.equal(download.suggestedFilename(), `heloscope-self-signed.specimen.test-${found.tested_at.slice(0, 10)}.json`);
      assert.deepEqual(JSON.parse(await readFile(await download.path(), "utf8")), found);
    },
  ));

test("the verdict comes first, then the findings, the worst first, then the facts", { skip: noBrowser }, () =>
  withPage({ path: "/?host=all-faults-at-once.specimen.test&ports=25" }, async ({ page }) => {
    await finished(page, "all-faults-at-once.specimen.test");
    const order = await page.evaluate(() => {
      const parts = [".verdict h2", ".findings", ".senders", ".port .facts", ".port .timings", ".port .chain", ".port .transcript"];
      const { shadowRoot } = document.querySelector("helo-scope");
      const found = parts.map((selector) => shadowRoot.querySelector(selector));
      return parts.toSorted((one, other) => {
        const [a, b] = [one, other].map((selector) => found[parts.indexOf(selector)]);
        return a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
      });
    });
    assert.deepEqual(order, [".verdict h2", ".findings", ".senders", ".port .facts", ".port .timings", ".port .chain", ".port .transcript"]);
    const kinds = await page.locator("helo-scope .finding .kind .mark").allInnerTexts();
    assert.deepEqual(kinds.map((kind) => kind.trim()), ["Error", "Warning", "Warning"]);
    for (const part of [".meaning", ".advice"]) assert.equal(await page.locator(`helo-scope .finding ${part}`).count(), 3, part);
  }));

test("no server behind the name", { skip: noBrowser }, () =>
  withPage({ path: "/?host=unreachable.specimen.test" }, async ({ page }) => {
    await finished(page, "unreachable.specimen.test");
    assert.deepEqual(
      (await report(page)).ports.map(({ error }) => error.code),
      ["connection_refused", "connection_refused", "connection_refused"],
    );
    await picture(page, "unreachable");
  }));
