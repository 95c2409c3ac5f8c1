//! What went wrong in the network, in the report's terms and in sentences.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use heloscope_observation::{Refusal, RefusalCode};

use crate::LookupFailure;

pub(super) fn of_lookup(name: &str, failure: &LookupFailure) -> Refusal {
    match failure {
        LookupFailure::NotFound => Refusal {
            code: RefusalCode::NameNotFound,
            message: format!("The name {name} does not exist or has no address. Is it spelt right?"),
        },
        LookupFailure::Failed(reason) => Refusal {
            code: RefusalCode::ResolveFailed,
            message: format!(
                "The name {name} could not be looked up: {reason}. Try again, or give its address."
            ),
        },
        LookupFailure::NoRoom => no_room(),
    }
}

/// The relay itself has too many descriptors open, or threads.
fn no_room() -> Refusal {
    Refusal {
        code: RefusalCode::RelayUnreachable,
        message: "The relay has too many connections open. Try again in a moment.".to_owned(),
    }
}

pub(super) fn no_answer(name: &str, limit: Duration) -> Refusal {
    let reason = format!("the name servers did not answer within {}", seconds(limit));
    of_lookup(name, &LookupFailure::Failed(reason))
}

pub(super) fn connect_timeout(address: SocketAddr, limit: Duration) -> Refusal {
    Refusal {
        code: RefusalCode::ConnectTimeout,
        message: format!(
            "{address} did not answer within {}: a firewall drops the packets, or the machine is down.{}",
            seconds(limit),
            port_25(address)
        ),
    }
}

pub(super) fn of_connect(error: &Error, address: SocketAddr) -> Refusal {
    if is_out_of_descriptors(error) {
        return no_room();
    }
    let (code, message) = match error.kind() {
        ErrorKind::ConnectionRefused => (
            RefusalCode::ConnectionRefused,
            format!(
                "{address} refused the connection: no mail server listens on that port, or a firewall says so."
            ),
        ),
        ErrorKind::TimedOut => (
            RefusalCode::ConnectTimeout,
            format!(
                "{address} did not answer: a firewall drops the packets, or the machine is down.{}",
                port_25(address)
            ),
        ),
        ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable if address.is_ipv6() => (
            RefusalCode::Unreachable,
            format!(
                "The relay has no way to {address}: its network may have no IPv6. Try an IPv4 address of the host."
            ),
        ),
        ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => (
            RefusalCode::Unreachable,
            format!("The relay has no way to {address}: there is no route to that network."),
        ),
        ErrorKind::PermissionDenied => (
            RefusalCode::Unreachable,
            format!("A firewall at the relay does not let it connect to {address}.{}", port_25(address)),
        ),
        ErrorKind::HostUnreachable => (
            RefusalCode::Unreachable,
            format!(
                "A router on the way says that {address} cannot be reached: the machine is down, or a firewall says so."
            ),
        ),
        _ => (RefusalCode::Unreachable, format!("{address} cannot be reached: {error}.")),
    };
    Refusal { code, message }
}

/// The relay's network lets no connection to the port out: nothing is known of the mail server.
pub(super) fn not_let_out(port: u16) -> Refusal {
    Refusal {
        code: RefusalCode::Blocked,
        message: format!(
            "This relay cannot reach port {port}: its network lets no connection to it out. That says nothing about \
             the mail server; test it from a relay elsewhere, or from a machine that sends mail."
        ),
    }
}

/// It is not known which addresses are the relay's own outside: any may be.
pub(super) fn not_known_outside() -> Refusal {
    Refusal {
        code: RefusalCode::RelayUnreachable,
        message: "This relay could not look up its own name so far, and connects to no mail server until it has. Try again in a \
                  minute."
            .to_owned(),
    }
}

/// The failure that says most of the mail server, of one or more; said to be one of several where it is.
pub(super) fn most_telling(failures: Vec<Refusal>) -> Refusal {
    let tried = failures.len();
    // The last of equals is the first, in the order of trying, that `max_by_key` is to find.
    let telling = failures.into_iter().rev().max_by_key(|failure| match failure.code {
        RefusalCode::ConnectionRefused => 3,
        RefusalCode::ConnectTimeout => 2,
        RefusalCode::RelayUnreachable => 1,
        _ => 0,
    });
    match telling {
        Some(failure) if tried > 1 => {
            Refusal { message: format!("{} ({tried} addresses were tried.)", failure.message), ..failure }
        }
        Some(failure) => failure,
        None => Refusal { code: RefusalCode::NameNotFound, message: "The name has no address.".to_owned() },
    }
}

fn port_25(address: SocketAddr) -> &'static str {
    if address.port() == 25 { " Many networks block port 25 outwards; the relay's may be one." } else { "" }
}

/// A limit in round figures: what is left of one, or a share of it, ends in many digits.
fn seconds(time: Duration) -> String {
    let tenths = (time.as_secs_f64() * 10.0).round() / 10.0;
    if tenths > 0.0 { format!("{tenths} s") } else { format!("{} ms", time.as_millis()) }
}

/// The process's or the system's file descriptors are used up.
pub(crate) fn is_out_of_descriptors(error: &Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    cfg!(unix) && matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_linux_says_becomes_what_the_report_says() {
        for (errno, code) in [
            (111, RefusalCode::ConnectionRefused), // ECONNREFUSED
            (101, RefusalCode::Unreachable),       // ENETUNREACH
            (113, RefusalCode::Unreachable),       // EHOSTUNREACH
            (13, RefusalCode::Unreachable),        // EACCES
            (1, RefusalCode::Unreachable),         // EPERM
            (99, RefusalCode::Unreachable),        // EADDRNOTAVAIL
            (110, RefusalCode::ConnectTimeout),    // ETIMEDOUT
            (24, RefusalCode::RelayUnreachable),   // EMFILE
            (22, RefusalCode::Unreachable),        // EINVAL
        ] {
            let address = "8.8.8.8:25".parse().unwrap();
            assert_eq!(of_connect(&Error::from_raw_os_error(errno), address).code, code, "{errno}");
        }
    }

    #[test]
    fn a_limit_is_told_in_round_figures() {
        for (microseconds, told) in [
            (9_999_992, "10 s"),
            (10_000_000, "10 s"),
            (3_333_333, "3.3 s"),
            (2_500_000, "2.5 s"),
            (49_999, "49 ms"),
        ] {
            assert_eq!(seconds(Duration::from_micros(microseconds)), told);
        }
    }

    #[test]
    fn what_says_most_of_the_server_is_told() {
        let of = |code: RefusalCode, message: &str| Refusal { code, message: message.into() };
        let told = most_telling(vec![
            of(RefusalCode::Unreachable, "no IPv6."),
            of(RefusalCode::ConnectTimeout, "a."),
            of(RefusalCode::ConnectTimeout, "b."),
        ]);
        assert_eq!(told, of(RefusalCode::ConnectTimeout, "a. (3 addresses were tried.)"));
        assert_eq!(most_telling(vec![of(RefusalCode::Unreachable, "c.")]).message, "c.");
    }
}
