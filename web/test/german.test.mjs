// The same in German: the page, the element on somebody else's page, frames, saved reports, and the language of each.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { broken, inEachWay } from "./axe.mjs";
import { closeBrowser, noBrowser, picture, withPage } from "./harness.mjs";
import { onForeignPage } from "./site.mjs";

after(closeBrowser);

const verdict = (page) => page.locator("helo-scope .verdict h2");
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** The messages that a text has in English, as the file that the element loads has them. */
async function leftEnglish(address, text) {
  const lines = (await (await fetch(`${address}/de.txt`)).text()).split("\n");
  const left = [];
  for (let place = 1; place + 1 < lines.length; place += 2) {
    const parts = lines[place].split(/\{\w*\}/).map((part) => part.trim()).filter((part) => part.length >= 12 && part.includes(" "));
    const told = (part) => text.split(part).slice(0, -1).some((before) => !/[\p{L}\d]$/u.test(before));
    if (parts.some((part) => told(part) && !lines[place + 1].includes(part))) left.push(lines[place]);
  }
  return left;
}

test("a test in German, by the address", { skip: noBrowser }, () =>
  withPage({ path: "/?host=expired.specimen.test&ports=25&lang=de" }, async ({ page, address }) => {
    await verdict(page).waitFor({ timeout: 60_000 });
    assert.equal(await verdict(page).innerText(), "Mail erreicht diesen Server über TLS 1.3; das Zertifikat ist vor 10 Tagen abgelaufen.");
    assert.equal(await page.locator("html").getAttribute("lang"), "de");
    assert.equal(await page.evaluate(() => document.querySelector("helo-scope").report.language), "de");
    assert.equal(await page.title(), "expired.specimen.test: Fehler – Heloscope");
    assert.equal(await page.getByRole("button", { name: "Testen", exact: true }).count(), 1);
    assert.equal(await page.getByText("Wo TLS endet").count(), 1);
    const unfold = () =>
      page.evaluate(() => document.querySelector("helo-scope").shadowRoot.querySelectorAll("details").forEach((details) => (details.open = true)));
    await unfold();
    await page.locator("helo-scope .remedy[data-filled] pre").first().waitFor({ state: "attached" });
    await unfold();
    const { text, label } = await page.evaluate(() => {
      const root = document.querySelector("helo-scope").shadowRoot;
      return { text: `${document.body.innerText} ${root.textContent}`, label: root.querySelector(".actions").getAttribute("aria-label") };
    });
    assert.deepEqual(await leftEnglish(address, text), []);
    assert.equal(label, "Bericht");
    assert.equal(new URL(page.url()).search, "?host=expired.specimen.test&ports=25&lang=de");
    const more = page.locator("helo-scope").getByRole("link", { name: "Mehr zu dieser Warnung" });
    assert.equal(await more.getAttribute("href"), `${address}/help/de/certificates.html#certificate-expired`);
    await inEachWay(page, async (way) => {
      assert.deepEqual(await broken(page), [], way);
      assert.equal(await overflow(page), 0, way);
      if (["light", "dark", "320 pixels"].includes(way)) await picture(page, `german-${way.replace(/\W+/g, "-")}`);
    });
  }));

test("dates are written as the report's language has them, and taken elsewhere as they were", { skip: noBrowser }, async () => {
  const report = JSON.parse(await readFile("crates/render/tests/fixtures/faulty.json", "utf8"));
  const context = { permissions: ["clipboard-read", "clipboard-write"] };
  for (const [language, tested, from, to, iso] of [
    ["de", "23.11.2026, 22:15:04 UTC", "01.08.2026", "30.10.2026", false],
    ["en", "2026-11-23 22:15:04 UTC", "2026-08-01", "2026-10-30", true],
  ]) {
    const path = `/?lang=${language}#report=${deflateRawSync(JSON.stringify({ ...report, language })).toString("base64url")}`;
    await withPage({ path, context }, async ({ page }) => {
      await verdict(page).waitFor();
      assert.equal(await page.locator("helo-scope .about time").innerText(), tested);
      const valid = page.locator("helo-scope .validity time");
      assert.deepEqual((await valid.allTextContents()).slice(0, 2), [from, to]);
      assert.deepEqual(await valid.evaluateAll((all) => all.slice(0, 2).map(({ dateTime }) => dateTime)), ["2026-08-01", "2026-10-30"]);
      assert.ok((await verdict(page).innerText()).includes(to));
      assert.ok((await page.getByRole("status").textContent()).includes(to));
      const times = await page.locator("helo-scope .output time").allTextContents();
      assert.ok(times.every((time) => /^\d{4}-/.test(time) === iso), `${times}`);
      await page.locator("helo-scope .actions button").nth(1).click();
      await page.waitForFunction(() => navigator.clipboard.readText().then((text) => text.includes("2026-11-23 22:15:04 UTC")));
    });
  }
});

