//! What does not go together: refused where it cannot be meant, and else warned of.

use super::*;

#[test]
fn what_is_wrong_with_the_whole_is_told_beside_what_cannot_be_read() {
    let file = "\
listen = \"0.0.0.0:8025\"
tls-cert = \"/nonexistent.crt\"
foo = 1
deny-file = \"/nonexistent.deny\"
ca-file = \"/nonexistent.pem\"
allow-port = [\"25\", \"2525/starttls\", \"x\"]
";
    let told = faults(&[], &[], Some(file));
    let starts = [
        "relay.toml:1: listen: others than this machine's own programs could reach 0.0.0.0:8025",
        "relay.toml:2: tls-cert: the certificate cannot be read from /nonexistent.crt: ",
        "relay.toml:2: tls-cert: HTTPS needs tls-key as well",
        "relay.toml:3: `foo` is no setting; `heloscope-relay print-config` lists all",
        "relay.toml:4: deny-file: the deny file /nonexistent.deny cannot be read: ",
        "relay.toml:5: ca-file: the CA file /nonexistent.pem cannot be used: ",
        "relay.toml:6: allow-port: `x` is no port to test",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}");
    }
}

#[test]
fn metrics_cannot_be_had_where_the_relay_itself_listens() {
    for (listen, metrics, refused) in [
        ("127.0.0.1:8025", "127.0.0.1:8025", true),
        ("127.0.0.1:8025", "0.0.0.0:8025", true),
        ("127.0.0.1:8025", "127.0.0.1:8026", false),
        ("127.0.0.1:8025", "127.0.0.2:8025", false),
        ("127.0.0.1:0", "127.0.0.1:0", false),
    ] {
        let told = faults(&["--listen", listen, "--metrics-listen", metrics], &[], None);
        let fault =
            format!("--metrics-listen: the relay itself listens on {metrics}: use another port for metrics");
        assert_eq!(told, if refused { vec![fault] } else { Vec::new() }, "{listen} {metrics}");
    }
}

#[test]
fn what_contradicts_something_else_names_its_source() {
    let told = faults(&[], &[("HELOSCOPE_ALLOW_PORT", "2525/starttls, 2525/implicit")], None);
    assert_eq!(told, ["HELOSCOPE_ALLOW_PORT: port 2525 has two TLS modes; a port has one"]);
    let told = faults(&[], &[], Some("\nca-file = \"/nonexistent.pem\"\n"));
    assert!(
        told[0].starts_with("relay.toml:2: ca-file: the CA file /nonexistent.pem cannot be used: "),
        "{told:?}"
    );
}

#[test]
fn what_a_quota_store_needs_is_told() {
    let certificate = tempfile::NamedTempFile::new().unwrap();
    let made = rcgen::generate_simple_self_signed(["redis.test".to_owned()]).unwrap();
    std::fs::write(certificate.path(), made.cert.pem()).unwrap();
    let file = certificate.path().to_str().unwrap();
    let secret = ["--quota-store-secret", "0123456789abcdef"];
    for (options, words) in [
        (vec!["--quota-store", "rediss://redis.test/#insecure"], "this is no address of a quota store"),
        (vec!["--quota-store", "https://redis.test"], "this is no address of a quota store"),
        (vec!["--quota-store-ca-file", file], "it needs quota-store as well"),
        (
            vec!["--quota-store-ca-file", file, "--quota-store", "redis://redis.test"],
            "whose address begins with rediss://",
        ),
        (vec!["--quota-store-ca-file", "/nonexistent.pem"], "the CA file /nonexistent.pem cannot be used"),
    ] {
        let told = faults(&[&options[..], &secret].concat(), &[], None);
        assert!(told.len() == 1 && told[0].contains(words), "{options:?}: {told:?}");
    }
    let right = ["--quota-store-ca-file", file, "--quota-store", "rediss://redis.test"];
    assert_eq!(faults(&[&right[..], &secret].concat(), &[], None), [""; 0]);
    assert!(
        faults(&["--quota-store", "rediss://redis.test"], &[], None)[0]
            .contains("needs --quota-store-secret")
    );
}

