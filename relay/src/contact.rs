use std::fmt;
use std::str::FromStr;

/// Whom to write to about a relay: a mail address or an https URL, for everybody to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact(String);

#[cfg(feature = "acme")]
impl Contact {
    /// As an ACME account has it, RFC 8555 §7.3; not of a page, which no authority takes.
    pub(crate) fn mailto(&self) -> Option<String> {
        (!self.0.starts_with("https://")).then(|| format!("mailto:{}", self.0))
    }
}

/// The text is no contact: see its `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadContact(String);

/// The most octets of a contact; a mail address has at most 254, RFC 5321 §4.5.3.1.3.
const LONGEST: usize = 254;

impl FromStr for Contact {
    type Err = BadContact;

    /// Reads `postmaster@example.org` or `https://www.example.org/abuse`.
    fn from_str(text: &str) -> Result<Self, BadContact> {
        let visible = text.len() <= LONGEST && text.bytes().all(|octet| octet.is_ascii_graphic());
        let mailbox = || {
            text.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && !local.contains(['/', ':', '<'])
                    && domain.contains('.')
                    && !domain.contains('@')
            })
        };
        let url = || text.strip_prefix("https://").is_some_and(|rest| rest.contains('.'));
        if visible && (mailbox() || url()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadContact(text.to_owned()))
        }
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for BadContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no contact: write a mail address such as postmaster@example.org, or an https URL",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for BadContact {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_can_be_written_to() {
        for text in
            ["postmaster@example.org", "https://www.example.org/abuse", "https://social.example/@relay"]
        {
            assert_eq!(text.parse::<Contact>().map(|contact| contact.to_string()).as_deref(), Ok(text));
        }
        for text in [
            "",
            "me",
            "@example.org",
            "me@",
            "me@home",
            "javascript:alert(1)//@a.b",
            "http://example.org",
            "a b@example.org",
        ] {
            assert!(text.parse::<Contact>().is_err(), "{text}");
        }
    }
}
