use heloscope_observation::TlsMode;

use crate::client::{ask, dial, hear, start, tls};

const CLEAR: &str = "250-exim.interop.test Hello client.test [127.0.0.1]\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n\
    250-PIPELINING\r\n250-PIPECONNECT\r\n250-CHUNKING\r\n250-STARTTLS\r\n250-SMTPUTF8\r\n250 HELP\r\n";

#[test]
fn three_ports_as_configured() {
    let Some(exim) = start("exim") else { return };
    let without_tls = CLEAR.replace("250-STARTTLS\r\n", "");
    let with_auth = without_tls.replace("250-CHUNKING\r\n", "250-AUTH PLAIN LOGIN\r\n250-CHUNKING\r\n");
    for (port, encrypted) in exim.ports().iter().copied().zip([&without_tls, &with_auth, &with_auth]) {
        let mut stream = dial(port);
        if port.mode == TlsMode::StartTls {
            assert!(hear(&mut stream).starts_with("220 exim.interop.test ESMTP Exim 4."), "{port}");
            assert_eq!(ask(&mut stream, "EHLO client.test"), CLEAR, "{port}");
            assert_eq!(ask(&mut stream, "STARTTLS"), "220 TLS go ahead\r\n", "{port}");
        }
        let mut stream = tls(&exim, stream, exim.host());
        if port.mode == TlsMode::Implicit {
            assert!(hear(&mut stream).starts_with("220 exim.interop.test ESMTP Exim 4."), "{port}");
        }
        assert_eq!(stream.conn.peer_certificates().unwrap().len(), 2, "leaf and intermediate");
        assert_eq!(ask(&mut stream, "EHLO client.test"), *encrypted, "{port}");
        assert_eq!(ask(&mut stream, "QUIT"), "221 exim.interop.test closing connection\r\n", "{port}");
    }
}

#[test]
fn its_own_mail_is_taken_and_no_other() {
    let Some(exim) = start("exim") else { return };
    let mut stream = dial(exim.ports()[0]);
    hear(&mut stream);
    ask(&mut stream, "EHLO client.test");
    ask(&mut stream, "MAIL FROM:<>");
    assert_eq!(ask(&mut stream, "RCPT TO:<postmaster@example.com>"), "550 relay not permitted\r\n");
    assert_eq!(ask(&mut stream, "RCPT TO:<postmaster@exim.interop.test>"), "250 Accepted\r\n");
}
