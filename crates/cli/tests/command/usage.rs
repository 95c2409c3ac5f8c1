//! The command as a user runs it: its exit status, what it takes and what it prints.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::served::{heloscope, report, run, serve, text};

#[test]
fn the_exit_status_is_the_worst_of_the_findings() {
    for (name, status, found) in [
        ("expiring-soon", 1, "certificate-expiring-soon"),
        ("wrong-name", 1, "certificate-hostname-mismatch"),
        ("expired", 2, "certificate-expired"),
        ("starttls-injection", 2, "starttls-injection"),
    ] {
        let served = serve(name, &[25]);
        let (code, report) = report(&mut served.command());
        assert_eq!(code, status, "{name}");
        assert_eq!(report["ports"][0]["findings"][0]["id"], found, "{name}");
    }
}

#[test]
fn a_refused_connection_is_an_error() {
    // Nobody has listened on the TCP Port Service Multiplexer's port (RFC 1078) for long.
    let (status, report) = report(heloscope().args(["127.0.0.1", "--port", "1/starttls"]));
    assert_eq!((status, &report["status"]), (2, &json!("error")));
    assert_eq!(
        report["ports"][0]["error"],
        json!({
            "code": "connection_refused",
            "message": "127.0.0.1 refused the connection: nothing listens on port 1 there, or a firewall says so.",
            "phase": "connect"
        })
    );
}

#[test]
fn the_report_is_in_the_language_that_was_asked_for() {
    let refused = ["127.0.0.1", "--port", "1/starttls", "--lang", "de"];
    let (status, report) = report(heloscope().args(refused));
    assert_eq!((status, &report["status"], &report["language"]), (2, &json!("error"), &json!("de")));
    assert_eq!(
        report["ports"][0]["error"]["message"],
        "127.0.0.1 hat die Verbindung abgewiesen: Auf Port 1 lauscht dort nichts, oder eine Firewall sagt das."
    );
    let output = heloscope().args(refused).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("it is UTF-8");
    assert!(text.starts_with("Fehler: Port 1: die Verbindung wird abgelehnt."), "{text}");
}

