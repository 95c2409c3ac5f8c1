// A page's test as a person would do it: our relay's own program, a real browser, and nothing amiss beside what is
// tested. A console error, an exception nobody caught, a breach of the Content-Security-Policy or a request to anyone
// but the relay fails the test that caused it.
//
//   import { noBrowser, withPage } from "./harness.mjs";
//
//   test("the field has the focus", { skip: noBrowser }, () =>
//     withPage({ relay: ["--demo"] }, async ({ page }) => { … }));

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inFirefox, newContext, newPage, theBrowser } from "./browser.mjs";

export { closeBrowser, NO_WEBSOCKET, noBrowser, notInFirefox } from "./browser.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const relayProgram = () =>
  process.env.HELOSCOPE_RELAY ?? resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "release/heloscope-relay");

/** Longest time for the relay to say where it listens, and for it to end when asked to. */
const PATIENCE_MS = 20_000;

/**
 * Starts the relay on a free port, runs `use` with its address, and ends the relay.
 *
 * @template T
 * @param {string[]} options the relay's; it listens on a free port unless they say otherwise
 * @param {(address: string, stop: () => Promise<void>) => Promise<T>} use is given the address, as in `http://127.0.0.1:40123`, and
 *   what ends the relay before
 * @returns {Promise<T>}
 */
export async function withRelay(options, use) {
  const program = relayProgram();
  assert.ok(existsSync(program), `${program} is not there: npm run build`);
  const listen = options.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
  const relay = spawn(program, [...listen, ...options], {
    cwd: root,
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HELOSCOPE_"))),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = [];
  const ended = new Promise((end) => relay.once("close", (code, signal) => end(signal ?? code)));
  try {
    const address = await listening(relay, said);
    return await use(address, async () => {
      relay.kill("SIGTERM");
      await ended;
    });
  } finally {
    relay.kill("SIGTERM");
    const late = setTimeout(() => relay.kill("SIGKILL"), PATIENCE_MS);
    const how = await ended;
    clearTimeout(late);
    assert.ok(how === 0 || how === "SIGTERM", `the relay ended with ${how}:\n${said.join("\n")}`);
  }
}

function listening(relay, said) {
  return new Promise((found, failed) => {
    const late = setTimeout(() => failed(new Error(`the relay names no address:\n${said.join("\n")}`)), PATIENCE_MS);
    const settle = (outcome, value) => {
      clearTimeout(late);
      outcome(value);
    };
    for (const stream of [relay.stdout, relay.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        const address = /https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):[1-9]\d*/.exec(line);
        if (address) settle(found, address[0]);
      });
    }
    relay.once("error", (error) => settle(failed, error));
    relay.once("close", (code) => settle(failed, new Error(`the relay ended with ${code}:\n${said.join("\n")}`)));
  });
}

/**
 * Opens a page of a relay of its own, and fails afterwards if anything was amiss there.
 *
 * @template T
 * @param {object} setup
 * @param {string[]} [setup.relay] the relay's options
 * @param {string} [setup.path] what to open, `/` unless told otherwise
 * @param {import("playwright-core").BrowserContextOptions} [setup.context] colour scheme, size, locale and so on
 * @param {string[]} [setup.origins] other origins that the page may ask, for a widget on a foreign page
 * @param {RegExp[]} [setup.expected] console errors that are what is being tested
 * @param {() => void} [setup.first] what is run in the page before anything of its own
 * @param {number} [setup.rest] milliseconds in which the browser can start all that a window needs, for what is measured
 * @param {(at: { page: import("playwright-core").Page, address: string, stop: () => Promise<void> }) => Promise<T>} use
 * @returns {Promise<T>}
 */
export function withPage({ relay = ["--demo"], path = "/", context = {}, origins = [], expected = [], first, rest = 0 }, use) {
  return withRelay(relay, async (address, stop) => {
    const own = await newContext(context);
    const amiss = await watch(own, [address, ...origins], expected);
    if (first) await own.addInitScript(first);
    try {
      const page = await newPage(own, context);
      if (rest > 0) await page.waitForTimeout(rest);
      await page.goto(address + path);
      const result = await use({ page, address, stop });
      assert.deepEqual(amiss, [], "amiss on the page");
      return result;
    } catch (error) {
      // What was amiss is often why something else did not come about.
      if (amiss.length > 0 && error.message) error.message += `\namiss on the page:\n${amiss.join("\n")}`;
      throw error;
    } finally {
      await own.close();
    }
  });
}

/** Collects whatever no page of ours does. */
async function watch(context, origins, expected) {
  const amiss = [];
  const note = (what) => {
    if (!expected.some((pattern) => pattern.test(what))) amiss.push(what);
  };
  const allowed = new Set(origins.map((origin) => new URL(origin).host));
  const foreign = (url) => {
    const { protocol, host } = new URL(url);
    return !["about:", "blob:", "data:"].includes(protocol) && !allowed.has(host);
  };
  context.on("console", (message) => message.type() === "error" && note(`console: ${message.text()}`));
  context.on("dialog", (dialog) => {
    note(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on("weberror", (error) => note(`exception: ${error.error().stack ?? error.error().message}`));
  context.on("request", (request) => foreign(request.url()) && note(`request to ${request.url()}`));
  context.on("page", (page) =>
    page.on("websocket", (socket) => foreign(socket.url()) && note(`WebSocket to ${socket.url()}`)));
  await context.exposeFunction("breachOfPolicy", note);
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      globalThis.breachOfPolicy(`policy: ${event.violatedDirective} forbids ${event.blockedURI}`));
  });
  return amiss;
}

/**
 * How long the main thread of a page is busy without a pause while `use` runs.
 *
 * @param {import("playwright-core").Page} page
 * @param {() => Promise<unknown>} use goes somewhere with the page
 * @returns {Promise<number[]>} the time that the processor spent on each of its tasks, in milliseconds, the longest
 *   first; what else the machine had to do meanwhile is not in that
 */
export async function processorTimes(page, use) {
  const watched = await theBrowser();
  await watched.startTracing(page, { categories: ["__metadata", "disabled-by-default-devtools.timeline"] });
  let trace;
  try {
    await use();
  } finally {
    trace = await watched.stopTracing();
  }
  const { traceEvents } = JSON.parse(trace.toString());
  const named = (name) => traceEvents.filter((event) => event.name === name);
  const processes = new Set(named("FrameCommittedInBrowser").map(({ args }) => args.data.processId));
  const main = named("thread_name").filter(({ pid, args }) => processes.has(pid) && args.name === "CrRendererMain");
  const threads = new Set(main.map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = named("RunTask").filter(({ pid, tid }) => threads.has(`${pid} ${tid}`));
  assert.ok(tasks.length > 0, "nothing was seen of the page");
  return tasks.map(({ tdur }) => tdur / 1000).sort((one, other) => other - one);
}

/**
 * Takes a picture of the whole page into `target/screenshots`, for people to look at.
 *
 * @param {import("playwright-core").Page} page
 * @param {string} name without an ending
 */
export async function picture(page, name) {
  const folder = join(root, "target/screenshots", inFirefox ? "firefox" : "");
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