test("numbers are written as the report's language has them, and what was quoted is left alone", { skip: noBrowser }, async () => {
  const report = JSON.parse(await readFile("crates/render/tests/fixtures/faulty.json", "utf8"));
  const context = { permissions: ["clipboard-read", "clipboard-write"] };
  const greeting = "220 mx1.example.com took 5.9 s for 10240000 octets, Port 10465";
  for (const [language, sign, octets, size, took, written] of [
    ["de", ",", "Oktette", "10.240.000", "12,3 s", "12,345 s"],
    ["en", ".", "octets", "10,240,000", "12.3 s", "12.345 s"],
  ]) {
    const [port] = report.ports;
    const said = `9${sign}7 MiB (10240000 ${octets}), 9999 ${octets}, Port 10465, ${language === "de" ? "„10240000 Oktette“" : "“10240000 octets”"}`;
    const asked = {
      ...report,
      language,
      duration_ms: 12_345,
      ports: [{
        ...port,
        banner: greeting,
        capabilities_before_tls: [{ keyword: "SIZE", params: ["10240000"], meaning: said }],
        notes: [`5${sign}9 s`],
        timings: { ...port.timings, total_ms: 12_345 },
      }],
    };
    const path = `/?lang=${language}#report=${deflateRawSync(JSON.stringify(asked)).toString("base64url")}`;
    await withPage({ path, context }, async ({ page }) => {
      await verdict(page).waitFor();
      assert.match(await page.locator("helo-scope .about").innerText(), new RegExp(` in ${took.replace(".", "\\.")},`));
      assert.equal(await page.locator("helo-scope .timings .whole .number").innerText(), written);
      const { values, extensions, text } = await page.evaluate(() => {
        const root = document.querySelector("helo-scope").shadowRoot;
        return {
          values: [...root.querySelectorAll("data")].map((data) => [data.value, data.textContent]),
          extensions: root.querySelector(".extensions tbody").textContent,
          text: root.querySelector(".output").textContent,
        };
      });
      assert.ok(extensions.includes(said.replace("10240000", size)), extensions);
      assert.ok(extensions.includes("SIZE 10240000"), extensions);
      assert.ok(text.includes(greeting), text);
      assert.ok(text.includes(`5${sign}9 s`), text);
      const format = (value) => new Intl.NumberFormat(language, { useGrouping: "min2", minimumFractionDigits: (value.split(".")[1] ?? "").length }).format(value);
      assert.ok(values.length > 5, `${values.length} numbers`);
      for (const [value, shown] of values) assert.equal(shown, format(value));
      await page.locator("helo-scope .actions button").nth(1).click();
      await page.waitForFunction((said) => navigator.clipboard.readText().then((text) => text.replace(/\s+/g, " ").includes(said)), said);
    });
  }
});

test("the link to the other language keeps the test", { skip: noBrowser }, () =>
  withPage({ path: "/?host=healthy.specimen.test&ports=25" }, async ({ page }) => {
    await verdict(page).waitFor({ timeout: 60_000 });
    const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname));
    assert.ok(!loaded.includes("/de.txt"), "English needs none of it");
    await page.getByRole("link", { name: "Deutsch" }).click();
    await verdict(page).waitFor({ timeout: 60_000 });
    assert.equal(new URL(page.url()).search, "?host=healthy.specimen.test&ports=25&lang=de");
    assert.match(await verdict(page).innerText(), /^Mail erreicht diesen Server über TLS 1\.3; das Zertifikat ist noch \d+ Tage gültig\.$/);
    await page.getByRole("link", { name: "English" }).click();
    await page.waitForURL(/lang=en/);
    await verdict(page).waitFor({ timeout: 60_000 });
    assert.match(await verdict(page).innerText(), /^Mail reaches this server over TLS 1\.3/);
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
  }));