#[test]
fn what_goes_wrong_before_a_test_is_told_in_that_language_too() {
    let told = |arguments: &[&str]| {
        let output = heloscope().args(arguments).output().expect("it runs");
        (
            output.status.code(),
            String::from_utf8([output.stdout, output.stderr].concat()).expect("it is UTF-8"),
        )
    };
    let (status, help) = told(&["--help", "--lang", "de"]);
    assert_eq!(status, Some(0));
    for part in [
        "Testet SMTP und TLS eines Mailservers, ",
        "\n\nAufruf: heloscope [OPTIONS] <HOST>\n",
        "\nArgumente:\n",
        "\nOptionen:\n",
        "\n      --json ",
        "Den Bericht als JSON ausgeben\n",
        "\nExit-Status nach dem schwersten Befund: 0 nichts, ",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
    for english in ["Usage", "Options:", "[default", "[possible", "Print "] {
        assert!(!help.contains(english), "{english}: {help}");
    }

    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().to_str().expect("it is UTF-8");
    for (pem, why) in [
        ("", "kein Block CERTIFICATE"),
        ("-----BEGIN CERTIFICATE-----\nMAA=\n", "Zertifikat 1: die END-Zeile fehlt"),
        ("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "Zertifikat 1: kein Base64"),
    ] {
        std::fs::write(file.path(), pem).expect("it is written");
        assert_eq!(
            told(&["127.0.0.1", "--ca-file", path, "--lang=de"]),
            (Some(3), format!("heloscope: keine Vertrauensanker in {path}: {why}\n"))
        );
    }

    let relay = ["127.0.0.1", "--port", "25", "--lang", "de", "--relay", "http://127.0.0.1:1"];
    let (status, report) = report(heloscope().args(relay));
    assert_eq!(status, 3);
    assert_eq!(
        report["ports"][0]["error"]["message"],
        "Das Relay ist nicht zu erreichen: 127.0.0.1 hat die Verbindung abgewiesen: Auf Port 1 lauscht dort nichts, oder eine Firewall sagt das."
    );
}

#[test]
fn what_is_wrong_with_the_command_line_is_told_in_either_language() {
    for (arguments, english, german) in [
        (
            &[][..],
            "no host was named, such as mx1.example.com",
            "es wurde kein Host genannt, etwa mx1.example.com",
        ),
        (
            &["a.example", "b.example"],
            "one host is tested at a time; what follows it must be an option",
            "es wird ein Host auf einmal getestet; was auf ihn folgt, muss eine Option sein",
        ),
        (
            &["mx.example", "--jso"],
            "there is no option --jso; there is --json",
            "es gibt keine Option --jso, aber --json",
        ),
        (&["mx.example", "-p"], "there is no option -p", "es gibt keine Option -p"),
        (&["mx.example", "--port"], "--port <PORT> needs a value", "--port <PORT> braucht einen Wert"),
        (&["mx.example", "--json=yes"], "--json takes no value", "--json nimmt keinen Wert"),
        (
            &["mx.example", "--address", "mx"],
            "--address <ADDRESS> does not take “mx”: an IP address is such as 192.0.2.1 or 2001:db8::1",
            "--address <ADDRESS> nimmt „mx“ nicht: eine IP-Adresse ist etwa 192.0.2.1 oder 2001:db8::1",
        ),
        (
            &["mx.example", "--color", "pink"],
            "--color <WHEN> does not take “pink”, but one of these: auto, always, never",
            "--color <WHEN> nimmt nicht „pink“, sondern eines von diesen: auto, always, never",
        ),
        (
            &["mx.example", "--json", "--markdown"],
            "--json cannot be given together with --markdown",
            "--json lässt sich nicht zusammen mit --markdown angeben",
        ),
        (
            &["mx.example", "--json", "--json"],
            "--json may be given only once",
            "--json darf nur einmal angegeben werden",
        ),
        (
            &["mx.example", "--token", "secret"],
            "what was given makes sense only with --relay <URL>",
            "was angegeben wurde, ist nur mit --relay <URL> sinnvoll",
        ),
        (
            &["mx.example", "--relay", "https://relay.example", "--token", "a secret"],
            "--token <TOKEN>: a token is made of visible ASCII characters, none of them a space",
            "--token <TOKEN>: ein Token besteht aus sichtbaren ASCII-Zeichen, ohne Leerzeichen",
        ),
        (
            &["checks", "--json"],
            "`checks` takes no option but --lang; to test a host of this name, write `checks.`",
            "`checks` nimmt keine Option außer --lang; um einen Host dieses Namens zu testen, `checks.` schreiben",
        ),
    ] {
        let wrong = |why: &str, help: &str| (3, String::new(), format!("heloscope: {why}\n{help}\n"));
        let english = wrong(english, "`heloscope --help` says what it takes.");
        assert_eq!(run(heloscope().args(arguments)), english, "{arguments:?}");
        let german = wrong(german, "`heloscope --help --lang de` sagt, was es nimmt.");
        assert_eq!(run(heloscope().arg("--lang=de").args(arguments)), german, "{arguments:?}");
    }
}

#[test]
fn what_is_no_test_has_a_status_of_its_own() {
    for arguments in [
        &[][..],
        &["mx.example", "--no-such-option"],
        &["mx.example", "--port", "2525"],
        &["a_b.example"],
        &["mx.example", "--ca-file", "/no/such/file"],
        &["mx.example", "--ca-file", "/dev/null"],
    ] {
        let (status, out, err) = run(heloscope().args(arguments));
        assert_eq!((status, out.as_str()), (3, ""), "{arguments:?}");
        assert!(!err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_name_that_does_not_exist_leaves_nothing_to_test() {
    // RFC 6761 §6.4: no resolver has an address for it; without a network the look-up itself fails.
    let (status, report) = report(heloscope().args(["mx.invalid", "--port", "25"]));
    assert_eq!((status, &report["status"]), (3, &json!("untested")));
    assert_eq!(report["ports"][0]["connected"], false);
    let error = &report["ports"][0]["error"];
    assert!(error["code"] == "name_not_found" || error["code"] == "resolve_failed", "{error}");
    assert!(text(&error["message"]).contains("mx.invalid"), "{error}");
}

#[test]
fn a_name_is_looked_up_and_each_address_tried() {
    // Nothing listens on ::1, where the machine has that as well.
    let served = serve("healthy", &[25]);
    let (status, report) = report(heloscope().args(["localhost", "--port", &served.ports[0]]));
    assert_eq!(status, 1, "the certificate is another's");
    let port = &report["ports"][0];
    assert_eq!(port["address"], "127.0.0.1");
    assert!(port["timings"]["resolve_ms"].is_u64(), "{port}");
}

#[test]
fn what_was_pasted_is_said_and_tested() {
    let served = serve("healthy", &[25]);
    let pasted = format!("smtp://127.0.0.1:{}/", served.ports[0].trim_end_matches("/starttls"));
    let (_, out, err) = run(heloscope().args([&pasted, "--json"]));
    assert_eq!(err, format!("Tests port {} of 127.0.0.1, the host of the URL.\n", served.ports[0]));
    let report: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(report["ports"][0]["connected"], true);
    // The system's own name may be no fully qualified one; either way it is the EHLO name.
    let ehlo = text(&report["ports"][0]["transcript"][1]["text"]);
    assert!(ehlo == "EHLO [127.0.0.1]" || ehlo.starts_with("EHLO ") && ehlo.contains('.'), "{ehlo}");
}

#[test]
fn text_and_markdown_and_colour() {
    let served = serve("healthy", &[25]);
    let (status, plain, err) = run(&mut served.command());
    assert_eq!((status, err.as_str()), (0, ""), "no progress where there is no terminal");
    assert!(plain.contains("healthy.specimen.test") && !plain.contains('\x1b'), "{plain}");
    let (_, coloured, _) = run(served.command().args(["--color", "always"]));
    assert!(coloured.contains("\x1b["), "{coloured}");
    let (status, markdown, _) = run(served.command().arg("--markdown"));
    assert_eq!(status, 0);
    assert!(markdown.starts_with('#'), "{markdown}");
}

#[test]
fn the_table_of_checks_is_markdown() {
    let (status, table, _) = run(heloscope().arg("checks"));
    assert_eq!(status, 0);
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("| Check | Severity | Title | Basis |"));
    assert_eq!(lines.next(), Some("| --- | --- | --- | --- |"));
    assert!(lines.clone().all(|line| line.starts_with("| `") && line.matches(" | ").count() == 3), "{table}");
    assert!(lines.any(|line| line.starts_with("| `certificate-expired` | error | ")), "{table}");
}

#[test]
fn the_table_of_checks_is_in_the_language_that_was_asked_for() {
    let (status, table, _) = run(heloscope().args(["checks", "--lang", "de"]));
    assert_eq!(status, 0);
    assert!(
        table.starts_with("| Prüfung | Schwere | Titel | Grundlage |\n| --- | --- | --- | --- |\n"),
        "{table}"
    );
    assert!(
        table.contains(
            "\n| `certificate-expired` | Fehler | Das Zertifikat ist abgelaufen | RFC 5280 §4.1.2.5 |\n"
        ),
        "{table}"
    );
    let english = run(heloscope().arg("checks")).1;
    assert_eq!(table.lines().count(), english.lines().count());
    for before in [&["--lang", "de", "checks"][..], &["--lang=de", "checks"], &["checks", "--lang=de"]] {
        assert_eq!(run(heloscope().args(before)).1, table, "{before:?}");
    }
    let (status, help, _) = run(heloscope().args(["checks", "--help", "--lang=de"]));
    assert_eq!(status, 0);
    assert!(help.contains("\n\nAufruf: heloscope checks [OPTIONS]\n\nOptionen:\n"), "{help}");
}

#[test]
fn the_readme_has_the_table_of_checks() {
    let (_, table, _) = run(heloscope().arg("checks"));
    let readme = include_str!("../../../../README.md");
    let (_, section) = readme.split_once("\n## Checks\n").expect("README.md has the section");
    let rows =
        section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let told = rows.flat_map(|row| [row, "\n"]).collect::<String>();
    assert_eq!(told, table, "README.md does not have what `heloscope checks` prints");
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let mut child = heloscope()
        .arg("checks")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is built");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
