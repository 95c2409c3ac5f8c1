use std::net::TcpStream;

use heloscope_observation::TlsMode;

use crate::client::{ask, dial, hear, start, tls};

const GREETING: &str = "220 mail.interop.test ESMTP Postfix\r\n";
const CLEAR: &str = "250-mail.interop.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-VRFY\r\n250-ETRN\r\n\
    250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n";

#[test]
fn three_ports_as_configured() {
    let Some(postfix) = start("postfix") else { return };
    assert_eq!(
        postfix.ports().iter().map(|port| port.mode).collect::<Vec<_>>(),
        [TlsMode::StartTls, TlsMode::Implicit, TlsMode::StartTls]
    );
    let without_tls = CLEAR.replace("250-STARTTLS\r\n", "");
    let with_auth = without_tls.replace("250-ETRN\r\n", "250-ETRN\r\n250-AUTH PLAIN LOGIN\r\n");
    for ((port, encrypted), name) in postfix
        .ports()
        .iter()
        .copied()
        .zip([&without_tls, &with_auth, &with_auth])
        .zip(["mail.interop.test", "127.0.0.1", "mail.interop.test"])
    {
        let mut stream = dial(port);
        if port.mode == TlsMode::StartTls {
            assert_eq!(hear(&mut stream), GREETING, "{port}");
            assert_eq!(ask(&mut stream, "EHLO client.test"), CLEAR, "{port}");
            assert_eq!(ask(&mut stream, "STARTTLS"), "220 2.0.0 Ready to start TLS\r\n", "{port}");
        }
        let mut stream = tls(&postfix, stream, name);
        if port.mode == TlsMode::Implicit {
            assert_eq!(hear(&mut stream), GREETING, "{port}");
        }
        assert_eq!(stream.conn.peer_certificates().unwrap().len(), 2, "leaf and intermediate");
        assert_eq!(ask(&mut stream, "EHLO client.test"), *encrypted, "{port}");
        assert_eq!(ask(&mut stream, "QUIT"), "221 2.0.0 Bye\r\n", "{port}");
    }
}

#[test]
fn its_own_mail_is_taken_and_no_other() {
    let Some(postfix) = start("postfix") else { return };
    let mut stream = dial(postfix.ports()[0]);
    hear(&mut stream);
    ask(&mut stream, "EHLO client.test");
    ask(&mut stream, "MAIL FROM:<>");
    let elsewhere = ask(&mut stream, "RCPT TO:<postmaster@example.com>");
    assert_eq!(elsewhere, "554 5.7.1 <postmaster@example.com>: Relay access denied\r\n");
    assert_eq!(ask(&mut stream, "RCPT TO:<postmaster>"), "250 2.1.5 Ok\r\n");
    let taken = |log: &str| log.matches(": client=unknown[127.0.0.1]\n").count() == 1;
    let log = postfix.log_once(taken).unwrap();
    assert!(taken(&log), "{log}");
}

#[test]
fn nothing_is_left_of_it() {
    let Some(postfix) = start("postfix") else { return };
    let (ports, ca_file) = (postfix.ports().to_vec(), postfix.ca_file());
    assert!(ca_file.exists());
    drop(postfix);
    assert!(!ca_file.parent().unwrap().exists());
    for port in ports {
        assert!(TcpStream::connect(("127.0.0.1", port.port)).is_err(), "{port}");
    }
}
