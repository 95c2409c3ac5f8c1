use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::dial::{self, Dialler};
use crate::events::{Event, Listener, Outgoing};
use heloscope_connecting::Connected;

/// Octets read at once.
const READ: usize = 16 * 1024;

/// Carries one TCP connection's octets until the server, the probe or the network ends it.
pub(crate) async fn carry(
    dialler: &Dialler,
    port: u16,
    mut to_send: mpsc::UnboundedReceiver<Outgoing>,
    probe: &Listener,
) -> Option<()> {
    let dialled = tokio::select! {
        dialled = dialler.dial(port) => dialled,
        _ = to_send.recv() => return None,
    };
    let (Connected { stream, reset }, established) = match dialled {
        Ok(connected) => connected,
        Err(refusal) => return probe.hear(Event::Refused(refusal)).await,
    };
    probe.hear(Event::Connected(established)).await?;
    let (mut reader, mut writer) = stream.into_split();
    let mut octets = vec![0; READ];
    loop {
        tokio::select! {
            read = reader.read(&mut octets) => {
                dial::acknowledge_at_once(reader.as_ref());
                let event = match read {
                    // The system has told of the reset once, and tells it again as an end.
                    Ok(0) | Err(_) if reset => return probe.hear(Event::Refused(dial::reset())).await,
                    Ok(0) => return probe.hear(Event::Closed).await,
                    Ok(count) => Event::Received(octets.get(..count).unwrap_or_default().to_vec()),
                    Err(error) => return probe.hear(Event::Refused(dial::broken(&error))).await,
                };
                probe.hear(event).await?;
            }
            send = to_send.recv() => match send {
                // What a broken connection is like is told by reading it: it may still hold the server's last words.
                Some(Outgoing::Octets(octets)) => { let _ = writer.write_all(&octets).await; }
                // It is for a relay; here there is none between the probe and the server.
                Some(Outgoing::Key(_)) => {}
                None => return writer.shutdown().await.ok(),
            }
        }
    }
}
