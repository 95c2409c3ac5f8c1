mod form;

use std::fmt;
use std::net::IpAddr;

use heloscope_words::say;

use form::{Form, LeftOut, Parts};

use crate::{Host, NotAHost, NotAPort, PortSpec};

/// What a person meant by a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Understood {
    /// The mail server.
    pub host: Host,
    /// The ports named; `None` where none is.
    pub ports: Option<Vec<PortSpec>>,
    /// A sentence that says what was understood, where the text is more than the host.
    pub said: Option<String>,
}

/// Why a text was not understood: see its `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotUnderstood {
    /// What stands where the host belongs is none.
    Host(NotAHost),
    /// What stands where a port belongs is none.
    Port(NotAPort),
    /// After the host stands something that is no port.
    Spaces,
    /// Another host is named after the first.
    SeveralHosts,
    /// The name has characters beyond ASCII, and was not converted to A-labels (RFC 5890 §2.3.2.1).
    NotAscii,
}

/// Reads what a person pastes: a host, `host:587`, `[2001:db8::1]:25`, `mx.example.com 25 465`, a URL, a mail address
/// with a display name or without, a line of MX records such as `10 mx1.example.com.`, or what a mail log says,
/// `mx1.example.com[192.0.2.1]:25`, or a next hop of Postfix's, `smtp:[mx1.example.com]:587`.
///
/// `to_ascii` converts a name with characters beyond ASCII to A-labels (RFC 5891 §4.4), or says `None`.
pub fn understand(
    text: &str,
    to_ascii: impl FnOnce(&str) -> Option<String>,
) -> Result<Understood, NotUnderstood> {
    let turned = text.contains(turns_around);
    // What stands between quotes may have a port after them.
    let text = text.replace(['“', '”', '„', '‟', '«', '»', '‹', '›'], "");
    let text = text.trim_matches(comes_along);
    let (form, place) = Form::of(text)?;
    let Parts { host: host_text, ports, left_out } = form.split(place)?;
    let host = read_host(host_text, to_ascii)?;
    let like_a_port =
        matches!(host, Host::Address(IpAddr::V6(_))) && text == host_text && ends_like_a_port(text);
    let plain = text.trim_matches(['[', ']']) == host_text && host_text.is_ascii() && !like_a_port && !turned;
    let said = (!plain).then(|| match like_a_port {
        true => {
            say!("Tests {host}, read as an address to its end; with a port it is written [2001:db8::1]:25.")
        }
        false => say(&form, &host, !host_text.is_ascii(), ports.as_deref(), left_out),
    });
    Ok(Understood { host, ports, said })
}

/// What is copied along with a text unawares: space, quotes, characters without a width.
fn comes_along(character: char) -> bool {
    let no_width = matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    no_width
        || character.is_whitespace()
        || character.is_control()
        || matches!(character, '"' | '\'' | '`' | ',' | ';' | '\u{2018}'..='\u{201b}')
}

