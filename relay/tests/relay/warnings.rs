//! What is allowed and hardly meant, as a process: told by check-config and at the start, in the same words.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use heloscope_relay::TlsFiles;
use tempfile::TempDir;

use crate::command::{relay, run, signal};

/// A public relay whose EHLO name no DNS is asked about: the literal of an address that no machine has.
const PUBLIC: [&str; 5] = ["--public", "--ehlo-name", "[192.0.2.1]", "--contact", "me@example.org"];

#[test]
fn a_public_relay_behind_a_proxy_that_it_does_not_know() {
    let options = ["--listen", "127.0.0.1:0", "--origin", "https://relay.example.org"];
    assert_eq!(
        warnings(&[&PUBLIC[..], &options].concat()),
        [
            "trusted-proxy: a relay that listens on a loopback address is https://relay.example.org only by way of a proxy; all \
             clients would be one, and share its quotas: name the address that the proxy comes from with trusted-proxy, such as 127.0.0.1"
        ]
    );
    assert_eq!(warnings(&[&PUBLIC[..], &options, &["--trusted-proxy", "127.0.0.1"]].concat()), NONE);
    assert_eq!(warnings(&[&PUBLIC[..], &options, &["--trusted-proxy", "192.0.2.7"]].concat()).len(), 1);
    // Who is not public has no clients but this machine's own.
    assert_eq!(warnings(&options), NONE);
}

#[test]
fn a_public_relay_that_speaks_plain_http() {
    let options = |origin| [&PUBLIC[..], &["--listen", "0.0.0.0:0", "--origin", origin]].concat();
    assert_eq!(
        warnings(&options("http://relay.example.org")),
        [
            "--origin: http://relay.example.org has no TLS: browsers do not let pages that came by HTTPS use it, and what is said \
             with it is not protected on the way; give it a certificate with tls-cert and tls-key, and an origin with \
             https://"
        ]
    );
}

#[test]
fn a_public_relay_behind_something_that_ends_tls() {
    let options = ["--listen", "0.0.0.0:0", "--origin", "https://relay.example.org"];
    assert_eq!(
        warnings(&[&PUBLIC[..], &options].concat()),
        [
            "trusted-proxy: https://relay.example.org has TLS and this relay has none, so that something in front of it has to; \
             unless that keeps the clients' addresses, all clients are one, and share its quotas: name it with \
             trusted-proxy, and have it set X-Forwarded-For"
        ]
    );
    assert_eq!(warnings(&[&PUBLIC[..], &options, &["--trusted-proxy", "10.0.0.5"]].concat()), NONE);
}

#[test]
fn a_public_relay_that_may_connect_to_its_own_machine() {
    let options = ["--listen", "127.0.0.1:0", "--origin", "https://relay.example.org"];
    let options = [&PUBLIC[..], &options, &["--trusted-proxy", "127.0.0.1"]].concat();
    for net in ["127.0.0.0/8", "127.0.0.1/32", "::1/128"] {
        let warning = format!(
            "--allow-net: by {net} everybody who can reach this public relay has it connect to the machine that it runs on, \
             where a mail server trusts it more than others; leave it out unless all of them may"
        );
        assert_eq!(warnings(&[&options[..], &["--allow-net", net]].concat()), [warning]);
    }
    // Such as no machine has.
    assert_eq!(warnings(&[&options[..], &["--allow-net", "203.0.113.0/24,2001:db8::/32"]].concat()), NONE);
    assert_eq!(warnings(&["--listen", "127.0.0.1:0", "--allow-net", "127.0.0.0/8"]), NONE);
}

#[test]
fn a_public_relay_that_connects_to_other_ports_than_those_of_mail() {
    let options = ["--listen", "127.0.0.1:0", "--origin", "https://relay.example.org"];
    let options = [&PUBLIC[..], &options, &["--trusted-proxy", "127.0.0.1"]].concat();
    let told = |port: u16| {
        format!(
            "--allow-port: port {port} is none of mail's: everybody who can reach this public relay learns by it on which hosts \
             that port answers, and for those it is this machine that scans them; leave it out unless all of them may"
        )
    };
    let ports = ["--allow-port", "22/starttls,2525/starttls,80/implicit"];
    assert_eq!(warnings(&[&options[..], &ports].concat()), [told(22), told(80)]);
    assert_eq!(warnings(&[&options[..], &["--allow-port", "2525/starttls,25,465/implicit"]].concat()), NONE);
    assert_eq!(warnings(&[&["--listen", "127.0.0.1:0"][..], &ports].concat()), NONE);
}

