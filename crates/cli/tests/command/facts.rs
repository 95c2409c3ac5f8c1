//! Every fact of the JSON that the command prints, against mail servers behind real TCP.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use heloscope_interop::{Authority, Server};
use serde_json::{Value, json};

use crate::served::{an_hour_ago, heloscope, report, serve, text};

#[test]
fn a_sound_server_fact_by_fact() {
    let served = serve("healthy", &[25, 465]);
    let (status, report) = report(&mut served.command());
    assert_eq!(status, 0);
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["host"], "healthy.specimen.test");
    assert_eq!(report["vantage"], "direct");
    assert_eq!(report["status"], "ok");
    assert_eq!(report["findings"], json!([]));
    let tested_at = text(&report["tested_at"]);
    assert!(tested_at.starts_with("20") && tested_at.ends_with('Z'), "{tested_at}");
    assert!(report["duration_ms"].as_u64().is_some_and(|time| time < 60_000), "{report}");
    let [starttls, implicit] = list(&report["ports"]) else { panic!("there are two ports: {report}") };

    let starttls_number: u16 = served.ports[0].trim_end_matches("/starttls").parse().expect("a number");
    let implicit_number: u16 = served.ports[1].trim_end_matches("/implicit").parse().expect("a number");
    let inside = json!([
        "PIPELINING",
        "SIZE 52428800",
        "ENHANCEDSTATUSCODES",
        "8BITMIME",
        "DSN",
        "SMTPUTF8",
        "CHUNKING"
    ]);
    let leaf = json!({
        "subject": "CN=healthy.specimen.test",
        "issuer": "CN=Specimen RSA CA, O=Heloscope specimens",
        "sans": ["healthy.specimen.test"],
        "sans_total": 1,
        "days_remaining": 60,
        "key": "RSA 2048",
        "signature_algorithm": "sha256WithRSAEncryption",
        "signed_with_own_key": false,
        "unreadable": null
    });
    let intermediate = json!({
        "subject": "CN=Specimen RSA CA, O=Heloscope specimens",
        "issuer": "CN=Specimen Root, O=Heloscope specimens",
        "sans": [],
        "sans_total": 0,
        "days_remaining": 729,
        "key": "RSA 2048",
        "signature_algorithm": "ecdsa-with-SHA384",
        "signed_with_own_key": false,
        "unreadable": null
    });
    let expected = json!({
        "port": starttls_number,
        "role": "custom",
        "implicit_tls": false,
        "connected": true,
        "address": "127.0.0.1",
        "error": null,
        "banner": "220 healthy.specimen.test ESMTP ready",
        "notes": [],
        "starttls_supported": true,
        "capabilities": inside,
        "capabilities_before_tls": with(&inside, "STARTTLS"),
        "capabilities_after_tls": inside,
        "tls": {
            "version": "TLS 1.3",
            "cipher_suite": "TLS_AES_256_GCM_SHA384",
            "key_exchange": "X25519",
            "completed": true,
            "client_certificate_requested": false
        },
        "certificate": sound(&leaf),
        "chain": [leaf, intermediate],
        "findings": [],
        "transcript": [
            "< 220 healthy.specimen.test ESMTP ready",
            "> EHLO client.example",
            "< 250-healthy.specimen.test",
            "< 250-PIPELINING",
            "< 250-SIZE 52428800",
            "< 250-ENHANCEDSTATUSCODES",
            "< 250-8BITMIME",
            "< 250-DSN",
            "< 250-SMTPUTF8",
            "< 250-CHUNKING",
            "< 250 STARTTLS",
            "> STARTTLS",
            "< 220 2.0.0 Ready to start TLS",
            "*> EHLO client.example",
            "*< 250-healthy.specimen.test",
            "*< 250-PIPELINING",
            "*< 250-SIZE 52428800",
            "*< 250-ENHANCEDSTATUSCODES",
            "*< 250-8BITMIME",
            "*< 250-DSN",
            "*< 250-SMTPUTF8",
            "*< 250 CHUNKING",
            "*> QUIT",
            "*< 221 2.0.0 Bye"
        ]
    });
    assert_eq!(facts(starttls), expected);

    let mut expected = expected;
    expected["port"] = implicit_number.into();
    expected["implicit_tls"] = true.into();
    expected["starttls_supported"] = false.into();
    expected["capabilities"] = with(&inside, "AUTH PLAIN LOGIN");
    expected["capabilities_before_tls"] = Value::Null;
    expected["capabilities_after_tls"] = with(&inside, "AUTH PLAIN LOGIN");
    expected["transcript"] = json!([
        "*< 220 healthy.specimen.test ESMTP ready",
        "*> EHLO client.example",
        "*< 250-healthy.specimen.test",
        "*< 250-PIPELINING",
        "*< 250-SIZE 52428800",
        "*< 250-ENHANCEDSTATUSCODES",
        "*< 250-8BITMIME",
        "*< 250-DSN",
        "*< 250-SMTPUTF8",
        "*< 250-CHUNKING",
        "*< 250 AUTH PLAIN LOGIN",
        "*> QUIT",
        "*< 221 2.0.0 Bye"
    ]);
    assert_eq!(facts(implicit), expected);
}

