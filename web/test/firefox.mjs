// Firefox as Debian has it, under the driver that Chromium has too: by WebDriver BiDi, which has no word for colours of the
// reader's own, paper, less motion, or a page without script. Firefox has all of that, as fields of a tab that its own
// scripts can set; that is done here. So is what the driver takes for granted of a newer Firefox.

import { writeFile } from "node:fs/promises";
import { firefox } from "playwright-core";

const PREFERENCES = {
  // It asks Mozilla for nothing.
  "app.normandy.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "",
  // Nor a site for its icon: a policy that forbids it would be breached.
  "browser.chrome.site_icons": false,
  // The driver says which file is chosen; a dialog for it that nobody answers would stay, and be the last.
  "remote.bidi.dismiss_file_pickers.enabled": true,
  // What was copied can be read without anybody's leave, as Chromium's permissions have it.
  "dom.events.testing.asyncClipboard": true,
};

/**
 * Starts it.
 *
 * @param {string} executablePath
 * @returns {Promise<import("playwright-core").Browser>}
 */
export async function launchFirefox(executablePath) {
  const browser = await firefox.launch({
    channel: "moz-firefox",
    executablePath,
    args: ["--remote-allow-system-access"],
    firefoxUserPrefs: PREFERENCES,
  });
  mend(Object.getPrototypeOf(sessionOf(browser)));
  return browser;
}

/** Pixels that Firefox makes a picture of, from the top. */
const HIGHEST_PICTURE = 65_535;

/** The field of a tab, and of its frames with it, in which Firefox has each of the driver's words for how a page is read. */
const FIELDS = {
  media: "mediumOverride",
  colorScheme: "prefersColorSchemeOverride",
  forcedColors: "forcedColorsOverride",
  reducedMotion: "prefersReducedMotionOverride",
};

/**
 * A tab in Firefox, in which a page is then read as `context` says; its `emulateMedia` does what that of Chromium does.
 *
 * @param {import("playwright-core").BrowserContext} context
 * @param {import("playwright-core").BrowserContextOptions} options what the context was made with
 */
export async function newFirefoxPage(context, { javaScriptEnabled = true, colorScheme = "light", ...media }) {
  const page = await context.newPage();
  page.emulateMedia = (media) => {
    const known = Object.entries(FIELDS).filter(([name]) => name in media);
    return setFields(page, Object.fromEntries(known.map(([name, field]) => [field, media[name] ?? ""])));
  };
  await page.emulateMedia({ colorScheme, ...media });
  // The driver's own puts a style sheet into the page, which our policy does not let it.
  page.screenshot = async ({ path }) => {
    const clip = await page.evaluate((most) => {
      const { scrollWidth: width, scrollHeight } = document.documentElement;
      return { type: "box", x: 0, y: 0, width, height: Math.min(scrollHeight, Math.floor(most / devicePixelRatio)) };
    }, HIGHEST_PICTURE);
    const parameters = { context: idOf(page), origin: "document", clip };
    const { data } = await sessionOf(context.browser()).send("browsingContext.captureScreenshot", parameters);
    await writeFile(path, data, "base64");
  };
  // A WebSocket is a request like others there, and no event of its own.
  page.on("request", (request) => {
    if ("sec-websocket-version" in request.headers()) page.emit("websocket", { url: () => request.url().replace("http", "ws") });
  });
  if (!javaScriptEnabled) await setFields(page, { allowJavascript: false });
  return page;
}

/** The driver's own end of the protocol, which it does not show; its version is fixed in package.json. */
const inside = (thing) => thing._connection.toImpl(thing);
const sessionOf = (browser) => inside(browser)._browserSession;
/** What the protocol calls a page. */
const idOf = (page) => inside(page).delegate._session.sessionId;

/** Runs in a window of Firefox itself: keeps a tab's fields, also where a page of another site gets a process of its own. */
function keepFields(id, json) {
  const { NavigableManager } = ChromeUtils.importESModule("chrome://remote/content/shared/NavigableManager.sys.mjs");
  if (!globalThis.keptFields) {
    globalThis.keptFields = new Map();
    const apply = (tab) => tab.parent || Object.assign(tab, globalThis.keptFields.get(tab.browserId));
    Services.obs.addObserver(apply, "browsing-context-attached");
  }
  const tab = NavigableManager.getBrowsingContextById(id);
  const fields = { ...globalThis.keptFields.get(tab.browserId), ...JSON.parse(json) };
  globalThis.keptFields.set(tab.browserId, fields);
  Object.assign(tab, fields);
}

async function setFields(page, fields) {
  const session = sessionOf(page.context().browser());
  const { contexts: [window] } = await session.send("browsingContext.getTree", { "moz:scope": "chrome", maxDepth: 0 });
  const { exceptionDetails } = await session.send("script.callFunction", {
    functionDeclaration: String(keepFields),
    arguments: [idOf(page), JSON.stringify(fields)].map((value) => ({ type: "string", value })),
    target: { context: window.context },
    awaitPromise: false,
  });
  if (exceptionDetails) throw new Error(`Firefox does not set ${Object.keys(fields)}: ${exceptionDetails.text}`);
}

/** Has the driver's sessions speak as this Firefox does. */
function mend(sessions) {
  const { send, dispatchMessage } = sessions;
  // For each context the driver says a colour scheme by itself, by a command that is not known yet.
  sessions.send = function (method, parameters) {
    return method === "emulation.setMediaFeaturesOverride" ? Promise.resolve({}) : send.call(this, method, parameters);
  };
  // A download that a page begins, and no navigation, has no name of its own yet but its URL.
  sessions.dispatchMessage = function (message) {
    if (/^browsingContext\.download/.test(message.method)) message.params.download ??= message.params.url;
    dispatchMessage.call(this, message);
  };
}
