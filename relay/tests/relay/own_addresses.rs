//! The relay's own addresses and their subnets, which it learns from its network interfaces: as a process, in a network
//! that has nothing else in it.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use heloscope_observation::RefusalCode;
use tokio::net::TcpListener;

use crate::rig::{Answered, Client, Names, Rig, Server, ask, upgrade};

/// Says that this test program is in the network that the test below lays.
const INSIDE: &str = "HELOSCOPE_RELAY_TEST_INSIDE";

/// An interface with a global address of each kind, in subnets larger than usual. Nothing leads out.
const NETWORK: &str = r#"
set -e
ip link set lo up
ip link add own type veth peer name other
ip address add 203.0.114.77/23 dev own
ip address add 2003:1:2:3::77/56 dev own nodad
ip link set own up
ip link set other up
exec "$@"
"#;

#[test]
fn its_own_addresses_and_subnets_are_refused() {
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let has_tools =
        Command::new("ip").arg("-V").output().is_ok() && Command::new("unshare").arg("-V").output().is_ok();
    if !root || !has_tools {
        let missing =
            "NOT TESTED with network interfaces: that takes root, ip (iproute2) and unshare (util-linux)";
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing}");
        eprintln!("\n*** {missing}\n");
        return;
    }
    let mut command = Command::new("unshare");
    command.args(["--net", "/bin/sh", "-c", NETWORK, "network"]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", "own_addresses::inside_a_network_of_its_own", "--nocapture"]).env(INSIDE, "1");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("every address was tried"), "{said}");
}

/// The test itself; nothing where the one above has not started it.
#[tokio::test]
async fn inside_a_network_of_its_own() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let own: Ipv4Addr = "203.0.114.77".parse().unwrap();
    // A mail server beside the relay, on the same machine.
    let server = TcpListener::bind((own, 0)).await.unwrap();
    let port = server.local_addr().unwrap().port();
    let relay = Running::start(port, &[]);
    for address in [
        "203.0.114.77",
        "203.0.114.1",
        "203.0.115.255",
        "2003:1:2:3::77",
        "2003:1:2:3::25",
        "2003:1:2:ff::25",
    ] {
        let refusal = relay.open(address, port).await.refused().await;
        assert_eq!(refusal.code, RefusalCode::Blocked, "{address}");
        let why = format!(
            "The relay does not connect to {address}, which is an address of the relay's own or in the same subnet as \
             one, where a mail server may trust the relay."
        );
        assert!(refusal.message.starts_with(&why), "{}", refusal.message);
    }
    // Of others it only finds that no way leads there.
    for address in ["203.0.113.255", "203.0.116.0", "203.0.118.25", "2003:1:2:100::25", "2003:1:1:ff::25"] {
        let refusal = relay.open(address, port).await.refused().await;
        let expected = match address {
            // Documentation's, RFC 5737.
            "203.0.113.255" => RefusalCode::Blocked,
            _ => RefusalCode::Unreachable,
        };
        assert_eq!(refusal.code, expected, "{address}: {}", refusal.message);
        assert!(!refusal.message.contains("same subnet"), "{}", refusal.message);
    }

    // An address that the machine gets later counts from the next connection on.
    ip(&["address", "add", "203.0.118.1/24", "dev", "own"]);
    let refusal = relay.open("203.0.118.25", port).await.refused().await;
    assert_eq!(refusal.code, RefusalCode::Blocked);
    assert!(refusal.message.contains("in the same subnet as one"), "{}", refusal.message);

    // The operator can lift it.
    let lifted = Running::start(port, &["--allow-net", "203.0.114.77/32"]);
    let mut client = lifted.open("203.0.114.77", port).await;
    server.accept().await.unwrap();
    client.connected().await;
    println!("every address was tried");
}

/// As behind NAT, where no interface has the address that the relay is known by.
#[tokio::test]
async fn where_its_ehlo_name_leads_is_refused_too() {
    let server = Server::new().await;
    let port = server.port();
    let deny_file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(deny_file.path(), "203.0.114.0/24\n").unwrap();
    for (public, expected) in [(true, true), (false, false)] {
        let rig = Rig::new(&[port], |settings| {
            settings.public = public;
            settings.contact = Some("postmaster@example.org".parse().unwrap());
            settings.origins = vec!["https://relay.example".parse().unwrap()];
            let names =
                [("relay.example", &["203.0.114.77", "127.0.0.1"][..]), ("mx.example", &["203.0.114.25"])];
            settings.resolver = Arc::new(Names::of(&names));
            // Nothing of the test leaves the machine.
            settings.deny_file = (!public).then(|| deny_file.path().to_owned());
        })
        .await;
        for host in ["203.0.114.77", "203.0.114.1", "mx.example"] {
            let refusal = rig.open(&format!("host={host}&port={port}")).await.refused().await;
            assert_eq!(refusal.code, RefusalCode::Blocked, "{host}");
            let why = "which is where the relay's EHLO name leads, or in the same subnet, where a mail server may trust the relay.";
            assert_eq!(refusal.message.contains(why), expected, "{}", refusal.message);
        }
        // What the operator allows is lifted here as well.
        rig.open(&format!("host=127.0.0.1&port={port}")).await.connected().await;
    }
}

/// Nobody can say then which addresses are the relay's own.
#[tokio::test]
async fn while_its_ehlo_name_has_no_answer_nothing_is_connected_to() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], |settings| {
        settings.public = true;
        settings.contact = Some("postmaster@example.org".parse().unwrap());
        settings.origins = vec!["https://relay.example".parse().unwrap()];
        settings.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
        settings.resolver = Arc::new(Names::default().and("relay.example", Answered::Broken));
    })
    .await;
    for host in ["127.0.0.1", "8.8.4.4", "missing.example"] {
        let refusal = rig.open(&format!("host={host}&port={port}")).await.refused().await;
        assert_eq!(refusal.code, RefusalCode::RelayUnreachable, "{host}");
        assert_eq!(
            refusal.message,
            "This relay could not look up its own name so far, and connects to no mail server until it has. Try again in a minute."
        );
    }
    let answer = ask(rig.metrics.unwrap(), "GET /readyz HTTP/1.1", &["Host: anything"]).await;
    assert_eq!(
        (answer.status(), answer.text()),
        (503, "not ready: where the EHLO name leads is not known yet\n")
    );
}

fn ip(words: &[&str]) {
    assert!(Command::new("ip").args(words).status().unwrap().success(), "{words:?}");
}

struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(port: u16, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heloscope-relay"));
        command.args(["--listen", "127.0.0.1:0", "--ehlo-name", "relay.test"]).args(options);
        command.args(["--allow-port", &format!("{port}/starttls"), "--quota-client", "off"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("Heloscope is at http://").unwrap();
        let address = url.trim_end_matches('/').parse().unwrap();
        Self { child, address }
    }

    async fn open(&self, host: &str, port: u16) -> Client {
        let origin = format!("http://{}", self.address);
        let fields = [("origin", origin.as_str()), ("sec-websocket-protocol", "heloscope.v1")];
        upgrade(self.address, &format!("host={host}&port={port}"), &fields).await.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
