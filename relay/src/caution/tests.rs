use super::*;
use crate::OwnAddresses;

#[test]
fn the_files_leave_as_much_time_to_stop_as_they_are_said_to() {
    let (unit, compose) =
        (include_str!("../../deploy/heloscope-relay.service"), include_str!("../../deploy/compose.yaml"));
    assert!(unit.contains(&format!("\nTimeoutStopSec={}\n", LEFT.as_secs())));
    assert!(compose.contains(&format!(" stop_grace_period: {}s\n", LEFT.as_secs())));
    assert!(Settings::default().grace + TO_TELL <= LEFT);
}

#[test]
fn the_files_let_it_have_as_many_threads_as_they_are_said_to() {
    let (unit, compose) =
        (include_str!("../../deploy/heloscope-relay.service"), include_str!("../../deploy/compose.yaml"));
    assert!(unit.contains(&format!("\nTasksMax={TASKS}\n")));
    assert!(compose.contains(&format!(" pids_limit: {TASKS}\n")));
}

#[test]
fn a_limit_on_descriptors_is_compared_with_the_connections() {
    let settings = Settings::default();
    assert_eq!((settings.quotas.all, settings.lookups), (256, 100));
    let [connections, needed] = [256, 676];
    assert_eq!(settings.out_of_descriptors(Some(needed)), None);
    assert_eq!(settings.out_of_descriptors(None), None, "there is no limit");
    let caution = Caution::Descriptors { connections, needed, limit: needed - 1 };
    assert_eq!(settings.out_of_descriptors(Some(needed - 1)), Some(caution));
}

#[test]
fn metrics_are_open_at_an_address_of_the_internet_and_at_all_addresses() {
    let told = |address: &str| {
        let settings = Settings { metrics_listen: Some(address.parse().unwrap()), ..Settings::default() };
        settings.cautions()
    };
    for open in ["0.0.0.0:9025", "[::]:9025", "203.0.114.77:9025", "[2003:1:1:ff::25]:9025"] {
        assert_eq!(told(open), [Caution::OpenMonitor(open.parse().unwrap())]);
    }
    for kept in ["127.0.0.1:9025", "[::1]:9025", "10.0.0.5:9025", "[fd00::5]:9025", "[fe80::5]:9025"] {
        assert_eq!(told(kept), []);
    }
}

#[test]
fn a_network_that_the_internet_does_not_reach_is_told_of_in_public() {
    let net = |text: &str| text.parse::<AllowedNet>().unwrap();
    let own_addresses = OwnAddresses::These(vec!["10.9.8.7".parse().unwrap(), "fd00::7".parse().unwrap()]);
    let told = |public, allowed| {
        let own_addresses = own_addresses.clone();
        Settings { public, own_addresses, allow_nets: vec![net(allowed)], ..Settings::default() }.cautions()
    };
    for itself in ["127.0.0.0/8", "::1", "10.9.8.7/32", "10.0.0.0/8", "fd00::/64"] {
        assert_eq!(told(true, itself), [Caution::OwnMachine(net(itself))]);
        assert_eq!(told(false, itself), []);
    }
    for inside in [
        "10.9.9.0/24",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "fd00:1::/64",
        "fe80::/10",
    ] {
        assert_eq!(told(true, inside), [Caution::Inside(net(inside))]);
        assert_eq!(told(false, inside), []);
    }
    // An address of the Internet's behind NAT64 is no less than that.
    for other in ["203.0.113.0/24", "2001:db8::/32", "64:ff9b::/96", "64:ff9b:1::/48"] {
        assert_eq!(told(true, other), []);
    }
}

#[test]
fn a_host_to_probe_has_to_be_written_in_full_in_public() {
    let told = |public, host: &str| {
        let port_25_probe = Some(host.parse().unwrap());
        Settings { public, port_25_probe, ..Settings::default() }.cautions()
    };
    let why = "no full name, as no dot is in it".to_owned();
    assert_eq!(told(true, "mx1"), [Caution::RefusedProbe("mx1".parse().unwrap(), why)]);
    for (public, host) in [(true, "mx1.example.org"), (false, "mx1"), (true, "2a00:1450::25")] {
        assert_eq!(told(public, host), [], "{host}");
    }
}
