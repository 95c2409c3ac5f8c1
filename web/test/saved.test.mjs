// Reports that come from elsewhere: a file, a link. No relay is asked, and nothing in them is trusted.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { after, test } from "node:test";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { broken, inEachWay } from "./axe.mjs";
import { closeBrowser, noBrowser, picture, withPage } from "./harness.mjs";
import { filesOf, withSite } from "./site.mjs";

after(closeBrowser);

const FIXTURES = "crates/render/tests/fixtures";
const fixture = async (name) => JSON.parse(await readFile(`${FIXTURES}/${name}.json`, "utf8"));
const link = (text) => `/#report=${deflateRawSync(text).toString("base64url")}`;
const unlink = (url) => JSON.parse(inflateRawSync(Buffer.from(new URL(url).hash.replace("#report=", ""), "base64url")));

const report = (page) => page.evaluate(() => document.querySelector("helo-scope").report);
const note = (page) => page.locator("helo-scope .elsewhere p");
const verdict = (page) => page.locator("helo-scope .verdict h2");
const file = (text) => ({ name: "report.json", mimeType: "application/json", buffer: Buffer.from(text) });
const choose = async (page, text) => {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Open a saved report" }).click(),
  ]);
  await chooser.setFiles(file(text));
};
const failure = async (page) => {
  const alert = page.getByRole("alert");
  await alert.filter({ hasText: "The report could not be opened" }).waitFor();
  return alert.locator("p").innerText();
};

/** The page from a server that has its files and no more: there is no relay. */
function withoutRelay(use) {
  const asked = [];
  const answer = filesOf("web/dist");
  return withSite((request, response) => {
    asked.push(new URL(request.url, "http://site").pathname);
    return answer(request, response);
  }, (origin) =>
    withPage({ origins: [origin], expected: [/404/] }, async ({ page }) => {
      await page.goto(origin);
      return use({ page, origin, asked });
    }));
}

test("a saved report opens without a relay, and again after a reload", { skip: noBrowser }, async () => {
  const saved = await fixture("faulty");
  await withoutRelay(async ({ page, origin, asked }) => {
    assert.ok(!asked.includes("/heloscope.wasm"));
    await choose(page, JSON.stringify(saved, null, 2));
    await verdict(page).waitFor();
    assert.ok(asked.includes("/heloscope.wasm"));
    assert.deepEqual(await report(page), saved);
    assert.match(await note(page).innerText(), /^This is a saved report, made on 2026-11-23 at 22:15 UTC, perhaps by someone else\. Nothing has been tested just now; .* altered since\.$/);
    assert.equal(await page.title(), `${saved.host}: ${saved.status} – Heloscope`);
    assert.equal(page.url(), `${origin}/`);
    assert.match(await page.getByRole("status").innerText(), /^Opened\. /);
    await page.reload();
    await verdict(page).waitFor();
    assert.deepEqual(await report(page), saved);
    await page.goBack();
    await note(page).waitFor({ state: "hidden" });
    assert.equal(await report(page), null);
    await page.goForward();
    await verdict(page).waitFor();
    assert.deepEqual(await report(page), saved);
  });
});

