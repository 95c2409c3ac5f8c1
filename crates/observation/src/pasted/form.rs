//! A pasted text, taken apart.

use std::net::IpAddr;

use super::{NotUnderstood, comes_along};
use crate::{NotAHost, NotAPort, PortSpec};

/// The forms in which a host is written.
pub(super) enum Form<'a> {
    Host,
    MailAddress,
    MxRecord,
    Url { scheme: &'a str },
}

/// A text, taken apart.
pub(super) struct Parts<'a> {
    /// The host as written.
    pub(super) host: &'a str,
    /// `None` where none is named.
    pub(super) ports: Option<Vec<PortSpec>>,
    /// What is there and does not count.
    pub(super) left_out: LeftOut<'a>,
}

/// What a text names and the test does not follow.
#[derive(Clone, Copy)]
pub(super) enum LeftOut<'a> {
    Nothing,
    /// The port of a URL that is none of mail's.
    Port(&'a str),
    /// The address that a mail log has beside the host's name.
    Address(IpAddr),
    /// A number after a `/`.
    Path(&'a str),
}

impl<'a> Form<'a> {
    /// The form of a text, and the part of it that names host and port.
    pub(super) fn of(text: &'a str) -> Result<(Self, &'a str), NotUnderstood> {
        if let Some((scheme, rest)) = text.split_once("://") {
            if rest.contains("://") {
                return Err(NotUnderstood::SeveralHosts);
            }
            let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
            let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
            return Ok((Self::Url { scheme }, place));
        }
        let bare = match text.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto") => {
                rest.split('?').next().unwrap_or_default()
            }
            // `smtp:25` is a host with a port.
            Some((scheme, rest)) if is_scheme(scheme) && !begins_with_port(rest) => {
                rest.trim_start_matches('/')
            }
            _ => text.strip_prefix("//").unwrap_or(text),
        };
        let bare = without_display_name(bare)?;
        if let Some((local, domain)) = bare.rsplit_once('@') {
            // In a local part these stand in quotes (RFC 5321 §4.1.2).
            let several = !local.contains('"')
                && local.split_once('@').is_some_and(|(_, more)| more.contains(is_between));
            return if several { Err(NotUnderstood::SeveralHosts) } else { Ok((Self::MailAddress, domain)) };
        }
        let mut words = bare.split_whitespace().rev();
        if let Some(exchange) = exchange(&mut words) {
            let several = self::exchange(&mut words).is_some();
            return if several { Err(NotUnderstood::SeveralHosts) } else { Ok((Self::MxRecord, exchange)) };
        }
        Ok((Self::Host, bare))
    }

    /// The host as written, and the ports.
    pub(super) fn split(&self, place: &'a str) -> Result<Parts<'a>, NotUnderstood> {
        let end = place.find(is_between).unwrap_or(place.len());
        let (place, more) = place.split_at(end);
        let listed = more.trim_start().starts_with([',', ';']);
        let (host, port, beside) = split_port(place);
        let mut ports = Vec::new();
        let named = self.port(port)?;
        let left_out = match named {
            None if is_number(port) => LeftOut::Port(port),
            _ => beside,
        };
        ports.extend(named);
        let is_named = |word: &&str| !["", "port", "ports"].contains(&word.to_ascii_lowercase().as_str());
        for word in more.split(is_between).filter(is_named) {
            let named = word.parse().map_err(|cause| match Meant::by(word, host, listed) {
                Meant::Port => NotUnderstood::Port(cause),
                Meant::Host => NotUnderstood::SeveralHosts,
                Meant::Words => NotUnderstood::Spaces,
            })?;
            if !ports.contains(&named) {
                ports.push(named);
            }
        }
        Ok(Parts { host, ports: (!ports.is_empty()).then_some(ports), left_out })
    }

    /// The port that goes with what stands after the colon, which may be nothing.
    fn port(&self, text: &str) -> Result<Option<PortSpec>, NotUnderstood> {
        let Self::Url { scheme } = self else {
            // `mx.example.com:25/path` has a path, `mx.example.com:2525/starttls` has none.
            let (number, path) = text.split_once('/').unwrap_or((text, ""));
            let standard = number.parse().ok().and_then(PortSpec::standard);
            return match (text, standard) {
                ("", _) => Ok(None),
                (_, Some(port)) if !["starttls", "implicit"].contains(&path) => Ok(Some(port)),
                _ => text.parse().map(Some).map_err(NotUnderstood::Port),
            };
        };
        let (mode, usual) = match scheme.to_ascii_lowercase().as_str() {
            "smtp" => ("starttls", ""),
            "submission" => ("starttls", "587"),
            "smtps" | "submissions" => ("implicit", "465"),
            // The port of a web page, say, is none of mail's; one of mail's was meant, whatever the scheme.
            _ => return Ok(text.parse().ok().and_then(PortSpec::standard)),
        };
        let text = if text.is_empty() { usual } else { text };
        if text.is_empty() {
            return Ok(None);
        }
        let standard: Result<PortSpec, NotAPort> = text.parse();
        // What is said of it is said of what was written.
        standard
            .or_else(|wrong| format!("{text}/{mode}").parse().map_err(|_| wrong))
            .map(Some)
            .map_err(NotUnderstood::Port)
    }
}