/// Whether it may have what stands around it seen in another order than it is read in.
fn turns_around(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether an IPv6 address without brackets may have been meant to end in a port.
fn ends_like_a_port(address: &str) -> bool {
    let last = address.rsplit(':').next().unwrap_or_default();
    last.parse().is_ok_and(|port| PortSpec::standard(port).is_some())
}

fn read_host(text: &str, to_ascii: impl FnOnce(&str) -> Option<String>) -> Result<Host, NotUnderstood> {
    if text.is_ascii() {
        return text.parse().map_err(NotUnderstood::Host);
    }
    // What converts names also reads URLs: nothing that ends a host there may get through.
    // A quotation mark is in no label (RFC 5892 §2.8), though browsers convert it.
    if text.contains(|character| matches!(character, '\u{2018}'..='\u{201b}')) {
        return Err(NotUnderstood::Host(NotAHost::BadLabel));
    }
    let mut ascii = text.chars().filter(char::is_ascii);
    if !ascii.all(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-')) {
        return Err(NotUnderstood::Host(NotAHost::BadLabel));
    }
    match to_ascii(text).ok_or(NotUnderstood::NotAscii)?.parse() {
        Ok(Host::Address(_)) => Err(NotUnderstood::Host(NotAHost::OddAddress)),
        host => host.map_err(NotUnderstood::Host),
    }
}

/// `converted`: the name had characters beyond ASCII.
fn say(
    form: &Form<'_>,
    host: &Host,
    converted: bool,
    ports: Option<&[PortSpec]>,
    left_out: LeftOut<'_>,
) -> String {
    let ports: Vec<String> = ports.unwrap_or_default().iter().map(PortSpec::to_string).collect();
    let ports = match ports.as_slice() {
        [] => String::new(),
        [port] => say!("port {port} of "),
        [first @ .., last] => say!("ports {} and {last} of ", first.join(", ")),
    };
    // Letters of full width, say, were only another form of ASCII.
    let is_a_label = |label: &str| label.starts_with("xn--");
    let label = match converted && host.to_string().split('.').any(is_a_label) {
        true => say!(", the A-label form of what was written"),
        false => "",
    };
    let rest = match form {
        Form::Host => "",
        Form::MailAddress if matches!(host, Host::Address(_)) => {
            say!(", the address literal of the mail address")
        }
        Form::MailAddress => {
            say!(
                ", the domain of the mail address, itself: which hosts take a domain's mail is said by its MX records"
            )
        }
        Form::MxRecord => say!(", the host of the MX record"),
        Form::Url { .. } => say!(", the host of the URL"),
    };
    let tests = say!("Tests {ports}{host}{label}{rest}.");
    let why = match left_out {
        LeftOut::Nothing => return tests,
        LeftOut::Port(port) => say!("Port {port} of the URL is left out: it is not one of mail's."),
        LeftOut::Address(address) => say!("{address} is left out: the test goes by the name."),
        LeftOut::Path(path) => say!("/{path} is left out: a port stands after a colon."),
    };
    format!("{tests} {why}")
}

impl fmt::Display for NotUnderstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(cause) => cause.fmt(f),
            Self::Port(cause) => cause.fmt(f),
            Self::Spaces => f.write_str(say!(
                "a host name has no spaces in it, and after one only ports may follow, as in mx1.example.com 25 465"
            )),
            Self::SeveralHosts => f.write_str(say!(
                "this names more than one mail server; test them one after the other, each with its ports if you like, \
                 as in mx1.example.com 25 465"
            )),
            Self::NotAscii => f.write_str(say!(
                "the name has characters beyond ASCII that have no A-label form; write the A-label, xn--…, itself"
            )),
        }
    }
}

