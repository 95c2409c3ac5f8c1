//! A host 40 ms away, on this machine.
//!
//! Packets to [`FAR`] leave by a TUN device. The mirror takes each, waits for [`ONE_WAY`], swaps source and
//! destination, and gives it back: so what was sent from here to there arrives here, from there. Both ends of the
//! connection are this machine's own TCP, and every packet is late, that of the three-way handshake and that of an
//! acknowledgement too. (The swap leaves IP's and TCP's checksums as they are: they are sums.)

use std::net::Ipv4Addr;
use std::process::Child;
#[cfg(target_os = "linux")]
use std::time::Duration;

use anyhow::Result;

/// The address that is far away.
pub(crate) const FAR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The word that makes this program the mirror.
pub(crate) const MIRROR: &str = "mirror";
/// There and back.
pub(crate) const ROUND_TRIP_MS: u64 = 40;

#[cfg(target_os = "linux")]
const ONE_WAY: Duration = Duration::from_millis(ROUND_TRIP_MS / 2);
#[cfg(target_os = "linux")]
const DEVICE: &str = "far";

/// The mirror, a process of its own; [`FAR`] is there as long as it lives.
#[derive(Debug)]
pub(crate) struct Far(Child);

impl Drop for Far {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // There is nobody to tell.
        let _ = self.0.wait();
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Instant;

    use anyhow::{Context, bail};
    use tokio_tun::Tun;

    use super::{DEVICE, FAR, Far, MIRROR, ONE_WAY, Result};
    use crate::network::{NEAR, ip};
    use crate::program;

    impl Far {
        /// Starts the mirror in this network namespace, and leads there.
        pub(crate) fn start() -> Result<Self> {
            let own = std::env::current_exe()?;
            // The network does not wait for a processor: where it may, the mirror goes before everything else.
            let mut command = match program("chrt") {
                Some(chrt) => {
                    let mut command = Command::new(chrt);
                    command.args(["--fifo", "10"]).arg(own);
                    command
                }
                None => Command::new(own),
            };
            let mut child = command
                .arg(MIRROR)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .context("the mirror")?;
            let mut ready = String::new();
            BufReader::new(child.stdout.take().context("the mirror's output")?).read_line(&mut ready)?;
            let far = Self(child);
            if ready.is_empty() {
                bail!("there is no TUN device to be had");
            }
            // Addresses of loopback may not pass a device unless it is told so.
            std::fs::write(format!("/proc/sys/net/ipv4/conf/{DEVICE}/route_localnet"), "1")?;
            ip(&["route", "add", &FAR.to_string(), "dev", DEVICE, "src", &NEAR.to_string()])?;
            Ok(far)
        }
    }

    /// Holds packets back and turns them around until standard input ends.
    pub(crate) fn mirror() -> Result<()> {
        thread::spawn(|| {
            let _ = std::io::stdin().read(&mut [0]);
            std::process::exit(0);
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let device = Tun::builder().name(DEVICE).mtu(1500).up().build()?.pop().context("a device")?;
            let device = Arc::new(device);
            let (on_the_way, arriving) = mpsc::channel();
            let other_end = Arc::clone(&device);
            thread::spawn(move || deliver(&other_end, &arriving));
            println!("ready");
            let mut octets = [0; 2048];
            loop {
                let length = device.recv(&mut octets).await?;
                let due = Instant::now() + ONE_WAY;
                let packet = octets.get(..length).and_then(super::turned);
                on_the_way.send((due, packet)).context("the thread that delivers is gone")?;
            }
        })
    }

    fn deliver(device: &Tun, arriving: &mpsc::Receiver<(Instant, Option<Vec<u8>>)>) {
        for (due, packet) in arriving {
            // tokio's timer counts whole milliseconds; this one does not.
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if let Some(packet) = packet {
                // One that is lost is TCP's to send again.
                let _ = device.try_send(&packet);
            }
        }
    }
}

#[cfg(target_os = "linux")]
pub(crate) use linux::mirror;

#[cfg(not(target_os = "linux"))]
impl Far {
    /// There is none.
    pub(crate) fn start() -> Result<Self> {
        anyhow::bail!("only Linux has the TUN device that this takes")
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn mirror() -> Result<()> {
    Far::start().map(drop)
}

/// An IPv4 packet with source and destination swapped (RFC 791 §3.1); `None` for anything else.
#[cfg(any(target_os = "linux", test))]
fn turned(packet: &[u8]) -> Option<Vec<u8>> {
    let is_v4 = packet.first()? >> 4 == 4;
    let (source, destination) = (packet.get(12..16)?, packet.get(16..20)?);
    let turned = [packet.get(..12)?, destination, source, packet.get(20..)?].concat();
    is_v4.then_some(turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a SYN from 127.0.0.1 to 127.0.0.2, and the first octets of TCP.
    const SYN: [u8; 24] = [
        0x45, 0, 0, 60, 0x1c, 0x46, 0x40, 0, 64, 6, 0x20, 0x73, 127, 0, 0, 1, 127, 0, 0, 2, 0xc0, 0x01, 0, 25,
    ];

    #[test]
    fn a_packet_comes_back_from_where_it_went() {
        let turned = turned(&SYN).unwrap();
        assert_eq!(turned[..12], SYN[..12]);
        assert_eq!(turned[12..20], [127, 0, 0, 2, 127, 0, 0, 1]);
        assert_eq!(turned[20..], SYN[20..]);
        let checksum = |packet: &[u8]| {
            let words = packet[..20].chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
            let sum: u32 = words.sum();
            (sum & 0xffff) + (sum >> 16)
        };
        assert_eq!(checksum(&turned), checksum(&SYN));
    }

    #[test]
    fn what_is_no_ipv4_stays_away() {
        assert_eq!(turned(&[]), None);
        assert_eq!(turned(&SYN[..19]), None);
        assert_eq!(turned(&[&[0x60], &SYN[1..]].concat()), None);
    }
}
