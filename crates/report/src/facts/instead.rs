//! What a server said in clear text where TLS was to begin.

use heloscope_observation::{RefusalCode, Stage, TlsFailure};
use heloscope_smtp::{Reply, ReplyReader, Separator};

use super::{Cause, PortFacts};
use crate::words::{Likeness, is_refusal};

impl PortFacts<'_> {
    /// The refusal that came in place of TLS, RFC 5321 §3.1: of its lines those that are kept.
    pub(crate) fn refusal_in_place_of_tls(&self) -> Option<Reply> {
        match self.clear_text_in_place_of_tls() {
            Some(octets) => refusal(octets),
            None => self.shut_down_before_tls(),
        }
    }

    /// The refusal that says nothing about TLS on this port: the client was turned away before TLS could begin. After the
    /// 220 to STARTTLS only a 421 is one, RFC 5321 §3.8.
    pub(crate) fn turned_away(&self) -> Option<Reply> {
        self.refusal_in_place_of_tls().filter(|reply| self.is_implicit() || reply.code() == 421)
    }

    /// A 421 and nothing more, between the 220 to STARTTLS and the ClientHello, with which the session ended.
    pub(crate) fn shut_down_before_tls(&self) -> Option<Reply> {
        let failure =
            self.failure.filter(|failure| failure.stage == Stage::Tls && self.handshake.is_none())?;
        let hung_up = match failure.cause {
            Cause::Closed(_) => true,
            Cause::Refused(refusal) => refusal.code == RefusalCode::Reset,
            _ => false,
        };
        let (octets, total) = self.injected.filter(|_| hung_up)?;
        let mut reader = ReplyReader::default();
        reader.push(octets);
        let reply = reader.next_reply()?.ok()?;
        let is_all = octets.len() == total && reader.unread_len() == 0;
        (is_all && reply.code() == 421).then_some(reply)
    }

    /// The octets of another protocol, on a port where TLS comes first, and what they look like.
    pub(crate) fn other_protocol(&self) -> Option<(&[u8], Likeness)> {
        let octets = self.clear_text_in_place_of_tls().filter(|_| self.is_implicit())?;
        let likeness = Likeness::of(octets);
        let is_other = matches!(likeness, Likeness::Http | Likeness::Ssh | Likeness::Imap | Likeness::Pop3);
        is_other.then_some((octets, likeness))
    }

    fn clear_text_in_place_of_tls(&self) -> Option<&[u8]> {
        match self.failure?.cause {
            Cause::Tls(TlsFailure::NotTls(octets)) => Some(octets),
            _ => None,
        }
    }
}

/// The first reply in these octets, where it refuses.
pub(super) fn refusal(octets: &[u8]) -> Option<Reply> {
    let mut reader = ReplyReader::default();
    reader.push(octets);
    let reply = match reader.next_reply() {
        Some(reply) => reply.ok()?,
        None => Reply::from(reader.unfinished().map(|fault| fault.lines).filter(|lines| !lines.is_empty())?),
    };
    let has_form = reply.lines.iter().all(|line| line.separator() != Separator::Other);
    (has_form && is_refusal(reply.code())).then_some(reply)
}
