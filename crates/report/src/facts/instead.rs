//! What a server said in clear text where TLS was to begin.

use heloscope_observation::TlsFailure;
use heloscope_smtp::{Reply, ReplyReader, Separator};

use super::{Cause, PortFacts};
use crate::words::{Likeness, is_refusal};

impl PortFacts<'_> {
    /// The refusal that came in place of TLS, RFC 5321 §3.1: of its lines those that are kept.
    pub(crate) fn refusal_in_place_of_tls(&self) -> Option<Reply> {
        refusal(self.clear_text_in_place_of_tls()?)
    }

    /// The refusal that says nothing about TLS on this port: the client was turned away before TLS could begin.
    pub(crate) fn turned_away(&self) -> Option<Reply> {
        self.refusal_in_place_of_tls().filter(|_| self.is_implicit())
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
fn refusal(octets: &[u8]) -> Option<Reply> {
    let mut reader = ReplyReader::default();
    reader.push(octets);
    let reply = match reader.next_reply() {
        Some(reply) => reply.ok()?,
        None => Reply::from(reader.unfinished().map(|fault| fault.lines).filter(|lines| !lines.is_empty())?),
    };
    let has_form = reply.lines.iter().all(|line| line.separator() != Separator::Other);
    (has_form && is_refusal(reply.code())).then_some(reply)
}
