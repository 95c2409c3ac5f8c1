use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use heloscope_observation::{Refusal, RefusalCode};
use heloscope_wire::CloseCause;

use super::{Lease, Subject, Turnstile};
use crate::summary::{Ending, Summary};

/// What one client's wish for a connection is counted for.
pub(crate) struct Visit {
    turnstile: Turnstile,
    client: Subject,
    /// The address that a connection was made to.
    target: Mutex<Option<IpAddr>>,
    /// An address was dialled before.
    dialled: AtomicBool,
}

impl Visit {
    pub(crate) fn new(turnstile: Turnstile, client: IpAddr) -> Self {
        Self {
            turnstile,
            client: Subject::client(client),
            target: Mutex::new(None),
            dialled: AtomicBool::new(false),
        }
    }

    pub(crate) fn client(&self) -> Subject {
        self.client
    }

    /// Before anything is looked up or dialled.
    pub(crate) async fn begin(&self) -> Result<Lease, Refusal> {
        self.take(&[self.client]).await
    }

    /// Before this very address is dialled. Each further one costs the client as a connection of its own does: else a name
    /// with several addresses would be a cheap way to use up what there is for others' mail servers.
    pub(crate) async fn dial(&self, address: IpAddr) -> Result<Lease, Refusal> {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
        let lease = self.take(&Subject::target(address)).await?;
        if self.dialled.swap(true, Ordering::Relaxed) {
            self.turnstile.charge(&[self.client]);
        }
        Ok(lease)
    }

    /// Once an address that was dialled did not answer, or not with a connection: it costs double, the target and the
    /// client, and the next address of the name is another matter.
    pub(crate) fn failed(&self) {
        if let Some(address) = self.target.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.turnstile.charge(&Subject::target(address));
            self.turnstile.charge(&[self.client]);
        }
    }

    /// Once all is over: a target that refused the connection, did not answer, or turned the client away costs double.
    /// Those are what looking for mail servers, and knocking at one that does not want it, end with.
    pub(crate) fn ended(&self, summary: &Summary) {
        if is_rebuff(summary) {
            self.failed();
        }
    }

    async fn take(&self, subjects: &[Subject]) -> Result<Lease, Refusal> {
        self.turnstile.take(subjects).await.map_err(|spent| spent.refusal(self.turnstile.0.longest.now()))
    }
}

fn is_rebuff(summary: &Summary) -> bool {
    let unheard = match summary.ending {
        // A client that falls silent is no fault of the server's.
        Ending::Closed(CloseCause::Timeout) => summary.ungreeted,
        Ending::Refused(code) => matches!(
            code,
            RefusalCode::ConnectionRefused
                | RefusalCode::ConnectTimeout
                | RefusalCode::Unreachable
                | RefusalCode::Reset
        ),
        _ => false,
    };
    summary.refused_in_greeting || unheard
}
