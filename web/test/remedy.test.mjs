// The fix as configuration and the commands that show the finding again: below each finding, loaded when they are asked for.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, test } from "node:test";
import { broken, inEachWay } from "./axe.mjs";
import { closeBrowser, noBrowser, picture, withPage } from "./harness.mjs";

after(closeBrowser);

const verdict = (page) => page.locator("helo-scope .verdict").waitFor({ timeout: 60_000 });
const finding = (page, id) => page.locator(`helo-scope .finding[data-id=${id}]`);
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test("what there is to paste is loaded when it is unfolded", { skip: noBrowser }, () =>
  withPage({ path: "/?host=expired.specimen.test&ports=25,465", context: { permissions: ["clipboard-read", "clipboard-write"] } }, async ({ page }) => {
    const loaded = [];
    page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
    await verdict(page);
    const remedy = finding(page, "certificate-expired").locator(".remedy");
    assert.deepEqual(await remedy.locator(":scope > div").innerText(), "");
    assert.ok(!loaded.includes("/remedies.txt"));
    await remedy.getByText("Configuration and commands").click();
    await remedy.getByText("Postfix", { exact: true }).waitFor();
    assert.equal(loaded.filter((path) => path === "/remedies.txt").length, 1);

    assert.match(await remedy.innerText(), /Neither the greeting nor the extensions tell which mail server this is/);
    const servers = await remedy.locator("details > summary").allInnerTexts();
    assert.deepEqual(servers, ["Exchange", "Exim", "Haraka", "OpenSMTPD", "Postfix", "Sendmail", "Stalwart"]);
    await remedy.getByText("Postfix", { exact: true }).click();
    const postfix = remedy.locator("details", { hasText: "Postfix" });
    assert.match(await postfix.locator("pre").innerText(), /^smtpd_tls_chain_files =\n {4}\/etc\/letsencrypt\/live\/expired\.specimen\.test\/privkey\.pem,$/m);
    await postfix.getByRole("button", { name: "Copy" }).click();
    await postfix.getByRole("button", { name: "Copied" }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await postfix.locator("pre").textContent());

    const commands = (await remedy.locator(":scope > div > pre").innerText()).split("\n");
    assert.deepEqual(commands.map((command) => command.split(" ", 2).join(" ")), ["openssl s_client", "openssl s_client", "posttls-finger -c"]);
    for (const command of commands) execFileSync("sh", ["-n", "-c", command]);
  }));

test("the mail server that greets by its name comes first, and it is said to be a guess", { skip: noBrowser }, () =>
  withPage({}, async ({ page }) => {
    const report = await page.evaluate(async () => {
      const element = document.querySelector("helo-scope");
      element.host = "no-starttls.specimen.test";
      element.ports = "25";
      await element.start();
      const report = structuredClone(element.report);
      report.ports[0].banner = "220 mx1.example.com ESMTP Exim 4.98";
      await element.open(JSON.stringify(report));
      return report;
    });
    assert.equal(report.ports[0].findings[0].id, "starttls-missing");
    const remedy = finding(page, "starttls-missing").locator(".remedy");
    await remedy.getByText("Configuration and commands").click();
    await remedy.getByText("Looks like Exim, by its greeting. That is a guess: a server may greet as it likes.").waitFor();
    const first = remedy.locator("details").first();
    assert.equal(await first.locator("summary").innerText(), "Exim");
    assert.equal(await first.getAttribute("open"), "");
    assert.match(await first.locator("pre").innerText(), /^tls_advertise_hosts = \*$/m);
    await inEachWay(page, async (name) => {
      assert.deepEqual(await broken(page), [], name);
      assert.equal(await overflow(page), 0, name);
      await picture(page, `remedy-${name.replace(/\W+/g, "-")}`);
    });
  }));

/** What each mail server is told for a finding on the page. */
async function told(page, id) {
  const remedy = finding(page, id).locator(".remedy");
  await remedy.locator("summary").first().click();
  await remedy.locator(":scope > div details").first().waitFor();
  const servers = await remedy.locator(":scope > div details").all();
  return Object.fromEntries(await Promise.all(servers.map(async (server) => [await server.locator("summary").textContent(), await server.locator("pre").textContent()])));
}