test("after a saved report, title and address are about the test that was stopped before it had started", { skip: noBrowser }, async () => {
  const path = link(JSON.stringify(await fixture("healthy")));
  await withPage({ path: "/help/" }, async ({ page, address }) => {
    // The relay is slow to say what it is.
    await page.route("**/v1/about", () => {});
    await page.goto(`${address}${path}`);
    await verdict(page).waitFor();
    const field = page.getByRole("textbox", { name: "Mail server" });
    const stop = page.getByRole("button", { name: "Stop" });
    const status = page.getByRole("status").filter({ hasText: "Stopped." });
    const told = page.evaluate(() => new Promise((resolve) => addEventListener("heloscope-stopped", ({ detail }) => resolve(detail), { once: true })));
    await field.fill("mx9.example.com");
    await field.press("Enter");
    await stop.click();
    await status.waitFor();
    assert.deepEqual(await told, { asked: { host: "mx9.example.com", ports: ["25", "465", "587"] } });
    assert.equal(await page.title(), "mx9.example.com – Heloscope");
    assert.equal(page.url(), `${address}/?host=mx9.example.com&ports=25,465,587`);
    assert.equal(await report(page), null);

    // What the address itself asks for stays in it.
    await page.reload();
    await stop.click();
    await status.waitFor();
    assert.equal(await page.title(), "mx9.example.com – Heloscope");
    assert.equal(page.url(), `${address}/?host=mx9.example.com&ports=25,465,587`);
    await page.goBack();
    await verdict(page).waitFor();
    assert.equal(await page.title(), "mx1.example.com: ok – Heloscope");
    assert.equal(page.url(), `${address}${path}`);
    // To go back is to leave a test, and not to stop it.
    await page.goForward();
    await stop.waitFor();
    await page.goBack();
    await verdict(page).waitFor();
    assert.equal(page.url(), `${address}${path}`);
  });
});

test("after a saved report, title, address and reload are about what could not be tested or opened", { skip: noBrowser }, async () => {
  const saved = JSON.stringify(await fixture("healthy"));
  await withoutRelay(async ({ page, origin }) => {
    const field = page.getByRole("textbox", { name: "Mail server" });
    const alert = page.getByRole("alert");
    await choose(page, saved);
    await verdict(page).waitFor();
    await field.fill("smtps://mx9.example.com");
    await field.press("Enter");
    await alert.filter({ hasText: "The test could not be run" }).waitFor();
    assert.equal(await page.title(), "mx9.example.com – Heloscope");
    assert.equal(page.url(), `${origin}/?host=mx9.example.com&ports=465`);
    await page.reload();
    await alert.filter({ hasText: "The test could not be run" }).waitFor();
    assert.equal(await page.title(), "mx9.example.com – Heloscope");
    assert.equal(page.url(), `${origin}/?host=mx9.example.com&ports=465`);
    assert.equal(await field.inputValue(), "mx9.example.com");
    await page.goBack();
    await verdict(page).waitFor();
    assert.equal(await page.title(), "mx1.example.com: ok – Heloscope");

    await field.fill("mx9.example.com ninety");
    await field.press("Enter");
    await page.locator("helo-scope .said.wrong").waitFor();
    assert.equal(await page.title(), "Heloscope");
    assert.equal(page.url(), `${origin}/`);
    await page.reload();
    await field.waitFor();
    assert.equal(await verdict(page).count(), 0);
    await page.goBack();
    await verdict(page).waitFor();

    // What cannot be opened takes nothing away.
    await choose(page, "no report");
    await failure(page);
    assert.equal(await verdict(page).isVisible(), true);
    assert.equal((await report(page)).host, "mx1.example.com");
    assert.equal(await page.title(), "mx1.example.com: ok – Heloscope");
    assert.equal(page.url(), `${origin}/`);
    await page.reload();
    await verdict(page).waitFor();
    assert.equal(await alert.isVisible(), false);
  });
});

test("a saved report is dropped on the page", { skip: noBrowser }, async () => {
  const saved = await fixture("healthy");
  await withoutRelay(async ({ page }) => {
    await page.evaluate((text) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([text], "report.json"));
      for (const type of ["dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
      }
    }, JSON.stringify(saved));
    await verdict(page).waitFor();
    assert.deepEqual(await report(page), saved);
    assert.equal(await page.locator(".dropping").count(), 0);
  });
});

for (const name of (await readdir(FIXTURES)).filter((name) => name.endsWith(".json"))) {
  test(`${name} is read whole`, { skip: noBrowser }, async () => {
    const saved = await fixture(name.replace(".json", ""));
    await withPage({ path: link(JSON.stringify(saved)) }, async ({ page }) => {
      await verdict(page).waitFor();
      assert.deepEqual(await report(page), saved);
    });
  });
}

