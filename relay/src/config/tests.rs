mod unreadable;
mod whole;

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
        (vec![], vec![("HELOSCOPE_DEMO", "false")], false),
        (vec!["--demo"], vec![("HELOSCOPE_DEMO", "false")], true),
    ] {
        let loaded = made(&options, &environment, Some("demo = true\n"));
        assert_eq!(loaded.settings().unwrap().demo, on, "{options:?} {environment:?}");
    }
    for word in ["yes", "1", "off", "TRUE"] {
        let told = faults(&[&format!("--demo={word}")], &[("HELOSCOPE_DEMO", word)], None);
        let what = format!("`{word}` will not do: write true or false");
        assert_eq!(told, [format!("--demo: {what}"), format!("HELOSCOPE_DEMO: {what}")]);
    }
}

#[test]
fn a_limit_below_which_no_test_fits_is_refused() {
    let told = faults(&["--limit-octets-up", "10", "--limit-octets-down=1"], &[], None);
    let most = 1_u64 << 40;
    assert_eq!(
        told,
        [
            format!(
                "--limit-octets-up: `10` will not do: write a whole number of octets from 4096 to {most}"
            ),
            format!(
                "--limit-octets-down: `1` will not do: write a whole number of octets from 8192 to {most}"
            ),
        ]
    );
    assert_eq!(faults(&["--limit-octets-up", "4096", "--limit-octets-down", "8192"], &[], None), [""; 0]);
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