#[test]
fn metrics_that_everybody_may_read() {
    let told = |monitor: &str| warnings(&["--listen", "127.0.0.1:0", "--metrics-listen", monitor]);
    assert_eq!(told("127.0.0.1:0"), NONE);
    for open in ["0.0.0.0:0", "[::]:0"] {
        assert_eq!(
            told(open),
            [format!(
                "--metrics-listen: at {open} everybody whom no firewall keeps out reads how this relay is used: choose 127.0.0.1:0, \
                 or an address of a private network"
            )]
        );
    }
}

#[test]
fn a_site_that_pages_come_from_without_tls() {
    let sites = ["--listen", "127.0.0.1:0", "--allow-origin"];
    let sites = [&sites[..], &["https://a.example.org,http://b.example.org,http://localhost:5173"]].concat();
    // Nor has this relay.
    assert_eq!(warnings(&sites), NONE);
    assert_eq!(
        warnings(&[&sites[..], &["--origin", "https://relay.example.org"]].concat()),
        [
            "--allow-origin: http://b.example.org has no TLS: where that site is reached by HTTPS browsers name it with https://, \
             and each test from there is refused; where it is not, its pages and what they show of a test can be changed on the \
             way; give it HTTPS, and write https://"
        ]
    );
}

#[test]
fn a_part_of_a_quota_that_another_does_not_let_be_reached() {
    let told = |quota: &str| warnings(&["--listen", "127.0.0.1:0", "--quota-client", quota]);
    for quota in ["4/60/600", "4/30/120", "10/5/300", "1/1/60", "off"] {
        assert_eq!(told(quota), NONE, "{quota}");
    }
    assert_eq!(
        told("10/5/3"),
        [
            "--quota-client: 10 at a time are never reached, as 3 an hour make no more than 3 at a time: choose less, or more an hour",
            "--quota-client: 5 a minute are never reached, as 3 an hour make no more than 3 a minute: choose less, or more an hour",
        ]
    );
    // One lasts 105 s at most, so that it may have begun in the minute before.
    assert_eq!(
        told("11/5/600"),
        [
            "--quota-client: 11 at a time are never reached, as 5 a minute make no more than 10 at a time: choose less, or more a minute",
            "--quota-client: 600 an hour are never reached, as 5 a minute make no more than 300 an hour: choose less, or more a minute",
        ]
    );
}

#[test]
fn more_time_to_stop_than_the_unit_leaves() {
    let told = |seconds: &str| warnings(&["--listen", "127.0.0.1:0", "--grace", seconds]);
    assert_eq!(told("16"), NONE);
    assert_eq!(
        told("60"),
        [
            "--grace: stopping takes up to 64 s with that, and whoever stops the relay has to wait as long: heloscope-relay.service and \
             compose.yaml, as they come, end it after 20 s; write TimeoutStopSec=64 or stop_grace_period: 64s there, unless it is \
             done"
        ]
    );
}

#[test]
fn more_threads_than_the_unit_lets_it_have() {
    let told = |workers: &str, lookups: &str| {
        warnings(&["--listen", "127.0.0.1:0", "--workers", workers, "--limit-lookups", lookups])
    };
    assert_eq!(told("2", "246"), NONE);
    assert_eq!(
        told("2", "300"),
        [
            "--limit-lookups: 2 workers and 300 look-ups at a time take up to 310 threads: heloscope-relay.service and compose.yaml, \
             as they come, let it have 256; write TasksMax=310 or pids_limit: 310 there, unless it is done, or choose fewer"
        ]
    );
}

#[test]
fn a_host_to_probe_that_the_relay_does_not_connect_to() {
    let told = |host: &str, why: &str| {
        format!(
            "--port-25-probe: the relay does not connect to {host}, which is {why}: it is not probed, and nothing is learnt of port \
             25; name a mail server of yours elsewhere"
        )
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "example.org\n198.18.7.0/24\n").unwrap();
    let options = ["--listen", "127.0.0.1:0", "--deny-file", file.path().to_str().unwrap()];
    for (host, why) in [
        ("127.0.0.1", "a loopback address, RFC 1122"),
        ("localhost", "a loopback address, RFC 1122"),
        ("10.0.0.5", "for private use, RFC 1918"),
        ("mx1.example.org", "denied by the deny file"),
        ("198.18.7.1", "denied by the deny file"),
    ] {
        assert_eq!(warnings(&[&options[..], &["--port-25-probe", host]].concat()), [told(host, why)]);
    }
}

#[test]
fn another_relay_that_the_page_cannot_use() {
    let relays = ["--listen", "127.0.0.1:0", "--other-relay", "https://us.example.org,http://eu.example.org"];
    assert_eq!(warnings(&relays), NONE);
    assert_eq!(
        warnings(&[&relays[..], &["--origin", "https://relay.example.org"]].concat()),
        [
            "--other-relay: http://eu.example.org has no TLS: browsers do not let this relay's page, which comes by HTTPS, use it; \
             give it HTTPS"
        ]
    );
}

