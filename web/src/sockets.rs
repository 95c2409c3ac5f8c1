use heloscope_observation::{ConnectionId, Host, Refusal};
use heloscope_wire::{Frame, Meaning};

use crate::socket::Socket;

/// A test's connections through the relay, one at a time to each port: the relay counts those at a time, and would refuse
/// the next one where it came before the end of the one before it.
#[derive(Default)]
pub(crate) struct Sockets {
    open: Vec<(Call, Socket)>,
    /// Those that are being closed; the relay still counts them.
    closing: Vec<(Call, Socket)>,
    waiting: Vec<Call>,
}

/// A connection that the probe asked for.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) connection: ConnectionId,
    pub(crate) host: Host,
    pub(crate) port: u16,
}

impl Sockets {
    /// Opens this one, by `dial`, or puts it off until the one before it to the same port has closed.
    pub(crate) fn connect(
        &mut self,
        call: Call,
        dial: impl FnOnce(&Call) -> Result<Socket, Refusal>,
    ) -> Result<(), Refusal> {
        self.closing.retain(|(_, socket)| !socket.is_closed());
        if self.closing.iter().any(|(other, _)| other.port == call.port) {
            self.waiting.push(call);
            return Ok(());
        }
        let socket = dial(&call)?;
        self.open.push((call, socket));
        Ok(())
    }

    pub(crate) fn open(&self, connection: ConnectionId) -> Option<&Socket> {
        self.open.iter().find(|(call, _)| call.connection == connection).map(|(_, socket)| socket)
    }

    /// What a frame means at this point; `None` where the connection is over, for the relay or for the probe.
    pub(crate) fn take(&mut self, connection: ConnectionId, frame: Frame) -> Option<Meaning> {
        let (_, socket) = self.open.iter_mut().find(|(call, _)| call.connection == connection)?;
        socket.take(frame)
    }

    /// Closes it; what was sent still goes out.
    pub(crate) fn close(&mut self, connection: ConnectionId) {
        self.waiting.retain(|call| call.connection != connection);
        let closed = self.open.extract_if(.., |(call, _)| call.connection == connection);
        self.closing.extend(closed.inspect(|(_, socket)| socket.close()));
    }

    /// Those that need wait no longer, now that this connection may have closed.
    pub(crate) fn freed(&mut self, connection: ConnectionId) -> Vec<Call> {
        let closed = self.closing.extract_if(.., |(call, _)| call.connection == connection);
        let ports: Vec<u16> = closed.map(|(call, _)| call.port).collect();
        self.waiting.extract_if(.., |call| ports.contains(&call.port)).collect()
    }
}
