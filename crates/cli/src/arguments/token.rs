use std::fmt;
use std::str::FromStr;

use heloscope_words::say;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// What a relay lets in a program by, RFC 6750 §2.1.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// The environment's, where it has one that is not empty.
    pub(crate) fn of_environment() -> Result<Option<Self>, &'static str> {
        let given = std::env::var_os("HELOSCOPE_TOKEN").filter(|token| !token.is_empty());
        given.map(|token| token.to_str().unwrap_or_default().parse()).transpose()
    }

    /// The value of an `Authorization` field that shows it.
    pub(crate) fn bearer(&self) -> HeaderValue {
        let shown = HeaderValue::from_str(&format!("Bearer {}", self.0));
        let mut field = shown.expect("a token is of visible ASCII characters");
        field.set_sensitive(true);
        field
    }
}

impl FromStr for Token {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic());
        if visible {
            Ok(Self(text.to_owned()))
        } else {
            Err(say!("a token is made of visible ASCII characters, none of them a space"))
        }
    }
}

impl fmt::Debug for Token {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
