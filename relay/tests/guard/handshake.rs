//! Rule 3: what the handshake has the client send.

use heloscope_observation::TlsMode::{Implicit, StartTls};

use crate::scene::{STARTTLS_PORT, TLS_PORT, Taste, group, groups, judge, recorded, said};

#[test]
fn every_suite_group_and_port_passes_with_and_without_a_certificate_request() {
    let suites = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9];
    for suite in suites {
        let taste = if suite < 0x2000 { Taste::tls13() } else { Taste::tls12() };
        for asks_for_certificate in [false, true] {
            for (port, mode) in [(STARTTLS_PORT, StartTls), (TLS_PORT, Implicit)] {
                let steps = recorded(&Taste { suite, asks_for_certificate, port, ..taste.clone() });
                assert_eq!(
                    judge(mode, &steps),
                    Ok(said(&steps)),
                    "{suite:#06x} {asks_for_certificate} {port}"
                );
            }
        }
    }
}

#[test]
fn every_group_passes_by_a_hello_retry_request_too() {
    let names: Vec<u16> = groups().iter().map(|group| group.name().into()).collect();
    for (taste, name) in names.iter().flat_map(|name| [(Taste::tls13(), *name), (Taste::tls12(), *name)]) {
        if name == 0x11ec && taste.version == &rustls::version::TLS12 {
            continue; // it is one of TLS 1.3 alone
        }
        let steps = recorded(&Taste { groups: group(name), ..taste });
        assert_eq!(judge(StartTls, &steps), Ok(said(&steps)), "{name:#06x}");
    }
}
