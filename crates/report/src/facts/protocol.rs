//! What the TLS library calls a server's breach of TLS, in words for people who do not know the library.

use heloscope_words::say;

use crate::visible::visible_within;

/// `said` may have the TLS library's own name for it behind it in parentheses.
pub(super) fn protocol_broken(said: &str) -> String {
    let is_name = |name: &&str| name.chars().all(|character| character.is_ascii_alphanumeric());
    let parts = said.strip_suffix(')').and_then(|said| said.split_once(" ("));
    match parts.map(|(_, name)| name).filter(is_name) {
        Some("ServerDoesNotSupportTls12Or13" | "ServerTlsVersionIsDisabledByOurConfig") => {
            say!("The server answered with a version below TLS 1.2.").to_owned()
        }
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
            visible_within(said)
        ),
    }
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
