use heloscope_observation::{Established, Refusal, RefusalCode};
use heloscope_wire::{CloseCause, Conversation, Frame, FromRelay, Meaning, SUB_PROTOCOL, ToRelay};
use heloscope_words::say;
use js_sys::{ArrayBuffer, JSON, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, MessageEvent, WebSocket};

use crate::json::{self, FromJson, Reader, objects, variants};

/// One connection through the relay.
pub(crate) struct Socket {
    socket: WebSocket,
    conversation: Conversation,
    // What JavaScript calls must live as long as it may call.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut()>,
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
                (Some(text), _) => told(Frame::Control(read(&text))),
                (None, Some(octets)) => told(Frame::Octets(Uint8Array::new(octets).to_vec())),
                (None, None) => {}
            }
        });
        let on_close = Closure::<dyn FnMut()>::new(move || tell(Frame::End));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        // Neither says why. An error is followed by a close, but not in Chromium where the site's policy forbade to connect.
        socket.set_onerror(Some(on_close.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self {
            socket,
            conversation: Conversation::default(),
            _on_message: on_message,
            _on_close: on_close,
        })
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
        self.conversation.take(frame)
    }

    /// What was sent still goes out; nothing more comes in but the [`Frame::End`].
    pub(crate) fn close(&self) {
        self.socket.set_onmessage(None);
        let _ = self.socket.close();
    }

    /// Nothing more happens to it.
    pub(crate) fn is_closed(&self) -> bool {
        self.socket.ready_state() == WebSocket::CLOSED
    }
}

impl Drop for Socket {
    /// As [`close`](Self::close), and nobody hears of its end.
    fn drop(&mut self) {
        self.socket.set_onerror(None);
        self.socket.set_onclose(None);
        self.close();
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

fn not_opened(cause: &JsValue) -> Refusal {
    let said = cause.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    let said = said.as_deref().unwrap_or(say!("no reason given"));
    let message = say!("The browser does not connect to the relay: {said}");
    Refusal { code: RefusalCode::RelayUnreachable, message }
}
