use crate::client::{as_expected, ask, dial, hear, start};

#[test]
fn three_ports_as_configured() {
    let Some(exim) = start("exim") else { return };
    as_expected(&exim);
    let quit =
        |log: &str| log.matches("SMTP connection from (client.test) [127.0.0.1] closed by QUIT").count() == 3;
    let log = exim.log_once(quit).unwrap();
    assert!(quit(&log), "{log}");
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
