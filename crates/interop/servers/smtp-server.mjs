// npm's smtp-server, the one that goes with nodemailer: one server a port, each told as JSON on the command line:
// { host, address, key, certificates, ports: [{ port, implicit, auth }] }. It takes no mail.

import { readFileSync } from "node:fs";
import { SMTPServer } from "smtp-server";

const { host, address, key, certificates, ports } = JSON.parse(process.argv[2]);

for (const { port, implicit, auth } of ports) {
  const server = new SMTPServer({
    name: host,
    banner: "smtp-server",
    key: readFileSync(key),
    cert: readFileSync(certificates),
    secure: implicit,
    size: 10_240_000,
    disableReverseLookup: true,
    disabledCommands: auth ? [] : ["AUTH"],
    authMethods: ["PLAIN", "LOGIN"],
    onAuth: (_auth, _session, callback) => callback(new Error("nobody has an account here")),
    onMailFrom: (_address, _session, callback) => callback(new Error("no mail is taken here")),
  });
  // A client that goes away in the middle of a handshake is no reason to end.
  server.on("error", (error) => console.error(error.message));
  server.listen(port, address);
}
