use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType};
use heloscope_observation::{Established, Host, Refusal, RefusalCode};
use heloscope_words::{say, within};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use crate::arguments::EhloName;
use heloscope_connecting::{Connected, Connecting};

/// For the look-up of the name.
const RESOLVE: Duration = Duration::from_secs(5);
/// For TCP to connect, over all addresses together.
const CONNECT: Duration = Duration::from_secs(10);
/// Addresses tried, so that each gets time for a second SYN.
const MAX_ADDRESSES: usize = 4;

/// Connects to the ports of one host; its name is looked up once.
pub(crate) struct Dialler {
    host: Host,
    address: Option<IpAddr>,
    ehlo_name: Option<EhloName>,
    looked_up: OnceCell<Result<LookedUp, Refusal>>,
}

#[derive(Clone)]
struct LookedUp {
    addresses: Vec<IpAddr>,
    resolve_ms: Option<u32>,
}

impl Dialler {
    /// `address` stands in for those that the host has, `ehlo_name` for the machine's own.
    pub(crate) fn new(host: Host, address: Option<IpAddr>, ehlo_name: Option<EhloName>) -> Self {
        let of_machine = || EhloName::of_machine(gethostname::gethostname().to_str()?);
        Self { host, address, ehlo_name: ehlo_name.or_else(of_machine), looked_up: OnceCell::new() }
    }

    /// Connects: each address in turn, until one answers.
    pub(crate) async fn dial(&self, port: u16) -> Result<(Connected, Established), Refusal> {
        let LookedUp { addresses, resolve_ms } =
            self.looked_up.get_or_init(|| self.look_up()).await.clone()?;
        let began = Instant::now();
        let mut refused = Vec::new();
        for (tried, address) in addresses.iter().enumerate() {
            let left = u32::try_from(addresses.len() - tried).unwrap_or(1);
            let limit = CONNECT.saturating_sub(began.elapsed()) / left;
            match connect(SocketAddr::new(*address, port), limit).await {
                Ok(connected) => {
                    let connect_ms = milliseconds(began.elapsed());
                    let established =
                        self.established(&connected.stream, *address, port, resolve_ms, connect_ms);
                    return Ok((connected, established));
                }
                Err(refusal) => refused.push(refusal),
            }
        }
        Err(most_telling(refused))
    }

    fn established(
        &self,
        stream: &TcpStream,
        address: IpAddr,
        port: u16,
        resolve_ms: Option<u32>,
        connect_ms: u32,
    ) -> Established {
        let own = || EhloName::literal(stream.local_addr().map_or(address, |local| local.ip()));
        Established {
            address: stream.peer_addr().unwrap_or(SocketAddr::new(address, port)),
            ehlo_name: self.ehlo_name.clone().unwrap_or_else(own).into_string(),
            resolve_ms,
            connect_ms,
        }
    }

    async fn look_up(&self) -> Result<LookedUp, Refusal> {
        let name = match (&self.address, &self.host) {
            (Some(address), _) | (None, Host::Address(address)) => {
                return Ok(LookedUp { addresses: vec![*address], resolve_ms: None });
            }
            (None, Host::Name(name)) => name.clone(),
        };
        let began = Instant::now();
        let failed = |message: &dyn Fn() -> String| refusal(RefusalCode::ResolveFailed, message);
        let question = name.clone();
        let answer = tokio::task::spawn_blocking(move || addresses_of(&question));
        let mut addresses = match timeout(RESOLVE, answer).await {
            Ok(Ok(answer)) => answer.map_err(|error| not_resolved(&name, &error))?,
            Ok(Err(_)) => return Err(failed(&|| say!("The look-up of {name} broke off."))),
            Err(_) => {
                let limit = RESOLVE.as_secs();
                return Err(failed(&|| say!("The look-up of {name} had no answer within {limit} seconds.")));
            }
        };
        addresses.truncate(MAX_ADDRESSES);
        Ok(LookedUp { addresses, resolve_ms: Some(milliseconds(began.elapsed())) })
    }
}

