use std::error::Error as _;

use heloscope_observation::Refusal;
use heloscope_wire::About;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;

use super::Stream;
use super::refusal::{answered, away, no_relay};

/// Octets of the answer: its longest part is the trust anchors.
const MAX_ANSWER: usize = 1024 * 1024;

/// Asks a relay what it is.
pub(super) async fn ask(stream: Box<dyn Stream>, url: &str) -> Result<About, Refusal> {
    let uri: Uri = url.parse().map_err(|error| away(&error))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| away(&error))?;
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    let request = Request::get(uri.path()).header(HOST, authority).body(Empty::<Bytes>::new());
    let asked = sender.send_request(request.map_err(|error| away(&error))?);
    let answer = async {
        let response = asked.await;
        let response = response.map_err(|error| if error.is_parse() { no_relay() } else { away(&error) })?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| away(&error))?.to_bytes();
        if !status.is_success() {
            return Err(answered(status, &body));
        }
        serde_json::from_slice(&body).map_err(|_| no_relay())
    };
    // The answer comes of the connection's being driven, which knows what was no HTTP.
    tokio::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        ended = connection => match answer.await {
            Err(_) if ended.is_err_and(|error| is_no_http(&error)) => Err(no_relay()),
            answer => answer,
        },
    }
}

/// Whether a connection ended for what came on it: not for the connection's own sake, nor for want of an answer.
fn is_no_http(error: &hyper::Error) -> bool {
    error.source().is_none() && !error.is_incomplete_message()
}
