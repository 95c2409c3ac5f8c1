//! The unit, under a systemd that boots for it in a container on this machine's own /usr.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::packaging::deploy;

/// What is done there, as root; each line that it writes is one of those below.
const TRIAL: &str = r#"
relay() { systemctl show --property "$1" --value heloscope-relay; }
until_relay_is() { for _ in $(seq 100); do [ "$(relay ActiveState)" = "$1" ] && break; sleep 0.1; done; }
logged() { for _ in $(seq 50); do journalctl --unit heloscope-relay --output cat | grep --quiet "$1" && break; sleep 0.1; done; }
session() {
  exec 3<>/dev/tcp/127.0.0.1/8025
  printf '%s\r\n' 'GET /v1/connect?host=healthy.specimen.test&port=25 HTTP/1.1' 'Host: 127.0.0.1:8025' 'Connection: upgrade' \
    'Upgrade: websocket' 'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
    'Sec-WebSocket-Protocol: heloscope.v1' 'Authorization: Bearer 0123456789abcdef' '' >&3
  read -r answer <&3
  exec 3>&-
  echo "${answer%$'\r'}"
}
echo booted
until_relay_is active
logged 'Heloscope is at'
echo "$(relay ActiveState) as $(stat --format %U "/proc/$(relay MainPID)")"
session
logged 'host=healthy.specimen.test port=25'
journalctl --unit heloscope-relay --output cat | grep --only-matching 'host=healthy.specimen.test port=25'
systemctl reload heloscope-relay
logged 'read the configuration again'
journalctl --unit heloscope-relay --output cat | grep --only-matching 'read the configuration again'
before=$(relay MainPID)
kill -KILL "$before"
for _ in $(seq 100); do [ "$(relay NRestarts) $(relay ActiveState)" = '1 active' ] && break; sleep 0.1; done
[ "$(relay MainPID)" != "$before" ] && echo 'started again'
systemctl stop heloscope-relay
echo "$(relay ActiveState), $(relay Result)"
echo 'listn = "127.0.0.1:8025"' > /etc/heloscope/relay.toml
systemctl start heloscope-relay
until_relay_is failed
sleep 3
echo "$(relay ActiveState) with $(relay ExecMainStatus), started again $(relay NRestarts) times"
"#;

const AS_IT_SHOULD_BE: &str = "\
booted
active as heloscope
HTTP/1.1 101 Switching Protocols
host=healthy.specimen.test port=25
read the configuration again
started again
inactive, success
failed with 2, started again 0 times
";

const TRIAL_UNIT: &str = "\
[Unit]
Wants=heloscope-relay.service
After=heloscope-relay.service
SuccessAction=poweroff-force
FailureAction=poweroff-force

[Service]
Type=oneshot
ExecStart=/bin/bash /trial/trial.sh
StandardOutput=file:/trial/result
StandardError=journal
";

#[test]
fn under_the_unit_the_relay_runs_reads_again_and_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for folder in ["usr", "var", "trial", "etc/systemd/system", "etc/sysusers.d", "etc/heloscope"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for folder in ["bin", "sbin", "lib", "lib64"] {
        symlink(format!("usr/{folder}"), root.join(folder)).unwrap();
    }
    let unit = fs::read_to_string(deploy("heloscope-relay.service")).unwrap();
    let configuration = "listen = \"127.0.0.1:8025\"\ndemo = true\ntoken = \"0123456789abcdef\"\n";
    for (file, text) in [
        // None yet: it is the first boot, in which the users are made.
        ("etc/machine-id", ""),
        ("etc/os-release", "ID=trial\n"),
        ("etc/heloscope/relay.toml", configuration),
        ("etc/systemd/system/heloscope-relay.service", &unit.replace("/usr/local/bin", "/trial")),
        ("etc/systemd/system/trial.service", TRIAL_UNIT),
        ("trial/trial.sh", TRIAL),
    ] {
        fs::write(root.join(file), text).unwrap();
    }
    fs::copy(deploy("heloscope.sysusers"), root.join("etc/sysusers.d/heloscope.conf")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_heloscope-relay"), root.join("trial/heloscope-relay")).unwrap();

    let container = Command::new("timeout")
        .args(["120", "systemd-nspawn", "--boot", "--register=no", "--keep-unit", "--private-network"])
        .args(["--console=pipe", "--bind-ro=/usr", "--machine=heloscope-trial", "--directory"])
        .arg(root)
        .args(["systemd.unit=trial.service"])
        .env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1")
        .stdin(Stdio::null())
        .output();
    let said = match container {
        Ok(output) => [output.stdout, output.stderr].concat(),
        Err(error) => error.to_string().into_bytes(),
    };
    match fs::read_to_string(root.join("trial/result")) {
        Ok(result) => assert_eq!(result, AS_IT_SHOULD_BE, "{}", String::from_utf8_lossy(&said)),
        // Without systemd-nspawn, for another user than root, or where no container may be made.
        Err(_) => eprintln!("skipped: no systemd boots here: {}", String::from_utf8_lossy(&said)),
    }
}
