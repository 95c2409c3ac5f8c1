use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::thread;

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType};
use tokio::sync::oneshot;

use crate::dial::is_out_of_descriptors;

/// Looks names up.
pub trait Resolve: Send + Sync {
    /// The addresses of the name, in the order in which they are to be tried; their ports do not count.
    fn lookup(&self, name: &str) -> Lookup;

    /// The name of the address, by its PTR record.
    fn reverse(&self, address: IpAddr) -> ReverseLookup;
}

/// A look-up under way.
pub type Lookup = Pin<Box<dyn Future<Output = Result<Vec<SocketAddr>, LookupFailure>> + Send>>;

/// A look-up of an address under way.
pub type ReverseLookup = Pin<Box<dyn Future<Output = Result<String, LookupFailure>> + Send>>;

/// Why a name has no addresses, or an address no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupFailure {
    /// It does not exist, or has none.
    NotFound,
    /// No answer, or a broken one, in the resolver's words.
    Failed(String),
    /// The relay has no descriptor or no thread left to ask with: of the name nothing is known.
    NoRoom,
}

/// The operating system's resolver, `getaddrinfo` (RFC 3493 §6.1).
///
/// Called directly, not through `std`, which keeps of the EAI codes no more than a text that differs from one C
/// library to the next. A name with a dot is looked up as it stands (with a dot at its end), so that no search list
/// turns a misspelt name into another that exists; the price is that `/etc/hosts` does not count for such a name.
#[derive(Clone, Copy, Debug)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn lookup(&self, name: &str) -> Lookup {
        let absolute = if name.contains('.') { format!("{name}.") } else { name.to_owned() };
        Box::pin(on_a_thread(move || {
            let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
            let answers = dns_lookup::getaddrinfo(Some(&absolute), None, Some(hints))
                .map_err(|error| failure(error.kind(), &error.into()))?;
            answers
                .map(|answer| answer.map(|answer| answer.sockaddr))
                .collect::<Result<_, _>>()
                .map_err(|error| LookupFailure::Failed(error.to_string()))
        }))
    }

    /// By `getnameinfo` (RFC 3493 §6.2), for which `/etc/hosts` counts where there is one.
    fn reverse(&self, address: IpAddr) -> ReverseLookup {
        Box::pin(on_a_thread(move || {
            dns_lookup::lookup_addr(&address).map_err(|error| failure(error.kind(), &error.into()))
        }))
    }
}

/// Looks up on a thread of its own, as the C library waits: the runtime's pool would panic where the system has no thread left.
async fn on_a_thread<T: Send + 'static>(
    look_up: impl FnOnce() -> Result<T, LookupFailure> + Send + 'static,
) -> Result<T, LookupFailure> {
    let (sender, answer) = oneshot::channel();
    let thread = thread::Builder::new().name("look-up".to_owned()).spawn(move || {
        // What failed for want of a descriptor has many names, "no such name" among them.
        let answer = look_up().map_err(|why| if out_of_descriptors() { LookupFailure::NoRoom } else { why });
        // Nobody may wait for it any longer.
        let _ = sender.send(answer);
    });
    if let Err(error) = thread {
        tracing::warn!(%error, "no thread to look a name up on");
        return Err(LookupFailure::NoRoom);
    }
    answer.await.unwrap_or_else(|_| Err(LookupFailure::Failed("the look-up was broken off".to_owned())))
}

/// Whether the process cannot open another descriptor now.
#[cfg(unix)]
fn out_of_descriptors() -> bool {
    use std::os::fd::AsFd;
    std::io::stderr().as_fd().try_clone_to_owned().is_err_and(|error| is_out_of_descriptors(&error))
}

#[cfg(not(unix))]
fn out_of_descriptors() -> bool {
    false
}

fn failure(kind: LookupErrorKind, error: &std::io::Error) -> LookupFailure {
    match kind {
        LookupErrorKind::NoName | LookupErrorKind::NoData => LookupFailure::NotFound,
        _ if is_out_of_descriptors(error) => LookupFailure::NoRoom,
        _ => LookupFailure::Failed(error.to_string()),
    }
}

impl fmt::Display for LookupFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("the name does not exist or has no address"),
            Self::Failed(reason) => f.write_str(reason),
            Self::NoRoom => f.write_str("the relay has no descriptor or no thread left"),
        }
    }
}

impl std::error::Error for LookupFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_codes_for_no_such_name_mean_that() {
        let error = || std::io::Error::other("why");
        for kind in [LookupErrorKind::NoName, LookupErrorKind::NoData] {
            assert_eq!(failure(kind, &error()), LookupFailure::NotFound);
        }
        for kind in
            [LookupErrorKind::Again, LookupErrorKind::Fail, LookupErrorKind::System, LookupErrorKind::IO]
        {
            assert_eq!(failure(kind, &error()), LookupFailure::Failed("why".into()));
        }
        let too_many_files = std::io::Error::from_raw_os_error(24);
        if cfg!(unix) {
            assert_eq!(failure(LookupErrorKind::System, &too_many_files), LookupFailure::NoRoom);
        }
    }

    #[tokio::test]
    async fn the_system_knows_this_machine() {
        let addresses = SystemResolver.lookup("localhost").await.unwrap();
        assert!(!addresses.is_empty() && addresses.iter().all(|address| address.ip().is_loopback()));
        assert_eq!(SystemResolver.reverse(addresses[0].ip()).await.map(|name| name.is_empty()), Ok(false));
    }
}
