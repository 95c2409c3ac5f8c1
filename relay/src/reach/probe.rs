use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::Host;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::Reach;
use crate::dial::Dialler;
use crate::routes::Desk;

/// A host of the operator's that answers on port 25, and what knows how it is reached.
pub(crate) struct Probe {
    pub(crate) host: Host,
    pub(crate) desk: Arc<Desk>,
}

/// How often the host is connected to.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// How soon it is again while there is no connection to it: what the relay then says of its network may be wrong.
const AGAIN: Duration = Duration::from_secs(5 * 60);

/// Why there was no connection to the host.
#[derive(PartialEq, Eq)]
enum Failure {
    /// No address of it was dialled: of the port nothing is learnt.
    NotDialled(String),
    /// None of its addresses answered; each with what the system says.
    NoAnswer(String),
}

impl Probe {
    /// Connects to the host now and once an hour, and says nothing there; what is wrong with it is told the log once.
    pub(crate) async fn run(self, reach: Arc<Reach>) {
        let host = &self.host;
        let mut told = None;
        loop {
            let connected = {
                let terms = self.desk.terms();
                self.connect(&terms.dialler, reach.port).await
            };
            let failure = match connected {
                Ok(address) => {
                    if told.take().is_some() {
                        tracing::info!(%host, %address, "the host to probe answers again");
                    }
                    reach.answered(address);
                    sleep(EVERY).await;
                    continue;
                }
                Err(failure) => failure,
            };
            if told.as_ref() != Some(&failure) {
                match &failure {
                    Failure::NotDialled(error) => {
                        tracing::warn!(%host, error, "the host to probe is not dialled: nothing is learnt from it");
                    }
                    Failure::NoAnswer(error) => {
                        tracing::warn!(%host, error, "the host to probe does not answer");
                    }
                }
            }
            if matches!(failure, Failure::NoAnswer(_)) {
                reach.probe_failed();
            }
            told = Some(failure);
            sleep(AGAIN).await;
        }
    }

    /// The first of its addresses that answers. A refusal is no answer: a firewall on the way may have sent it, and the
    /// host is there to accept.
    async fn connect(&self, dialler: &Dialler, port: u16) -> Result<SocketAddr, Failure> {
        let addresses = self.addresses(dialler, port).await.map_err(Failure::NotDialled)?;
        let mut failures = Vec::new();
        for address in addresses {
            match timeout(dialler.connect_limit, TcpStream::connect(address)).await {
                Ok(Ok(_)) => return Ok(address),
                Ok(Err(error)) => failures.push(format!("{address}: {error}")),
                Err(_) => {
                    failures.push(format!("{address}: no answer within {:?}", dialler.connect_limit));
                }
            }
        }
        Err(Failure::NoAnswer(failures.join("; ")))
    }

    /// Its addresses, to each of which the relay may connect; a connection to itself would prove nothing.
    async fn addresses(&self, dialler: &Dialler, port: u16) -> Result<Vec<SocketAddr>, String> {
        let found = match &self.host {
            Host::Address(address) => vec![SocketAddr::new(*address, port)],
            Host::Name(name) => {
                let found = timeout(dialler.resolve_limit, dialler.resolver.lookup(name)).await;
                found
                    .map_err(|_| "the name servers did not answer".to_owned())?
                    .map_err(|why| why.to_string())?
            }
        };
        let addresses: Vec<_> = found.iter().map(|address| SocketAddr::new(address.ip(), port)).collect();
        if !dialler.addresses.settled().await {
            return Err("where the relay's own name leads is not known".to_owned());
        }
        for address in &addresses {
            dialler.check_address(*address, &self.host).map_err(|refusal| refusal.message)?;
        }
        if addresses.is_empty() { Err("the name has no address".to_owned()) } else { Ok(addresses) }
    }
}
