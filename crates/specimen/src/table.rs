//! The specimens, one after the other: sound in everything that is not said.

use heloscope_words::mark;

use crate::script::Step::{
    self, FallSilent, Handshake, HangUp, HearLine, HearRecord, RefuseAll, Say, SayOctets, SayTimes, Tls,
    Trickle, Wait, WaitForSilence,
};
use crate::script::{Auth, Credentials, Door, Issuer, Key, Names, Script, Service, Taste};

pub(crate) fn plans() -> Vec<Plan> {
    vec![
        Plan::sound("healthy", mark!("Nothing to find")),
        Plan::sound("tls12", mark!("Sound, with TLS 1.2 alone")).taste(Taste::Tls12),
        Plan::sound("ecdsa", mark!("Sound, with an ECDSA certificate")).credentials(ECDSA),
        // Certificates
        Plan::sound("expired", mark!("Certificate expired 10 days ago"))
            .credentials(Credentials { days: (-100, -10), ..RSA }),
        Plan::sound("not-yet-valid", mark!("Certificate not yet valid"))
            .credentials(Credentials { days: (10, 100), ..RSA }),
        Plan::sound("expiring-soon", mark!("Certificate expires in 12 days"))
            .credentials(Credentials { days: (-78, 12), ..RSA }),
        Plan::sound("wrong-name", mark!("Certificate of another server"))
            .credentials(Credentials { names: Names::Another, ..RSA }),
        Plan::sound("common-name-only", mark!("Certificate with its name in the common name alone"))
            .credentials(Credentials { names: Names::CommonNameOnly, ..RSA }),
        Plan::sound("self-signed", mark!("Self-signed certificate")).credentials(SELF_SIGNED),
        Plan::sound("incomplete-chain", mark!("Intermediate certificate not sent"))
            .credentials(Credentials { intermediate_sent: false, ..RSA }),
        Plan::sound("untrusted-root", mark!("Certificate of an authority nobody trusts"))
            .credentials(Credentials { issuer: Issuer::Untrusted, ..RSA }),
        Plan::sound("weak-key", mark!("Key of RSA 1024"))
            .credentials(Credentials { key: Key::Rsa1024, ..RSA }),
        Plan::sound("sha1-signature", mark!("Certificate signed with SHA-1"))
            .credentials(Credentials { issuer: Issuer::RsaWithSha1, ..RSA }),
        Plan::sound("all-faults-at-once", mark!("Certificate expired, self-signed and of another server"))
            .credentials(Credentials { names: Names::Another, days: (-100, -10), ..SELF_SIGNED }),
        Plan::sound("certificate-maze", mark!("A maze of ten certificates, the first with 1501 names"))
            .credentials(MAZE)
            .taste(Taste::P384),
        // STARTTLS and TLS
        Plan::sound("no-starttls", mark!("No STARTTLS")).on(CLEAR, |service| service.starttls = None),
        Plan::sound("starttls-refused", mark!("STARTTLS offered, then refused with 454")).on(
            CLEAR,
            |service| {
                service.starttls = Some(&[Say("454 4.7.0 TLS not available due to local problem\r\n")]);
            },
        ),
        Plan::sound("starttls-hang-up", mark!("Hangs up on STARTTLS"))
            .on(CLEAR, |service| service.starttls = Some(&[HangUp])),
        Plan::sound("starttls-injection", mark!("Clear text slipped in after STARTTLS")).on(
            CLEAR,
            |service| {
                service.starttls = Some(&[
                    Say("220 2.0.0 Ready to start TLS\r\n250-{host}\r\n250 AUTH LOGIN PLAIN\r\n"),
                    Tls,
                ]);
            },
        ),
        Plan::sound("handshake-hang-up", mark!("Hangs up in the TLS handshake"))
            .on(ALL, |service| service.tls = &[HearRecord, HangUp]),
        Plan::sound("tls-alert", mark!("Ends the TLS handshake with an alert"))
            .on(ALL, |service| service.tls = &[HearRecord, SayOctets(HANDSHAKE_FAILURE), HangUp]),
        Plan::sound("hello-retry", mark!("Takes key exchange over P-384 alone")).taste(Taste::P384),
        Plan::sound("client-cert-request", mark!("Asks for a client certificate"))
            .taste(Taste::ClientCertificate),
        Plan::sound("plaintext-on-465", mark!("Clear text on port 465"))
            .on(&[465], |service| service.implicit_tls = false),
        // Greetings
        Plan::sound("busy", mark!("Too busy: greets with 421")).on(ALL, |service| {
            service.greeting = &[Say("421 4.7.0 {host} Error: too many connections\r\n"), HangUp];
        }),
        Plan::sound("rejected", mark!("Turns the client away with 554")).on(&[25], |service| {
            service.greeting =
                &[Say("554 5.7.1 {host} Service unavailable; client host blocked\r\n"), RefuseAll];
        }),
        Plan::sound("slow-greeting", mark!("Greets after 11 seconds")).on(&[25], |service| {
            service.greeting = &[Wait(11), Say("220 {host} ESMTP ready\r\n")];
        }),
        Plan::sound("teaser", mark!("Greets in two parts, 6 seconds apart")).on(&[25], |service| {
            service.greeting = &[
                Say("220-{host} ESMTP ready\r\n"),
                WaitForSilence(6, "521 5.5.1 Protocol error\r\n"),
                Say("220 {host} ESMTP ready\r\n"),
            ];
        }),
        Plan::sound("reply-too-many", mark!("Sends a reply too many with its greeting")).on(
            &[25],
            |service| {
                service.greeting =
                    &[Say("220 {host} ESMTP ready\r\n220 unsolicited mail is not welcome\r\n")];
            },
        ),
        Plan::sound("silent", mark!("Connects and says nothing")).on(ALL, |service| {
            service.greeting = &[FallSilent];
            service.tls = &[FallSilent];
        }),
        Plan::sound("not-smtp", mark!("An IMAP server on port 25")).on(&[25], |service| {
            service.greeting = &[
                Say("* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS STARTTLS] {host} ready.\r\n"),
                HearLine,
                Say("* BAD Error in IMAP command received by server.\r\n"),
                HangUp,
            ];
        }),
        // Extensions
        Plan::sound("helo-only", mark!("Knows HELO, not EHLO")).on(ALL, |service| service.ehlo = false),
        Plan::sound("auth-before-tls", mark!("AUTH offered in clear text"))
            .on(&[25, 587], |service| service.auth = Auth::Always),
        Plan::sound("no-auth-on-submission", mark!("No AUTH on the submission ports"))
            .on(&[465, 587], |service| service.auth = Auth::Never),
        Plan::sound("cisco", mark!("A firewall masks greeting and STARTTLS")).on(&[25], |service| {
            service.greeting = &[Say("220 ****************************************\r\n")];
            service.extensions = &["PIPELINING", "SIZE 52428800", "XXXXXXXA", "8BITMIME", "XXXB"];
            service.starttls = None;
        }),
        Plan::sound("hostile-text", mark!("Markup, controls and reversed text in every reply"))
            .credentials(Credentials { names: Names::Hostile, ..RSA })
            .on(ALL, |service| {
                service.greeting = &[Say(HOSTILE_GREETING)];
                service.extensions = HOSTILE_EXTENSIONS;
            }),
        Plan::sound("flood", mark!("A hundred lines in every reply, all of characters that turn text round"))
            .on(ALL, |service| {
                service.greeting = &FLOOD;
                service.extensions = &[FLOOD_EXTENSION; FLOOD.len() - 4];
            }),
        Plan::sound("megabytes", mark!("Two megabytes of greeting, and of extensions on port 587"))
            .on(&[25, 465], |service| {
                service.greeting = &[SayTimes(MEGABYTES, MEGABYTES_LINE), Say("220 {host} ESMTP ready\r\n")];
            })
            .on(&[587], |service| {
                service.extensions = &[MEGABYTES_EXTENSION];
                service.times = MEGABYTES;
            }),
        Plan::sound("trickle", mark!("Greets an octet at a time, for 5 seconds")).on(ALL, |service| {
            service.greeting = &[Trickle(10, TRICKLE)];
        }),
        // Ports
        Plan::sound("closed-ports", mark!("Port 25 alone is open")).at(&[465, 587], Door::Closed),
        Plan::sound("unreachable", mark!("Every port is closed")).at(ALL, Door::Closed),
        Plan::sound("filtered", mark!("No port ever answers")).at(ALL, Door::Filtered),
        Plan::sound("no-route", mark!("There is no route to the host")).at(ALL, Door::NoRoute),
    ]
}

