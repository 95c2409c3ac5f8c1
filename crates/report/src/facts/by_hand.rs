//! Hellos made by hand that taught nothing: what came of each.

use std::borrow::Cow;

use heloscope_observation::{
    AlertDescription, Connection, Event, Observations, Purpose, RefusalCode, Stage, TlsFailure,
};
use heloscope_smtp::{EhloReply, Reply};
use heloscope_words::{mark, say, spoken};

use super::error::refusal_code;
use super::instead::{refusal, takes_hello_for_command};
use super::rejected::explained;
use super::{Cause, PortFacts};
use crate::names::alert_name;
use crate::words::{error_words, is_refusal, quoted};
use crate::{ErrorCode, PortError};

/// A hello made by hand, and what came of it.
#[derive(Debug)]
pub(crate) struct ByHand<'a> {
    is_nameless: bool,
    came: Came<'a>,
}

#[derive(Debug)]
enum Came<'a> {
    Alert(AlertDescription),
    HungUp,
    Reset,
    Silence,
    /// An answer that is none.
    Failed,
    /// The hello did not go out: the server refused, in this stage.
    TurnedAway(Cow<'a, Reply>, Stage),
    /// The hello did not go out: this time the server offered no STARTTLS.
    NotOffered,
    /// The hello did not go out, for what the server said was neither what it had said before nor a refusal.
    Strayed,
    /// The connection was closed or reset, with no word of the server's on it, though it had answered the hello before: it
    /// may not have read this one.
    Unread(ErrorCode),
    /// The hello did not go out, or nothing could be learned of it.
    Prevented(ErrorCode, Stage),
}

impl<'a> ByHand<'a> {
    /// `None` where the hello was answered, where it is none by hand, and while nothing has come of it. `alone`: it is all
    /// that was said on the connection, by either side, and the server has answered a hello before.
    pub(super) fn of(observations: &'a Observations, connection: &Connection, alone: bool) -> Option<Self> {
        let is_nameless = match connection.purpose {
            Purpose::Dialogue => return None,
            Purpose::RawHello => false,
            Purpose::NamelessHello => true,
        };
        let mut seen = observations.seen.iter().filter(|seen| seen.connection == connection.id);
        let came = match seen.find_map(|seen| came(&seen.event, seen.stage))?? {
            Came::HungUp if alone => Came::Unread(ErrorCode::Closed),
            Came::Reset if alone => Came::Unread(ErrorCode::Reset),
            came => came,
        };
        Some(Self { is_nameless, came })
    }

    /// Whether the server refused the hello itself.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.came, Came::Alert(_) | Came::HungUp | Came::Reset)
    }

    /// Why nothing was learned of it, to stand after a colon; `None` where the server refused the hello. One that does not name
    /// the host counts as well: senders without MTA-STS and DANE name none as a rule.
    fn untried(&self) -> Option<String> {
        match &self.came {
            Came::Silence => Some(spoken(SILENT).to_owned()),
            Came::TurnedAway(reply, _) => {
                Some(say!("the server turned that connection away, with {}", quoted(reply)))
            }
            came => came.prevented(),
        }
    }

    /// Sentences, to stand after what came of the hello before.
    pub(super) fn words(&self) -> String {
        let what = match &self.came {
            Came::Alert(alert) => say!("The server sent the alert {}.", alert_name(*alert)),
            Came::HungUp => say!("The server closed the connection.").to_owned(),
            Came::Reset => say!("The connection was reset.").to_owned(),
            Came::Silence => say!("The server was silent.").to_owned(),
            Came::Failed => say!("What the server answered is no handshake.").to_owned(),
            Came::TurnedAway(reply, stage) => {
                let what = say!("It was turned away before: {}.", quoted(reply));
                explained(what, reply, *stage) + spoken(NOT_TESTED)
            }
            came => {
                let why = came.prevented().unwrap_or_default();
                say!("It did not get that far: {}.", why) + spoken(NOT_TESTED)
            }
        };
        let tried = spoken(match self.is_nameless {
            false => {
                mark!(
                    "Another connection was tried, with a hello for TLS 1.2 and older, which offers cipher suites of old as well."
                )
            }
            true => mark!(
                "Another connection was tried, with a hello for TLS 1.2 and older, which does not name the host."
            ),
        });
        format!(" {tried} {what}")
    }
}

impl Came<'_> {
    /// Why nothing was learned of the hello, to stand after a colon; `None` where the server met it, or refused before.
    fn prevented(&self) -> Option<String> {
        Some(match self {
            Self::NotOffered => say!("this time the server did not offer STARTTLS").to_owned(),
            Self::Strayed => say!("this time the server gave another answer before").to_owned(),
            Self::Unread(ErrorCode::Reset) => {
                say!("the connection was reset before the server said anything").to_owned()
            }
            Self::Unread(_) => say!("the connection was closed before the server said anything").to_owned(),
            Self::Prevented(code, stage) => {
                error_words(&PortError { code: *code, message: String::new(), phase: *stage })
            }
            _ => return None,
        })
    }
}

