use std::fmt;
use std::io;
use std::time::Duration;

use heloscope_observation::{Refusal, RefusalCode};
use heloscope_words::say;
use tokio_rustls::rustls;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::http::StatusCode;

use crate::dial::refusal;

/// Characters shown of what a relay, or what stands in its place, says in an answer that is none of a relay's.
const MAX_SAID: usize = 300;

/// What a relay says to who shows no token, or another's.
const WANTS_TOKEN: &str = "needs the relay's token";

/// The relay cannot be reached; `cause` is a sentence's end.
pub(super) fn away(cause: &dyn fmt::Display) -> Refusal {
    unreachable(&|| say!("The relay cannot be reached: {cause}."))
}

/// The relay says nothing for this long.
pub(super) fn silent(limit: Duration) -> Refusal {
    let limit = limit.as_secs();
    unreachable(&|| say!("The relay cannot be reached: it did not answer within {limit} seconds."))
}

/// What is there answers as no relay does.
pub(super) fn no_relay() -> Refusal {
    unreachable(&|| {
        say!("The relay cannot be reached: what answers there is no Heloscope relay of this version.")
            .to_owned()
    })
}

/// TLS with the relay failed.
pub(super) fn not_trusted(error: &io::Error) -> Refusal {
    let fault = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(rustls::OtherError(why)))) =
        fault
        && why.downcast_ref() == Some(&webpki::Error::UnsupportedCertVersion)
    {
        return unreachable(&|| {
            say!(
                "The relay cannot be reached: a certificate that it shows is of X.509 version 1, which has no extensions. \
                 It needs one of version 3 with a subjectAltName, such as openssl x509 -req -extfile makes."
            )
            .to_owned()
        });
    }
    unreachable(&|| match fault.and_then(of_certificate) {
        Some(what) => say!("The relay cannot be reached: TLS with it failed. {what}"),
        None => say!("The relay cannot be reached: TLS with it failed, {error}."),
    })
}

/// What is wrong with a relay's certificate, and what to do, where that is known.
fn of_certificate(fault: &rustls::Error) -> Option<String> {
    use rustls::CertificateError as Of;
    let rustls::Error::InvalidCertificate(fault) = fault else { return None };
    let told = match fault {
        Of::UnknownIssuer => say!(
            "No authority that is trusted here has issued its certificate. If its authority is a private one, name that with \
             --relay-ca-file."
        ),
        Of::NotValidForNameContext { expected, .. } => {
            let name = expected.to_str();
            return Some(say!(
                "Its certificate is not for {name}. Write the relay's name as its certificate has it."
            ));
        }
        Of::Expired | Of::ExpiredContext { .. } => {
            say!("Its certificate has expired, or this machine's clock is wrong.")
        }
        Of::NotValidYet | Of::NotValidYetContext { .. } => {
            say!("Its certificate is not valid yet, or this machine's clock is wrong.")
        }
        Of::Other(rustls::OtherError(why))
            if why.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity) =>
        {
            say!(
                "Its certificate is an authority's own (CA:TRUE), and not a server's. It needs one such as openssl req -x509 \
                 -addext basicConstraints=CA:FALSE makes."
            )
        }
        _ => return None,
    };
    Some(told.to_owned())
}

/// The WebSocket was not opened.
pub(super) fn not_opened(error: &tungstenite::Error) -> Refusal {
    match error {
        tungstenite::Error::Http(answer) => {
            answered(answer.status(), answer.body().as_deref().unwrap_or_default())
        }
        other => away(other),
    }
}

/// The relay answered a request with this status in place of what was asked for.
pub(super) fn answered(status: StatusCode, body: &[u8]) -> Refusal {
    let code = match status {
        // It knows what it is asked for, and does not want it.
        StatusCode::FORBIDDEN => RefusalCode::Blocked,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => RefusalCode::Quota,
        _ => RefusalCode::RelayUnreachable,
    };
    // A proxy's page of HTML tells no more than the status.
    let said = std::str::from_utf8(body).ok().map(str::trim).filter(|said| !said.starts_with('<'));
    let said: String = said.unwrap_or_default().chars().take(MAX_SAID).collect();
    let number = status.as_u16();
    refusal(code, &|| {
        let told = match said.is_empty() {
            true => say!("The relay answered with HTTP status {number}."),
            false => say!("The relay answered with HTTP status {number}: {said}"),
        };
        match status {
            StatusCode::FORBIDDEN if said.contains(WANTS_TOKEN) => say!(
                "The relay asks for its token, which --token or HELOSCOPE_TOKEN gives this command. It answers: {said}"
            ),
            StatusCode::FORBIDDEN => {
                let advice = say!("This command shows the token that --token or HELOSCOPE_TOKEN gives it.");
                format!("{told} {advice}")
            }
            _ => told,
        }
    })
}

fn unreachable(message: &dyn Fn() -> String) -> Refusal {
    refusal(RefusalCode::RelayUnreachable, message)
}

#[cfg(test)]
mod tests {
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn a_certificate_of_version_1_is_told_in_plain_words() {
        let pem = include_str!("version-1.crt");
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("it is PEM");
        let error = rustls::server::ParsedCertificate::try_from(&certificate)
            .map(drop)
            .expect_err("it is of version 1");
        let refusal = not_trusted(&io::Error::other(error));
        assert_eq!(refusal.code, RefusalCode::RelayUnreachable);
        assert!(refusal.message.contains("is of X.509 version 1"), "{}", refusal.message);
        assert!(refusal.message.contains("openssl x509 -req -extfile"), "{}", refusal.message);
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_told_with_what_to_do() {
        let told = |fault| not_trusted(&io::Error::other(rustls::Error::InvalidCertificate(fault))).message;
        use rustls::CertificateError as Of;
        let other = |why| Of::Other(rustls::OtherError(std::sync::Arc::new(why)));
        for (fault, words) in [
            (Of::UnknownIssuer, "--relay-ca-file"),
            (Of::Expired, "has expired"),
            (Of::NotValidYet, "not valid yet"),
            (other(webpki::Error::CaUsedAsEndEntity), "basicConstraints=CA:FALSE"),
        ] {
            let message = told(fault);
            assert!(message.starts_with("The relay cannot be reached: TLS with it failed. "), "{message}");
            assert!(message.contains(words), "{message}");
        }
        let unknown = told(Of::BadEncoding);
        assert!(unknown.starts_with("The relay cannot be reached: TLS with it failed, "), "{unknown}");
    }

    #[test]
    fn what_a_relay_answers_is_told_in_its_words() {
        let told = |status, body: &str| {
            let refusal = answered(status, body.as_bytes());
            (refusal.code, refusal.message)
        };
        assert_eq!(
            told(StatusCode::SERVICE_UNAVAILABLE, "The relay is full.\n"),
            (RefusalCode::Quota, "The relay answered with HTTP status 503: The relay is full.".to_owned())
        );
        assert_eq!(
            told(StatusCode::NOT_FOUND, "<html>Not here</html>"),
            (RefusalCode::RelayUnreachable, "The relay answered with HTTP status 404.".to_owned())
        );
        let (code, message) = told(StatusCode::FORBIDDEN, "No.");
        assert_eq!(code, RefusalCode::Blocked);
        assert!(message.contains("403: No. This command shows the token"), "{message}");
        assert!(told(StatusCode::NOT_FOUND, &"a".repeat(5000)).1.len() < 400);
    }
}
