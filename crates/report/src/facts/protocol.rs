//! What the TLS library calls a server's breach of TLS, in words for people who do not know the library.

use heloscope_words::{mark, said, say, spoken};

use crate::visible::visible_within;

/// The probe's words for a breach that has no name of the TLS library's.
const BREACHES: [&str; 11] = [
    mark!("a message of the server's cannot be read"),
    mark!("a message of the server's comes where it may not"),
    mark!("a record of the server's does not decrypt"),
    mark!("a record of the server's is too long"),
    mark!("the server presents no certificate"),
    mark!("the key of the server's certificate cannot be used"),
    mark!("the handshake cannot go on"),
    mark!("a record with a broken header"),
    mark!("a record that is neither handshake nor alert"),
    mark!("a handshake message that is too long"),
    mark!("a handshake message before the ServerHello"),
];
const TOO_MUCH: &str = mark!("{octets} octets came, and the handshake had not ended");

/// `words` are the probe's, and may have the TLS library's own name for the breach behind them in parentheses. Others are
/// quoted.
pub(super) fn protocol_broken(words: &str) -> String {
    let is_name = |name: &&str| name.chars().all(|character| character.is_ascii_alphanumeric());
    let parts = words.strip_suffix(')').and_then(|words| words.split_once(" ("));
    match parts.map(|(_, name)| name).filter(is_name) {
        Some("ServerDoesNotSupportTls12Or13" | "ServerTlsVersionIsDisabledByOurConfig") => {
            say!("The server answered with neither TLS 1.2 nor TLS 1.3.").to_owned()
        }
        Some("AttemptedDowngradeToTls12WhenTls13IsSupported") => say!(
            "The server speaks TLS 1.3 and chose an older version all the same, as it says in its hello (RFC 8446 §4.1.3). \
             Likely cause: an attacker on the path that forces it, or a middlebox that breaks TLS 1.3."
        )
        .to_owned(),
        Some("SelectedUnofferedCipherSuite") => {
            say!("The server broke the rules of TLS: it chose a cipher suite that was not offered.")
                .to_owned()
        }
        Some(name) => say!(
            "The server broke the TLS protocol, or chose what cannot be spoken here: the TLS library of this test calls it \
             “{}”.",
            apart(name)
        ),
        None => say!(
            "The server broke the TLS protocol, or chose what cannot be spoken here: {}.",
            breach(words).unwrap_or_else(|| say!("“{}”", visible_within(words)))
        ),
    }
}

/// Words of the probe's in the language that is spoken; `None` for any others.
fn breach(words: &str) -> Option<String> {
    if let Some(known) = BREACHES.into_iter().find(|known| *known == words) {
        return Some(spoken(known).to_owned());
    }
    let octets: u64 = said(TOO_MUCH, words)?.first()?.parse().ok()?;
    Some(say!("{octets} octets came, and the handshake had not ended"))
}

/// `NoKxGroupsInCommon` as `no kx groups in common`.
fn apart(name: &str) -> String {
    let mut words = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}
