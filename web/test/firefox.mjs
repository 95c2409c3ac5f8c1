// The page in Firefox, driven by WebDriver BiDi. What is amiss there fails the test that caused it, as in harness.mjs.
//
//   import { inFirefox, noFirefox } from "./firefox.mjs";
//
//   test("the field has the focus", { skip: noFirefox }, () => inFirefox({}, async ({ page }) => { … }));

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import puppeteer from "puppeteer-core";
import { withRelay } from "./harness.mjs";

const program = [process.env.FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"].find((path) => path && existsSync(path));

/** Why tests in Firefox are to be skipped, or false: for a test's `skip`. */
export const noFirefox = program ? false : "no Firefox here: apt-get install firefox-esr, or name one in $FIREFOX";

const PREFERENCES = {
  // Whatever the machine's own colours are.
  "layout.css.prefers-color-scheme.content-override": 1,
  // It asks Mozilla for nothing.
  "app.normandy.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "",
};
const DARK = { "layout.css.prefers-color-scheme.content-override": 0 };

const running = new Map();

/** The browser, started once for a colour scheme. */
function theFirefox(dark) {
  if (!running.has(dark)) {
    const extraPrefsFirefox = { ...PREFERENCES, ...(dark && DARK) };
    running.set(dark, puppeteer.launch({ browser: "firefox", executablePath: program, headless: true, extraPrefsFirefox }));
  }
  return running.get(dark);
}

/** Ends the browsers. A file's `after` calls it; without it Node waits for them forever. */
export async function closeFirefox() {
  for (const browser of running.values()) await (await browser).close();
  running.clear();
}

/**
 * Opens a page of a relay of its own in Firefox, and fails afterwards if anything was amiss there.
 *
 * @template T
 * @param {object} setup
 * @param {string[]} [setup.relay] the relay's options
 * @param {string} [setup.path] what to open, `/` unless told otherwise
 * @param {boolean} [setup.dark] whether the reader likes it dark
 * @param {string[]} [setup.origins] other origins that the page may ask
 * @param {RegExp[]} [setup.expected] console errors that are what is being tested
 * @param {(at: { page: import("puppeteer-core").Page, address: string }) => Promise<T>} use
 * @returns {Promise<T>}
 */
export function inFirefox({ relay = ["--demo"], path = "/", dark = false, origins = [], expected = [] }, use) {
  return withRelay(relay, async (address) => {
    const context = await (await theFirefox(dark)).createBrowserContext();
    try {
      const page = await context.newPage();
      const amiss = watch(page, [address, ...origins], expected);
      await page.setViewport({ width: 1280, height: 720 });
      await page.goto(address + path);
      const result = await use({ page, address });
      assert.deepEqual(amiss, [], "amiss on the page");
      return result;
    } finally {
      await context.close();
    }
  });
}

function watch(page, origins, expected) {
  const amiss = [];
  const note = (what) => {
    if (!expected.some((pattern) => pattern.test(what))) amiss.push(what);
  };
  const allowed = new Set(origins.map((origin) => new URL(origin).host));
  page.on("console", (message) => message.type() === "error" && note(`console: ${message.text()}`));
  page.on("pageerror", (error) => note(`exception: ${error.stack ?? error.message}`));
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    if (!["about:", "blob:", "data:"].includes(protocol) && !allowed.has(host)) note(`request to ${request.url()}`);
  });
  return amiss;
}

/**
 * Takes a picture of the whole page into `target/screenshots`, for people to look at.
 *
 * @param {import("puppeteer-core").Page} page
 * @param {string} name without an ending
 */
export async function pictureOf(page, name) {
  await mkdir("target/screenshots", { recursive: true });
  await page.screenshot({ path: `target/screenshots/${name}.png`, fullPage: true });
}
