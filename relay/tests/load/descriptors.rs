//! No descriptors left.

use heloscope_observation::RefusalCode;
use heloscope_wire::FromRelay;
use tokio::net::TcpStream;

use crate::process::{Relay, server};

#[tokio::test]
async fn it_takes_as_many_descriptors_as_it_may() {
    let (_listener, port) = server().await;
    let relay = Relay::start_with("ulimit -Sn 100 && ulimit -Hn 300", port, &[]);
    assert_eq!(relay.descriptor_limits(), (300, 300));
}

#[tokio::test]
async fn without_any_left_sessions_go_on_and_new_ones_wait() {
    const LIMIT: usize = 64;
    let (listener, port) = server().await;
    let relay = Relay::start_with(&format!("ulimit -n {LIMIT}"), port, &["--limit-header", "60"]);
    let descriptors = relay.descriptors();
    let mut held = relay.greeted(&listener, (LIMIT - descriptors - 1) / 2).await;
    // One descriptor is left, or two: enough for a client, not for its mail server as well.
    let mut filling = Vec::new();
    while relay.descriptors() + 1 < LIMIT {
        let filler = TcpStream::connect(relay.address).await.unwrap();
        let before = relay.descriptors();
        while relay.descriptors() == before {
            tokio::task::yield_now().await;
        }
        filling.push(filler);
    }
    let mut refused = relay.open(port).await;
    let FromRelay::Refused(refusal) = refused.control().await else { panic!("it is connected") };
    assert_eq!(refusal.code, RefusalCode::RelayUnreachable);
    assert_eq!(refusal.message, "The relay has too many connections open. Try again in a moment.");
    assert_eq!(relay.endings(1), ["refused relay_unreachable"]);

    // Not even for a client: it waits, the relay says so, and does not spin.
    let last = TcpStream::connect(relay.address).await.unwrap();
    let waiting = tokio::spawn({
        let address = relay.address;
        async move { TcpStream::connect(address).await.unwrap() }
    });
    relay.line("cannot take a connection");
    let before = relay.ticks();
    for _ in 0..5 {
        relay.line("cannot take a connection");
    }
    assert!(relay.ticks() - before < 25, "half a second of waiting took {} ticks", relay.ticks() - before);

    // Sessions that run are none the worse.
    let (mut client, stream) = held.pop().unwrap();
    drop(stream);
    client.hear_out().await;
    drop(client);
    assert_eq!(relay.endings(1), ["closed server"]);
    drop((refused, last, waiting, filling));
    // And there are new ones once there is room.
    held.clear();
    relay.endings((LIMIT - descriptors - 1) / 2 - 1);
    let (mut client, stream) = relay.greeted(&listener, 1).await.pop().unwrap();
    drop(stream);
    client.hear_out().await;
}
