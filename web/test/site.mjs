// Somebody else's site, whose page embeds the element of a relay that allows it.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { withPage } from "./harness.mjs";

/**
 * Opens a page of another site, with `body` in it, that embeds the element of a relay which allows that site.
 * `policy` gets the relay's host, and says what the site's Content-Security-Policy is; `worker` is the script at /worker.js.
 */
export async function onForeignPage({ body, policy = strict, relay = [], expected = [], worker = "" }, use) {
  let address;
  const site = createServer(({ url }, response) => {
    response.setHeader("content-security-policy", policy(new URL(address).host));
    if (url === "/worker.js") {
      response.setHeader("content-type", "text/javascript");
      return response.end(worker.replaceAll("RELAY", address));
    }
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><html lang="en"><title>Site</title>
      <script type="module" src="${address}/heloscope.js"></script>${body.replaceAll("RELAY", address)}`);
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const origin = `http://127.0.0.1:${site.address().port}`;
  try {
    return await withPage({ relay: ["--demo", "--allow-origin", origin, ...relay], origins: [origin], expected }, async (at) => {
      address = at.address;
      await at.page.goto(origin);
      return use(at);
    });
  } finally {
    site.closeAllConnections();
    site.close();
  }
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
