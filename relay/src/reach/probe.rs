use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::Host;
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

use super::Reach;
use crate::Resolve;

/// A host of the operator's that answers on port 25, and how it is reached.
pub(crate) struct Probe {
    pub(crate) host: Host,
    pub(crate) resolver: Arc<dyn Resolve>,
    /// Time for the look-up, and time for each address.
    pub(crate) limit: Duration,
}

/// How often the host is connected to.
const EVERY: Duration = Duration::from_secs(60 * 60);

impl Probe {
    /// Connects to the host now and once an hour, and says nothing there.
    pub(crate) async fn run(self, reach: Arc<Reach>) {
        let mut times = interval(EVERY);
        loop {
            times.tick().await;
            let addresses = match self.addresses(reach.port).await {
                Ok(addresses) => addresses,
                Err(error) => {
                    // Of the port nothing is learnt by this.
                    tracing::warn!(host = %self.host, %error, "the host to probe could not be looked up");
                    continue;
                }
            };
            match self.first_answer(&addresses).await {
                Some(address) => reach.answered(address),
                None => reach.probe_failed(),
            }
        }
    }

    async fn addresses(&self, port: u16) -> Result<Vec<SocketAddr>, String> {
        let name = match &self.host {
            Host::Address(address) => return Ok(vec![SocketAddr::new(*address, port)]),
            Host::Name(name) => name,
        };
        let found =
            timeout(self.limit, self.resolver.lookup(name)).await.map_err(|error| error.to_string())?;
        let addresses = found.map_err(|failure| failure.to_string())?;
        Ok(addresses.iter().map(|address| SocketAddr::new(address.ip(), port)).collect())
    }

    /// A refusal is none: a firewall on the way may have sent it, and the host is there to accept.
    async fn first_answer(&self, addresses: &[SocketAddr]) -> Option<SocketAddr> {
        for &address in addresses {
            if matches!(timeout(self.limit, TcpStream::connect(address)).await, Ok(Ok(_))) {
                return Some(address);
            }
        }
        None
    }
}
