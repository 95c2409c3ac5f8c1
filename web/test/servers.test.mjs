// Every real mail server there is, tested by the page: WebAssembly in a browser, our relay, TCP.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, noBrowser } from "./harness.mjs";
import { seen, startMailServers, testedOnPage } from "./mail-servers.mjs";

const NAMES = [
  "postfix", "postscreen", "exim", "opensmtpd", "smtp-server", "aiosmtpd", "tlslite-old", "tlslite-weak", "openssl-tls10", "openssl-tls11",
  "openssl-tls12", "openssl-rsa-key-transport", "openssl-cbc", "openssl-aria", "openssl-camellia", "openssl-ccm8", "openssl-null", "openssl-dhe-2048", "openssl-dhe-1024",
  "openssl-rsa-1024", "openssl-encipherment-certificate", "openssl-p521-certificate", "openssl-p521-group", "openssl-ed25519-certificate",
  "openssl-ed448-certificate", "openssl-secp256k1-certificate", "openssl-rsa-pss-certificate", "openssl-rsa-pss-certificate-1-3", "openssl-explicit-curve", "openssl-x448",
  "openssl-x25519", "openssl-x25519mlkem768", "openssl-unknown-name",
  "openssl-client-certificate-1-2", "openssl-client-certificate-1-3",
];

const { servers, stop } = noBrowser ? { servers: {}, stop() {} } : await startMailServers();

after(closeBrowser);
after(stop);

test("no server is left out", { skip: noBrowser }, () =>
  assert.deepEqual(Object.keys(servers).filter((name) => !NAMES.includes(name)), []));

for (const name of NAMES) {
  const skip = noBrowser || (name in servers ? false : `${name} cannot be started here; why, stands above`);
  test(name, { skip }, () =>
    testedOnPage(servers[name], async ({ report }) => {
      const { host, ports, expected } = servers[name];
      const asked = ({ port, implicit_tls }) => `${port}/${implicit_tls ? "implicit" : "starttls"}`;
      assert.equal(report.host, host);
      assert.deepEqual(report.ports.map(asked), ports);
      assert.deepEqual(report.ports.map((port, place) => seen(expected[place], port)), expected);
    }));
}
