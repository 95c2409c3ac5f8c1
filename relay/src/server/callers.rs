use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use crate::quota::prefix;

/// How many connections each client has open to the relay: an IPv4 address, or an IPv6 /64. Nobody is to take all the
/// descriptors that there are. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Callers(Arc<Mutex<HashMap<IpNet, u64>>>);

/// One connection, which counts until this is dropped.
#[derive(Debug)]
pub(super) struct Caller {
    callers: Callers,
    net: IpNet,
}

impl Callers {
    /// Counts one more connection, unless the client has as many as it may.
    pub(super) fn enter(&self, client: IpAddr, most: u64) -> Option<Caller> {
        let net = prefix(client.to_canonical(), 32, 64);
        let mut open = self.open();
        let own = open.entry(net).or_default();
        if *own >= most {
            return None;
        }
        *own += 1;
        drop(open);
        Some(Caller { callers: self.clone(), net })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpNet, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let mut open = self.callers.open();
        if let Some(own) = open.get_mut(&self.net) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.net);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_so_many_connections_and_others_have_theirs() {
        let callers = Callers::default();
        let enter = |client: &str| callers.enter(client.parse().unwrap(), 2);
        let two = [enter("203.0.113.5"), enter("::ffff:203.0.113.5")];
        assert!(two.iter().all(Option::is_some));
        assert!(enter("203.0.113.5").is_none());
        let others =
            [enter("203.0.113.6"), enter("2001:db8::1"), enter("2001:db8::2"), enter("2001:db8:0:1::1")];
        assert!(others.iter().all(Option::is_some));
        assert!(enter("2001:db8::3").is_none());
        drop(two);
        assert!(enter("203.0.113.5").is_some());
        drop(others);
        assert!(callers.open().is_empty(), "nothing is kept of who is gone");
    }
}
