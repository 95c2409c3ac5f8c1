use std::process::{Command, Stdio};

use heloscope_interop::Server;
use heloscope_observation::{PortSpec, TlsMode};

use crate::client::{ask, dial, hear, start, tls};

/// The name of a server, what `s_client` has to be told for it, and the lines in which it tells what came of it.
const SEEN: &[(&str, &[&str], &[&str])] = &[
    ("openssl-tls10", &[], &["New, TLSv1.0, Cipher is ECDHE-RSA-AES128-SHA", "Protocol  : TLSv1"]),
    ("openssl-tls11", &[], &["Cipher is ECDHE-RSA-AES256-SHA", "Protocol  : TLSv1.1"]),
    (
        "openssl-tls12",
        &[],
        &[
            "New, TLSv1.2, Cipher is ECDHE-RSA-AES256-GCM-SHA384",
            "Server Temp Key: ECDH, secp384r1, 384 bits",
        ],
    ),
    ("openssl-rsa-key-transport", &[], &["New, TLSv1.2, Cipher is AES128-GCM-SHA256"]),
    ("openssl-cbc", &[], &["New, TLSv1.2, Cipher is ECDHE-RSA-AES128-SHA256"]),
    ("openssl-aria", &[], &["New, TLSv1.2, Cipher is ECDHE-ARIA256-GCM-SHA384"]),
    ("openssl-camellia", &[], &["New, TLSv1.2, Cipher is ECDHE-RSA-CAMELLIA256-SHA384"]),
    ("openssl-ccm8", &[], &["New, TLSv1.2, Cipher is ECDHE-ECDSA-AES256-CCM8"]),
    ("openssl-null", &["-cipher", "eNULL:@SECLEVEL=0"], &["Cipher is ECDHE-RSA-NULL-SHA"]),
    (
        "openssl-dhe-2048",
        &[],
        &["New, TLSv1.2, Cipher is DHE-RSA-AES128-GCM-SHA256", "Server Temp Key: DH, 2048 bits"],
    ),
    ("openssl-dhe-1024", &[], &["Cipher is DHE-RSA-AES256-GCM-SHA384", "Server Temp Key: DH, 1024 bits"]),
    (
        "openssl-rsa-1024",
        &[],
        &["New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384", "Server public key is 1024 bit"],
    ),
    ("openssl-encipherment-certificate", &[], &["New, TLSv1.3, ", "Server public key is 2048 bit"]),
    (
        "openssl-p521-certificate",
        &[],
        &["New, TLSv1.2, ", "Server public key is 521 bit", "Peer signature type: ECDSA"],
    ),
    (
        "openssl-p521-group",
        &["-groups", "P-521"],
        &["New, TLSv1.3, ", "Server Temp Key: ECDH, secp521r1, 521 bits"],
    ),
    ("openssl-ed25519-certificate", &[], &["New, TLSv1.3, ", "Peer signature type: ed25519"]),
    ("openssl-ed448-certificate", &[], &["New, TLSv1.3, ", "Peer signature type: ed448"]),
    (
        "openssl-secp256k1-certificate",
        &["-groups", "X25519:secp256k1"],
        &["New, TLSv1.2, ", "Server public key is 256 bit", "Peer signature type: ECDSA"],
    ),
    (
        "openssl-rsa-pss-certificate",
        &[],
        &["New, TLSv1.2, Cipher is ECDHE-RSA-AES256-GCM-SHA384", "Peer signature type: RSA-PSS"],
    ),
    ("openssl-rsa-pss-certificate-1-3", &[], &["New, TLSv1.3, ", "Peer signature type: RSA-PSS"]),
    ("openssl-x448", &[], &["New, TLSv1.2, ", "Server Temp Key: X448, 448 bits"]),
    (
        "openssl-x25519",
        &[],
        &["New, TLSv1.3, Cipher is TLS_CHACHA20_POLY1305_SHA256", "Server Temp Key: X25519, 253 bits"],
    ),
    (
        "openssl-unknown-name",
        &["-msg", "-servername", "openssl.interop.test"],
        &["New, TLSv1.2, ", ", warning unrecognized_name"],
    ),
    ("openssl-x25519mlkem768", &[], &["New, TLSv1.3, ", "Negotiated TLS1.3 group: X25519MLKEM768"]),
];