test("without a word in the address the browser's wish counts", { skip: noBrowser }, async () => {
  for (const [locale, label] of [["de-AT", "Mailserver"], ["fr-FR", "Mail server"]]) {
    await withPage({ context: { locale } }, async ({ page }) => {
      await page.getByRole("textbox", { name: label, exact: true }).waitFor();
      assert.equal(await page.evaluate(() => document.querySelector("helo-scope").shadowRoot.activeElement?.id), "host");
    });
  }
});

test("the nearest lang chooses, and one that there is not is English", { skip: noBrowser }, () =>
  onForeignPage({
    body:
      '<div lang="de-CH"><helo-scope id="german" host="healthy.specimen.test" ports="25"></helo-scope></div>' +
      '<helo-scope id="english"></helo-scope><div lang="de"><helo-scope id="own" lang="fr"></helo-scope></div>',
  }, async ({ page }) => {
    const label = (id) => page.locator(`#${id} label[for=host]`);
    await page.locator("#german").getByText("Mailserver", { exact: true }).waitFor();
    assert.equal(await label("english").innerText(), "Mail server");
    assert.equal(await label("own").innerText(), "Mail server");

    const status = await page.evaluate(async () => {
      const element = document.querySelector("#german");
      await element.start();
      return element.shadowRoot.querySelector("[role=status]").textContent;
    });
    assert.match(status, /^Fertig\. Mail erreicht diesen Server/);
    assert.equal(await page.locator("#german .output").getAttribute("lang"), "de");

    // The controls change at once, the report with its next test.
    await page.evaluate(() => (document.querySelector("#german").parentElement.lang = "en"));
    await page.locator("#german").getByText("Mail server", { exact: true }).waitFor();
    assert.match(await page.locator("#german .verdict h2").innerText(), /^Mail erreicht/);
    await page.evaluate(() => document.querySelector("#german").start());
    assert.match(await page.locator("#german .verdict h2").innerText(), /^Mail reaches/);
    await page.evaluate(() => (document.querySelector("#english").lang = "de"));
    await page.locator("#english").getByText("Mailserver", { exact: true }).waitFor();
  }));

test("what is wrong is said in German", { skip: noBrowser }, () =>
  withPage({ path: "/?lang=de" }, async ({ page }) => {
    const field = page.getByRole("textbox", { name: "Mailserver" });
    const said = page.locator("helo-scope .said");
    await field.fill("a b c");
    await field.press("Enter");
    await page.locator("helo-scope .said.wrong").waitFor();
    assert.match(await said.innerText(), /^Ein Hostname enthält keine Leerzeichen/);
    await field.fill("postmaster@healthy.specimen.test:25");
    await field.press("Enter");
    await verdict(page).waitFor({ timeout: 60_000 });
    assert.match(await said.innerText(), /^Getestet wird: Port 25 von healthy\.specimen\.test, die Domain der Mailadresse, selbst/);
  }));

test("a port that is none is said in German, also to programs", { skip: noBrowser }, () =>
  withPage({ path: "/?lang=de" }, async ({ page, address }) => {
    const said = await page.evaluate(async (address) => {
      const { test } = await import(`${address}/heloscope.js`);
      const said = [];
      for (const lang of ["de", "en"]) {
        try {
          for await (const _ of test("healthy.specimen.test", { ports: ["99"], lang }));
        } catch (cause) {
          said.push(cause.message.split(":")[0]);
        }
      }
      return said;
    }, address);
    assert.deepEqual(said, [
      "`99` lässt sich erst testen, wenn der TLS-Modus bekannt ist",
      "`99` is no port to test before its TLS mode is known",
    ]);
  }));

