//! The files of relay/deploy, as far as they can be checked without installing them.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)
}

#[test]
fn the_example_of_a_configuration_is_one() {
    let relay = env!("CARGO_BIN_EXE_heloscope-relay");
    let output =
        Command::new(relay).arg("--config").arg(deploy("relay.toml")).arg("check-config").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // What is commented out there is none the less a setting.
    let text = std::fs::read_to_string(deploy("relay.toml")).unwrap();
    let help = Command::new(relay).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for line in text.lines().filter_map(|line| line.strip_prefix("#   ")) {
        let setting = line.split(' ').next().unwrap();
        assert!(help.contains(&format!("--{setting} ")), "{setting}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_second_wall_can_be_loaded_again() {
    // In a network of its own, where nobody has the relay's user.
    let wall = std::fs::read_to_string(deploy("heloscope.nft")).unwrap().replace("\"heloscope\"", "0");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("heloscope.nft");
    std::fs::write(&file, wall).unwrap();
    let script = "nft -f \"$1\" && once=$(nft list ruleset) && nft -f \"$1\" && echo \"$once\" && echo twice && nft list ruleset";
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--net", "sh", "-c", script, "sh"])
        .arg(&file)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // Without nft, or where users may make no namespaces.
    if !output.status.success() && !said.contains("heloscope.nft:") {
        eprintln!("skipped: {said}");
        return;
    }
    assert!(output.status.success(), "{said}");
    let listed = String::from_utf8(output.stdout).unwrap();
    let (once, twice) = listed.split_once("twice\n").unwrap();
    assert_eq!(once, twice);
    assert!(once.contains("skuid 0 jump relay"), "{once}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_unit_is_one_and_leaves_the_relay_little() {
    let directory = tempfile::tempdir().unwrap();
    let unit = directory.path().join("heloscope-relay.service");
    let text = std::fs::read_to_string(deploy("heloscope-relay.service")).unwrap();
    // It is verified with the program that it starts.
    let installed = text.replace("/usr/local/bin/heloscope-relay", env!("CARGO_BIN_EXE_heloscope-relay"));
    assert_ne!(installed, text);
    std::fs::write(&unit, installed).unwrap();
    for arguments in [vec!["verify"], vec!["security", "--offline=true", "--threshold=11"]] {
        let output = match Command::new("systemd-analyze").args(&arguments).arg(&unit).output() {
            Ok(output) => output,
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "systemd-analyze cannot be started: {error}");
                eprintln!("skipped: systemd-analyze cannot be started ({error})");
                return;
            }
        };
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
    }
}
