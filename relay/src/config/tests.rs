use super::*;

/// The configuration that a command line, an environment and a file make.
fn made(options: &[&str], environment: &[(&str, &str)], file: Option<&str>) -> Loaded {
    let line = CommandLine::read(options.iter().map(Into::into)).unwrap();
    let environment = Environment::of(environment.iter().map(|(name, value)| (name.into(), value.into())));
    assemble(&line, &environment, file.map(|text| (Path::new("relay.toml"), text)), Vec::new())
}

fn faults(options: &[&str], environment: &[(&str, &str)], file: Option<&str>) -> Vec<String> {
    made(options, environment, file).faults.iter().map(Fault::to_string).collect()
}

#[test]
fn an_option_counts_for_more_than_the_environment_and_that_for_more_than_the_file() {
    let file = Some("limit-silence = 7\nlimit-connect = 7\nlimit-resolve = 7\n");
    let environment = [("HELOSCOPE_LIMIT_SILENCE", "8"), ("HELOSCOPE_LIMIT_CONNECT", "8")];
    let loaded = made(&["--limit-silence", "9"], &environment, file);
    assert_eq!(loaded.faults, []);
    let limits = loaded.settings().unwrap().limits;
    assert_eq!(
        [limits.silence, limits.connect, limits.resolve, limits.greeting].map(|time| time.as_secs()),
        [9, 8, 7, 40]
    );
}

#[test]
fn lists_replace_each_other_and_are_not_merged() {
    let file = Some(
        "allow-origin = [\"https://a.example\", \"https://b.example\"]\nallow-port = [\"2525/starttls\"]\n",
    );
    let loaded = made(
        &["--allow-origin=https://c.example", "--allow-origin", "https://d.example,https://e.example"],
        &[],
        file,
    );
    let settings = loaded.settings().unwrap();
    let origins: Vec<String> = settings.allow_origins.iter().map(ToString::to_string).collect();
    assert_eq!(origins, ["https://c.example", "https://d.example", "https://e.example"]);
    let ports: Vec<String> = settings.ports.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["25", "465", "587", "2525/starttls"]);
}

#[test]
fn a_switch_can_be_turned_off_again() {
    for (options, environment, on) in [
        (vec![], vec![], true),
        (vec!["--demo=false"], vec![], false),
        (vec![], vec![("HELOSCOPE_DEMO", "off")], false),
        (vec!["--demo"], vec![("HELOSCOPE_DEMO", "0")], true),
    ] {
        let loaded = made(&options, &environment, Some("demo = true\n"));
        assert_eq!(loaded.settings().unwrap().demo, on, "{options:?} {environment:?}");
    }
}

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
            "relay.toml:2: listen: `here` is not of the form ADDRESS:PORT: invalid socket address syntax",
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
            && one[0].ends_with("name the proxy with trusted-proxy, such as 127.0.0.1"),
        "{one:?}"
    );
    assert_eq!(cautions("127.0.0.1:8025", secure, &["--trusted-proxy", "127.0.0.1"]), [""; 0]);
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
fn a_value_that_counts_for_less_is_read_all_the_same() {
    let told = faults(&["--demo"], &[("HELOSCOPE_DEMO", "maybe")], Some("demo = \"yes\"\n"));
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told[0].starts_with("HELOSCOPE_DEMO: ") && told[1].starts_with("relay.toml:1: demo: "),
        "{told:#?}"
    );
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

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let told = faults(&[], &[], Some("demo = true\nlisten = 127.0.0.1:8025\n"));
    assert!(told[0].starts_with("relay.toml:2: this is no TOML: "), "{told:?}");
    let told = faults(&[], &[], Some("demo = true\ndemo = false\n"));
    assert!(told[0].starts_with("relay.toml:2: this is no TOML: duplicate key"), "{told:?}");
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
fn what_is_printed_says_where_each_value_comes_from_and_can_be_read_again() {
    let file =
        "ehlo-name = \"relay.example.org\"\nallow-net = [\"10.0.0.0/8\"]\ntoken = \"0123456789abcdef\"\n";
    let loaded = made(
        &["--demo"],
        &[("HELOSCOPE_LIMIT_SILENCE", "8"), ("HELOSCOPE_DENY_FILE", "/x \\ \"y\"")],
        Some(file),
    );
    let printed = loaded.printed();
    let line = |start: &str| {
        let line = printed.lines().find(|line| line.starts_with(start)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for expected in [
        "listen = \"127.0.0.1:8025\" # default",
        "ehlo-name = \"relay.example.org\" # relay.toml:1",
        "allow-net = [\"10.0.0.0/8\"] # relay.toml:2",
        "# token is set, and not shown # relay.toml:3",
        "# contact is not set # default",
        "demo = true # --demo",
        "limit-silence = 8 # HELOSCOPE_LIMIT_SILENCE",
        "allow-origin = [] # default",
    ] {
        assert_eq!(line(expected.split(" =").next().unwrap().split(" is").next().unwrap()), expected);
    }
    assert!(!printed.contains("0123456789abcdef"), "{printed}");

    let again = made(&[], &[("HELOSCOPE_TOKEN", "0123456789abcdef")], Some(&printed)).printed();
    let values = |printed: &str| {
        printed
            .lines()
            .map(|line| line.rsplit_once(" # ").map_or(line, |(value, _)| value).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(values(&again), values(&printed));
}

#[test]
fn every_setting_stands_once_and_is_read_as_it_is_written() {
    let groups = table::table();
    let settings: Vec<&Setting> = groups.iter().flat_map(|group| &group.settings).collect();
    let mut names: Vec<&str> = settings.iter().map(|setting| setting.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), settings.len());
    let mut config = Config::default();
    for setting in settings {
        let words = setting.write(&config);
        if !words.is_empty() {
            setting.read(&mut config, &words).unwrap();
            assert_eq!(setting.write(&config), words, "{}", setting.name);
        }
    }
}