impl PortFacts<'_> {
    /// Why it is not known whether TLS works for those who speak what the TLS library does not: the server took no hello of the
    /// library's, and one by hand could not be tried, or is not made. To stand after a colon.
    pub(crate) fn hello_untried(&self) -> Option<String> {
        match self.first_hello_taken || self.handshake.is_some() {
            true if !self.first_hello_taken && self.falls_silent_by_hand() => Some(spoken(SILENT).to_owned()),
            true => None,
            false => self.by_hand.iter().find_map(ByHand::untried).or_else(|| self.tls_1_3_untried()),
        }
    }

    /// The server may speak TLS 1.3 alone, and that was tried with one hello; to stand after a colon.
    fn tls_1_3_untried(&self) -> Option<String> {
        self.may_speak_tls_1_3_alone().then(|| say!("TLS 1.3 was tried with one hello alone").to_owned())
    }

    /// By protocol_version the server refused the older versions, and not the first hello, which offers TLS 1.3 as well.
    pub(crate) fn may_speak_tls_1_3_alone(&self) -> bool {
        const PROTOCOL_VERSION: AlertDescription = AlertDescription(70);
        let is_refused = |cause| matches!(cause, Cause::Tls(TlsFailure::Alert(PROTOCOL_VERSION)));
        let older = |one: &ByHand<'_>| matches!(one.came, Came::Alert(PROTOCOL_VERSION));
        let took_none =
            !self.first_hello_taken && self.failure.is_some_and(|failure| !is_refused(failure.cause));
        took_none && self.by_hand.iter().any(older)
    }
}

/// Time ran out, which proves nothing.
const SILENT: &str = mark!("the server fell silent at it");

const NOT_TESTED: &str = mark!(" Whether the server takes such a hello was not tested.");

/// What an event makes of the hello: `Some(None)` where it was answered.
fn came(event: &Event, stage: Stage) -> Option<Option<Came<'_>>> {
    let in_handshake = stage == Stage::Tls;
    Some(Some(match event {
        Event::Handshake(_) => return Some(None),
        Event::Replied { reply, .. } if !reply.lines.is_empty() && is_refusal(reply.code()) => {
            Came::TurnedAway(Cow::Borrowed(reply), stage)
        }
        Event::Replied { reply, .. } if stage == Stage::Ehlo && offers_no_starttls(reply) => Came::NotOffered,
        Event::TlsFailed(TlsFailure::Alert(alert)) => Came::Alert(*alert),
        Event::TlsFailed(TlsFailure::NotTls(octets)) => match refusal(octets) {
            // It is the hello's reply, and no word about the connection.
            Some(reply) if takes_hello_for_command(&reply) => Came::Failed,
            Some(reply) => Came::TurnedAway(Cow::Owned(reply), stage),
            None => Came::Failed,
        },
        Event::TlsFailed(_) => Came::Failed,
        Event::Closed { .. } if in_handshake => Came::HungUp,
        Event::Closed { .. } => Came::Prevented(ErrorCode::Closed, stage),
        Event::TimedOut { whole: false, .. } if in_handshake => Came::Silence,
        Event::TimedOut { .. } => Came::Prevented(ErrorCode::Timeout, stage),
        Event::Refused(refusal) if in_handshake && refusal.code == RefusalCode::Reset => Came::Reset,
        Event::Refused(refusal) => Came::Prevented(refusal_code(refusal.code), stage),
        Event::Ended => Came::Strayed,
        _ => return None,
    }))
}

/// The reply to EHLO says yes, all of it is kept, and STARTTLS is not on it.
fn offers_no_starttls(reply: &Reply) -> bool {
    let offered = (reply.lines.last().is_some() && reply.code() == 250).then(|| EhloReply::read(reply));
    offered.is_some_and(|offered| offered.left_out == 0 && !offered.offers("STARTTLS"))
}

pub(super) const NOT_IN_TLS_1_3: &str = mark!(
    " TLS 1.3 was tried with the first hello alone, over X25519MLKEM768, X25519, secp256r1, secp384r1 and secp521r1: another group \
     (OpenSSL and GnuTLS offer X448 and those of RFC 7919 as well) or kind of key, or a hello that does not name the host, was not."
);

pub(super) const NOT_BY_AGE: &str = mark!(
    " So it takes none of what either offered, old versions and cipher suites among it, or it has no \
     certificate and key that it can use; its log says more."
);

/// What an alert says that is laid at the age of what the server speaks, as long as nothing is known against it.
pub(super) fn age_blamed(cause: Cause<'_>) -> Option<&'static str> {
    match cause {
        Cause::Tls(TlsFailure::Alert(AlertDescription(40))) => {
            Some(say!("It so says that it found nothing in common with what was offered."))
        }
        Cause::Tls(TlsFailure::Alert(AlertDescription(70))) => {
            Some(say!("It so says that it takes none of the versions offered."))
        }
        _ => None,
    }
}

/// Every hello made by hand was refused, and what they offer with it.
pub(super) fn is_refused_by_hand(facts: &PortFacts<'_>) -> bool {
    !facts.by_hand.is_empty() && facts.by_hand.iter().all(ByHand::is_refused)
}
