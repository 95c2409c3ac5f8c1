// What a relay says of itself, on the page: who runs it, and that its network does not let port 25 out.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, noBrowser, withPage, withRelay } from "./harness.mjs";

after(closeBrowser);

const headline = (page) => page.locator("helo-scope .verdict h2").innerText();

test("the page names whoever runs the relay", { skip: noBrowser }, async () => {
  for (const [contact, href] of [
    ["postmaster@example.org", "mailto:postmaster@example.org"],
    ["https://www.example.org/abuse", "https://www.example.org/abuse"],
  ]) {
    await withPage({ relay: ["--demo", "--contact", contact] }, async ({ page }) => {
      const said = page.locator("helo-scope .operator");
      await said.waitFor();
      assert.equal(await said.textContent(), `Who runs this relay: ${contact}`);
      assert.equal(await said.locator("a").getAttribute("href"), href);
    });
  }
});

test("of a relay that names nobody, and of one that names no address, there is no link", { skip: noBrowser }, () =>
  withPage({}, async ({ page }) => {
    await page.locator("helo-scope .examples li").first().waitFor();
    assert.equal(await page.locator("helo-scope .operator").isVisible(), false);
    for (const contact of ["javascript:alert(1)//@a.example", "me", "mailto:me@example.org?bcc=you@example.org"]) {
      await page.route("**/v1/about", async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...(await answer.json()), contact } });
      });
      await page.reload();
      await page.locator("helo-scope .operator").waitFor();
      assert.equal(await page.locator("helo-scope .operator").textContent(), `Who runs this relay: ${contact}`);
      assert.equal(await page.locator("helo-scope .operator a").count(), 0);
      await page.unroute("**/v1/about");
    }
  }));

test("another relay has another operator", { skip: noBrowser }, () =>
  withRelay(["--demo", "--contact", "other@example.org", "--allow-origin", "http://127.0.0.1:1"], async (other) =>
    withPage({ relay: ["--contact", "own@example.org"], origins: [other], expected: [/./] }, async ({ page }) => {
      const said = page.locator("helo-scope .operator");
      await said.waitFor();
      assert.match(await said.textContent(), /own@example\.org$/);
      // It does not let this page ask it anything: of whom it is nothing is known.
      await page.evaluate((relay) => (document.querySelector("helo-scope").relay = relay), other);
      await said.waitFor({ state: "hidden" });
    })));

test("where nobody answers on port 25 it is said that many networks block it, while it is waited for and afterwards", { skip: noBrowser }, () =>
  withPage({ path: "/?host=filtered.specimen.test&ports=25" }, async ({ page }) => {
    const waiting = page.locator("helo-scope .step.running", { hasText: "Connect" });
    await waiting.filter({ hasText: "Many networks block port 25." }).waitFor();
    await page.locator("helo-scope .verdict .actions").waitFor({ timeout: 60_000 });
    assert.match(await page.locator("helo-scope .verdict h2").innerText(), /^No mail reaches this server from here: it does not answer on port 25\.$/);
    const finding = await page.locator("helo-scope .finding[data-id=connect-failed]").innerText();
    assert.match(finding, /Many networks, those of cloud and home providers above all, block connections to port 25: it may be the network that the test was made from, and not the server\./);
  }));

test("a relay whose network does not let port 25 out blames no server", { skip: noBrowser }, () =>
  // Nobody answers at the host that it is to learn from; to the last address of 127.0.0.0/8 there is no way.
  withPage({ relay: ["--allow-net", "127.0.0.0/8", "--port-25-probe", "127.0.25.1"] }, async ({ page }) => {
    const about = () => page.evaluate(async () => (await fetch("/v1/about")).json());
    const until = Date.now() + 20_000;
    while (!(await about()).unreachable_ports.includes(25)) {
      assert.ok(Date.now() < until, "it does not learn that: does anything listen on port 25 of 127.0.25.1?");
    }
    await page.getByRole("textbox", { name: "Mail server" }).waitFor();
    const report = await page.evaluate(async () => {
      const element = document.querySelector("helo-scope");
      element.host = "127.255.255.255";
      element.ports = "25";
      await element.start();
      return element.report;
    });
    const sentence = "This relay cannot reach port 25: its network lets no connection to it out. " +
      "That says nothing about the mail server; test it from a relay elsewhere, or from a machine that sends mail.";
    assert.ok(JSON.stringify(report).includes(sentence), JSON.stringify(report.ports));
    assert.equal(report.ports[0].error.code, "blocked");
    assert.equal(await headline(page), "Nothing could be tested: the relay's network lets no connection to port 25 out.");
    const shown = (await page.locator("helo-scope .output").textContent()).replace(/\s+/g, " ");
    assert.ok(shown.includes("This relay cannot reach port 25"), shown);
  }));

test("a port is one connection at a time, as the relay counts them", { skip: noBrowser }, () =>
  withPage({ relay: ["--demo", "--quota-client", "3/600/600"] }, async ({ page }) => {
    await page.getByRole("textbox", { name: "Mail server" }).waitFor();
    for (let round = 0; round < 5; round++) {
      const report = await page.evaluate(async () => {
        const element = document.querySelector("helo-scope");
        element.host = "tls-alert.specimen.test";
        await element.start();
        return element.report;
      });
      assert.deepEqual(report.ports.map(({ error }) => error.code), ["tls_alert", "tls_alert", "tls_alert"]);
      // Each hello made by hand is a connection of its own, the next one to its port.
      const failed = report.ports.flatMap(({ findings }) => findings).filter(({ id }) => /^(starttls|tls)-failed$/.test(id));
      assert.equal(failed.length, 3);
      for (const { explanation } of failed) assert.match(explanation, /So it takes none of what either offered/, `round ${round}`);
    }
  }));

test("what the relay's rules forbid is said in the headline, in each language", { skip: noBrowser }, async () => {
  for (const [language, verdict, told] of [
    [
      "en",
      "Port 25 could not be tested: the relay's rules do not let it connect to 127.0.0.1. Port 2525 could not be tested: the relay serves other ports only.",
      "The relay does not connect to 127.0.0.1, which is a loopback address, RFC 1122. Its operator can allow a network with --allow-net.",
    ],
    [
      "de",
      "Port 25 ließ sich nicht testen: die Regeln des Relays erlauben ihm keine Verbindung zu 127.0.0.1. Port 2525 ließ sich nicht testen: das Relay bedient nur andere Ports.",
      "Das Relay verbindet sich nicht mit 127.0.0.1 („a loopback address, RFC 1122“). Sein Betreiber kann ein Netz mit --allow-net erlauben.",
    ],
  ]) {
    await withPage({ path: `/?host=127.0.0.1&ports=25,2525/starttls&lang=${language}` }, async ({ page }) => {
      await page.locator("helo-scope .verdict .actions").waitFor();
      assert.equal(await headline(page), verdict);
      const shown = await page.locator("helo-scope .port[data-port='25'] .facts").first().innerText();
      assert.ok(shown.includes(told), shown);
    });
  }
});
