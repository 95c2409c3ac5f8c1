use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
fn the_program_serves_until_its_input_ends() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_interop-servers"))
        .arg("postfix")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let servers: serde_json::Value = serde_json::from_str(&line).unwrap();
    if let Some(postfix) = servers.get("postfix") {
        assert_eq!(
            (&postfix["host"], &postfix["address"]),
            (&"mail.interop.test".into(), &"127.0.0.1".into())
        );
        let (port, mode) = postfix["ports"][1].as_str().unwrap().split_once('/').unwrap();
        assert_eq!(mode, "implicit");
        assert_eq!(postfix["expected"][1]["starttls_supported"], false);
        assert_eq!(postfix["expected"][2]["capabilities_after_tls"][4], "AUTH PLAIN LOGIN");
        TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
        assert!(std::fs::exists(postfix["ca_file"].as_str().unwrap()).unwrap());
    }
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    if let Some(postfix) = servers.get("postfix") {
        assert!(!std::fs::exists(postfix["ca_file"].as_str().unwrap()).unwrap());
    }
}

#[test]
fn a_name_that_is_none_is_told_those_that_are() {
    let program = Command::new(env!("CARGO_BIN_EXE_interop-servers")).arg("sendmail").output().unwrap();
    assert_eq!(program.status.code(), Some(1));
    let said = String::from_utf8(program.stderr).unwrap();
    assert!(
        said.starts_with("Error: there is no server `sendmail`, but: postfix postscreen exim "),
        "{said}"
    );
}