#[test]
fn a_public_relay_is_warned_where_its_clients_would_be_one_or_unprotected() {
    let cautions = |listen: &str, origin: &str, more: &[&str]| {
        let of_public = ["--public", "--ehlo-name", "relay.example.org", "--contact", "me@example.org"];
        let options = [&of_public[..], &["--listen", listen, "--origin", origin], more].concat();
        let loaded = made(&options, &[], None);
        assert_eq!(loaded.faults, []);
        loaded.cautions().iter().map(Fault::to_string).collect::<Vec<_>>()
    };
    let (secure, clear) = ("https://relay.example.org", "http://relay.example.org");
    let one = cautions("127.0.0.1:8025", secure, &[]);
    assert!(
        one.len() == 1
            && one[0].starts_with("trusted-proxy: ")
            && one[0].contains("all clients would be one")
            && one[0].ends_with(
                "name the address that the proxy comes from with trusted-proxy, such as 127.0.0.1"
            ),
        "{one:?}"
    );
    for (listen, proxy, warned) in [
        ("127.0.0.1:8025", "127.0.0.1", false),
        ("127.0.0.25:8025", "127.0.0.1", false),
        ("127.0.0.25:8025", "127.0.0.25", false),
        ("[::1]:8025", "::1", false),
        ("[::1]:8025", "127.0.0.1", true),
        ("127.0.0.1:8025", "127.0.0.2", true),
        ("127.0.0.1:8025", "10.0.0.5", true),
    ] {
        let told = cautions(listen, secure, &["--trusted-proxy", proxy]);
        assert_eq!(!told.is_empty(), warned, "{listen} {proxy}: {told:?}");
        let such = if listen.starts_with('[') { "::1" } else { "127.0.0.1" };
        assert!(told.iter().all(|told| told.ends_with(&format!("such as {such}"))), "{told:?}");
    }
    let unprotected = cautions("0.0.0.0:80", clear, &[]);
    assert!(
        unprotected.len() == 1
            && unprotected[0].starts_with("--origin: http://relay.example.org has no TLS: ")
            && unprotected[0].contains("is not protected on the way"),
        "{unprotected:?}"
    );
    // Something in front of it ends TLS, and few such keep the clients' addresses.
    let in_front = cautions("0.0.0.0:80", secure, &[]);
    assert!(
        in_front.len() == 1
            && in_front[0]
                .starts_with("trusted-proxy: https://relay.example.org has TLS and this relay has none, ")
            && in_front[0].contains("unless that keeps the clients' addresses"),
        "{in_front:?}"
    );
    assert_eq!(cautions("0.0.0.0:80", secure, &["--trusted-proxy", "10.0.0.5"]), [""; 0]);
    assert_eq!(made(&["--origin", secure], &[], None).cautions(), []);
}

#[test]
fn a_limit_that_the_whole_connection_does_not_outlast_is_warned_of() {
    let cautions = |options: &[&str], file| {
        let loaded = made(options, &[], Some(file));
        assert_eq!(loaded.faults, []);
        loaded.cautions().iter().map(Fault::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        cautions(&["--limit-silence", "120"], "limit-greeting = 300\n"),
        [
            "relay.toml:1: limit-greeting: 300 s never pass, as the whole connection ends after 90 s: choose less, or more \
             for limit-connection",
            "--limit-silence: 120 s never pass, as the whole connection ends after 90 s: choose less, or more for \
             limit-connection",
        ]
    );
    assert_eq!(
        cautions(&["--limit-connection", "30"], ""),
        [
            "limit-greeting: 40 s never pass, as the whole connection ends after 30 s: choose less, or more for \
             limit-connection"
        ]
    );
    // As long is no longer; and to resolve and to connect is not yet the connection.
    let as_long = ["--limit-silence", "90", "--limit-greeting", "90"];
    assert_eq!(cautions(&as_long, "limit-resolve = 120\nlimit-connect = 120\n"), [""; 0]);
}
