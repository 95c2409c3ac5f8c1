use heloscope_observation::{Established, Refusal, RefusalCode};
use heloscope_wire::{CloseCause, FromRelay, SUB_PROTOCOL, ToRelay};
use heloscope_words::mark;
use js_sys::{ArrayBuffer, JSON, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, MessageEvent, WebSocket};

use crate::json::{self, FromJson, Reader, objects, variants};

/// One connection through the relay.
pub(crate) struct Socket {
    socket: WebSocket,
    phase: Phase,
    // What JavaScript calls must live as long as it may call.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut()>,
}

/// What a WebSocket does.
pub(crate) enum Frame {
    Text(String),
    Octets(Vec<u8>),
    /// It is closed, or never came to be; a browser does not say why.
    End,
}

/// What that means for the connection behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Connected(Established),
    Refused(Refusal),
    Received(Vec<u8>),
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The relay has yet to say whether there is a connection.
    Dialling,
    Connected,
    Over,
}

impl Socket {
    /// Opens a WebSocket; whatever comes of it is told, by and by.
    pub(crate) fn open(url: &str, tell: impl Fn(Frame) + Clone + 'static) -> Result<Self, Refusal> {
        let socket = WebSocket::new_with_str(url, SUB_PROTOCOL).map_err(|cause| not_opened(&cause))?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let told = tell.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            let data = message.data();
            match (data.as_string(), data.dyn_ref::<ArrayBuffer>()) {
                (Some(text), _) => told(Frame::Text(text)),
                (None, Some(octets)) => told(Frame::Octets(Uint8Array::new(octets).to_vec())),
                (None, None) => {}
            }
        });
        let on_close = Closure::<dyn FnMut()>::new(move || tell(Frame::End));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        // An error is followed by a close, and says no more than that.
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self { socket, phase: Phase::Dialling, _on_message: on_message, _on_close: on_close })
    }

    /// Sends octets; a connection that is no more says so by itself.
    pub(crate) fn send(&self, octets: &[u8]) {
        let _ = self.socket.send_with_u8_array(octets);
    }

    /// Tells the relay itself something.
    pub(crate) fn tell(&self, what: &ToRelay) {
        let _ = self.socket.send_with_str(&what.to_frame());
    }

    /// What a frame means at this point; `None` where the connection is already over.
    pub(crate) fn take(&mut self, frame: Frame) -> Option<Meaning> {
        let (meaning, next) = self.phase.meaning(frame)?;
        self.phase = next;
        Some(meaning)
    }
}

impl Drop for Socket {
    /// What was sent still goes out; nothing more comes in.
    fn drop(&mut self) {
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
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
            (_, Frame::Text(text)) => match read(&text) {
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

/// The host's own JSON reader is there already.
fn read(text: &str) -> Option<FromRelay> {
    json::read(&JSON::parse(text).ok()?).ok()
}

impl FromJson for FromRelay {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        let connected: Option<Established> = reader.field(value, "connected");
        let refused: Option<Refusal> = reader.field(value, "refused");
        let closed: Option<Closed> = reader.field(value, "closed");
        match (connected, refused, closed) {
            (Some(established), None, None) => Self::Connected(established),
            (None, Some(refusal), None) => Self::Refused(refusal),
            (None, None, Some(Closed { cause })) => Self::Closed { cause },
            _ => {
                reader.odd();
                Self::Closed { cause: CloseCause::Server }
            }
        }
    }
}

struct Closed {
    cause: CloseCause,
}

objects! {
    Established { address, ehlo_name, resolve_ms, connect_ms }
    Refusal { code, message }
    Closed { cause }
}

variants! { CloseCause::Server RefusalCode::RelayUnreachable }

/// In English, as a relay would say it; the report translates what it knows.
fn lost(message: &str) -> Refusal {
    Refusal { code: RefusalCode::RelayUnreachable, message: message.to_owned() }
}

fn not_understood() -> Refusal {
    lost(mark!("The relay said what is not understood here; it may be of another version."))
}

fn not_opened(cause: &JsValue) -> Refusal {
    let said = cause.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    lost(&format!(
        "The browser does not connect to the relay: {}",
        said.as_deref().unwrap_or("no reason given")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_that_cannot_be_reached_is_told_from_one_that_is_lost() {
        let refused = |phase: Phase| match phase.meaning(Frame::End) {
            Some((Meaning::Refused(refusal), Phase::Over)) => Some((refusal.code, refusal.message)),
            _ => None,
        };
        let code = RefusalCode::RelayUnreachable;
        assert_eq!(refused(Phase::Dialling), Some((code, "The relay cannot be reached.".into())));
        assert_eq!(refused(Phase::Connected), Some((code, "The connection to the relay broke off.".into())));
        assert_eq!(refused(Phase::Over), None);
    }

    #[test]
    fn octets_count_only_on_a_connection() {
        let octets = || Frame::Octets(b"220 mx.example\r\n".to_vec());
        assert_eq!(
            Phase::Connected.meaning(octets()),
            Some((Meaning::Received(b"220 mx.example\r\n".to_vec()), Phase::Connected))
        );
        assert_eq!(
            Phase::Dialling.meaning(octets()),
            Some((Meaning::Refused(not_understood()), Phase::Over))
        );
        assert_eq!(Phase::Over.meaning(octets()), None);
    }
}