/// What a word after the host was meant as.
enum Meant {
    Port,
    Host,
    Words,
}

impl Meant {
    /// `before`: what stands where the host belongs; `listed`: after a comma.
    fn by(word: &str, before: &str, listed: bool) -> Self {
        // What does not begin as a number was not meant as a port, and no port has a dot or a colon in it.
        let number = word.starts_with(|first: char| first.is_ascii_digit());
        let is_host = |word: &str| word.trim_matches('.').contains(['.', ':']) && !word.starts_with('.');
        match (is_host(word) && is_host(before)) || (listed && !number) {
            true => Self::Host,
            false if number => Self::Port,
            false => Self::Words,
        }
    }
}

/// What stands before a colon where no URL follows: the name of a scheme, or that of a transport of Postfix's.
fn is_scheme(word: &str) -> bool {
    ["http", "https", "smtp", "smtps", "submission", "submissions", "relay"]
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Whether a number, perhaps with a path or a mode, is all that stands there.
fn begins_with_port(text: &str) -> bool {
    let number = text.split('/').next().unwrap_or_default();
    !number.is_empty() && number.bytes().all(|octet| octet.is_ascii_digit())
}

/// What stands in angle brackets, if it is an address or a host that does (RFC 5322 §3.4); else the text as it is.
fn without_display_name(text: &str) -> Result<&str, NotUnderstood> {
    let Some((before, rest)) = text.rsplit_once('<') else { return Ok(text) };
    if before.contains('>') && !before.contains('"') {
        let several = before.contains(['@', '.']);
        return Err(if several {
            NotUnderstood::SeveralHosts
        } else {
            NotUnderstood::Host(NotAHost::BadLabel)
        });
    }
    match rest.split_once('>') {
        Some((inside, after)) if after.trim_matches(comes_along).is_empty() => Ok(inside),
        Some((_, after)) if after.contains('@') => Err(NotUnderstood::SeveralHosts),
        _ => Err(NotUnderstood::Host(NotAHost::BadLabel)),
    }
}

/// What stands between the things of a list.
fn is_between(character: char) -> bool {
    character.is_whitespace() || matches!(character, ',' | ';')
}

/// The exchange of an MX record that ends here, its words read from the last one back.
fn exchange<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (exchange, preference) = (words.next()?, words.next()?);
    (preference.parse::<u16>().is_ok() && exchange.contains('.')).then_some(exchange)
}

/// The host as written, without brackets, what stands after the colon, and what else is there.
fn split_port(place: &str) -> (&str, &str, LeftOut<'_>) {
    if let Some((before, (inside, after))) =
        place.split_once('[').and_then(|(before, rest)| Some((before, rest.split_once(']')?)))
    {
        let port = after.strip_prefix(':').unwrap_or_default();
        return match before {
            "" => (without_tag(inside), port, LeftOut::Nothing),
            host => (host, port, inside.parse().map_or(LeftOut::Nothing, LeftOut::Address)),
        };
    }
    let place = without_tag(place);
    match place.split_once(':') {
        Some((first, rest)) if rest.contains(':') && is_of_an_address(first) => (place, "", LeftOut::Nothing),
        Some((host, port)) => (host, port, LeftOut::Nothing),
        None => match place.split_once('/') {
            Some((host, path)) if is_number(path) => (host, "", LeftOut::Path(path)),
            Some((host, _)) => (host, "", LeftOut::Nothing),
            None => (place, "", LeftOut::Nothing),
        },
    }
}

/// Whether a port was meant.
fn is_number(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// An address literal's address, RFC 5321 §4.1.3.
fn without_tag(literal: &str) -> &str {
    match literal.split_once(':') {
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6") => address,
        _ => literal,
    }
}

/// Whether an IPv6 address may begin so.
fn is_of_an_address(text: &str) -> bool {
    text.trim_start_matches('[').bytes().all(|octet| octet.is_ascii_hexdigit())
}