#[test]
fn a_relay_with_a_certificate_on_loopback_or_with_an_origin_of_http() {
    let paper = TempDir::new().unwrap();
    let files = [
        format!("--tls-cert={}", paper.path().join("relay.crt").display()),
        format!("--tls-key={}", write(paper.path(), "relay.example.org", 2020, 2090)),
    ];
    let told = |options: &[&str]| warnings(&[&PUBLIC[..], &[&files[0], &files[1]], options].concat());
    let loopback = ["--listen", "127.0.0.1:0", "--origin", "https://relay.example.org"];
    // No proxy has to be in front of it for its origin to have TLS.
    assert_eq!(told(&loopback), NONE);
    assert_eq!(told(&["--listen", "0.0.0.0:0", "--origin", "https://relay.example.org"]), NONE);
    assert_eq!(
        told(&["--listen", "0.0.0.0:0", "--origin", "http://relay.example.org"]),
        [
            "--origin: this relay speaks HTTPS, and as http://relay.example.org its page is not reached: write https://; as it is, \
             it takes its own page for another site's, and refuses each test"
        ]
    );
}

#[test]
fn a_certificate_for_another_host_or_out_of_its_time() {
    let paper = TempDir::new().unwrap();
    let file = paper.path().join("relay.crt");
    let options = ["--listen", "0.0.0.0:0", "--origin", "https://relay.example.org"];
    let told = |name: &str, from: i32, to: i32| {
        let files = [
            format!("--tls-cert={}", file.display()),
            format!("--tls-key={}", write(paper.path(), name, from, to)),
        ];
        warnings(&[&PUBLIC[..], &options, &[&files[0], &files[1]]].concat())
    };
    let file = file.display();
    let other = format!(
        "--tls-cert: the certificate in {file} does not name the host of https://relay.example.org in its subjectAltName: browsers \
         warn of the page there, and no page of another site can use the relay"
    );
    let expired = format!("--tls-cert: the certificate in {file} has expired: browsers refuse it");
    let early = format!(
        "--tls-cert: the certificate in {file} is not valid yet: browsers refuse it; if it is, this machine's clock is slow"
    );
    assert_eq!(told("relay.example.org", 2020, 2090), NONE);
    assert_eq!(told("relay.example.com", 2020, 2090), [other.as_str()]);
    assert_eq!(told("relay.example.org", 2020, 2021), [expired.as_str()]);
    assert_eq!(told("relay.example.org", 2090, 2091), [early.as_str()]);
    assert_eq!(told("relay.example.com", 2020, 2021), [expired, other]);
}

const NONE: [&str; 0] = [];

/// What check-config warns of, which a relay that starts with the same options has to tell its log, and nothing more.
fn warnings(options: &[&str]) -> Vec<String> {
    let output = run(&[&["check-config"], options].concat());
    let told = String::from_utf8(output.stderr).unwrap();
    let told: Vec<String> = (told.lines())
        .map(|line| line.strip_prefix("heloscope-relay: warning: ").expect(line).to_owned())
        .collect();
    // Whatever it warns of, the configuration can be used.
    assert!(output.status.success(), "{options:?}");
    let other = if told.is_empty() { "" } else { " else" };
    let verdict = format!("Nothing{other} is wrong with the configuration.\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), verdict);

    let mut child = relay(options).args(["--log-format", "json"]).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert!(ready.contains("Heloscope is at "), "{ready}");
    signal(&child, "TERM");
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(child.wait().unwrap().success());
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let warned: Vec<String> = lines
        .filter(|line| line["level"] == "WARN")
        .map(|line| line["message"].as_str().unwrap().to_owned())
        // Which is told of by itself, once the addresses of the machine are known.
        .filter(|message| !message.starts_with("the EHLO name [192.0.2.1] is"))
        .collect();
    assert_eq!(warned, told, "{options:?}");
    told
}

/// Writes a certificate for this name, valid from the one year's beginning to the other's, and returns its key's file.
fn write(directory: &Path, name: &str, from: i32, to: i32) -> String {
    let TlsFiles { certificate, key } =
        TlsFiles { certificate: directory.join("relay.crt"), key: directory.join("relay.key") };
    let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(to, 1, 1);
    let signing_key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(certificate, parameters.self_signed(&signing_key).unwrap().pem()).unwrap();
    std::fs::write(&key, signing_key.serialize_pem()).unwrap();
    key.display().to_string()
}
