use super::*;

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
