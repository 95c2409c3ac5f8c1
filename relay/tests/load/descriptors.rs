//! How many descriptors the relay may have open, and what it does without one.

use std::time::Duration;

use futures_util::future::join_all;
use heloscope_observation::RefusalCode;
use heloscope_wire::FromRelay;
use tokio::net::TcpStream;

use crate::process::{Relay, eventually, server};

#[tokio::test]
async fn it_takes_as_many_descriptors_as_it_may() {
    let (_listener, port) = server().await;
    let relay = Relay::start_with("ulimit -Sn 100 && ulimit -Hn 300", port, &[]);
    assert_eq!(relay.descriptor_limits(), (300, 300));
}

/// Nothing can be asked of a name server then: it is nothing against the name.
#[tokio::test]
async fn a_name_that_no_descriptor_is_left_to_look_up() {
    const MOST: u32 = 80;
    let (_listener, port) = server().await;
    let relay = Relay::start_with(&format!("ulimit -n {MOST}"), port, &["--limit-header", "600"]);
    let mut idle = Vec::new();
    for left in (1..relay.free_descriptors(MOST)).rev() {
        idle.push(TcpStream::connect(relay.address).await.unwrap());
        eventually(|| relay.free_descriptors(MOST) == left).await;
    }
    let mut client = relay.open_to("mail.example.invalid", port).await;
    let FromRelay::Refused(refusal) = client.control().await else { panic!("it is connected") };
    assert_eq!(refusal.code, RefusalCode::RelayUnreachable, "{}", refusal.message);
    assert_eq!(refusal.message, "The relay has too many connections open. Try again in a moment.");
}

#[tokio::test]
async fn without_a_descriptor_it_says_so_waits_idly_and_then_goes_on() {
    const MOST: u32 = 80;
    let (listener, port) = server().await;
    let relay = Relay::start_with(&format!("ulimit -n {MOST}"), port, &["--limit-header", "600"]);
    // 256 connections of two, 100 look-ups and what there is beside them.
    let warned = relay.next_line();
    let why = "quota-all: 256 connections take up to 676 descriptors, and the process may have no more than 80 open: allow more,";
    assert!(warned["message"].as_str().unwrap().starts_with(why), "{warned}");
    let at_rest = relay.descriptors();
    let mut idle = Vec::new();
    for left in (1..relay.free_descriptors(MOST)).rev() {
        idle.push(TcpStream::connect(relay.address).await.unwrap());
        eventually(|| relay.free_descriptors(MOST) == left).await;
    }

    // The last one is for the client; for the mail server there is none.
    let mut client = relay.open(port).await;
    let FromRelay::Refused(refusal) = client.control().await else { panic!("it is connected") };
    assert_eq!(refusal.code, RefusalCode::RelayUnreachable);
    assert_eq!(refusal.message, "The relay has too many connections open. Try again in a moment.");

    // Nor is there one for further clients, who wait in the system's queue.
    idle.push(TcpStream::connect(relay.address).await.unwrap());
    idle.extend(join_all((0..20).map(|_| TcpStream::connect(relay.address))).await.into_iter().flatten());
    let said = [relay.next_line(), relay.next_line()];
    let short = said.iter().find(|line| line["level"] == "WARN").unwrap();
    assert!(short["message"].as_str().unwrap().starts_with("no descriptor is left: "), "{short}");
    assert!(short["error"].as_str().unwrap().contains("os error 24"), "{short}");
    assert!(said.iter().any(|line| line["ending"] == "refused relay_unreachable"), "{said:?}");
    let before = relay.processor();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let spent = relay.processor() - before;
    assert!(spent <= Duration::from_millis(200), "{spent:?} of 2 s");
    assert_eq!(relay.free_descriptors(MOST), 0);

    drop((idle, client));
    relay.returns_to(at_rest).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let held = relay.greeted(&listener, 5).await;
    assert_eq!(relay.descriptors(), at_rest + 2 * held.len());
    // The shortage was said once, and nothing else until here.
    assert_eq!(relay.next_line()["message"], "connections are taken again");
}
