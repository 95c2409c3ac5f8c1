use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use heloscope_observation::Host;
use rustls::pki_types::ServerName;

/// The origin of a web page as a browser writes it, RFC 6454 §6.2: scheme, host and, where it is not the scheme's
/// own, port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    secure: bool,
    authority: String,
}

impl Origin {
    /// Those under which a browser on this machine reaches the address over HTTP, or HTTPS where `secure`.
    pub(crate) fn of_listener(address: SocketAddr, secure: bool) -> Vec<Self> {
        let literal = Host::Address(address.ip());
        let local =
            [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])].contains(&address.ip());
        let name = local.then(|| Host::Name("localhost".to_owned()));
        [Some(literal), name]
            .into_iter()
            .flatten()
            .map(|host| Self::new(secure, &host, address.port()))
            .collect()
    }

    fn new(secure: bool, host: &Host, port: u16) -> Self {
        let host = match host {
            Host::Address(IpAddr::V6(v6)) => format!("[{v6}]"),
            host => host.to_string(),
        };
        let port = if port == default_port(secure) { String::new() } else { format!(":{port}") };
        Self { secure, authority: format!("{host}{port}") }
    }

    /// The same by WebSocket, RFC 6455 §3: `wss://www.example.org`.
    pub(crate) fn socket(&self) -> String {
        format!("{}://{}", if self.secure { "wss" } else { "ws" }, self.authority)
    }

    /// Whether it is reached by HTTPS.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether it is on the machine of whoever reaches it.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.server_name() {
            Some(ServerName::IpAddress(address)) => IpAddr::from(address).is_loopback(),
            Some(ServerName::DnsName(name)) => is_localhost(name.as_ref()),
            _ => false,
        }
    }

    /// Its host, as the certificate of one reached by HTTPS names it.
    pub(crate) fn server_name(&self) -> Option<ServerName<'_>> {
        let host = match self.authority.strip_prefix('[') {
            Some(literal) => literal.split(']').next(),
            None => self.authority.split(':').next(),
        };
        ServerName::try_from(host?).ok()
    }

    /// The name that a certificate for this origin is for; none without HTTPS, nor for an address.
    #[cfg(feature = "acme")]
    pub(crate) fn certifiable(&self) -> Option<&str> {
        let host = self.authority.split(':').next().filter(|_| self.secure)?;
        let is_name = matches!(host.parse(), Ok(Host::Name(name)) if name.contains('.'));
        is_name.then_some(host)
    }

    /// Whether a `Host` field (RFC 9110 §7.2) names this origin; the scheme's own port may stand there or not.
    pub(crate) fn is_host(&self, field: &str) -> bool {
        let own_port = format!(":{}", default_port(self.secure));
        field.strip_suffix(&own_port).unwrap_or(field).eq_ignore_ascii_case(&self.authority)
    }
}

/// Whether the name leads every machine to itself, RFC 6761 §6.3.
pub(crate) fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// The text is no origin: see its `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadOrigin(String);

impl FromStr for Origin {
    type Err = BadOrigin;

    /// Reads `https://www.example.org` or `http://intranet:8080`, with nothing after the port.
    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let refused = || BadOrigin(text.to_owned());
        let (secure, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err(refused()),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                let digits = port.bytes().all(|octet| octet.is_ascii_digit());
                (host, port.parse().ok().filter(|port| digits && *port != 0).ok_or_else(refused)?)
            }
            _ => (rest, default_port(secure)),
        };
        let host = host.parse().map_err(|_| refused())?;
        // Without brackets the last group of an IPv6 address would pass for a port.
        let bare_v6 = matches!(host, Host::Address(IpAddr::V6(_))) && !rest.starts_with('[');
        if bare_v6 { Err(refused()) } else { Ok(Self::new(secure, &host, port)) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }
}

impl fmt::Display for BadOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no origin of a site: write scheme, host and port as the browser's address bar begins, such as \
             https://www.example.org",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for BadOrigin {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_writes() {
        for (text, origin) in [
            ("https://www.Example.org", "https://www.example.org"),
            ("https://www.example.org:443", "https://www.example.org"),
            ("http://intranet:8080", "http://intranet:8080"),
            ("http://[2001:DB8::1]:81", "http://[2001:db8::1]:81"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(text.parse::<Origin>().map(|origin| origin.to_string()).as_deref(), Ok(origin));
        }
        for text in [
            "*",
            "null",
            "www.example.org",
            "ftp://www.example.org",
            "https://www.example.org/",
            "https://www.example.org/page",
            "https://user@www.example.org",
            "https://*.example.org",
            "https://www.example.org:0",
            "https://www.example.org:x",
            "https://::1",
            "https://",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_listener_has_the_origins_that_lead_to_it() {
        let origins = |address: &str| {
            Origin::of_listener(address.parse().unwrap(), false)
                .iter()
                .map(Origin::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(origins("127.0.0.1:8025"), ["http://127.0.0.1:8025", "http://localhost:8025"]);
        assert_eq!(origins("[::1]:80"), ["http://[::1]", "http://localhost"]);
        assert_eq!(origins("127.0.0.9:8025"), ["http://127.0.0.9:8025"]);
        let secure = Origin::of_listener("127.0.0.9:443".parse().unwrap(), true);
        assert_eq!(secure.iter().map(Origin::to_string).collect::<Vec<_>>(), ["https://127.0.0.9"]);
    }

    #[test]
    fn an_origin_on_the_machine_of_whoever_reaches_it() {
        let is_loopback = |text: &str| text.parse::<Origin>().unwrap().is_loopback();
        for here in ["http://localhost:5173", "http://a.localhost", "http://127.0.0.9:81", "http://[::1]:81"]
        {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in ["http://intranet", "http://localhost.test", "http://10.0.0.5", "http://[fd00::1]"] {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_host_field_is_compared_whole() {
        let on_8025: Origin = "http://127.0.0.1:8025".parse().unwrap();
        let on_80: Origin = "http://localhost".parse().unwrap();
        assert!(on_8025.is_host("127.0.0.1:8025"));
        assert_eq!(on_8025.socket(), "ws://127.0.0.1:8025");
        assert!(on_80.is_host("localhost") && on_80.is_host("LOCALHOST:80"));
        for other in [
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.1:8026",
            "evil.example:8025",
            "127.0.0.1:8025.evil.example",
        ] {
            assert!(!on_8025.is_host(other), "{other}");
        }
    }
}
