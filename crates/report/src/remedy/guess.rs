use heloscope_words::say;

use super::Remedies;
use crate::Port;

/// Which mail server is probably behind a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guess<'a> {
    /// Its name.
    pub server: &'a str,
    /// What speaks for it.
    pub by: Clue,
}

/// What a guess rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clue {
    /// The greeting names it.
    Greeting,
    /// It offers what no other does, or in an order that no other has.
    Extensions,
}

impl Clue {
    /// The clue as it stands in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Greeting => say!("by its greeting"),
            Self::Extensions => say!("by its extensions"),
        }
    }
}

impl<'a> Remedies<'a> {
    /// Which mail server is probably behind a port: a greeting may be anything, so this is a guess at best.
    pub fn guess(self, port: &Port) -> Option<Guess<'a>> {
        let banner = port.banner.as_deref().unwrap_or_default().to_ascii_lowercase();
        let offered = port.capabilities_before_tls.as_deref().unwrap_or(&port.capabilities);
        let offered = || offered.iter().map(|capability| capability.keyword.as_str());
        let (mut greeted, mut alike) = (None, None);
        self.each_line(&mut |server, heading, line| {
            let Some((sign, words)) = line.split_once(':').filter(|_| heading == "signs") else { return };
            let words = words.trim_start();
            let mut keywords = words.split(' ');
            match sign {
                "greeting" if banner.contains(words) => greeted = greeted.or(Some(server)),
                "alone offers" if keywords.any(|own| offered().any(|other| other == own)) => {
                    alike = alike.or(Some(server));
                }
                "alone begins" => {
                    let mut offered = offered();
                    if keywords.all(|own| offered.next() == Some(own)) {
                        alike = alike.or(Some(server));
                    }
                }
                _ => {}
            }
        });
        let by = if greeted.is_some() { Clue::Greeting } else { Clue::Extensions };
        greeted.or(alike).map(|server| Guess { server, by })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remedy::tests::port;

    fn guessed(banner: &str, keywords: &str) -> Option<(&'static str, &'static str)> {
        Remedies::BUILT_IN.guess(&port(25, banner, keywords)).map(|guess| (guess.server, guess.by.words()))
    }

    #[test]
    fn a_greeting_names_its_server() {
        for (banner, server) in [
            ("220 mx1.example.com ESMTP Postfix (Debian/GNU)", "Postfix"),
            ("220-mx1.example.com ESMTP Exim 4.98 Mon, 23 Nov 2026 22:15:04 +0000\n220 hello", "Exim"),
            ("220 mx1.example.com ESMTP OpenSMTPD", "OpenSMTPD"),
            ("220 mx1.example.com ESMTP Sendmail 8.18.1/8.18.1; Mon, 23 Nov 2026 22:15:04 GMT", "Sendmail"),
            (
                "220 MX1.example.com Microsoft ESMTP MAIL Service ready at Mon, 23 Nov 2026 22:15:04",
                "Exchange",
            ),
            ("220 mx1.example.com ESMTP Haraka ready (0A1B)", "Haraka"),
            ("220 mx1.example.com Stalwart ESMTP at your service", "Stalwart"),
        ] {
            assert_eq!(guessed(banner, ""), Some((server, "by its greeting")), "{banner}");
        }
    }

    #[test]
    fn a_greeting_that_is_silent_leaves_the_extensions() {
        for (keywords, server) in [
            ("PIPELINING SIZE VRFY ETRN STARTTLS ENHANCEDSTATUSCODES 8BITMIME DSN", "Postfix"),
            ("SIZE 8BITMIME PIPELINING PIPECONNECT CHUNKING STARTTLS HELP", "Exim"),
            ("8BITMIME ENHANCEDSTATUSCODES SIZE DSN STARTTLS HELP", "OpenSMTPD"),
            ("ENHANCEDSTATUSCODES PIPELINING 8BITMIME SIZE DSN ETRN STARTTLS DELIVERBY HELP", "Sendmail"),
            ("SIZE PIPELINING DSN ENHANCEDSTATUSCODES STARTTLS X-ANONYMOUSTLS AUTH X-EXPS", "Exchange"),
        ] {
            let expected = Some((server, "by its extensions"));
            assert_eq!(guessed("220 mx1.example.com ESMTP ready", keywords), expected, "{keywords}");
        }
        assert_eq!(guessed("220 mx1.example.com ESMTP ready", "SIZE STARTTLS"), None);
        assert_eq!(guessed("", ""), None);
    }
}
