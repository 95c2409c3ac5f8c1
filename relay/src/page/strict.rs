//! What a browser is to be strict about with everything the relay serves.

use axum::http::header::{self, HeaderName, HeaderValue};
use axum::response::Response;

/// Nobody may show a page in a frame.
pub(crate) const UNFRAMED: &str = "'none'";

// `const STYLES: &str`, the hashes of the style sheets that pages have in themselves; build.rs writes it.
include!(concat!(env!("OUT_DIR"), "/styles.rs"));

const FIELDS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self)",
    ),
];

/// Adds what a browser is to be strict about. `relays` are the origins, by WebSocket and otherwise, that the page may connect to
/// besides its own, with spaces between; `frames` those of whoever may show it in a frame, or [`UNFRAMED`]. A form it has until its
/// script is there: what is sent by it comes back as the address of a test.
pub(crate) fn with_fields(mut response: Response, relays: Option<&str>, frames: &str) -> Response {
    let relays = relays.map(|relays| format!(" {relays}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'{relays}; style-src 'self'{STYLES}; \
         img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {frames}; \
         require-trusted-types-for 'script'; trusted-types heloscope"
    );
    let fields = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        fields.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in FIELDS {
        fields.insert(name, HeaderValue::from_static(value));
    }
    response
}
