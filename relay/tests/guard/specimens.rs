//! Nothing good is refused: every specimen, on every port, in every cut.

use std::time::Duration;

use heloscope_observation::{ConnectionId, Established, Host, STANDARD_PORTS, Target};
use heloscope_probe::{Input, Output, Probe};
use heloscope_relay::Guard;
use heloscope_specimen::Fleet;
use heloscope_wire::ClientWriteKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep_until, timeout};

use crate::scene::EHLO_NAME;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;

#[tokio::test(start_paused = true)]
async fn every_specimen_passes() {
    let fleet = Fleet::new(NOW);
    for specimen in fleet.specimens() {
        for port in STANDARD_PORTS {
            for cut in [usize::MAX, 7, 1] {
                let host: Host = specimen.host().parse().unwrap();
                let probe = Probe::new(Target::new(host.clone(), [port]), None, NOW * 1000);
                let scene = Scene { fleet: &fleet, probe, began: Instant::now(), host, cut, wire: None };
                scene.run().await;
            }
        }
    }
}

/// A test of one port of a specimen, which has one connection at a time.
struct Scene<'a> {
    fleet: &'a Fleet,
    probe: Probe,
    began: Instant,
    host: Host,
    cut: usize,
    wire: Option<Wire>,
}

struct Wire {
    connection: ConnectionId,
    stream: DuplexStream,
    guard: Guard,
}

impl Scene<'_> {
    async fn run(mut self) {
        while let Some(until) = self.obey().await {
            let Some(wire) = &mut self.wire else {
                sleep_until(self.began + until).await;
                self.probe.handle_input(Input::Tick { at: self.began.elapsed() });
                continue;
            };
            let mut octets = vec![0; 16 * 1024];
            let connection = wire.connection;
            tokio::select! {
                read = wire.stream.read(&mut octets) => match read {
                    Ok(count @ 1..) => self.hear(connection, &octets[..count]).await,
                    _ => {
                        self.wire = None;
                        self.probe.handle_input(Input::Closed { connection, at: self.began.elapsed() });
                    }
                },
                () = sleep_until(self.began + until) => {
                    self.probe.handle_input(Input::Tick { at: self.began.elapsed() });
                }
            }
        }
    }

    /// The guard hears first, as in a relay: text that came together with a 220 to STARTTLS came before the hello.
    async fn hear(&mut self, connection: ConnectionId, octets: &[u8]) {
        let guard = self.wire.as_mut().map(|wire| &mut wire.guard).expect("it was read from");
        octets.chunks(self.cut).for_each(|cut| guard.from_server(cut));
        for octets in octets.chunks(self.cut) {
            let at = self.began.elapsed();
            self.probe.handle_input(Input::Received { connection, at, octets });
            self.obey().await;
        }
    }

    /// Does what the probe asks, through the guard.
    async fn obey(&mut self) -> Option<Duration> {
        loop {
            match self.probe.poll_output() {
                Output::Connect { connection, host, port } => {
                    let host = host.to_string();
                    let dialling = self.fleet.connect(&host, port.port);
                    let dialled = timeout(Duration::from_secs(15), dialling).await;
                    let at = self.began.elapsed();
                    match dialled.map(|dialled| dialled.expect("it is one of the fleet")) {
                        Ok(Ok((address, stream))) => {
                            let guard = Guard::new(self.host.clone(), port.mode, EHLO_NAME);
                            self.wire = Some(Wire { connection, stream, guard });
                            let ehlo_name = EHLO_NAME.to_owned();
                            let established =
                                Established { address, ehlo_name, resolve_ms: None, connect_ms: 1 };
                            self.probe.handle_input(Input::Connected { connection, at, established });
                        }
                        Ok(Err(refusal)) => {
                            self.probe.handle_input(Input::Refused { connection, at, refusal });
                        }
                        // Nobody answers: the probe gives it up by itself.
                        Err(_) => {}
                    }
                }
                Output::Transmit { connection, octets } => self.transmit(connection, &octets).await,
                Output::ClientWriteKey { key, iv, .. } => {
                    let wire = self.wire.as_mut().expect("a key is for a connection");
                    let taken = wire.guard.client_write_key(&ClientWriteKey { key, iv });
                    assert_eq!(taken, Ok(()), "{}", self.host);
                }
                Output::Close { .. } => self.wire = None,
                Output::Observed(_) => {}
                Output::Wait { until } => return Some(until),
                Output::Done => return None,
            }
        }
    }

    async fn transmit(&mut self, connection: ConnectionId, octets: &[u8]) {
        let Some(wire) = self.wire.as_mut().filter(|wire| wire.connection == connection) else { return };
        let in_tls = (20..=23).contains(&octets[0]);
        for cut in octets.chunks(if in_tls { self.cut } else { usize::MAX }) {
            let admitted = wire.guard.from_client(cut);
            let up =
                admitted.unwrap_or_else(|rule| panic!("{} refuses {octets:?} to {}", rule.word(), self.host));
            // A server that has hung up is found out by reading.
            let _ = wire.stream.write_all(&up).await;
        }
    }
}