/// The addresses in the order of RFC 6724, each once.
fn addresses_of(name: &str) -> Result<Vec<IpAddr>, dns_lookup::LookupError> {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let mut addresses = Vec::new();
    for answer in dns_lookup::getaddrinfo(Some(name), None, Some(hints))? {
        let address = answer?.sockaddr.ip();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

fn not_resolved(name: &str, error: &dns_lookup::LookupError) -> Refusal {
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => {
            refusal(RefusalCode::NameNotFound, &|| say!("The name {name} does not exist, or has no address."))
        }
        _ => {
            refusal(RefusalCode::ResolveFailed, &|| say!("The name {name} could not be looked up: {error}."))
        }
    }
}

async fn connect(address: SocketAddr, limit: Duration) -> Result<Connected, Refusal> {
    match timeout(limit, async { Connecting::begin(address)?.made().await }).await {
        Ok(Ok(connected)) => {
            // A server's Nagle waits for our acknowledgement, ours would wait for its.
            let _ = connected.stream.set_nodelay(true);
            acknowledge_at_once(&connected.stream);
            Ok(connected)
        }
        Ok(Err(error)) => Err(not_connected(address, &error)),
        Err(_) => Err(refusal(RefusalCode::ConnectTimeout, &|| {
            let (ip, port, limit) = (address.ip(), address.port(), format!("{:.0}", limit.as_secs_f64()));
            say!("{ip} did not answer on port {port} within {limit} seconds.")
        })),
    }
}

fn not_connected(address: SocketAddr, error: &io::Error) -> Refusal {
    let (ip, port) = (address.ip(), address.port());
    match error.kind() {
        io::ErrorKind::ConnectionRefused => refusal(RefusalCode::ConnectionRefused, &|| {
            say!("{ip} refused the connection: nothing listens on port {port} there, or a firewall says so.")
        }),
        io::ErrorKind::TimedOut => {
            refusal(RefusalCode::ConnectTimeout, &|| say!("{ip} did not answer on port {port} in time."))
        }
        _ => refusal(RefusalCode::Unreachable, &|| say!("There is no way to {ip}, port {port}: {error}.")),
    }
}

/// Why a connection that stood broke.
pub(crate) fn broken(error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::TimedOut => {
            refusal(RefusalCode::Timeout, &|| say!("The connection timed out.").to_owned())
        }
        io::ErrorKind::ConnectionReset => reset(),
        _ => refusal(RefusalCode::Reset, &|| say!("The connection broke: {error}.")),
    }
}

/// That a connection that stood was reset.
pub(crate) fn reset() -> Refusal {
    refusal(RefusalCode::Reset, &|| {
        say!("The connection was reset by the mail server or a device on the way.").to_owned()
    })
}

/// A refusal as a relay would word it, in English: the report tells it again in its own language.
pub(crate) fn refusal(code: RefusalCode, message: &dyn Fn() -> String) -> Refusal {
    Refusal { code, message: within(None, message) }
}

/// One refusal for all addresses: the code of the one that says most, and what each said.
fn most_telling(refused: Vec<Refusal>) -> Refusal {
    let says = |code: RefusalCode| match code {
        RefusalCode::ConnectionRefused => 2,
        RefusalCode::ConnectTimeout => 1,
        _ => 0,
    };
    let code = refused.iter().map(|refusal| refusal.code).max_by_key(|code| says(*code));
    let messages: Vec<String> = refused.into_iter().map(|refusal| refusal.message).collect();
    match code {
        Some(code) => Refusal { code, message: messages.join(" ") },
        None => refusal(RefusalCode::NameNotFound, &|| say!("The name has no address.").to_owned()),
    }
}

/// Has what is received acknowledged at once: a server whose Nagle holds its next reply back until then would cost
/// 40 ms each. The system forgets it; to be said again after each read.
pub(crate) fn acknowledge_at_once(stream: &TcpStream) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(stream).set_tcp_quickack(true);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = stream;
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn refusal(code: RefusalCode, message: &str) -> Refusal {
        Refusal { code, message: message.to_owned() }
    }

    #[test]
    fn of_several_refusals_the_most_telling_is_named_and_all_are_told() {
        let refused = vec![
            refusal(RefusalCode::Unreachable, "No way."),
            refusal(RefusalCode::ConnectionRefused, "Refused."),
            refusal(RefusalCode::ConnectTimeout, "Silence."),
        ];
        assert_eq!(
            most_telling(refused),
            refusal(RefusalCode::ConnectionRefused, "No way. Refused. Silence.")
        );
        assert_eq!(most_telling(Vec::new()).code, RefusalCode::NameNotFound);
    }

    #[test]
    fn what_the_system_says_has_a_code() {
        let address: SocketAddr = "192.0.2.1:25".parse().unwrap();
        for (kind, code) in [
            (io::ErrorKind::ConnectionRefused, RefusalCode::ConnectionRefused),
            (io::ErrorKind::TimedOut, RefusalCode::ConnectTimeout),
            (io::ErrorKind::HostUnreachable, RefusalCode::Unreachable),
            (io::ErrorKind::NetworkUnreachable, RefusalCode::Unreachable),
            (io::ErrorKind::PermissionDenied, RefusalCode::Unreachable),
        ] {
            assert_eq!(not_connected(address, &kind.into()).code, code, "{kind}");
        }
        assert_eq!(broken(&io::ErrorKind::ConnectionReset.into()).code, RefusalCode::Reset);
        assert_eq!(broken(&io::ErrorKind::TimedOut.into()).code, RefusalCode::Timeout);
    }
}
