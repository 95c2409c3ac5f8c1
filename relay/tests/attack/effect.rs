//! What came of an attack, and whether that is what was expected.

use crate::attack::{Attack, Directly};
use crate::log::Ended;

/// What came of an attack at the server.
pub(crate) struct Effect {
    /// In clear.
    pub(crate) heard: Vec<u8>,
    /// What the server logged of the connection.
    pub(crate) log: String,
}

/// All that Postfix takes for a command, and what it would not but others do; RFC 5321 §4.1, and Postfix's own.
const VERBS: [&str; 24] = [
    "AUTH", "BDAT", "DATA", "EHLO", "ETRN", "EXPN", "HELO", "HELP", "LHLO", "MAIL", "NOOP", "ONEX", "QUIT",
    "RCPT", "RSET", "SAML", "SEND", "SOML", "STARTTLS", "TURN", "VERB", "VRFY", "XCLIENT", "XFORWARD",
];

/// What the relay may let through.
const LINES: [&str; 4] = ["EHLO relay.example", "HELO relay.example", "STARTTLS", "QUIT"];

impl Effect {
    /// Of a connection at whose other end nobody listened.
    pub(crate) fn of_unheard(ended: Ended) -> Self {
        Self { heard: Vec::new(), log: ended.log }
    }

    /// The command lines that the server heard, as it logs them: what cannot be printed is a question mark.
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.log
            .lines()
            .filter_map(|line| line.split_once("]: < ")?.1.split_once("]:")?.1.split_once(": "))
            .map(|(_, said)| said)
            .collect()
    }

    pub(crate) fn took_mail(&self) -> bool {
        self.log.contains(": client=")
    }

    /// Commands that no relay lets through.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &str> {
        let is_command = |line: &&str| {
            let word = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            VERBS.contains(&word.as_str())
        };
        self.lines().into_iter().filter(|line| !LINES.contains(line)).filter(is_command)
    }

    fn shook_hands(&self) -> bool {
        self.heard.windows(2).any(|two| two == b"\x16\x03") || self.log.contains("SSL_accept:")
    }

    /// What got out of this attack.
    pub(crate) fn got_out(&self, attack: &Attack) -> Option<String> {
        let commands: Vec<&str> = self.commands().collect();
        let name = &attack.name;
        if self.took_mail() {
            return Some(format!("{name}: mail"));
        }
        if attack.directly == Directly::Handshake && self.shook_hands() {
            return Some(format!("{name}: a handshake"));
        }
        (!commands.is_empty()).then(|| format!("{name}: {}", commands.join(" | ")))
    }

    /// Whether it is what was expected over TCP.
    pub(crate) fn is(&self, directly: &Directly) -> bool {
        match directly {
            Directly::Mail => self.took_mail(),
            Directly::Command(begin) => {
                self.commands().any(|line| line.starts_with(begin)) && !self.took_mail()
            }
            Directly::Handshake => self.shook_hands(),
            Directly::Fails(_) => self.commands().next().is_none() && !self.took_mail(),
        }
    }
}