test("a report is shown in the language it was made in", { skip: noBrowser }, () =>
  withPage({ path: "/?host=healthy.specimen.test&ports=25&lang=de" }, async ({ page, address }) => {
    await verdict(page).waitFor({ timeout: 60_000 });
    const report = await page.evaluate(() => document.querySelector("helo-scope").report);
    await page.goto(`${address}/?lang=en`);
    await page.locator("#saved").setInputFiles({ name: "r.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(report)) });
    await verdict(page).waitFor();
    assert.match(await verdict(page).innerText(), /^Mail erreicht diesen Server/);
    assert.match(await page.locator("helo-scope .elsewhere p").innerText(), /^This is a saved report, made on \d{4}-\d\d-\d\d at/);
    assert.equal(await page.locator("helo-scope h3").first().innerText(), "Was jede Art von Absender tun wird");

    // And one that does not say it is English, also on a page in German, which says around it when it was made.
    const { language, ...older } = report;
    assert.equal(language, "de");
    await page.goto(`${address}/?lang=de`);
    await page.locator("#saved").setInputFiles({ name: "r.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(older)) });
    await verdict(page).waitFor();
    assert.match(await verdict(page).innerText(), /^Mail reaches this server/);
    assert.match(await page.locator("helo-scope .elsewhere p").innerText(), /^Dies ist ein gespeicherter Bericht, erstellt am \d+\. \S+ \d{4} um \d\d:\d\d UTC,/);
  }));

test("a frame in German", { skip: noBrowser }, () =>
  withPage({ path: "/embed?host=healthy.specimen.test&ports=25&lang=de" }, async ({ page }) => {
    await page.getByRole("textbox", { name: "Mailserver" }).waitFor();
    assert.equal(await page.locator("h1").innerText(), "Mailservertest");
    assert.equal(await page.locator("html").getAttribute("lang"), "de");
  }));

test("the test for programs takes a language", { skip: noBrowser }, () =>
  withPage({ path: "/" }, async ({ page, address }) => {
    const said = await page.evaluate(async (address) => {
      const { test } = await import(`${address}/heloscope.js`);
      const said = [];
      for (const lang of ["de-DE", "fr"]) {
        for await (const step of test("healthy.specimen.test", { ports: ["25"], lang })) {
          if (step.report) said.push([step.report.language, step.text.split("\n")[0].slice(0, 30)]);
        }
      }
      return said;
    }, address);
    assert.deepEqual(said, [["de", "Wie es sein soll: Mail erreicht"], ["en", "As it should be: Mail reaches t"]].map(([language, text]) => [language, text.slice(0, 30)]));
  }));

test("where the words cannot be had, English is spoken", { skip: noBrowser }, () =>
  withPage({ path: "/help/", expected: [/503/] }, async ({ page, address }) => {
    await page.route("**/de.txt", (route) => route.fulfill({ status: 503 }));
    await page.goto(`${address}/?lang=de`);
    await page.getByRole("textbox", { name: "Mail server", exact: true }).waitFor();
    assert.equal(await page.locator("helo-scope .learning").count(), 0);
  }));

test("the pages that explain, in German, each linked with its other", { skip: noBrowser }, () =>
  withPage({ path: "/help/de/test.html" }, async ({ page, address }) => {
    for (const name of ["test", "ports", "certificates", "replies", "extensions", "tools", "keyboard", "index"]) {
      await page.goto(`${address}/help/de/${name}.html`);
      assert.equal(await page.locator("html").getAttribute("lang"), "de");
      assert.deepEqual(await leftEnglish(address, await page.locator("body").innerText()), [], name);
      assert.equal(await page.locator("link[rel=alternate]").getAttribute("hreflang"), "en");
      await inEachWay(page, async (way) => {
        assert.deepEqual(await broken(page), [], `${name}, ${way}`);
        assert.equal(await overflow(page), 0, `${name}, ${way}`);
        if (way === "320 pixels") await picture(page, `german-help-${name}`);
      });
      await page.getByRole("link", { name: "English" }).click();
      await page.waitForURL(`${address}/help/${name}.html`);
      await page.getByRole("link", { name: "Deutsch" }).click();
      await page.waitForURL(`${address}/help/de/${name}.html`);
      await page.goto(`${address}/help/${name}.html?lang=de`);
      assert.equal(page.url(), `${address}/help/de/${name}.html`);
    }
    await page.getByRole("link", { name: "Heloscope" }).click();
    await page.getByRole("textbox", { name: "Mailserver" }).waitFor();
  }));
