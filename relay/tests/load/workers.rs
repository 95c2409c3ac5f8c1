//! Which threads take connections.

use crate::process::{Relay, eventually, server};

#[tokio::test]
async fn one_thread_takes_a_few_sessions_and_in_a_crowd_the_others_help() {
    let (listener, port) = server().await;
    let relay = Relay::start(port, &["--workers", "3"]);
    let descriptors = relay.descriptors();
    let few = relay.greeted(&listener, 3).await;
    let one = relay.awaits_connections();
    assert!(one > 0);
    let crowd = relay.greeted(&listener, 50).await;
    eventually(|| relay.awaits_connections() == 3 * one).await;

    drop((few, crowd));
    assert_eq!(relay.endings(53).len(), 53);
    eventually(|| relay.awaits_connections() == one).await;
    relay.returns_to(descriptors).await;
    assert_eq!(relay.greeted(&listener, 1).await.len(), 1, "it goes on");
}

#[tokio::test]
async fn there_may_be_no_others() {
    let (listener, port) = server().await;
    let relay = Relay::start(port, &["--workers", "1"]);
    let few = relay.greeted(&listener, 3).await;
    let one = relay.awaits_connections();
    let crowd = relay.greeted(&listener, 20).await;
    assert_eq!(relay.awaits_connections(), one);
    drop((few, crowd));
    assert_eq!(relay.endings(23).len(), 23);
}
