/** The element's words. English stands here, where it is said; another language is looked up by it, see `language.ts`. The report's own words come with the report. */

import { datesIn, numbersIn } from "./dates-and-numbers.ts";

/** Values for what stands in braces in a message. */
type Values = Record<string, string | number>;

/** All words in a language (BCP 47); `translated` has the translation of a message, its values numbered as they stand in it. */
export function wordsIn(language: string, translated: (message: string) => string | undefined) {
  const numbers = numbersIn(language);
  const counts = new Intl.PluralRules(language);
  const dates = datesIn(language);
  const day = new Intl.DateTimeFormat(dates, { dateStyle: language === "en" ? "short" : "long", timeZone: "UTC" });
  const time = new Intl.DateTimeFormat(dates, { timeStyle: "short", timeZone: "UTC" });
  const say = (message: string, values: Values = {}): string => {
    const names = Array.from(message.matchAll(/\{(\w+)\}/g), ([, name]) => name ?? "");
    return (translated(message) ?? message).replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[names[Number(name)] ?? name] ?? "";
      return typeof value === "number" ? numbers.format(value) : value;
    });
  };
  const plural = (count: number, one: string, many: string, values: Values = {}): string =>
    say(counts.select(count) === "one" ? one : many, values);
  return {
    language,
    /** The translation of a text that stands elsewhere: in the page, or in what a relay says. */
    page: (text: string): string => translated(text) ?? text,
    host: say("Mail server"),
    hostHint: say("A host name, an IP address, host:port, a URL or a mail address."),
    placeholder: "mx1.example.com",
    ports: say("Ports"),
    portUse: { "25": say("between servers"), "465": say("clients, implicit TLS"), "587": say("clients, STARTTLS") } as Record<string, string>,
    through: say("Through the relay"),
    operator: say("Who runs this relay: "),
    throughAll: say("Test through all of them"),
    from: (relay: string) => say("Through {relay}", { relay }),
    sideBySide: say("Side by side"),
    allTheSame: say("Verdict, findings, senders, facts, extensions and certificates are the same in all of them."),
    differences: (count: number) =>
      plural(
        count,
        "One thing is different; verdict, findings, senders, facts, extensions and certificates are the same but for that.",
        "{count} things are different; verdict, findings, senders, facts, extensions and certificates are the same but for those.",
        { count },
      ),
    nothingToCompare: say("There are not two reports to compare."),
    differs: say("differs"),
    verdict: say("Verdict"),
    /** A report's status, for a title. */
    status: { ok: say("ok"), notice: say("notice"), warning: say("warning"), error: say("error"), untested: say("untested"), partial: say("tested in part") },
    worst: say("worst finding"),
    findings: say("Findings"),
    extensions: say("Extensions"),
    certificates: say("Certificates"),
    certificate: say("Certificate's SHA-256"),
    portNumber: (port: string) => say("Port {port}", { port }),
    fact: say("What"),
    nothingSaid: "–",
    run: say("Test"),
    stop: say("Stop"),
    examples: say("Try it on an example: a sound mail server, or one with a known fault"),
    report: say("Report"),
    copyMarkdown: say("Copy as Markdown"),
    copyText: say("Copy as text"),
    copyJson: say("Copy as JSON"),
    downloadJson: say("Download JSON"),
    copyLink: say("Copy link to this report"),
    copiedLink: say("Copied: a link that holds the whole report. Nothing was uploaded."),
    linkTooLong: say("This report is too long for a link. Download it instead."),
    linkTooLarge: say("The link holds more than a report can be."),
    linkDamaged: say("The link is damaged: a part of it is missing, or was changed on the way. Ask for it once more."),
    linkUnsupported: say("This browser is too old for links that hold a report. Use the downloaded report instead."),
    fileTooLarge: say("The file is larger than a report can be."),
    tooManySides: (most: number) => say("The file holds more than {most} reports.", { most }),
    comparedReports: (host: string, relays: number) => say("{host} through {relays} relays", { host, relays }),
    severalReports: (hosts: string, count: number) => say("{hosts}: {count} reports side by side", { hosts, count }),
    wholeReportThrough: (relay: string) => say("The whole report of the test through {relay}:", { relay }),
    wholeReportOf: (name: string) => say("The whole report, of {name}:", { name }),
    noReport: say("This is no report: give one as it is, its JSON, a file of it, or several in a list."),
    opening: say("Opening the report."),
    opened: (verdict: string) => say("Opened. {verdict}", { verdict }),
    notOpened: say("The report could not be opened"),
    savedReport: (at: string) =>
      say(
        "This is a saved report, made {at}, perhaps by someone else. Nothing has been tested just now; days are counted from then, and the report may have been altered since.",
        { at },
      ),
    sharedReport: (at: string) =>
      say(
        "This report was made by someone else, {at}, and came with the link. Nothing has been tested just now; days are counted from then, and the report may have been altered since.",
        { at },
      ),
    at: (moment: Date) => say("on {day} at {time} UTC", { day: day.format(moment), time: time.format(moment) }),
    atSeveral: say("at the times that are named below"),
    atUnknown: say("at a time that it does not say"),
    testAgain: say("Test again now"),
    text: say("text"),
    copied: (format: string) => say("Copied: {format}.", { format }),
    copiedShort: say("Copied"),
    notCopiedShort: say("Not copied"),
    notCopied: say("The browser did not allow copying. Download the report instead."),
    loading: say("Loading the test."),
    running: (host: string, ports: string[]) =>
      plural(ports.length, "Testing {host}, port {ports}.", "Testing {host}, ports {ports}.", { host, ports: ports.join(", ") }),
    dialling: (address: string) => say("Dialling {address} instead of the addresses of the name.", { address }),
    settled: (port: string, left: number) =>
      left > 0 ? say("Port {port} is done, {left} to go.", { port, left }) : say("Port {port} is done.", { port }),
    waiting: (port: string, step: string) => say("Port {port} is waiting: {step}.", { port, step }),
    finished: (verdict: string) => say("Finished. {verdict}", { verdict }),
    stopped: say("Stopped."),
    stoppedStep: say("stopped"),
    stepNotBegun: say("not begun"),
    noPort: say("Choose at least one port."),
    noHost: say("Type the name of a mail server, such as mx1.example.com."),
    failed: say("The test could not be run"),
    relayUnreachable: (relay: string, site: string) =>
      site === relay
        ? say("The relay at {relay} does not answer. It may be down.", { relay })
        : say(
            "The relay at {relay} does not answer. It may be down, or it may not allow this site to use it: whoever runs it does so with --allow-origin {site}.",
            { relay, site },
          ),
    connectBlocked: (sources: string) =>
      say("This site's Content-Security-Policy does not let the test reach the relay. Add {sources} to its connect-src.", { sources }),
    noSocket: (relay: string) =>
      say(
        "The relay at {relay} answers, but a WebSocket to it cannot be opened. Something on the way does not let it through, such as a proxy or an extension of the browser.",
        { relay },
      ),
    relayStatus: (relay: string, status: number) =>
      say("The relay at {relay} answered with HTTP status {status}.", { relay, status: String(status) }),
    relayOdd: (relay: string) => say("What answers at {relay} is no Heloscope relay.", { relay }),
    relayUrl: (relay: string) => say("“{relay}” is no http, https, ws or wss URL of a relay.", { relay }),
    notOffered: (relay: string) =>
      say("This page does not offer the relay {relay}. Choose one of those that it does; whoever runs it adds others with --other-relay.", { relay }),
    offline: say("This browser is offline. Connect to a network, then try again."),
    noProgram: (from: string) => say("The test's program could not be loaded from {from}. That may be down, or this site's Content-Security-Policy, where it has one, does not name it in script-src and connect-src.", { from }),
    helpCertificate: say("More about this warning"),
    helpPorts: say("What each port is for"),
    helpExtensions: say("All extensions"),
    helpReplies: say("What reply codes mean"),
    withoutReport: (count: number) => plural(count, "One relay gave no report.", "{count} relays gave no report.", { count }),
    remedy: say("Configuration and commands"),
    noRemedies: (from: string) =>
      say("The configuration could not be loaded from {from}. Close this and open it again to try once more.", { from }),
    copy: say("Copy"),
    wasmBlocked: say(
      "This site's Content-Security-Policy does not let the test's program run. Add 'wasm-unsafe-eval' to its script-src.",
    ),
    noWasm: say("This browser does not run WebAssembly, which the test needs."),
    markupRefused: say(
      "This site's Content-Security-Policy does not let the report be shown. Add “heloscope” to its trusted-types.",
    ),
  };
}

/** All words in one language. */
export type Words = ReturnType<typeof wordsIn>;

/** The words as they stand here. */
export const ENGLISH = wordsIn("en", () => undefined);
