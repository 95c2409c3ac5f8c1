//! Quotas that relays share through a real Redis.

use std::time::Duration;

use heloscope_observation::RefusalCode;
use tokio::time::Instant;

use crate::redis_server::{Redis, RelayProcess};
use crate::rig::{Server, code};

#[tokio::test]
async fn two_relays_share_one_quota() {
    let Some(redis) = Redis::start().await else { return };
    let server = Server::new().await;
    let port = server.port();
    let options = ["--quota-client", "2/100/1000", "--quota-target-address", "9/6/1000"];
    let (one, other) =
        (RelayProcess::start(&redis, port, &options), RelayProcess::start(&redis, port, &options));
    let query = format!("host=127.0.0.1&port={port}");

    // One connection through each, and both are full.
    let mut first = one.open(&query).await;
    first.connected().await;
    let mut second = other.open(&query).await;
    second.connected().await;
    for relay in [&one, &other] {
        let refusal = relay.open(&query).await.refused().await;
        assert_eq!(code(&refusal), RefusalCode::Quota);
        assert!(
            refusal.message.starts_with("This relay makes at most 2 connections at a time for one client.")
        );
    }
    // What one gives back the other can have.
    drop(first);
    let third = other.connected_at_last(&query).await;
    drop(third);

    // Six a minute to one address, through whichever relay.
    let mut made = 3;
    let refusal = loop {
        let relay = if made % 2 == 0 { &one } else { &other };
        match relay.open(&query).await.first().await {
            Ok(_) => made += 1,
            Err(refusal) if refusal.message.contains("at a time") => {}
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(made, 6);
    let start = "This relay makes at most 6 connections a minute to 127.0.0.1, whoever asks. Try again in ";
    let wait = refusal.message.strip_prefix(start).unwrap();
    let seconds = wait.strip_suffix(" seconds.").map(|seconds| seconds.parse::<u32>().unwrap());
    let soon = seconds.is_some_and(|seconds| (40..=60).contains(&seconds));
    assert!(soon || wait == "a little more than a minute.", "{wait}");
    for relay in [&one, &other] {
        // Those that were given up above may be held for a moment yet.
        let again = loop {
            let again = relay.open(&query).await.refused().await.message;
            if !again.contains("at a time") {
                break again;
            }
        };
        assert_eq!(again.split(" Try").next(), refusal.message.split(" Try").next());
    }

    // What stands there tells nobody who it is, and goes by itself.
    let mut connection = redis.client().get_connection().unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
    assert!(keys.len() >= 3, "{keys:?}");
    for key in &keys {
        assert!(key.starts_with("heloscope:{quota}:") && !key.contains("127.0.0"), "{key}");
        let seconds: i64 = redis::cmd("TTL").arg(key).query(&mut connection).unwrap();
        assert!((0..=3900).contains(&seconds), "{key} {seconds}");
    }
    // A relay with another secret counts by itself.
    let stranger = RelayProcess::start(
        &redis,
        port,
        &[&options[..], &["--quota-store-secret", "another secret 0123"]].concat(),
    );
    stranger.open(&query).await.connected().await;
}

#[tokio::test]
async fn what_a_dead_relay_held_comes_back_by_itself() {
    let Some(redis) = Redis::start().await else { return };
    let server = Server::new().await;
    let port = server.port();
    let options = [
        "--quota-client",
        "1/1000/1000",
        "--limit-resolve",
        "1",
        "--limit-connect",
        "1",
        "--limit-connection",
        "2",
    ];
    let (one, other) =
        (RelayProcess::start(&redis, port, &options), RelayProcess::start(&redis, port, &options));
    let query = format!("host=127.0.0.1&port={port}");
    one.open(&query).await.connected().await;
    let mut held = one.connected_at_last(&query).await;
    let began = Instant::now();
    drop(one);
    held.socket.close(None).await.ok();
    assert_eq!(code(&other.open(&query).await.refused().await), RefusalCode::Quota);
    other.connected_at_last(&query).await;
    assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
}

#[tokio::test]
async fn while_the_store_is_away_each_relay_counts_by_itself() {
    let Some(mut redis) = Redis::start().await else { return };
    let server = Server::new().await;
    let port = server.port();
    let options = ["--quota-client", "2/1000/1000", "--quota-target-address", "9/1000/1000"];
    let (one, other) =
        (RelayProcess::start(&redis, port, &options), RelayProcess::start(&redis, port, &options));
    let query = format!("host=127.0.0.1&port={port}");
    let mut held = one.open(&query).await;
    held.connected().await;
    assert!(one.metrics().await.contains("heloscope_quota_store_up 1\n"));

    redis.kill();
    for relay in [&one, &other] {
        let began = Instant::now();
        let mut open = Vec::new();
        let refusal = loop {
            let mut client = relay.open(&query).await;
            match client.first().await {
                Ok(_) => open.push(client),
                Err(refusal) => break refusal,
            }
        };
        assert_eq!(code(&refusal), RefusalCode::Quota);
        // One of the two has one already, and knows.
        assert_eq!(open.len(), if std::ptr::eq(relay, &one) { 1 } else { 2 });
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert!(relay.metrics().await.contains("heloscope_quota_store_up 0\n"));
        relay.wait_for("the quota store is away", 1).await;
    }

    redis.restart().await;
    for relay in [&one, &other] {
        relay.wait_for("the quota store is back", 1).await;
        assert!(relay.metrics().await.contains("heloscope_quota_store_up 1\n"));
    }
    // Shared again: two through one relay are none through the other.
    drop(held);
    let _two = (one.connected_at_last(&query).await, one.connected_at_last(&query).await);
    let refusal = other.open(&query).await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::Quota);
    // It was said once, however many asked meanwhile.
    one.wait_for("the quota store is away", 1).await;
}

#[tokio::test]
async fn what_ended_while_the_store_was_away_is_given_back_when_it_is_there_again() {
    let Some(redis) = Redis::start().await else { return };
    let server = Server::new().await;
    let port = server.port();
    let options = ["--quota-client", "2/1000/1000", "--quota-target-address", "9/1000/1000"];
    let (one, other) =
        (RelayProcess::start(&redis, port, &options), RelayProcess::start(&redis, port, &options));
    let query = format!("host=127.0.0.1&port={port}");
    let two = (one.connected_at_last(&query).await, one.connected_at_last(&query).await);
    assert_eq!(code(&other.open(&query).await.refused().await), RefusalCode::Quota);

    redis.signal("STOP");
    one.wait_for("the quota store is away", 1).await;
    drop(two);
    one.wait_for("\"message\":\"session\"", 2).await;
    redis.signal("CONT");
    for relay in [&one, &other] {
        relay.wait_for("the quota store is back", 1).await;
    }
    let _two = (other.open(&query).await.connected().await, other.open(&query).await.connected().await);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_as_good_as_away() {
    let Some(redis) = Redis::start().await else { return };
    let server = Server::new().await;
    let port = server.port();
    let relay = RelayProcess::start(&redis, port, &[]);
    let query = format!("host=127.0.0.1&port={port}");
    relay.open(&query).await.connected().await;
    redis.signal("STOP");
    let began = Instant::now();
    for _ in 0..3 {
        relay.open(&query).await.connected().await;
    }
    // A quarter of a second is waited for once, for the client or for the target, and not again.
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    relay.wait_for("the quota store is away", 1).await;
    relay.wait_for("no answer in time", 1).await;
    redis.signal("CONT");
    relay.wait_for("the quota store is back", 1).await;
}

#[tokio::test]
async fn a_store_that_goes_is_missed_though_nobody_connects() {
    let Some(mut redis) = Redis::start().await else { return };
    let relay = RelayProcess::start(&redis, Server::closed_port().await, &[]);
    relay.has_its_store().await;
    redis.kill();
    relay.wait_for("the quota store is away", 1).await;
    assert!(relay.metrics().await.contains("heloscope_quota_store_up 0\n"));
    redis.restart().await;
    relay.wait_for("the quota store is back", 1).await;
    assert!(relay.metrics().await.contains("heloscope_quota_store_up 1\n"));
    // It may answer nothing while its connections stand.
    redis.signal("STOP");
    relay.wait_for("the quota store is away", 2).await;
    redis.signal("CONT");
    relay.wait_for("the quota store is back", 2).await;
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_away_until_it_can() {
    let Some(redis) = Redis::start().await else { return };
    let server = Server::new().await;
    let port = server.port();
    let relay = RelayProcess::start(&redis, port, &[]);
    let query = format!("host=127.0.0.1&port={port}");
    let nowhere = Server::closed_port().await.to_string();
    let mut connection = redis.client().get_connection().unwrap();
    let mut order =
        |words: &[&str]| redis::cmd(words[0]).arg(&words[1..]).query::<()>(&mut connection).unwrap();
    let unwritable: [(&[&str], &[&str], &str); 3] = [
        (&["CONFIG", "SET", "maxmemory", "1"], &["CONFIG", "SET", "maxmemory", "0"], "maxmemory"),
        (&["REPLICAOF", "127.0.0.1", &nowhere], &["REPLICAOF", "NO", "ONE"], "read only replica"),
        (&["ACL", "SETUSER", "default", "-evalsha"], &["ACL", "SETUSER", "default", "+@all"], "NOPERM: "),
    ];
    for (number, (spoil, mend, reason)) in (1..).zip(unwritable) {
        relay.has_its_store().await;
        order(spoil);
        relay.open(&query).await.connected().await;
        relay.wait_for("the quota store is away", number).await;
        relay.wait_for(reason, 1).await;
        // It is looked at again meanwhile, and answers as well as it did.
        tokio::time::sleep(Duration::from_millis(2500)).await;
        relay.open(&query).await.connected().await;
        assert!(relay.metrics().await.contains("heloscope_quota_store_up 0\n"));
        relay.wait_for("the quota store is back", number - 1).await;
        relay.wait_for("the quota store is away", number).await;
        relay.wait_for("stays away", 0).await;
        order(mend);
        relay.wait_for("the quota store is back", number).await;
    }
}

#[tokio::test]
async fn a_store_that_stays_away_for_another_reason_is_told_of_once_more() {
    let Some(mut redis) = Redis::start().await else { return };
    let relay = RelayProcess::start(&redis, Server::closed_port().await, &[]);
    relay.has_its_store().await;
    redis.kill();
    relay.wait_for("the quota store is away", 1).await;
    relay.wait_for("Connection refused", 1).await;
    redis.restart_with(&["--requirepass", "another"]).await;
    let reason = "it asks for a password, and there is none in the address of quota-store";
    relay.wait_for(&format!("\"reason\":\"{reason}\""), 1).await;
    // It is tried every second.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    for (words, times) in [
        ("the quota store is away", 1),
        ("Connection refused", 1),
        (reason, 1),
        ("the quota store is back", 0),
    ] {
        relay.wait_for(words, times).await;
    }
    let url = format!("redis://:swordfish@{}/0", redis.address());
    let mistaken = RelayProcess::start(&redis, Server::closed_port().await, &["--quota-store", &url]);
    let reason = "it does not take the password in the address of quota-store, or the user";
    mistaken.wait_for(&format!("\"reason\":\"{reason}\""), 1).await;
    redis.kill();
    redis.restart().await;
    relay.wait_for("the quota store is back", 1).await;
}

#[tokio::test]
async fn a_relay_starts_without_its_store() {
    let Some(mut redis) = Redis::start().await else { return };
    redis.kill();
    let server = Server::new().await;
    let port = server.port();
    let relay = RelayProcess::start(&redis, port, &[]);
    relay.wait_for("the quota store is away", 1).await;
    relay.open(&format!("host=127.0.0.1&port={port}")).await.connected().await;
    let address = redis.address();
    let url = format!("redis://:swordfish@{address}/0");
    let with_password = RelayProcess::start(&redis, port, &["--quota-store", &url]);
    with_password.wait_for("\"reason\":\"Connection refused (os error 111)\"", 1).await;
    with_password.wait_for(&format!("\"store\":\"{address}\""), 1).await;
    with_password.wait_for("swordfish", 0).await;

    redis.restart().await;
    relay.wait_for("the quota store is back", 1).await;
}

#[tokio::test]
async fn a_store_can_be_reached_by_tls_where_its_certificate_is_trusted() {
    let Some(redis) = Redis::start_with_tls().await else { return };
    let server = Server::new().await;
    let port = server.port();
    let query = format!("host=127.0.0.1&port={port}");
    let certificate = redis.paper.as_ref().unwrap().files().certificate;
    let options = ["--quota-client", "2/100/1000", "--quota-store-ca-file", certificate.to_str().unwrap()];
    let (one, other) =
        (RelayProcess::start(&redis, port, &options), RelayProcess::start(&redis, port, &options));
    for relay in [&one, &other] {
        relay.has_its_store().await;
    }
    let _two = (one.connected_at_last(&query).await, one.connected_at_last(&query).await);
    assert_eq!(code(&other.open(&query).await.refused().await), RefusalCode::Quota);

    // It is under none of Mozilla's anchors: nothing is counted there, nor told to whoever it is.
    let trusting = RelayProcess::start(&redis, port, &options[..2]);
    trusting.wait_for("the quota store is away", 1).await;
    trusting.open(&query).await.connected().await;
}

#[tokio::test]
async fn an_address_of_the_wrong_scheme_is_told() {
    let (Some(clear), Some(secure)) = (Redis::start().await, Redis::start_with_tls().await) else { return };
    let asks_for_tls = "no answer in time; if it speaks no TLS there, its address begins with redis://";
    let asks_for_none = "; if it speaks TLS there, its address begins with rediss://";
    for (redis, scheme, reason) in [(&clear, "rediss", asks_for_tls), (&secure, "redis", asks_for_none)] {
        let url = format!("{scheme}://{}/0", redis.address());
        let relay = RelayProcess::start(redis, Server::closed_port().await, &["--quota-store", &url]);
        relay.wait_for("the quota store is away", 1).await;
        relay.wait_for(&format!("{reason}\""), 1).await;
    }
}
