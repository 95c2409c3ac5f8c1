//! Many sessions, ended from either side.

use std::io::BufRead;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use heloscope_wire::CloseCause;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::process::{Client, Relay, server};

#[tokio::test]
async fn what_idle_sessions_took_is_there_for_the_next() {
    const SESSIONS: usize = 200;
    let (listener, port) = server().await;
    let relay = Relay::start(port, &[]);
    let descriptors = relay.descriptors();
    let mut taken = Vec::new();
    for _ in 0..10 {
        let held = relay.greeted(&listener, SESSIONS).await;
        assert_eq!(relay.descriptors(), descriptors + 2 * SESSIONS);
        taken.push(relay.memory());
        let (clients, mut streams): (Vec<_>, Vec<_>) = held.into_iter().unzip();
        drop(clients);
        for stream in &mut streams {
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        }
        assert_eq!(relay.endings(SESSIONS), vec!["client_gone"; SESSIONS]);
        relay.returns_to(descriptors).await;
    }
    // The allocator takes more in steps, for the first rounds in each; what leaks by the session would be more in every
    // one, 200 kB were it a kilobyte.
    let least = taken.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).min();
    assert!(least.is_some_and(|least| least < 100_000), "{taken:?}");
}

#[tokio::test]
async fn resets_from_both_sides() {
    let (listener, port) = server().await;
    let relay = Relay::start(port, &[]);
    let descriptors = relay.descriptors();
    let reset = |stream: &TcpStream| socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();

    for (mut client, stream) in relay.greeted(&listener, 20).await {
        reset(&stream);
        drop(stream);
        assert_eq!(client.hear_out().await, (0, CloseCause::Reset));
    }
    assert_eq!(relay.endings(20), vec!["closed reset"; 20]);

    for (client, mut stream) in relay.greeted(&listener, 20).await {
        reset(client.socket.get_ref());
        drop(client);
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
    assert_eq!(relay.endings(20), vec!["client_gone"; 20]);

    for (client, stream) in relay.greeted(&listener, 20).await {
        reset(client.socket.get_ref());
        reset(&stream);
        drop((client, stream));
    }
    for ending in relay.endings(20) {
        assert!(["client_gone", "closed reset"].contains(&ending.as_str()), "{ending}");
    }
    relay.returns_to(descriptors).await;
}

#[tokio::test]
async fn a_mail_server_that_is_killed() {
    const SESSIONS: usize = 50;
    // This very test program, as the other test below.
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "ends::a_mail_server_to_kill", "--nocapture"]).env(TO_KILL, "1");
    let mut killed = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = std::io::BufReader::new(killed.stdout.take().unwrap()).lines();
    let port = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("port ")?.parse().ok()).unwrap();

    let relay = Relay::start(port, &[]);
    let descriptors = relay.descriptors();
    let mut clients = Vec::new();
    for _ in 0..SESSIONS {
        let mut client = relay.open(port).await;
        client.connected().await;
        client.hear().await;
        clients.push(client);
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let causes = join_all(clients.iter_mut().map(Client::hear_out)).await;
    assert_eq!(causes, vec![(0, CloseCause::Server); SESSIONS]);
    assert_eq!(relay.endings(SESSIONS), vec!["closed server"; SESSIONS]);
    drop(clients);
    relay.returns_to(descriptors).await;

    // And the next one learns that nobody is there.
    relay.open(port).await.control().await;
    assert_eq!(relay.endings(1), ["refused connection_refused"]);
}

/// Says that this test program is the mail server that the test above starts.
const TO_KILL: &str = "HELOSCOPE_TEST_MAIL_SERVER_TO_KILL";

/// Greets whoever connects, until it is killed or its standard input ends; nothing where no test has started it.
#[test]
fn a_mail_server_to_kill() {
    use std::io::{Read, Write};
    if std::env::var_os(TO_KILL).is_none() {
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    println!("\nport {}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(crate::process::GREETING).unwrap();
            held.push(stream);
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
