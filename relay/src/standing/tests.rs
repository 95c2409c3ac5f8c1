use std::net::SocketAddr;

use super::*;
use crate::{Lookup, ReverseLookup};

const NAME: &str = "relay.example.org";

/// What DNS says: the addresses of the one name, and the names of addresses.
struct Zone {
    forward: Result<&'static [&'static str], LookupFailure>,
    reverse: &'static [(&'static str, &'static str)],
}

impl Resolve for Zone {
    fn lookup(&self, name: &str) -> Lookup {
        assert_eq!(name, NAME);
        let answer = self
            .forward
            .clone()
            .map(|texts| texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect());
        Box::pin(async { answer })
    }

    fn reverse(&self, address: IpAddr) -> ReverseLookup {
        let known = self.reverse.iter().find(|(text, _)| *text == address.to_string());
        let answer = known.map(|(_, name)| (*name).to_owned()).ok_or(LookupFailure::NotFound);
        Box::pin(async { answer })
    }
}

async fn told(own: &[&str], zone: Zone) -> Vec<String> {
    let own: Vec<IpAddr> = own.iter().map(|text| text.parse().unwrap()).collect();
    disagreements(NAME, &own, &zone).await.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_name_that_resolves_both_ways_is_no_cause_for_words() {
    let reverse = &[("8.8.4.77", "Relay.Example.org."), ("2a00:1450::77", NAME)];
    let forward = Ok(&["8.8.4.77", "2a00:1450::77"][..]);
    assert_eq!(
        told(&["8.8.4.77", "2a00:1450::77", "10.0.0.1", "fe80::1"], Zone { forward, reverse }).await,
        [""; 0]
    );
    // Behind NAT the name alone says what the address outside is.
    let forward = Ok(&["8.8.4.77"][..]);
    assert_eq!(told(&["10.0.0.1"], Zone { forward, reverse }).await, [""; 0]);
}

#[tokio::test]
async fn of_an_address_literal_it_is_said_what_to_take_in_its_place() {
    let own = ["8.8.4.77".parse().unwrap()];
    let reverse = &[("8.8.4.77", "relay.example.org")];
    let told = async |literal: &str, own: &[IpAddr], reverse| {
        let found = disagreements(literal, own, &Zone { forward: Ok(&[]), reverse }).await;
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].to_string()
    };
    let has = told("[8.8.4.77]", &own, reverse).await;
    assert!(has.contains("take relay.example.org, its PTR record, for --ehlo-name"), "{has}");
    // Behind NAT it may be the address outside.
    assert_eq!(told("[8.8.4.77]", &[], reverse).await, has);
    let has_none = told("[8.8.4.77]", &own, &[]).await;
    assert!(has_none.contains("8.8.4.77 has no PTR record"), "{has_none}");
    for other in ["[9.9.9.9]", "[127.0.0.1]", "[IPv6:2001:db8::9]"] {
        let elsewhere = told(other, &own, reverse).await;
        assert!(
            elsewhere.starts_with(&format!(
                "the EHLO name {other} is not this machine's address outside, 8.8.4.77;"
            ))
        );
    }
    let inside = told("[127.0.0.1]", &[], reverse).await;
    assert!(inside.contains("is no address that this machine can have outside"), "{inside}");
}

#[tokio::test]
async fn each_disagreement_says_what_dns_has_and_what_it_should_have() {
    let none = Zone { forward: Err(LookupFailure::NotFound), reverse: &[] };
    let told_of = told(&["8.8.4.77"], none).await;
    assert_eq!(told_of.len(), 2);
    assert!(told_of[0].ends_with("has no A or AAAA record; give it one for 8.8.4.77"), "{}", told_of[0]);
    assert!(told_of[1].starts_with("8.8.4.77 has no PTR record; it should be relay.example.org."));

    let provider = Zone {
        forward: Ok(&["8.8.4.77"]),
        reverse: &[("8.8.4.77", "host-77.provider.example"), ("2a00:1450::77", NAME)],
    };
    let told_of = told(&["8.8.4.77", "2a00:1450::77"], provider).await;
    assert_eq!(told_of.len(), 2);
    assert!(told_of[0].contains("leads to 8.8.4.77, and not to 2a00:1450::77"), "{}", told_of[0]);
    assert!(told_of[1].starts_with(
        "the PTR record of 8.8.4.77 is host-77.provider.example; it should be relay.example.org."
    ));
    let other_machine = Zone { forward: Ok(&["9.9.9.9"]), reverse: &[("8.8.4.77", NAME)] };
    assert_eq!(told(&["8.8.4.77"], other_machine).await.len(), 1);
}

#[tokio::test]
async fn of_an_address_inside_no_ptr_record_is_asked_for() {
    for address in [&["10.9.8.7"], &["127.0.0.1"], &["fe80::1"]] {
        let reverse = &[("127.0.0.1", "localhost")];
        let told = told(&[], Zone { forward: Ok(address), reverse }).await;
        assert_eq!(told.len(), 1, "{told:?}");
        let words = format!("the EHLO name {NAME} leads to {}, which is no address outside;", address[0]);
        assert!(told[0].starts_with(&words), "{}", told[0]);
    }
    // Of the address outside beside it all is said as ever.
    let split = Zone { forward: Ok(&["10.9.8.7", "8.8.4.77"]), reverse: &[] };
    let told = told(&["8.8.4.77"], split).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].starts_with("8.8.4.77 has no PTR record"), "{}", told[1]);
}

#[tokio::test]
async fn a_failed_look_up_is_no_statement_about_the_name() {
    let broken =
        Zone { forward: Err(LookupFailure::Failed("no answer".into())), reverse: &[("8.8.4.77", NAME)] };
    assert_eq!(told(&["8.8.4.77"], broken).await, ["relay.example.org could not be looked up: no answer"]);
}
