use heloscope_interop::Server;

use crate::client::{as_expected, ask, dial, hear, start};

#[test]
fn smtp_server_as_configured() {
    let Some(server) = start("smtp-server") else { return };
    as_expected(&server);
    let mut stream = dial(server.ports()[2]);
    hear(&mut stream);
    ask(&mut stream, "EHLO client.test");
    assert_eq!(ask(&mut stream, "AUTH PLAIN"), "538 Error: Must issue a STARTTLS command first\r\n");
    takes_no_mail(&server, "550 no mail is taken here\r\n");
}

#[test]
fn aiosmtpd_as_configured() {
    let Some(server) = start("aiosmtpd") else { return };
    as_expected(&server);
    takes_no_mail(&server, "550 5.7.1 No mail is taken here\r\n");
}

fn takes_no_mail(server: &Server, refusal: &str) {
    let mut stream = dial(server.ports()[0]);
    hear(&mut stream);
    ask(&mut stream, "EHLO client.test");
    assert_eq!(ask(&mut stream, "MAIL FROM:<postmaster@client.test>"), refusal);
}

#[test]
fn tlslite_begins_tls_on_every_port() {
    for server in ["tlslite-old", "tlslite-weak"].into_iter().filter_map(start) {
        assert_eq!(server.ports().len(), server.expected().len());
        for port in server.ports() {
            let mut stream = dial(*port);
            assert_eq!(hear(&mut stream), "220 tlslite.interop.test ESMTP tlslite-ng\r\n");
            assert_eq!(ask(&mut stream, "EHLO client.test"), "250-tlslite.interop.test\r\n250 STARTTLS\r\n");
            assert_eq!(ask(&mut stream, "MAIL FROM:<>"), "502 5.5.1 Command not implemented\r\n");
            assert_eq!(ask(&mut stream, "STARTTLS"), "220 2.0.0 Ready to start TLS\r\n");
        }
    }
}
