use std::io::Write;

use crate::client::{as_expected, ask, dial, hear, start};

#[test]
fn who_waits_is_passed_on() {
    let Some(postscreen) = start("postscreen") else { return };
    as_expected(&postscreen);
    let passed = |log: &str| log.contains(": PASS NEW [127.0.0.1]:");
    let log = postscreen.log_once(passed).unwrap();
    assert!(passed(&log), "{log}");
    assert!(!log.contains("PREGREET"), "{log}");
}

#[test]
fn who_speaks_first_delivers_nothing() {
    let Some(postscreen) = start("postscreen") else { return };
    let mut stream = dial(postscreen.ports()[0]);
    stream.write_all(b"EHLO client.test\r\n").unwrap();
    // It goes on without the rest of the greeting, and is postscreen to the end: no PIPELINING.
    assert_eq!(
        hear(&mut stream),
        "220-postscreen.interop.test ESMTP wait for the rest\r\n250-postscreen.interop.test\r\n\
         250-SIZE 10240000\r\n250-VRFY\r\n250-ETRN\r\n250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n\
         250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n"
    );
    assert_eq!(ask(&mut stream, "MAIL FROM:<>"), "250 2.1.0 Ok\r\n");
    assert_eq!(ask(&mut stream, "RCPT TO:<postmaster>"), "550 5.5.1 Protocol error\r\n");
    let caught = |log: &str| log.contains(": PREGREET 18 after 0");
    let log = postscreen.log_once(caught).unwrap();
    assert!(caught(&log), "{log}");
}
