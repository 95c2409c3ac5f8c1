//! What cannot be read, and how that is told.

use super::*;

#[test]
fn every_fault_is_told_at_once_with_its_place() {
    let file = "\
# a relay
listen = \"here\"
alow-net = [\"10.0.0.0/8\"]
demo = \"yes\"
limit-connect = \"10\"
allow-net = \"10.0.0.0/8\"
[limits]
silence = 3
";
    assert_eq!(
        faults(
            &["--token", "secret"],
            &[("HELOSCOPE_LIMIT_SILENCE", "soon"), ("HELOSCOPE_EHLO_NAME", "relay")],
            Some(file)
        ),
        [
            "--token: 16 visible ASCII characters or more are needed, none of them a space",
            "HELOSCOPE_EHLO_NAME: `relay` is no name for EHLO: write a full host name such as relay.example.org, or an \
             address literal such as [192.0.2.1] or [IPv6:2001:db8::1]",
            "HELOSCOPE_LIMIT_SILENCE: `soon` will not do: write a whole number of seconds from 1 to 3600",
            "relay.toml:2: listen: `here` is not of the form ADDRESS:PORT: write an IP address and a port from 1 to 65535 (or 0 for \
             one that is free), such as 127.0.0.1:8025 or [::1]:8025",
            "relay.toml:3: `alow-net` is no setting; perhaps `allow-net` is meant, and `heloscope-relay print-config` \
             lists all",
            "relay.toml:4: demo: write true or false, without quotation marks; this is of the type string",
            "relay.toml:5: limit-connect: write a whole number, without quotation marks; this is of the type string",
            "relay.toml:6: allow-net: write a list of strings, such as [\"…\", \"…\"]; this is of the type string",
            "relay.toml:7: `[limits]`: there are no tables here; all settings stand beside each other",
        ]
    );
}

#[test]
fn what_could_not_be_read_is_not_said_to_be_missing() {
    let file = "public = true\nlisten = \"0.0.0.0:443\"\nehlo-name = \"relay\"\ncontact = \"me@example.org\"\n\
                origin = [\"https://relay.example.org\"]\ntls-cert = 1\ntls-key = 2\n";
    let told = faults(&[], &[], Some(file));
    assert!(
        told.len() == 3
            && told[0].starts_with("relay.toml:3: ehlo-name: `relay` is no name")
            && told[1].contains(":6: ")
            && told[2].contains(":7: "),
        "{told:#?}"
    );
    let told = faults(&[], &[], Some("public = 1\nlisten = \"0.0.0.0:443\"\n"));
    assert_eq!(told.len(), 1, "{told:#?}");
}

#[test]
fn every_word_of_the_command_line_that_cannot_be_read_is_told() {
    let told = faults(
        &[
            "--bogus",
            "x",
            "chek-config",
            "--lisen=127.0.0.1:0",
            "-q",
            "--limit-silence",
            "--demo",
            "--listen",
            "--grace=0",
        ],
        &[],
        None,
    );
    assert_eq!(
        told,
        [
            "`--bogus`: there is no such option; `heloscope-relay --help` lists all",
            "`chek-config`: this is neither a command nor an option's value; perhaps `check-config` is meant, and \
             `heloscope-relay --help` lists all",
            "`--lisen`: there is no such option; perhaps `--listen` is meant, and `heloscope-relay --help` lists all",
            "`-q`: this is neither a command nor an option's value; `heloscope-relay --help` lists all",
            "`--limit-silence`: SECONDS is missing behind it; a value that begins with a dash is written \
             --limit-silence=VALUE",
            "`--listen`: ADDRESS:PORT is missing behind it; a value that begins with a dash is written --listen=VALUE",
            "--grace: `0` will not do: write a whole number of seconds from 1 to 3600",
        ]
    );
    let told = faults(&["check-config", "--grace", "1", "print-config", "--grace", "2"], &[], None);
    assert_eq!(
        told,
        [
            "`print-config`: there is a command already, check-config",
            "--grace: 2 values stand where one is to stand"
        ]
    );
}

#[test]
fn a_variable_that_is_no_setting_is_told_unless_it_is_another_s() {
    let told = faults(
        &[],
        &[
            ("HELOSCOPE_FOO", "1"),
            ("HELOSCOPE_LIMIT_SILENT", "30"),
            ("HELOSCOPE_EMPTY", ""),
            ("HELOSCOPE_RELAY", "/usr/local/bin/heloscope-relay"),
            ("HELOSCOPE_RELAY_SERVICE_HOST", "10.0.0.1"),
            ("PATH", "/bin"),
        ],
        None,
    );
    assert_eq!(
        told,
        [
            "HELOSCOPE_FOO: this is no setting; `heloscope-relay --help` lists all",
            "HELOSCOPE_LIMIT_SILENT: this is no setting; perhaps `HELOSCOPE_LIMIT_SILENCE` is meant, and \
             `heloscope-relay --help` lists all",
        ]
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let told = faults(&[], &[], Some("demo = true\nlimit-silence 30\n"));
    assert_eq!(told, ["relay.toml:2: this is no TOML: key with no value, expected `=`"]);
    let told = faults(&[], &[], Some("demo = true\ndemo = false\n"));
    assert_eq!(told, ["relay.toml:2: this is no TOML: a second `demo`"]);
}

#[test]
fn a_value_that_is_no_toml_is_told_once_with_what_to_write() {
    let number = "this is no value of TOML: write a whole number, without quotation marks";
    let text = "this is no value of TOML: write a string, such as \"…\"";
    let open = "this is no value of TOML: a quotation mark is not closed";
    let switch = "this is no value of TOML: write true or false, without quotation marks";
    let list = "this is no value of TOML: write a list of strings, such as [\"…\", \"…\"]";
    for (file, line, setting, what) in [
        ("limit-silence = x\n", 1, "limit-silence", number),
        ("limit-silence = 30s\n", 1, "limit-silence", number),
        ("limit-silence = \n", 1, "limit-silence", number),
        ("demo = true\nlisten = 127.0.0.1:8025\n", 2, "listen", text),
        ("contact = me@example.org\n", 1, "contact", text),
        ("token = \"abc\n", 1, "token", open),
        ("demo = true\nlisten = \"127.0.0.1:18401\nworkers = 1\n", 2, "listen", open),
        ("listen = '127.0.0.1:18401", 1, "listen", open),
        ("listen = \"\"\"127.0.0.1:18401\"\n", 2, "listen", open),
        ("allow-net = [\n \"10.0.0.0/8\",\n \"fd00::/8\n]\n", 3, "allow-net", open),
        ("contact = \"a\\qb\"\n", 1, "contact", text),
        ("contact = \"abc\" def\n", 1, "contact", text),
        ("contact = abc\"\n", 1, "contact", text),
        ("demo = yes\n", 1, "demo", switch),
        ("allow-net = [10.0.0.0/8]\n", 1, "allow-net", list),
        ("allow-net = [\n \"10.0.0.0/8\",\n x,\n y\n]\n", 3, "allow-net", list),
    ] {
        assert_eq!(faults(&[], &[], Some(file)), [format!("relay.toml:{line}: {setting}: {what}")], "{file}");
    }
}

#[test]
fn of_a_list_each_value_that_is_wrong_is_told() {
    let told = faults(&[], &[], Some("allow-net = [\"10.0.0.0/8\", \"bad\", 3, [\"a\"]]\n"));
    assert_eq!(
        told,
        [
            "relay.toml:1: allow-net: `3` is of the type integer: write a list of strings, such as [\"…\", \"…\"]",
            "relay.toml:1: allow-net: `[\\\"a\\\"]` is of the type array: write a list of strings, such as [\"…\", \"…\"]",
            "relay.toml:1: allow-net: `bad` is no network: write one such as 10.0.0.0/8 or fd00::/8",
        ]
    );
}

#[test]
fn what_to_write_is_said_where_a_library_would_not() {
    for (option, value, what) in [
        (
            "--metrics-listen",
            "127.0.0.1:80000",
            "`127.0.0.1:80000` is not of the form ADDRESS:PORT: write an IP address and a port from 1 to 65535 (or 0 for one that is \
             free), such as 127.0.0.1:8025 or [::1]:8025",
        ),
        (
            "--log-level",
            "loud",
            "`loud` is not of the form LEVEL: write off, error, warn, info, debug or trace",
        ),
        ("--log-format", "xml", "`xml` is not of the form text|json: write text or json"),
        (
            "--allow-net",
            "0.0.0.0/0",
            "`0.0.0.0/0` lifts more than one range at once; there is no switch for all, as it would open the relay's own machine \
             and its neighbours to everybody who can reach the relay: allow each range by itself, such as 10.0.0.0/8, or a \
             subnet of at most a /24 or a /64",
        ),
    ] {
        assert_eq!(faults(&[option, value], &[], None), [format!("{option}: {what}")]);
    }
}

#[cfg(not(feature = "acme"))]
#[test]
fn a_build_without_acme_says_so_where_it_is_asked_for() {
    let told = faults(
        &["--acme", "--acme-cache", "/var/lib/heloscope"],
        &[("HELOSCOPE_ACME", "true"), ("HELOSCOPE_ACME_CACHE", "/var/lib/heloscope")],
        Some("acme = true\nacme-directory = \"https://ca.example/directory\"\nacme-ca-file = \"/ca.pem\"\n"),
    );
    let places = [
        "`--acme`",
        "`--acme-cache`",
        "HELOSCOPE_ACME",
        "HELOSCOPE_ACME_CACHE",
        "relay.toml:1: acme",
        "relay.toml:2: acme-directory",
        "relay.toml:3: acme-ca-file",
    ];
    let what = "this relay was built without ACME; build it with `cargo build --release --package heloscope-relay \
                --features acme`";
    assert_eq!(told, places.map(|place| format!("{place}: {what}")));
}

#[cfg(feature = "acme")]
#[test]
fn a_build_without_acme_knows_all_settings_of_one_with_it() {
    let groups = table::table();
    let names = groups.iter().flat_map(|group| &group.settings).map(|setting| setting.name);
    assert_eq!(names.filter(|name| name.starts_with("acme")).collect::<Vec<_>>(), table::OF_ACME);
}