const ALL: &[u16] = &[25, 465, 587];
const CLEAR: &[u16] = &[25, 587];

const READY: Script = &[Say("220 {host} ESMTP ready\r\n")];
const SECURE: Script = &[Say("220 2.0.0 Ready to start TLS\r\n"), Tls];
const EXTENSIONS: &[&str] =
    &["PIPELINING", "SIZE 52428800", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"];

const RELAY: Service = Service {
    implicit_tls: false,
    greeting: READY,
    ehlo: true,
    extensions: EXTENSIONS,
    times: 1,
    starttls: Some(SECURE),
    auth: Auth::Never,
    tls: &[Handshake],
};
const SUBMISSION: Service = Service { auth: Auth::InsideTls, ..RELAY };
const SUBMISSIONS: Service = Service { implicit_tls: true, starttls: None, ..SUBMISSION };

const RSA: Credentials = Credentials {
    key: Key::Rsa2048,
    names: Names::Own,
    days: (-30, 60),
    issuer: Issuer::Rsa,
    intermediate_sent: true,
};
const ECDSA: Credentials = Credentials { key: Key::EcdsaP256, issuer: Issuer::Ecdsa, ..RSA };
/// The dearest to verify and to judge that a server can send.
const MAZE: Credentials =
    Credentials { key: Key::EcdsaP384, names: Names::Thousands, issuer: Issuer::Maze, ..RSA };
const SELF_SIGNED: Credentials = Credentials { issuer: Issuer::Itself, ..RSA };

/// A fatal alert, handshake_failure (40), RFC 8446 §6.2.
const HANDSHAKE_FAILURE: &[u8] = &[21, 3, 3, 0, 2, 2, 40];

const HOSTILE_GREETING: &str = "220-{host} <img src=x onerror=alert(1)> ESMTP\r\n\
    220-\u{1b}[2J\u{1b}[31mcleared\u{1b}[0m \u{7}\u{8}\u{0}\u{7f}\u{9b}31m\r\n\
    220-\u{202e}draziw a si revres siht\u{202c} \u{2066}isolated\u{2069} \u{200b}zero\u{200d}width\u{feff}\r\n\
    220-a lone \r in the line, and [a link](javascript:alert(2)) `with` **Markdown** | in | it\r\n\
    220 javascript:alert(3) https://example.com/ &lt;b&gt; \"'</script><script>alert(4)</script>\r\n";
const HOSTILE_EXTENSIONS: &[&str] = &[
    "SIZE 52428800",
    "<b>BOLD</b> <iframe src=javascript:alert(5)>",
    "X-\u{202e}EVIL\u{202c} \u{200b}\u{2028}\u{2029}",
    "STARTTLS\u{200b}",
    "8BITMIME \u{1b}]8;;https://example.com\u{7}",
    "__proto__ constructor",
];

/// The dearest to show that a server can say.
const FLOOD: [Step; 100] = {
    let mut lines = [Say(FLOOD_LINE); 100];
    lines[99] = Say("220 {host} ESMTP ready\r\n");
    lines
};
const FLOOD_LINE: &str = "220-\
    \u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\
    \u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\
    \u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\
    \r\n";
const FLOOD_EXTENSION: &str = "X-\
    \u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\
    \u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\
    \u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\u{202e}\
    ";

/// Lines of 100 octets.
const MEGABYTES: usize = 20_000;
const MEGABYTES_LINE: &str = "220-\
    9876543210987654321098765432109876543210987654321098765432109876543210987654321098765432101234\r\n";
const MEGABYTES_EXTENSION: &str = "X-\
    98765432109876543210987654321098765432109876543210987654321098765432109876543210987654321012";

/// 500 octets and the name.
const TRICKLE: &str = "220-{host} ESMTP\r\n\
    220-Everyone who connects to this server is welcome to the words of its greeting, one octet after the other.\r\n\
    220-Some servers do so to those whose mail they do not like, so that these lose time; spamd of OpenBSD does.\r\n\
    220-A client that counts the silence between two octets waits for as long as this goes on. One that counts\r\n\
    220-the time for the whole reply gives up before. RFC 5321 gives five minutes in its section 4.5.3.2.1, for\r\n\
    220-the greeting as it is.\r\n\
    220 ready\r\n";

/// What one specimen is.
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) credentials: Credentials,
    pub(crate) taste: Taste,
    pub(crate) doors: [(u16, Door); 3],
}

impl Plan {
    fn sound(name: &'static str, title: &'static str) -> Self {
        let doors = [(25, Door::Open(RELAY)), (465, Door::Open(SUBMISSIONS)), (587, Door::Open(SUBMISSION))];
        Self { name, title, credentials: RSA, taste: Taste::Modern, doors }
    }

    fn credentials(self, credentials: Credentials) -> Self {
        Self { credentials, ..self }
    }

    fn taste(self, taste: Taste) -> Self {
        Self { taste, ..self }
    }

    /// Changes the servers on these ports.
    fn on(mut self, ports: &[u16], change: fn(&mut Service)) -> Self {
        for (port, door) in &mut self.doors {
            if let (true, Door::Open(service)) = (ports.contains(port), door) {
                change(service);
            }
        }
        self
    }

    /// Puts another door on these ports.
    fn at(mut self, ports: &[u16], other: Door) -> Self {
        for (port, door) in &mut self.doors {
            if ports.contains(port) {
                *door = other;
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels_and_stand_once() {
        let mut names: Vec<_> = plans().iter().map(|plan| plan.name).collect();
        assert!(
            names
                .iter()
                .all(|name| name.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-')))
        );
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(all < 255, "each has an address in one /24");
    }
}