test("a report is shared by a link, which says whose it is, and can be tested again", { skip: noBrowser }, () =>
  withPage(
    { path: "/?host=expired.specimen.test&ports=25", context: { permissions: ["clipboard-read", "clipboard-write"] } },
    async ({ page, address }) => {
      await verdict(page).waitFor();
      await page.getByRole("button", { name: "Copy link to this report" }).click();
      await page.getByRole("status").filter({ hasText: "Nothing was uploaded." }).waitFor({ state: "attached" });
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      const made = await report(page);
      assert.ok(copied.startsWith(`${address}/#report=`));
      assert.ok(copied.length < 8000, `${copied.length} characters`);
      assert.deepEqual(unlink(copied), made);

      // As it is pasted into the address bar of the page itself: only what follows # changes.
      await page.goto(`${address}/`);
      await page.goto(copied);
      await verdict(page).waitFor();
      assert.deepEqual(await report(page), made);
      assert.match(await note(page).innerText(), /^This report was made by someone else, on \d{4}-\d\d-\d\d at \d\d:\d\d UTC, and came with the link\./);
      assert.equal(page.url(), copied);
      await inEachWay(page, async (name) => {
        assert.deepEqual(await broken(page), [], name);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, name);
      });
      await picture(page, "shared");

      await page.getByRole("button", { name: "Test again now" }).click();
      await page.waitForURL(`${address}/?host=expired.specimen.test&ports=25`);
      await verdict(page).waitFor();
      assert.equal(await note(page).isVisible(), false);
      assert.match(await page.getByRole("status").innerText(), /^Finished\. /);

      await page.goBack();
      await note(page).waitFor();
      assert.equal(page.url(), copied);
      await page.reload();
      await note(page).waitFor();
      assert.deepEqual(await report(page), made);
    },
  ));

test("a verdict over a port that was not tested is no clean bill", { skip: noBrowser }, async () => {
  const saved = await fixture("healthy");
  const [, port] = saved.ports;
  Object.assign(port, { connected: false, banner: null, error: { code: "quota", message: "", phase: "connect" } });
  await withPage({ path: link(JSON.stringify(saved)) }, async ({ page }) => {
    await verdict(page).waitFor();
    assert.equal((await report(page)).status, "ok");
    assert.equal(await page.locator("helo-scope .verdict .kind").innerText(), "Tested in part");
    assert.match(await verdict(page).innerText(), / Port 465 could not be tested: the relay's quota is used up\.$/);
    assert.equal(await page.title(), `${saved.host}: tested in part – Heloscope`);
  });
});

test("after QUIT nothing takes from a verdict but what is found", { skip: noBrowser }, async () => {
  const saved = await fixture("healthy");
  saved.ports[1].error = { code: "malformed_reply", message: "", phase: "quit" };
  await withPage({ path: link(JSON.stringify(saved)) }, async ({ page }) => {
    await verdict(page).waitFor();
    assert.equal(await page.locator("helo-scope .verdict .kind").innerText(), "As it should be");
    assert.doesNotMatch(await page.title(), /in part/);
  });
});

test("a link of the first version still opens", { skip: noBrowser }, async () => {
  const hash = (await readFile("web/test/fixtures/link-of-2026-11.txt", "utf8")).trim();
  await withPage({ path: `/${hash}` }, async ({ page }) => {
    await verdict(page).waitFor();
    assert.equal((await report(page)).schema_version, 1);
    assert.equal((await report(page)).ports[0].port, 587);
    // What is no moment is as long as it likes, and no wider than the page.
    await inEachWay(page, async (name) => {
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, name);
    });
  });
});

