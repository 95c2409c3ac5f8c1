//! One whole test in this process, of a mail server in this process: nothing in it waits for a network or a clock.
//!
//! What is ours stands in functions named `counted_…`, called one at a time and never by one another, so that
//! callgrind can tell it from the server's part and the runtime's.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use heloscope_crypto::{SIGNATURE_ALGORITHMS, WEAK_SIGNATURE_ALGORITHMS};
use heloscope_observation::{ConnectionId, Established, Observations, STANDARD_PORTS, Target};
use heloscope_pki::{TrustAnchors, Verifier};
use heloscope_probe::{Input, Output, Probe};
use heloscope_report::{Report, Status, judge};
use heloscope_specimen::Fleet;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// The word that makes this program do one test.
pub(crate) const WHOLE_TEST: &str = "whole-test";

/// 2026-11-23T22:00:00Z
const NOW: i64 = 1_795_471_200;
const HOST: &str = "healthy.specimen.test";

/// Tests a sound server, and makes sure that it is found to be sound.
///
/// # Errors
/// It is not.
pub(crate) fn run() -> Result<()> {
    let fleet = Fleet::new(NOW);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let observations = runtime.block_on(observe(&fleet))?;
    let report = counted_judge(&observations, fleet.trust_anchors());
    let json = counted_json(&report)?;
    if report.status != Status::Ok {
        bail!("{HOST} is not found to be sound: {json}");
    }
    Ok(())
}

/// Gives each connection its turn in which the server is heard once: in strict turn-taking it always has something to
/// say.
async fn observe(fleet: &Fleet) -> Result<Observations> {
    let mut test = Test {
        fleet,
        probe: counted_probe_begin(Target::new(HOST.parse()?, STANDARD_PORTS)),
        at: Duration::ZERO,
        wires: VecDeque::new(),
    };
    let mut octets = vec![0; 16 * 1024];
    test.obey().await?;
    while let Some((connection, mut wire)) = test.wires.pop_front() {
        let length = wire.read(&mut octets).await?;
        test.wires.push_back((connection, wire));
        let at = test.later();
        let input = match octets.get(..length) {
            Some([]) | None => Input::Closed { connection, at },
            Some(octets) => Input::Received { connection, at, octets },
        };
        counted_probe_input(&mut test.probe, input);
        test.obey().await?;
    }
    Ok(test.probe.into_observations())
}

struct Test<'a> {
    fleet: &'a Fleet,
    probe: Probe,
    at: Duration,
    wires: VecDeque<(ConnectionId, DuplexStream)>,
}

impl Test<'_> {
    async fn obey(&mut self) -> Result<()> {
        loop {
            match counted_probe_output(&mut self.probe) {
                Output::Connect { connection, host, port } => {
                    let dialled = self.fleet.connect(&host.to_string(), port.port).await;
                    let (address, wire) = dialled
                        .and_then(Result::ok)
                        .with_context(|| format!("{host} takes no connection"))?;
                    self.wires.push_back((connection, wire));
                    let ehlo_name = "client.test".to_owned();
                    let established = Established { address, ehlo_name, resolve_ms: Some(1), connect_ms: 1 };
                    let at = self.later();
                    counted_probe_input(&mut self.probe, Input::Connected { connection, at, established });
                }
                Output::Transmit { connection, octets } => {
                    let wire = self.wires.iter_mut().find(|(of, _)| *of == connection);
                    // A server that has hung up need not hear the close_notify; that it has is seen where it is read.
                    let _ = wire.context("it is connected")?.1.write_all(&octets).await;
                }
                // It is for a relay.
                Output::ClientWriteKey { .. } => {}
                Output::Close { connection } => self.wires.retain(|(of, _)| *of != connection),
                Output::Observed(_) => {}
                Output::Wait { until } if until <= self.at => {
                    let at = self.later();
                    counted_probe_input(&mut self.probe, Input::Tick { at });
                }
                Output::Wait { .. } | Output::Done => return Ok(()),
            }
        }
    }

    /// A clock that a busy machine does not hurry.
    fn later(&mut self) -> Duration {
        self.at += Duration::from_millis(1);
        self.at
    }
}

#[inline(never)]
fn counted_probe_begin(target: Target) -> Probe {
    Probe::new(target, None, NOW * 1000)
}

#[inline(never)]
fn counted_probe_input(probe: &mut Probe, input: Input<'_>) {
    probe.handle_input(input);
}

#[inline(never)]
fn counted_probe_output(probe: &mut Probe) -> Output {
    probe.poll_output()
}

#[inline(never)]
fn counted_judge(observations: &Observations, private_anchors: &str) -> Report {
    let mut anchors = TrustAnchors::webpki();
    // Without them the test does not come out as it should, which is seen.
    let _ = anchors.add_pem(private_anchors);
    let verifier =
        Verifier { anchors: &anchors, accepted: SIGNATURE_ALGORITHMS, weak: WEAK_SIGNATURE_ALGORITHMS };
    judge(observations, &verifier, NOW)
}

#[inline(never)]
fn counted_json(report: &Report) -> serde_json::Result<String> {
    serde_json::to_string_pretty(report)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_sound_server_is_found_to_be_sound() {
        super::run().unwrap();
    }
}
