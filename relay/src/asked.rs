use std::fmt::Display;
use std::net::IpAddr;

use axum::extract::Query;
use axum::http::Uri;
use heloscope_observation::Host;
use heloscope_wire::ConnectQuery;

/// Which connection a request asks for, by the query in its address; an error is a clause for whoever wrote that.
pub(crate) fn asked(uri: &Uri) -> Result<ConnectQuery, String> {
    let Query(fields) = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|_| "What stands behind the `?` is no query".to_owned())?;
    let (mut host, mut port, mut address) = (None, None, None);
    for (name, value) in &fields {
        let field = match name.as_str() {
            "host" => &mut host,
            "port" => &mut port,
            "address" => &mut address,
            other => return Err(format!("{} is none of host, port and address", quoted(other))),
        };
        if field.replace(value.as_str()).is_some() {
            return Err(format!("{name} stands there twice"));
        }
    }
    let missing = |name: &str| format!("{name} is missing");
    let query = ConnectQuery {
        host: of_host(host.ok_or_else(|| missing("host"))?)?,
        port: of_port(port.ok_or_else(|| missing("port"))?)?,
        address: address.map(of_address).transpose()?,
    };
    match (&query.host, query.address) {
        (Host::Address(host), Some(address)) if *host != address => {
            let why = format!(
                "the host is the address {host}, which has no other; leave address out, or name the host"
            );
            Err(not("address", &address.to_string(), why))
        }
        _ => Ok(query),
    }
}

fn of_host(text: &str) -> Result<Host, String> {
    text.parse().map_err(|why| not("host", text, why))
}

fn of_port(text: &str) -> Result<u16, String> {
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port > 0);
    port.ok_or_else(|| not("port", text, "write a number from 1 to 65535, such as 25"))
}

fn of_address(text: &str) -> Result<IpAddr, String> {
    let why = "write an IPv4 or IPv6 address, such as 203.0.113.5 or 2001:db8::5";
    text.parse().map_err(|_| not("address", text, why))
}

fn not(name: &str, text: &str, why: impl Display) -> String {
    format!("{name} cannot be {}: {why}", quoted(text))
}

/// What somebody wrote, its first 100 characters, as it can be read.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 100;
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("`{}{more}`", shown.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<ConnectQuery, String> {
        asked(&format!("/v1/connect{query}").parse().unwrap())
    }

    #[test]
    fn what_is_asked_for_is_host_port_and_perhaps_an_address() {
        for address in [None, Some("2001:db8::5".parse().unwrap())] {
            let query = ConnectQuery { host: "mx1.example.com".parse().unwrap(), port: 25, address };
            assert_eq!(asked(&query.to_path().parse().unwrap()), Ok(query));
        }
        assert!(read("?host=8.8.4.10&port=25&address=8.8.4.10").is_ok());
        let host = |query| read(query).map(|query| query.host.to_string());
        assert_eq!(host("?port=25&host=%5B2001:DB8::5%5D"), Ok("2001:db8::5".to_owned()));
    }

    #[test]
    fn what_cannot_be_read_is_told_in_the_words_of_who_wrote_it() {
        for (query, told) in [
            ("", "host is missing"),
            ("?host=mx.example", "port is missing"),
            ("?host=mx.example&port=25&host=mx.example", "host stands there twice"),
            ("?host=mx.example&port=25&mode=tls", "`mode` is none of host, port and address"),
            ("?host=mx.example&port=25;", "port cannot be `25;`: write a number from 1 to 65535, such as 25"),
            ("?host=mx.example&port=", "port cannot be ``: write a number from 1 to 65535, such as 25"),
            (
                "?host=mx.example&port=65536",
                "port cannot be `65536`: write a number from 1 to 65535, such as 25",
            ),
            (
                "?host=mx.example&port=%2B25",
                "port cannot be `+25`: write a number from 1 to 65535, such as 25",
            ),
            ("?host=mx.example&port=0", "port cannot be `0`: write a number from 1 to 65535, such as 25"),
            (
                "?host=mx.example&port=25&address=127.1",
                "address cannot be `127.1`: write an IPv4 or IPv6 address, such as 203.0.113.5 or 2001:db8::5",
            ),
            (
                "?host=10.1.1.1&port=25&address=8.8.4.10",
                "address cannot be `8.8.4.10`: the host is the address 10.1.1.1, which has no other; leave address out, or name \
                 the host",
            ),
            (
                "?host=a%00%E2%80%AEb&port=25",
                "host cannot be `a\\0\\u{202e}b`: a host name is made of letters, digits and hyphens, with single dots between",
            ),
        ] {
            assert_eq!(read(query), Err(told.to_owned()), "{query}");
        }
        let long = read(&format!("?{}=", "a".repeat(500))).unwrap_err();
        assert_eq!(long, format!("`{}…` is none of host, port and address", "a".repeat(100)));
    }
}
