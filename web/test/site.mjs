// Somebody else's site on this machine, such as one whose page embeds the element of a relay that allows it.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createServerOverTls } from "node:https";
import { extname, join } from "node:path";
import { withPage } from "./harness.mjs";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * Runs a site and calls `use` with its origin. `answer` gets each request and its response, text/html until it says otherwise,
 * and ends it or returns what ends it. With `tls`, a key and a certificate, it is HTTPS, and its name localhost.
 */
export async function withSite(answer, use, tls) {
  const respond = async (request, response) => {
    response.setHeader("content-type", "text/html");
    const body = await answer(request, response);
    if (!response.writableEnded) response.end(body);
  };
  const site = tls ? createServerOverTls(tls, respond) : createServer(respond);
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const { port } = site.address();
  try {
    return await use(tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`);
  } finally {
    site.closeAllConnections();
    site.close();
  }
}

/** A site of what is in a folder: for `answer`. A path with a `/` at its end is that folder's index.html. */
export const filesOf = (folder) => async ({ url }, response) => {
  const { pathname } = new URL(url, "http://site");
  const file = join(folder, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
  try {
    const octets = await readFile(file);
    response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
    return octets;
  } catch {
    response.writeHead(404);
  }
};

/**
 * Opens a page of another site, with `body` in it, that embeds the element of a relay which allows that site.
 * `policy` gets the relay's host, and says what the site's Content-Security-Policy is; `worker` is the script at /worker.js.
 */
export async function onForeignPage({ body, policy = strict, relay = [], expected = [], worker = "" }, use) {
  let address;
  const answer = ({ url }, response) => {
    response.setHeader("content-security-policy", policy(new URL(address).host));
    if (url === "/worker.js") {
      response.setHeader("content-type", "text/javascript");
      return worker.replaceAll("RELAY", address);
    }
    return `<!doctype html><html lang="en"><title>Site</title>
      <script type="module" src="${address}/heloscope.js"></script>${body.replaceAll("RELAY", address)}`;
  };
  return withSite(answer, (origin) =>
    withPage({ relay: ["--demo", "--allow-origin", origin, ...relay], origins: [origin], expected }, async (at) => {
      address = at.address;
      await at.page.goto(origin);
      return use(at);
    }));
}

const readme = await readFile("README.md", "utf8");
const [, documented] = /needs, for a relay at `http:\/\/127\.0\.0\.1:8025`:\n\n```\n([^`]*)```/.exec(readme);
const [, trusted] = /where it has `(require-trusted-types-for 'script')`, `trusted-types heloscope`/.exec(readme);

/** The policy that the README spells out, word for word, and nothing more; `relay` is a host with its port. */
export const strict = (relay) =>
  `default-src 'none'; ${documented.trim().replaceAll("127.0.0.1:8025", relay).replace(/\s+/g, " ")}; ${trusted}; trusted-types heloscope`;

/** What the element says of a test that could not be run. */
export const failure = async (page) => {
  const alert = page.getByRole("alert");
  await alert.filter({ hasText: "The test could not be run" }).waitFor();
  return alert.locator("p").innerText();
};