impl std::error::Error for NotUnderstood {}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `text` is understood as: `host`, `host 25,465`, and the sentence.
    fn read(text: &str) -> (String, Option<String>) {
        let understood = understand(text, |_| None).unwrap_or_else(|error| panic!("{text}: {error}"));
        let ports: Vec<String> =
            understood.ports.unwrap_or_default().iter().map(PortSpec::to_string).collect();
        let ports = if ports.is_empty() { String::new() } else { format!(" {}", ports.join(",")) };
        (format!("{}{ports}", understood.host), understood.said)
    }

    #[test]
    fn a_plain_host_needs_no_word() {
        for (text, host) in [
            ("mx1.example.com", "mx1.example.com"),
            (" MX1.Example.COM.\n", "mx1.example.com"),
            ("\u{feff}\"mx1.example.com\",\u{200b}", "mx1.example.com"),
            ("“mx1.example.com”", "mx1.example.com"),
            ("„mx1.example.com“.", "mx1.example.com"),
            ("\u{2018}mx1.example.com\u{2019}", "mx1.example.com"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:DB8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            assert_eq!(read(text), (host.to_owned(), None), "{text}");
        }
    }

    #[test]
    fn what_is_seen_in_another_order_than_it_is_read_in_is_said() {
        let said = "Tests moc.elpmaxe.example.";
        assert_eq!(read("\u{202e}moc.elpmaxe.example").1.as_deref(), Some(said));
    }

    #[test]
    fn ports_are_taken_and_said() {
        for (text, read_as) in [
            ("mail.example.com:587", "mail.example.com 587"),
            ("mail.example.com 587", "mail.example.com 587"),
            ("mail.example.com 25, 465", "mail.example.com 25,465"),
            ("mail.example.com:2525/starttls", "mail.example.com 2525/starttls"),
            ("[2001:db8::1]:25", "2001:db8::1 25"),
            ("192.0.2.1:465", "192.0.2.1 465"),
            ("[mail.example.com]:587", "mail.example.com 587"),
            ("mx1.example.com[192.0.2.1]:25", "mx1.example.com 25"),
            ("mail.example.com, port 25", "mail.example.com 25"),
            ("mail.example.com 25 465 25", "mail.example.com 25,465"),
            ("smtp:[mail.example.com]:587", "mail.example.com 587"),
            ("smtp:25", "smtp 25"),
            ("“mail.example.com”:587", "mail.example.com 587"),
            ("smtp:25/starttls", "smtp 25"),
            ("smtp:192.0.2.1:587", "192.0.2.1 587"),
            ("IPv6:2001:db8::1 25", "2001:db8::1 25"),
        ] {
            let (understood, said) = read(text);
            assert_eq!(understood, read_as, "{text}");
            assert!(said.is_some_and(|said| said.starts_with("Tests port")), "{text}");
        }
        let said = read("mail.example.com 25 465 587").1;
        assert_eq!(said.as_deref(), Some("Tests ports 25, 465 and 587 of mail.example.com."));
    }

    #[test]
    fn urls_name_a_host_and_those_of_mail_a_port() {
        for (text, read_as) in [
            ("https://mail.example.com/path?q#f", "mail.example.com"),
            ("https://mail.example.com:8443/", "mail.example.com"),
            ("http://[::1]:25/", "::1 25"),
            ("http://mail.example.com:587", "mail.example.com 587"),
            ("smtp://mail.example.com:587/", "mail.example.com 587"),
            ("mail.example.com/webmail", "mail.example.com"),
            ("//mail.example.com/webmail", "mail.example.com"),
            ("http:/mail.example.com", "mail.example.com"),
            ("mail.example.com:25/webmail", "mail.example.com 25"),
            ("smtp://mail.example.com", "mail.example.com"),
            ("smtp://mail.example.com:465", "mail.example.com 465"),
            ("SMTPS://mail.example.com", "mail.example.com 465"),
            ("smtps://mail.example.com:10465/", "mail.example.com 10465/implicit"),
            ("submission://mail.example.com", "mail.example.com 587"),
            ("submissions://mail.example.com", "mail.example.com 465"),
            ("smtp://user:secret@[2001:db8::1]:2525", "2001:db8::1 2525/starttls"),
        ] {
            assert_eq!(read(text).0, read_as, "{text}");
        }
        for (text, sentence) in [
            ("http://[::1]:25/", "Tests port 25 of ::1, the host of the URL."),
            (
                "https://mail.example.com:8443/",
                "Tests mail.example.com, the host of the URL. Port 8443 of the URL is left out: it is not one of mail's.",
            ),
            (
                "mx1.example.com[192.0.2.1]:25",
                "Tests port 25 of mx1.example.com. 192.0.2.1 is left out: the test goes by the name.",
            ),
            ("mx1.example.com[none\u{202e}]:25", "Tests port 25 of mx1.example.com."),
            ("mx1.example.com/587", "Tests mx1.example.com. /587 is left out: a port stands after a colon."),
            ("mx1.example.com/webmail", "Tests mx1.example.com."),
        ] {
            assert_eq!(read(text).1.as_deref(), Some(sentence), "{text}");
        }
        let said = read("smtp://user:secret@mail.example.com").1;
        assert_eq!(said.as_deref(), Some("Tests mail.example.com, the host of the URL."));
    }

    #[test]
    fn mail_addresses_and_mx_records_name_a_host() {
        for text in [
            "postmaster@example.com",
            "Postmaster <postmaster@example.com>",
            "mailto:postmaster@example.com?subject=x",
            "\"a@b\"@example.com",
            "10 example.com.",
            "example.org. 3600 IN MX 10 example.com.",
        ] {
            let (understood, said) = read(text);
            assert_eq!(understood, "example.com", "{text}");
            assert!(said.is_some_and(|said| said.starts_with("Tests example.com, the ")), "{text}");
        }
    }

    #[test]
    fn an_address_literal_is_an_address_with_no_mx_records() {
        for (text, said) in [
            ("postmaster@[192.0.2.1]", "Tests 192.0.2.1, the address literal of the mail address."),
            (
                "Postmaster <postmaster@[IPv6:2001:db8::1]>",
                "Tests 2001:db8::1, the address literal of the mail address.",
            ),
            ("[IPv6:2001:db8::1]", "Tests 2001:db8::1."),
            ("IPv6:2001:db8::1", "Tests 2001:db8::1."),
        ] {
            assert_eq!(read(text).1.as_deref(), Some(said), "{text}");
        }
    }

    #[test]
    fn an_ipv6_address_that_ends_like_a_port_is_said_to_be_all_of_it() {
        assert_eq!(
            read("2001:db8::1:25"),
            (
                "2001:db8::1:25".to_owned(),
                Some(
                    "Tests 2001:db8::1:25, read as an address to its end; with a port it is written [2001:db8::1]:25."
                        .to_owned()
                )
            )
        );
        assert_eq!(read("[2001:db8::1:25]").1, None);
    }

    #[test]
    fn names_beyond_ascii_need_a_conversion() {
        let known = |name: &str| (name == "münchen.example").then(|| "xn--mnchen-3ya.example".to_owned());
        let understood = understand("info@münchen.example", known).unwrap();
        assert_eq!(understood.host.to_string(), "xn--mnchen-3ya.example");
        assert_eq!(
            understand("münchen.example", known).unwrap().said.as_deref(),
            Some("Tests xn--mnchen-3ya.example, the A-label form of what was written.")
        );
        assert_eq!(understand("münchen.example", |_| None), Err(NotUnderstood::NotAscii));
        let wide = |_: &str| Some("mx1.example".to_owned());
        let said = understand("mx1．example", wide).unwrap().said;
        assert_eq!(said.as_deref(), Some("Tests mx1.example."), "no A-label in it");
    }

    #[test]
    fn a_conversion_makes_no_address_and_sees_only_a_name() {
        let to_digits = |_: &str| Some("127.0.0.1".to_owned());
        let odd = Err(NotUnderstood::Host(NotAHost::OddAddress));
        assert_eq!(understand("１２７.０.０.１", to_digits), odd);
        let never = |_: &str| panic!("asked to convert what is no name");
        let bad = Err(NotUnderstood::Host(NotAHost::BadLabel));
        for text in ["mx\u{2019}s.example", "ü%2e.example", "ü\\x.example", "ü|x"] {
            assert_eq!(understand(text, never), bad, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_says_why() {
        for (text, why) in [
            ("", NotUnderstood::Host(NotAHost::Empty)),
            ("https://", NotUnderstood::Host(NotAHost::Empty)),
            ("mail server", NotUnderstood::Spaces),
            ("mail.example.com 25 and 465", NotUnderstood::Spaces),
            ("mx1.example.com,mx2.example.com", NotUnderstood::SeveralHosts),
            ("a,b", NotUnderstood::SeveralHosts),
            ("mx1.example.com; mx2.example.com", NotUnderstood::SeveralHosts),
            ("mx1.example.com 25, mx2.example.com 25", NotUnderstood::SeveralHosts),
            ("192.0.2.1 192.0.2.2", NotUnderstood::SeveralHosts),
            ("2001:db8::1, 2001:db8::2", NotUnderstood::SeveralHosts),
            ("a@example.com, b@example.org", NotUnderstood::SeveralHosts),
            ("A <a@example.com>, B <b@example.org>", NotUnderstood::SeveralHosts),
            ("smtp://mx1.example.com smtp://mx2.example.com", NotUnderstood::SeveralHosts),
            ("10 mx1.example.com. 20 mx2.example.com.", NotUnderstood::SeveralHosts),
            ("mail.example.com 99", NotUnderstood::Port("99".parse::<PortSpec>().unwrap_err())),
            ("mail.example.com:2525", NotUnderstood::Port("2525".parse::<PortSpec>().unwrap_err())),
            ("mail.example.com:0", NotUnderstood::Port("0".parse::<PortSpec>().unwrap_err())),
            ("a_b.example", NotUnderstood::Host(NotAHost::BadLabel)),
            ("<b>x</b>", NotUnderstood::Host(NotAHost::BadLabel)),
            ("a<b>c", NotUnderstood::Host(NotAHost::BadLabel)),
            ("mx1. example.com", NotUnderstood::Spaces),
            ("mx1 .example.com", NotUnderstood::Spaces),
            ("telnet mx1.example.com 25", NotUnderstood::Spaces),
            ("EHLO mx1.example.com", NotUnderstood::Spaces),
            ("220 mx1.example.com ESMTP Postfix", NotUnderstood::Spaces),
            ("mx1.example.com:25:465", NotUnderstood::Port("25:465".parse::<PortSpec>().unwrap_err())),
            (
                "mx1.example.com:25/implicit",
                NotUnderstood::Port("25/implicit".parse::<PortSpec>().unwrap_err()),
            ),
            ("smtp://mx1.example.com:70000", NotUnderstood::Port("70000".parse::<PortSpec>().unwrap_err())),
            ("-mx.example.com", NotUnderstood::Host(NotAHost::HyphenAtEdge)),
            ("[::1", NotUnderstood::Host(NotAHost::OddAddress6)),
            ("127.1:25", NotUnderstood::Host(NotAHost::OddAddress)),
            ("[fe80::1%eth0]:25", NotUnderstood::Host(NotAHost::Scoped)),
        ] {
            assert_eq!(understand(text, |_| None), Err(why), "{text}");
        }
    }
}