test("what there is to paste mends what the finding says, on the port where it was found", { skip: noBrowser }, async () => {
  const certificate = { Exchange: /^Enable-ExchangeCertificate /m, Exim: /^tls_privatekey = /m, Haraka: /^key=/m, OpenSMTPD: /^pki .* key /m, Postfix: /smtpd_tls_chain_files ?=/, Sendmail: /confSERVER_KEY/, Stalwart: /^private-key = /m };
  const protocols = /SCHANNEL|ciphers|protocols|confCIPHER_LIST|tls_require_ciphers/;
  for (const [specimen, ports, id, limited] of [
    ["starttls-refused", "25", "starttls-failed", false],
    ["starttls-refused", "587", "starttls-failed", false],
    ["starttls-hang-up", "25,587", "starttls-failed", false],
    ["tls-alert", "587", "starttls-failed", true],
    ["no-starttls", "587", "starttls-missing", false],
  ]) {
    await withPage({ path: `/?host=${specimen}.specimen.test&ports=${ports}` }, async ({ page }) => {
      await verdict(page);
      const all = await told(page, id);
      assert.deepEqual(Object.keys(all), Object.keys(certificate), specimen);
      for (const [server, configuration] of Object.entries(all)) {
        assert.match(configuration, certificate[server], `${specimen}, ${server}`);
        assert.equal(protocols.test(configuration), limited && server !== "Stalwart", `${specimen}, ${server}: ${configuration}`);
        // The port's own connector, and no other's.
        if (server === "Exchange") {
          assert.equal(configuration.includes("\\Client Frontend "), ports.includes("587"), configuration);
          assert.equal(configuration.includes("\\Default Frontend "), ports.includes("25"), configuration);
        }
      }
    });
  }
  await withPage({ path: "/?host=auth-before-tls.specimen.test&ports=587" }, async ({ page }) => {
    await verdict(page);
    const { Postfix } = await told(page, "auth-without-tls");
    assert.equal(Postfix, "# /etc/postfix/main.cf, then: postfix reload\nsmtpd_tls_auth_only = yes");
  });
});

test("on port 465 Exchange is told that it has no implicit TLS, in German as well", { skip: noBrowser }, () =>
  withPage({ path: "/?host=expired.specimen.test&ports=465&lang=de" }, async ({ page }) => {
    await verdict(page);
    const { Exchange } = await told(page, "certificate-expired");
    assert.equal(Exchange, "# Exchange hat kein implizites TLS: was es auf diesem Port spricht, steht davor und hat eigene Einstellungen");
  }));

test("a report that somebody wrote has no host in it that a shell would run", { skip: noBrowser }, () =>
  withPage({}, async ({ page }) => {
    await page.evaluate(async () => {
      const element = document.querySelector("helo-scope");
      element.host = "expired.specimen.test";
      element.ports = "25";
      await element.start();
      await element.open(JSON.stringify({ ...element.report, host: "$(reboot)" }));
    });
    const remedy = finding(page, "certificate-expired").locator(".remedy");
    await remedy.getByText("Configuration and commands").click();
    await remedy.getByText("No setting of a mail server mends this by itself.").waitFor();
    assert.equal(await remedy.locator("pre").count(), 0);
  }));

test("without what there is to paste it is said so, and the next time it is tried again", { skip: noBrowser }, () =>
  withPage({ path: "/?host=expired.specimen.test&ports=25", expected: [/Failed to load resource/] }, async ({ page, address }) => {
    await verdict(page);
    await page.route("**/remedies.txt", (route) => route.fulfill({ status: 503 }));
    const remedy = finding(page, "certificate-expired").locator(".remedy");
    const summary = remedy.getByText("Configuration and commands");
    await summary.click();
    await remedy.getByText(`The configuration could not be loaded from ${address}.`).waitFor();
    await page.unroute("**/remedies.txt");
    await summary.click();
    await summary.click();
    await remedy.getByText("Exim", { exact: true }).first().waitFor();
  }));

test("no word of a command is broken, however narrow the screen", { skip: noBrowser }, () =>
  withPage({ path: "/?host=expired.specimen.test&ports=25", context: { viewport: { width: 320, height: 640 } } }, async ({ page, address }) => {
    /** Of the words in `root`, those that stand on more than one line. */
    const brokenWords = (root) =>
      [...root.querySelectorAll("pre .word")].filter((word) => word.checkVisibility()).map((word) => {
        const text = document.createRange();
        text.selectNodeContents(word);
        return [word.textContent, new Set([...text.getClientRects()].map(({ top }) => Math.round(top))).size];
      });
    await verdict(page);
    const remedy = finding(page, "certificate-expired").locator(".remedy");
    await remedy.getByText("Configuration and commands").click();
    await remedy.getByText("Postfix", { exact: true }).click();
    const words = await remedy.evaluate(brokenWords);
    assert.ok(words.some(([word]) => word === "-servername"), words.join(" "));
    assert.deepEqual(words.filter(([, lines]) => lines !== 1), []);
    assert.equal(await overflow(page), 0);
    assert.deepEqual(await broken(page), []);
    const scrolled = await remedy.locator("pre").evaluateAll((all) => all.filter((pre) => pre.checkVisibility() && pre.scrollWidth > pre.clientWidth).map((pre) => pre.tabIndex));
    assert.ok(scrolled.every((index) => index === 0), "what can be scrolled can be reached by keyboard");
    await picture(page, "commands-320");
    // On paper, where nothing can be scrolled, an option keeps its hyphen before it, too.
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 718, height: 1000 });
    assert.deepEqual((await remedy.evaluate(brokenWords)).filter(([, lines]) => lines !== 1), []);
    await page.emulateMedia({ media: "screen" });
    await page.setViewportSize({ width: 320, height: 640 });

    await page.goto(`${address}/help/tools.html`);
    const help = await page.locator("main").evaluate(brokenWords);
    assert.ok(help.some(([word]) => word === "-starttls"));
    // An address that is longer than the screen is wide has to be broken somewhere.
    assert.deepEqual(help.filter(([word, lines]) => lines !== 1 && word.length < 30), []);
    assert.equal(await overflow(page), 0);
  }));
