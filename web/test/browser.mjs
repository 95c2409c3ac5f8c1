// The browser that a test file is run in: Chromium, or with TEST_BROWSER=firefox Firefox.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { launchFirefox, newFirefoxPage } from "./firefox.mjs";

const BROWSERS = {
  chromium: {
    programs: [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
    none: "no Chromium here: apt-get install chromium, or name one in $CHROMIUM",
    launch: launchChromium,
  },
  firefox: {
    programs: [process.env.FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"],
    none: "no Firefox here: apt-get install firefox-esr, or name one in $FIREFOX",
    launch: launchFirefox,
  },
};

const name = process.env.TEST_BROWSER || "chromium";
if (!(name in BROWSERS)) throw new Error(`TEST_BROWSER=${name} is neither of ${Object.keys(BROWSERS).join(" and ")}`);
const { programs, none, launch } = BROWSERS[name];
const program = programs.find((path) => path && existsSync(path));

/** Whether it is Firefox. */
export const inFirefox = name === "firefox";

/** Why tests in a browser are to be skipped, or false: for a test's `skip`. */
export const noBrowser = program ? false : none;

/** The same for one that only Chromium can be tested by: `why` says what Firefox, or its driver, does not do. */
export const notInFirefox = (why) => noBrowser || (inFirefox && `not in Firefox: ${why}`);

/** What Firefox says, and Chromium does not, of a WebSocket that does not come about: for what a test expects. */
export const NO_WEBSOCKET = /^exception: (Firefox can.t establish a connection to the server at|The connection to) wss?:/;

let browser;

/** The browser, started once for a test file; it ends with the process. */
export async function theBrowser() {
  browser ??= launch(program);
  return browser;
}

/** Ends the browser. A file's `after` calls it; without it Node waits for the browser forever. */
export async function closeBrowser() {
  await (await browser)?.close();
  browser = undefined;
}

/**
 * A new context, which shares nothing with others.
 *
 * @param {import("playwright-core").BrowserContextOptions} options
 */
export async function newContext({ permissions, ...options }) {
  // In Firefox all that our pages ask for is granted to each from the start.
  return (await theBrowser()).newContext(inFirefox ? options : { ...options, permissions });
}

/**
 * A new page of a context.
 *
 * @param {import("playwright-core").BrowserContext} context
 * @param {import("playwright-core").BrowserContextOptions} options what the context was made with
 */
export function newPage(context, options) {
  return inFirefox ? newFirefoxPage(context, options) : context.newPage();
}

function launchChromium(executablePath) {
  return chromium.launch({
    executablePath,
    args: [
      "--headless=new",
      "--no-sandbox", // refuses to run as root otherwise
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  });
}
