use heloscope_wire::{CloseCause, ToRelay};

use crate::{Guard, Rule};

/// The one way up: all that a client says passes here before any octet of it reaches the mail server.
#[derive(Debug)]
pub(crate) struct Upward {
    octets_left: u64,
    guard: Guard,
    refused_by: Option<Rule>,
}

impl Upward {
    pub(crate) fn new(octets: u64, guard: Guard) -> Self {
        Self { octets_left: octets, guard, refused_by: None }
    }

    /// What goes up now that this binary frame has come; if it may not, nothing of it does, and the connection ends.
    pub(crate) fn admit(&mut self, frame: &[u8]) -> Result<Vec<u8>, CloseCause> {
        let octets = u64::try_from(frame.len()).unwrap_or(u64::MAX);
        self.octets_left = self.octets_left.checked_sub(octets).ok_or(CloseCause::OctetLimit)?;
        let admitted = self.guard.from_client(frame);
        self.or_refused(admitted)
    }

    /// Takes a text frame; the connection ends where it is none that is awaited.
    pub(crate) fn hear_control(&mut self, frame: &str) -> Result<(), CloseCause> {
        let learned = match serde_json::from_str(frame) {
            Ok(ToRelay::ClientWriteKey(key)) => self.guard.client_write_key(&key),
            Err(_) => Err(Rule::KeyProof),
        };
        self.or_refused(learned)
    }

    /// What the mail server sends, before the client sees it.
    pub(crate) fn heard(&mut self, octets: &[u8]) {
        self.guard.from_server(octets);
    }

    /// The rule that ended it, where one did.
    pub(crate) fn refused_by(&self) -> Option<Rule> {
        self.refused_by
    }

    /// See [`Guard::refused_in_greeting`].
    pub(crate) fn refused_in_greeting(&self) -> bool {
        self.guard.refused_in_greeting()
    }

    /// See [`Guard::owes_greeting`].
    pub(crate) fn owes_greeting(&self) -> bool {
        self.guard.owes_greeting()
    }

    /// See [`Guard::awaits_greeting_inside_tls`].
    pub(crate) fn awaits_greeting_inside_tls(&self) -> bool {
        self.guard.awaits_greeting_inside_tls()
    }

    fn or_refused<T>(&mut self, judged: Result<T, Rule>) -> Result<T, CloseCause> {
        judged.map_err(|rule| {
            self.refused_by = Some(rule);
            CloseCause::Guard
        })
    }
}

#[cfg(test)]
mod tests {
    use heloscope_observation::{Host, TlsMode};

    use super::*;

    fn upward(octets: u64) -> Upward {
        let host: Host = "mx.example".parse().unwrap();
        let mut upward = Upward::new(octets, Guard::new(host, TlsMode::StartTls, "x"));
        upward.heard(b"220 mx.example\r\n");
        upward
    }

    #[test]
    fn octets_pass_up_to_the_limit_and_none_of_the_frame_that_exceeds_it() {
        let mut upward = upward(10);
        assert_eq!(upward.admit(b"EHLO x\r\n").as_deref(), Ok(&b"EHLO x\r\n"[..]));
        upward.heard(b"250 mx.example\r\n");
        assert_eq!(upward.admit(b"QUIT\r\n"), Err(CloseCause::OctetLimit));
        assert_eq!(upward.refused_by(), None);
    }

    #[test]
    fn the_rule_that_refuses_is_known() {
        let mut first = upward(100);
        assert_eq!(first.admit(b"NOOP\r\n"), Err(CloseCause::Guard));
        assert_eq!(first.refused_by(), Some(Rule::ClearPhase));
        let mut second = upward(100);
        assert_eq!(second.hear_control("QUIT\r\n"), Err(CloseCause::Guard));
        assert_eq!(second.refused_by(), Some(Rule::KeyProof));
    }
}