test("a sound link of the first version still says whose it is, of when, and what was found", { skip: noBrowser }, async () => {
  const hash = (await readFile("web/test/fixtures/honest-link-of-2026-11.txt", "utf8")).trim();
  await withPage({ path: `/${hash}` }, async ({ page }) => {
    await verdict(page).waitFor();
    const { host, tested_at, status, ports } = await report(page);
    assert.deepEqual([host, tested_at, status], ["mx1.example.com", "2026-11-23T22:15:04Z", "error"]);
    assert.deepEqual(ports.map(({ port }) => port), [25, 465, 587]);
    assert.match(await note(page).innerText(), /^This report was made by someone else, on 2026-11-23 at 22:15 UTC, and came with the link\./);
    assert.match(await page.locator("helo-scope .about").innerText(), /^mx1\.example\.com tested 2026-11-23 22:15:04 UTC in 1930 ms/);
    assert.deepEqual(await page.locator("helo-scope .port h3").allInnerTexts().then((all) => all.map((text) => /^Port \d+/.exec(text)?.[0])), ["Port 25", "Port 465", "Port 587"]);
    assert.match(await page.locator("helo-scope .finding h4").first().innerText(), /^The certificate expired on 2026-10-30$/);
  });
});

test("what somebody wrote into a report stays text", { skip: noBrowser }, async () => {
  const evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>\u202egpj.exe';
  const every = (value) => {
    if (typeof value === "string") return evil;
    if (Array.isArray(value)) return value.map(every);
    // What JavaScript is asked for by name, too.
    return value && typeof value === "object" ? { ...Object.fromEntries(Object.entries(value).map(([key, value]) => [key, keep(key) ? value : every(value)])), onclick: evil } : value;
  };
  const keep = (key) => ["status", "severity", "role", "verdict", "from", "trust", "chain_error", "code", "phase"].includes(key);
  await withPage({ path: link(JSON.stringify(every(await fixture("faulty")))) }, async ({ page }) => {
    await verdict(page).waitFor();
    assert.match(await note(page).innerText(), /at a time that it does not say/);
    const markup = await page.evaluate(() =>
      [...document.querySelector("helo-scope").shadowRoot.querySelectorAll(`.output :is(a:not(.help > a[href^="${location.origin}/help/"]), img, script, iframe, [onclick], [onerror], [href]:not(.help > a[href^="${location.origin}/help/"]), [src])`)].map(({ outerHTML }) => outerHTML));
    assert.deepEqual(markup, []);
    const shown = await page.locator("helo-scope .output").innerText();
    assert.ok(shown.includes("<img src=x onerror=alert(1)>"));
    assert.ok(!/\u202e/.test(shown + (await page.title())));
    await page.getByRole("button", { name: "Test again now" }).click();
    assert.equal(await page.locator("helo-scope .said.wrong").count(), 1);
  });
});

test("numbers that no test measures are shown all the same", { skip: noBrowser }, async () => {
  for (const extreme of [0, -8_000_000_000_000_000, 8_000_000_000_000_000]) {
    const fits = { days_remaining: extreme, at_ms: Math.abs(extreme), duration_ms: Math.abs(extreme) };
    const every = (value, key) => {
      if (/_ms$/.test(key)) return Math.abs(extreme);
      if (typeof value === "number" && key in fits) return fits[key];
      if (Array.isArray(value)) return value.map(every);
      return value && typeof value === "object"
        ? Object.fromEntries(Object.entries(value).map(([key, value]) => [key, every(value, key)]))
        : value;
    };
    await withPage({ path: link(JSON.stringify(every(await fixture("faulty")))) }, async ({ page }) => {
      await verdict(page).waitFor();
      for (const name of ["text", "Markdown"]) {
        await page.getByRole("button", { name: `Copy as ${name}` }).click();
        await page.getByRole("status").filter({ hasText: `Copied: ${name}.` }).waitFor({ state: "attached" });
      }
    });
  }
});

