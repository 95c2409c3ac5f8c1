//! The JSON that the command prints of every real mail server there is, tested directly and through a relay.

use heloscope_interop::{Authority, Server, names};
use serde_json::json;

use crate::carrier::Carrier;
use crate::served::{an_hour_ago, heloscope, report};

/// One test a server, with the command's exit status.
macro_rules! tests {
    ($($name:ident: $status:literal,)*) => {
        $(
            #[test]
            fn $name() {
                test(&stringify!($name).replace('_', "-"), $status);
            }
        )*

        const TESTED: &[&str] = &[$(stringify!($name)),*];
    };
}

tests! {
    postfix: 0,
    postscreen: 0,
    exim: 0,
    opensmtpd: 0,
    smtp_server: 1,
    aiosmtpd: 0,
    tlslite_old: 2,
    tlslite_weak: 1,
    openssl_tls10: 2,
    openssl_tls11: 2,
    openssl_tls12: 0,
    openssl_rsa_key_transport: 1,
    openssl_cbc: 0,
    openssl_aria: 0,
    openssl_camellia: 0,
    openssl_ccm8: 0,
    openssl_null: 1,
    openssl_dhe_2048: 0,
    openssl_dhe_1024: 1,
    openssl_rsa_1024: 1,
    openssl_encipherment_certificate: 1,
    openssl_p521_certificate: 0,
    openssl_p521_group: 0,
    openssl_ed25519_certificate: 0,
    openssl_ed448_certificate: 0,
    openssl_secp256k1_certificate: 2,
    openssl_rsa_pss_certificate: 0,
    openssl_rsa_pss_certificate_1_3: 0,
    openssl_explicit_curve: 1,
    openssl_x448: 0,
    openssl_x25519: 0,
    openssl_x25519mlkem768: 0,
    openssl_unknown_name: 0,
    openssl_client_certificate_1_2: 2,
    openssl_client_certificate_1_3: 2,
}

#[test]
fn no_server_is_left_out() {
    let tested: Vec<String> = TESTED.iter().map(|name| name.replace('_', "-")).collect();
    assert_eq!(tested, names().collect::<Vec<_>>());
}

fn test(name: &str, status: i32) {
    let authority = Authority::new(an_hour_ago()).expect("it is a time of this century");
    let Some(server) = Server::start(name, &authority).expect("it starts") else { return };
    let carrier = Carrier::new(|settings| settings.ports.extend(server.ports()));
    for (mut command, way) in [(heloscope(), "directly"), (carrier.command(server.host()), "through a relay")]
    {
        if way == "directly" {
            command.arg(server.host());
        }
        command.arg("--address").arg(server.address().to_string()).arg("--ca-file").arg(server.ca_file());
        for port in server.ports() {
            command.arg("--port").arg(port.to_string());
        }
        let (exit, report) = report(&mut command);
        assert_eq!(report["host"], server.host(), "{way}");
        let ports = report["ports"].as_array().expect("it is a list");
        assert_eq!(ports.len(), server.ports().len(), "{way}");
        for ((port, asked), expected) in ports.iter().zip(server.ports()).zip(server.expected()) {
            assert_eq!(port["port"], asked.port, "{way}");
            assert_eq!(expected.seen(port), json!(expected), "port {asked} {way}");
        }
        assert_eq!(exit, status, "{way}");
    }
}
