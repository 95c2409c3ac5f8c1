use crate::client::{as_expected, ask, dial, hear, start};

#[test]
fn three_ports_as_configured() {
    let Some(opensmtpd) = start("opensmtpd") else { return };
    as_expected(&opensmtpd);
}

#[test]
fn its_own_mail_is_taken_and_no_other() {
    let Some(opensmtpd) = start("opensmtpd") else { return };
    let mut stream = dial(opensmtpd.ports()[0]);
    hear(&mut stream);
    ask(&mut stream, "EHLO client.test");
    ask(&mut stream, "MAIL FROM:<>");
    assert_eq!(
        ask(&mut stream, "RCPT TO:<postmaster@example.com>"),
        "550 Invalid recipient: <postmaster@example.com>\r\n"
    );
    assert_eq!(
        ask(&mut stream, "RCPT TO:<postmaster@opensmtpd.interop.test>"),
        "250 2.1.5 Destination address valid: Recipient ok\r\n"
    );
}
