//! What a server said in clear text where TLS was to begin.

use heloscope_observation::{RefusalCode, Stage, TlsFailure};
use heloscope_smtp::{Reply, ReplyReader, Separator};
use heloscope_words::say;

use super::error::no_smtp;
use super::rejected::explained;
use super::{Cause, PortFacts};
use crate::ErrorCode;
use crate::visible::visible_line;
use crate::words::{Likeness, first_line, is_refusal, quoted};

/// It says nothing about TLS, or at least why there is none.
#[derive(Debug)]
pub(crate) enum Instead {
    /// A refusal, RFC 5321 §3.1: of its lines those that are kept.
    Refusal(Reply),
    /// Another protocol, on a port where TLS comes first; with what to quote of it.
    Other(Likeness, String),
}

impl PortFacts<'_> {
    /// Of the dialogue alone: what a hello made by hand met is another connection's story.
    pub(super) fn said_instead_of_tls(&self) -> Option<Instead> {
        let failure = self.failure?;
        let hung_up = match failure.cause {
            // It had begun.
            Cause::Tls(_) if self.is_encrypted() => return None,
            Cause::Tls(TlsFailure::NotTls(octets)) => {
                let likeness = Likeness::of(octets);
                let other =
                    [Likeness::Http, Likeness::Ssh, Likeness::Imap, Likeness::Pop3].contains(&likeness);
                if self.is_implicit() && other {
                    return Some(Instead::Other(likeness, visible_line(first_line(octets), 0)));
                }
                // With a syntax error the server answers the ClientHello, which it took for a command: it speaks clear text.
                let refusal = refusal(octets).filter(|reply| !(self.is_implicit() && is_syntax_error(reply)));
                return refusal.map(Instead::Refusal);
            }
            Cause::Closed(_) => true,
            Cause::Refused(refusal) => refusal.code == RefusalCode::Reset,
            _ => false,
        };
        // A 421 and nothing more, between the 220 to STARTTLS and the ClientHello, with which the session ended.
        let hung_up = hung_up && failure.stage == Stage::Tls && self.handshake.is_none();
        let (octets, total) = self.injected.filter(|_| hung_up)?;
        let mut reader = ReplyReader::default();
        reader.push(octets);
        let reply = reader.next_reply()?.ok()?;
        let is_all = octets.len() == total && reader.unread_len() == 0;
        (is_all && reply.code() == 421).then_some(Instead::Refusal(reply))
    }

    /// The refusal that says nothing about TLS on this port: the client was turned away before TLS could begin. After the
    /// 220 to STARTTLS only a 421 is one, RFC 5321 §3.8.
    pub(crate) fn turned_away(&self) -> Option<&Reply> {
        match &self.instead {
            Some(Instead::Refusal(reply)) if self.is_implicit() || reply.code() == 421 => Some(reply),
            _ => None,
        }
    }
}

/// Whether a refusal in place of the handshake is the reply to a ClientHello that was taken for a command, RFC 5321 §4.2.2.
pub(crate) fn takes_hello_for_command(reply: &Reply) -> bool {
    matches!(reply.code(), 500..=503 | 530)
}

/// Whether the reply is one to what is no command there, RFC 5321 §4.2.2. As a greeting SMTP has no such reply.
fn is_syntax_error(reply: &Reply) -> bool {
    matches!(reply.code(), 500 | 502 | 503)
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

/// A refusal, or another protocol, in clear text where TLS was to begin: its error and its words.
pub(super) fn in_place_of_tls(facts: &PortFacts<'_>) -> Option<(ErrorCode, String)> {
    let reply = match facts.instead.as_ref()? {
        Instead::Other(likeness, begun) => return Some((ErrorCode::NotSmtp, no_smtp(begun, *likeness))),
        Instead::Refusal(reply) => reply,
    };
    let said = quoted(reply);
    if !facts.is_implicit() && reply.code() == 421 {
        let what = say!("The server ended the session in clear text, in place of the TLS handshake: {said}.");
        return Some((ErrorCode::Closed, explained(what, reply, Stage::Tls)));
    }
    if !facts.is_implicit() {
        let what = say!("In place of the TLS handshake the server sent a refusal in clear text: {said}.");
        let words = match facts.answer() {
            // It knows a hello when it meets one of another form.
            Some(_) => what,
            None => explained(what, reply, Stage::Tls),
        };
        return Some((ErrorCode::TlsFailed, words));
    }
    let what = say!("In place of TLS the server sent a refusal in clear text: {said}.");
    let mut words = explained(what, reply, Stage::Greeting);
    words.push_str(say!(
        " Some servers, such as Exim, refuse before TLS begins: whether TLS works on this port is not known."
    ));
    Some((ErrorCode::GreetingRejected, words))
}