/// A list with one more.
fn with(list: &Value, more: &str) -> Value {
    let mut list = list.clone();
    list.as_array_mut().expect("it is a list").push(more.into());
    list
}

/// The leaf's facts with a verdict that has nothing against them.
fn sound(leaf: &Value) -> Value {
    let mut leaf = leaf.clone();
    let verdict = json!({
        "chain_valid": true,
        "chain_error": null,
        "chain_error_text": null,
        "trust": "private",
        "hostname_match": true,
        "self_signed": false
    });
    let facts = leaf.as_object_mut().expect("a certificate is an object");
    facts.extend(verdict.as_object().expect("it is an object").clone());
    leaf
}

#[test]
fn a_real_postfix_fact_by_fact() {
    let authority = Authority::new(an_hour_ago()).expect("it is a time of this century");
    let Some(postfix) = Server::start("postfix", &authority).expect("it starts") else { return };
    let mut command = heloscope();
    command.arg(postfix.host()).args(["--address", "127.0.0.1", "--ehlo-name", "client.example"]);
    command.arg("--ca-file").arg(postfix.ca_file());
    for port in postfix.ports() {
        command.arg("--port").arg(port.to_string());
    }
    let (status, report) = report(&mut command);
    let [relay, submissions, submission] = list(&report["ports"]) else {
        panic!("there are three ports: {report}")
    };
    assert_eq!(status, 0);
    assert_eq!(
        (&report["host"], &report["status"], &report["findings"]),
        (&json!("mail.interop.test"), &json!("ok"), &json!([]))
    );

    let clear =
        "PIPELINING|SIZE 10240000|VRFY|ETRN|STARTTLS|ENHANCEDSTATUSCODES|8BITMIME|DSN|SMTPUTF8|CHUNKING";
    let inside = clear.replace("STARTTLS|", "");
    let with_auth = clear.replace("STARTTLS", "AUTH PLAIN LOGIN");
    let offers = |all: &str| all.split('|').collect::<Value>();
    let leaf = json!({
        "subject": "CN=mail.interop.test",
        "issuer": "CN=Interop Intermediate",
        "sans": ["mail.interop.test", "127.0.0.1"],
        "sans_total": 2,
        "days_remaining": 59,
        "key": "ECDSA P-256",
        "signature_algorithm": "ecdsa-with-SHA256",
        "signed_with_own_key": false,
        "unreadable": null
    });
    let intermediate = json!({
        "subject": "CN=Interop Intermediate",
        "issuer": "CN=Interop Root",
        "sans": [],
        "sans_total": 0,
        "days_remaining": 364,
        "key": "ECDSA P-256",
        "signature_algorithm": "ecdsa-with-SHA256",
        "signed_with_own_key": false,
        "unreadable": null
    });
    let greeting = "220 mail.interop.test ESMTP Postfix";
    let on_starttls = |port: u16, inside: &str| {
        let before = [format!("< {greeting}"), "> EHLO client.example".to_owned()];
        let starttls = ["> STARTTLS", "< 220 2.0.0 Ready to start TLS"].map(str::to_owned);
        let after = ["*> EHLO client.example".to_owned()];
        let quit = ["*> QUIT", "*< 221 2.0.0 Bye"].map(str::to_owned);
        let (clear_reply, inside_reply) = (ehlo_reply("<", clear), ehlo_reply("*<", inside));
        let transcript = [&before[..], &clear_reply, &starttls, &after, &inside_reply, &quit].concat();
        json!({
            "port": port,
            "role": "custom",
            "implicit_tls": false,
            "connected": true,
            "address": "127.0.0.1",
            "error": null,
            "banner": greeting,
            "notes": [],
            "starttls_supported": true,
            "capabilities": offers(inside),
            "capabilities_before_tls": offers(clear),
            "capabilities_after_tls": offers(inside),
            "tls": {
                "version": "TLS 1.3",
                "cipher_suite": "TLS_AES_256_GCM_SHA384",
                "key_exchange": "X25519",
                "completed": true,
                "client_certificate_requested": false
            },
            "certificate": sound(&leaf),
            "chain": [leaf, intermediate],
            "findings": [],
            "transcript": transcript
        })
    };
    let numbers: Vec<u16> = postfix.ports().iter().map(|port| port.port).collect();
    assert_eq!(facts(relay), on_starttls(numbers[0], &inside));
    assert_eq!(facts(submission), on_starttls(numbers[2], &with_auth));

    let mut implicit = on_starttls(numbers[1], &with_auth);
    let begin = [format!("*< {greeting}"), "*> EHLO client.example".to_owned()];
    let end = ["*> QUIT", "*< 221 2.0.0 Bye"].map(str::to_owned);
    implicit["implicit_tls"] = true.into();
    implicit["starttls_supported"] = false.into();
    implicit["capabilities_before_tls"] = Value::Null;
    implicit["transcript"] = [&begin[..], &ehlo_reply("*<", &with_auth), &end].concat().into();
    assert_eq!(facts(submissions), implicit);

    let over = |log: &str| log.matches(" quit=1 commands=").count() == 3;
    let log = postfix.log_once(over).expect("it logs");
    assert!(over(&log), "{log}");
    assert!(!log.contains("client=") && !log.contains("warning"), "it was sent no mail: {log}");
}

