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
fn a_certificate_is_compared_with_the_origins_and_the_clock() {
    let directory = tempfile::tempdir().unwrap();
    let files =
        TlsFiles { certificate: directory.path().join("relay.crt"), key: directory.path().join("relay.key") };
    let names = ["relay.example.org".to_owned(), "192.0.2.1".to_owned()];
    let mut parameters = rcgen::CertificateParams::new(names).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2026, 3, 1);
    let made = parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    std::fs::write(&files.certificate, made.pem()).unwrap();
    let file = || files.certificate.clone();
    let origin = |text: &str| text.parse::<Origin>().unwrap();
    let at = |seconds, origins: &[Origin]| {
        of_certificate(&files, origins, UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    };
    // 1 February, 1 April and 1 December.
    let (during, after, before) = (1_769_904_000, 1_775_001_600, 1_764_547_200);
    let right = ["https://relay.example.org", "https://192.0.2.1:8443", "http://intranet"].map(origin);
    assert_eq!(at(during, &right), []);
    assert_eq!(at(after, &right), [Caution::Expired(file())]);
    assert_eq!(at(before, &right), [Caution::NotYetValid(file())]);
    for other in ["https://relay.example.com:8443", "https://192.0.2.2", "https://[2001:db8::1]:8443"] {
        assert_eq!(at(during, &[origin(other)]), [Caution::OtherHost(file(), origin(other))]);
    }
}
