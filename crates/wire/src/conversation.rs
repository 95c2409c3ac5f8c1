use heloscope_observation::{Established, Refusal, RefusalCode};
use heloscope_words::mark;

use crate::FromRelay;

/// A client's end of one WebSocket: frames in, what each means for the connection behind it out.
#[derive(Debug, Default)]
pub struct Conversation {
    phase: Phase,
}

/// What a WebSocket does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A text frame; `None` where it is no [`FromRelay`].
    Control(Option<FromRelay>),
    /// A binary frame.
    Octets(Vec<u8>),
    /// It is closed, or never came to be.
    End,
}

/// What that means for the connection behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// TCP connected.
    Connected(Established),
    /// There is no connection, or no longer one.
    Refused(Refusal),
    /// The mail server sent octets.
    Received(Vec<u8>),
    /// The mail server closed the connection.
    Closed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The relay has yet to say whether there is a connection.
    #[default]
    Dialling,
    Connected,
    Over,
}

impl Conversation {
    /// What a frame means at this point; `None` where the connection is already over.
    pub fn take(&mut self, frame: Frame) -> Option<Meaning> {
        let (meaning, next) = self.phase.meaning(frame)?;
        self.phase = next;
        Some(meaning)
    }

    /// Whether nothing more will come of it.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }
}

impl Phase {
    fn meaning(self, frame: Frame) -> Option<(Meaning, Self)> {
        let over = |refusal| Some((Meaning::Refused(refusal), Self::Over));
        match (self, frame) {
            (Self::Over, _) => None,
            (Self::Connected, Frame::Octets(octets)) => Some((Meaning::Received(octets), Self::Connected)),
            (Self::Dialling, Frame::Octets(_)) => over(not_understood()),
            (Self::Dialling, Frame::End) => over(lost(mark!("The relay cannot be reached."))),
            (Self::Connected, Frame::End) => over(lost(mark!("The connection to the relay broke off."))),
            (_, Frame::Control(said)) => match said {
                Some(FromRelay::Connected(established)) if self == Self::Dialling => {
                    Some((Meaning::Connected(established), Self::Connected))
                }
                Some(FromRelay::Refused(refusal)) if self == Self::Dialling => over(refusal),
                Some(FromRelay::Closed { cause }) => match cause.refusal() {
                    None => Some((Meaning::Closed, Self::Over)),
                    Some(refusal) => over(refusal),
                },
                _ => over(not_understood()),
            },
        }
    }
}

/// In English, as a relay would say it; the report translates what it knows.
fn lost(message: &str) -> Refusal {
    Refusal { code: RefusalCode::RelayUnreachable, message: message.to_owned() }
}

fn not_understood() -> Refusal {
    lost(mark!("The relay said what is not understood here; it may be of another version."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CloseCause;

    fn connected() -> Conversation {
        let mut conversation = Conversation::default();
        let established = Established {
            address: "192.0.2.25:25".parse().unwrap(),
            ehlo_name: "relay.example".to_owned(),
            resolve_ms: None,
            connect_ms: 21,
        };
        let frame = Frame::Control(Some(FromRelay::Connected(established.clone())));
        assert_eq!(conversation.take(frame), Some(Meaning::Connected(established)));
        conversation
    }

    #[test]
    fn a_relay_that_cannot_be_reached_is_told_from_one_that_is_lost() {
        let mut dialling = Conversation::default();
        assert_eq!(dialling.take(Frame::End), Some(Meaning::Refused(lost("The relay cannot be reached."))));
        assert!(dialling.is_over());
        let broke_off = Meaning::Refused(lost("The connection to the relay broke off."));
        let mut connected = connected();
        assert_eq!(connected.take(Frame::End), Some(broke_off));
        assert_eq!(connected.take(Frame::End), None);
    }

    #[test]
    fn octets_count_only_on_a_connection() {
        let octets = || Frame::Octets(b"220 mx.example\r\n".to_vec());
        let mut connected = connected();
        assert_eq!(connected.take(octets()), Some(Meaning::Received(b"220 mx.example\r\n".to_vec())));
        let closed = Frame::Control(Some(FromRelay::Closed { cause: CloseCause::Server }));
        assert_eq!(connected.take(closed), Some(Meaning::Closed));
        assert_eq!(connected.take(octets()), None);
        assert_eq!(Conversation::default().take(octets()), Some(Meaning::Refused(not_understood())));
    }

    #[test]
    fn the_relay_says_once_whether_there_is_a_connection() {
        let refusal = Refusal { code: RefusalCode::Blocked, message: "No.".to_owned() };
        let refused = || Frame::Control(Some(FromRelay::Refused(refusal.clone())));
        assert_eq!(Conversation::default().take(refused()), Some(Meaning::Refused(refusal.clone())));
        assert_eq!(connected().take(refused()), Some(Meaning::Refused(not_understood())));
        assert_eq!(connected().take(Frame::Control(None)), Some(Meaning::Refused(not_understood())));
        let guard = Frame::Control(Some(FromRelay::Closed { cause: CloseCause::Guard }));
        assert_eq!(connected().take(guard), CloseCause::Guard.refusal().map(Meaning::Refused));
    }
}