test("what is no report says so", { skip: noBrowser }, async () => {
  const sound = await fixture("healthy");
  const changed = (change) => {
    const copy = structuredClone(sound);
    change(copy);
    return JSON.stringify(copy);
  };
  await withoutRelay(async ({ page }) => {
    for (const [text, sentence] of [
      ["", /it is not JSON/],
      ["From: postmaster@example.com\n\nHello", /it is not JSON/],
      ["null", /no schema_version/],
      ["[]", /no schema_version/],
      ['{"schema_version":"1"}', /no schema_version that is a number/],
      [changed((report) => (report.schema_version = 2)), /has schema version 2; this page knows versions up to 1/],
      ['{"schema_version":1}', /the field “host” is missing/],
      [changed((report) => (report.ports[1].tls.version = 13)), /the field “version”/],
      [changed((report) => (report.ports[0].port = 65_536)), /the field “port”/],
      [changed((report) => (report.ports[0].timings.total_ms = -1)), /the field “total_ms”/],
      [changed((report) => (report.status = "superb")), /the field “status”/],
      [changed((report) => (report.ports = {})), /the field “ports”/],
      [changed((report) => (report.ports = [])), /the field “ports”/],
      [changed((report) => (report.ports = Array(101).fill(report.ports[0]))), /the field “ports”/],
      [changed((report) => (report.ports[0].transcript = Array(2501).fill(report.ports[0].transcript[0]))), /the field “transcript”/],
      ["[".repeat(100_000), /it is not JSON/],
      ["[".repeat(10_000) + "]".repeat(10_000), /no schema_version/],
      [" ".repeat((8 << 20) + 1), /larger than a report can be/],
    ]) {
      await choose(page, text);
      await page.getByRole("alert").filter({ hasText: sentence }).waitFor();
      assert.match(await failure(page), sentence);
      assert.equal(await report(page), null);
    }
    // And the page is as good as before.
    await choose(page, JSON.stringify(sound));
    await verdict(page).waitFor();
  });
});

test("a link that was cut, or that unpacks without end", { skip: noBrowser }, async () => {
  const whole = link(JSON.stringify(await fixture("healthy")));
  const bomb = link(Buffer.alloc(500_000_000));
  assert.ok(bomb.length < 1_000_000);
  await withPage({}, async ({ page, address }) => {
    for (const [path, sentence] of [
      [whole.slice(0, -100), /The link is damaged/],
      [whole.replace("#report=", "#report=%20"), /The link is damaged/],
      ["/#report=", /The link is damaged|it is not JSON/],
      [bomb, /The link holds more than a report can be/],
    ]) {
      await page.goto("about:blank");
      await page.goto(address + path);
      assert.match(await failure(page), sentence);
    }
  });
});

test("a browser that cannot pack or unpack says so", { skip: noBrowser }, async () => {
  const path = link(JSON.stringify(await fixture("healthy")));
  const first = () => {
    delete globalThis.CompressionStream;
    delete globalThis.DecompressionStream;
  };
  await withPage({ path, first }, async ({ page }) => {
    assert.match(await failure(page), /This browser is too old for links that hold a report/);
    await choose(page, JSON.stringify(await fixture("healthy")));
    await verdict(page).waitFor();
    await page.getByRole("button", { name: "Copy link to this report" }).click();
    await page.getByRole("status").filter({ hasText: "This browser is too old" }).waitFor();
  });
});

test("a report that is made to be slow to show is shown, or refused, in a moment", { skip: noBrowser }, async () => {
  const sound = await fixture("healthy");
  const finding = (number) => ({ id: `${number}`, severity: "notice", title: "", explanation: "", fix: "", reference: "" });
  sound.ports[0].findings = Array.from({ length: 2500 }, (_, number) => finding(number));
  sound.ports[0].capabilities_before_tls = Array.from({ length: 2500 }, (_, number) => ({ keyword: `X${number}`, params: [], meaning: null }));
  await withPage({ path: link(JSON.stringify(sound)) }, async ({ page }) => {
    await verdict(page).waitFor({ timeout: 10_000 });
    assert.equal((await report(page)).ports[0].findings.length, 2500);
  });
});
