//! How many descriptors the relay may have open.

use crate::process::{Relay, server};

#[tokio::test]
async fn it_takes_as_many_descriptors_as_it_may() {
    let (_listener, port) = server().await;
    let relay = Relay::start_with("ulimit -Sn 100 && ulimit -Hn 300", port, &[]);
    assert_eq!(relay.descriptor_limits(), (300, 300));
}