#[test]
fn each_speaks_as_its_name_says() {
    for (name, arguments, lines) in SEEN {
        let Some(server) = start(name) else { continue };
        for port in server.ports() {
            let seen = s_client(&server, *port, arguments);
            for line in ["Verification: OK", "221 2.0.0 Bye"].iter().chain(*lines) {
                assert!(seen.contains(line), "{name} {port}: {line} in\n{seen}");
            }
        }
    }
}

/// OpenSSL holds such a key against a certificate as well, and finishes the handshake with whoever does not look at it.
#[test]
fn one_gives_its_curve_by_parameters() {
    let Some(server) = start("openssl-explicit-curve") else { return };
    for port in server.ports() {
        let seen = s_client(&server, *port, &[]);
        let found = "Verification error: Certificate public key has explicit ECC parameters";
        for line in [found, "New, TLSv1.3, ", "Peer signature type: ECDSA", "221 2.0.0 Bye"] {
            assert!(seen.contains(line), "{port}: {line} in\n{seen}");
        }
    }
}

#[test]
fn two_demand_a_client_certificate() {
    for (name, alert) in [
        ("openssl-client-certificate-1-2", "alert handshake failure"),
        ("openssl-client-certificate-1-3", "alert certificate required"),
    ] {
        let Some(server) = start(name) else { continue };
        for port in server.ports() {
            let seen = s_client(&server, *port, &[]);
            for line in ["Verification: OK", alert] {
                assert!(seen.contains(line), "{name} {port}: {line} in\n{seen}");
            }
            assert!(!seen.contains("221 2.0.0 Bye"), "{name} {port}: {seen}");
        }
    }
}

/// What `s_client` prints in a session of EHLO and QUIT.
fn s_client(server: &Server, port: PortSpec, arguments: &[&str]) -> String {
    // The server's own, where it has one: only that knows what the server does.
    let root = server.ca_file().with_file_name("root");
    let mut client = if root.exists() {
        std::fs::copy(server.ca_file(), root.join("ca.pem")).unwrap();
        let mut chroot = Command::new("chroot");
        chroot.arg(&root).arg("/usr/bin/openssl");
        chroot
    } else {
        Command::new("openssl")
    };
    client.current_dir(server.ca_file().parent().unwrap());
    client
        .args(["s_client", "-crlf", "-ign_eof", "-cipher", "ALL:@SECLEVEL=0"])
        .env("OPENSSL_CONF", "/dev/null");
    client.args(["-attime", "1795471200", "-verify_hostname", server.host(), "-CAfile", "ca.pem"]);
    client.args(["-connect", &format!("{}:{}", server.address(), port.port)]).args(arguments);
    if port.mode == TlsMode::StartTls {
        client.args(["-starttls", "smtp"]);
    }
    let client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut client = client.spawn().unwrap();
    std::io::Write::write_all(&mut client.stdin.take().unwrap(), b"EHLO client.test\nQUIT\n").unwrap();
    let output = client.wait_with_output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn it_greets_inside_tls_and_says_goodbye() {
    let Some(server) = start("openssl-x25519") else { return };
    const GREETING: &str = "220 openssl.interop.test ESMTP s_server\r\n";
    let [relay, submissions] = server.ports() else { panic!("{:?}", server.ports()) };

    let mut stream = dial(*relay);
    assert_eq!(hear(&mut stream), GREETING);
    assert_eq!(
        ask(&mut stream, "EHLO client.test"),
        "250-openssl.interop.test\r\n250-SIZE 10240000\r\n250 STARTTLS\r\n"
    );
    assert_eq!(ask(&mut stream, "MAIL FROM:<>"), "502 5.5.1 Command not implemented\r\n");
    assert_eq!(ask(&mut stream, "STARTTLS"), "220 2.0.0 Ready to start TLS\r\n");
    let mut stream = tls(&server, stream, server.host());
    assert_eq!(stream.conn.peer_certificates().unwrap().len(), 2, "leaf and intermediate");
    assert_eq!(ask(&mut stream, "EHLO client.test"), "250-openssl.interop.test\r\n250 SIZE 10240000\r\n");
    assert_eq!(ask(&mut stream, "QUIT"), "221 2.0.0 Bye\r\n");

    let mut stream = tls(&server, dial(*submissions), "127.0.0.1");
    assert_eq!(hear(&mut stream), GREETING);
    assert_eq!(ask(&mut stream, "QUIT"), "221 2.0.0 Bye\r\n");
    let mut rest = Vec::new();
    assert_eq!(std::io::Read::read_to_end(&mut stream, &mut rest).unwrap(), 0, "close_notify, then the end");
}