/// The lines of an EHLO reply that offers these.
fn ehlo_reply(sign: &str, offers: &str) -> Vec<String> {
    let lines = format!("mail.interop.test|{offers}");
    let last = lines.matches('|').count();
    let line = |(place, line)| format!("{sign} 250{}{line}", if place == last { ' ' } else { '-' });
    lines.split('|').enumerate().map(line).collect()
}

/// All facts of a port in a form that can stand in a test: what chance decides is looked at and taken out, a list has one
/// line an entry. (The verdicts and the meanings in words are the report's own tests'.)
fn facts(port: &Value) -> Value {
    let mut port = port.clone();
    let facts = port.as_object_mut().expect("a port is an object");
    facts.remove("checks");
    let timings = facts.remove("timings").expect("a port has timings");
    for stage in ["connect_ms", "greeting_ms", "tls_ms", "total_ms"] {
        assert!(timings[stage].as_u64().is_some_and(|time| time < 60_000), "{stage} of {timings}");
    }
    let transcript = list(&facts["transcript"]);
    assert!(transcript.is_sorted_by_key(|line| line["at_ms"].as_u64()), "{transcript:?}");
    let lines = transcript.iter().map(|line| {
        let sign = if line["from"] == "server" { "<" } else { ">" };
        let inside = if line["encrypted"] == true { "*" } else { "" };
        format!("{inside}{sign} {}", text(&line["text"]))
    });
    facts["transcript"] = lines.collect();
    facts["findings"] = list(&facts["findings"]).iter().map(|finding| finding["id"].clone()).collect();
    for name in ["capabilities", "capabilities_before_tls", "capabilities_after_tls"] {
        if facts[name].is_array() {
            let words = list(&facts[name]).iter().map(|capability| {
                let params = list(&capability["params"]).iter().map(text);
                [text(&capability["keyword"])].into_iter().chain(params).collect::<Vec<_>>().join(" ")
            });
            facts[name] = words.collect();
        }
    }
    facts["chain"] = list(&facts["chain"]).iter().map(certificate).collect();
    facts["certificate"] = certificate(&facts["certificate"]);
    port
}

fn certificate(certificate: &Value) -> Value {
    let mut certificate = certificate.clone();
    let facts = certificate.as_object_mut().expect("a certificate is an object");
    let removed = ["serial", "sha256", "not_before", "not_after"].map(|name| facts.remove(name).expect(name));
    let [serial, sha256, not_before, not_after] = removed.each_ref().map(text);
    let is_hex = |octets: &str| octets.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'));
    assert!(sha256.len() == 64 && is_hex(sha256), "{sha256}");
    assert!(serial.split(':').all(|octet| octet.len() == 2 && is_hex(octet)), "{serial}");
    assert!(not_before < not_after && not_after.ends_with('Z'), "{not_before} {not_after}");
    certificate
}

/// A reset may come so soon that the system tells of it where it connects.
#[test]
fn a_server_that_resets_at_once_was_connected_and_is_heard() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            stream.write_all(b"220-mx.example wait\r\n").expect("the client is there");
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("it is a socket");
        }
    });
    for _ in 0..10 {
        let port = format!("{port}/starttls");
        let (status, report) =
            report(heloscope().args(["mx.example", "--address", "127.0.0.1", "--port", &port]));
        assert_eq!(status, 1);
        let port = &report["ports"][0];
        assert_eq!(port["connected"], true);
        assert_eq!((&port["error"]["code"], &port["error"]["phase"]), (&json!("reset"), &json!("greeting")));
        assert_eq!(port["transcript"][0]["text"], "220-mx.example wait");
        assert_eq!(port["findings"][0]["id"], "session-cut-short");
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("it is a list")
}
