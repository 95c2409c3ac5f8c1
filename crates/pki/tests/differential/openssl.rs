//! What `openssl verify` answers, each question asked on its own.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::chain::Chain;

/// The answers, in the words that ours are put into too.
#[derive(Debug)]
pub(crate) struct Answers {
    /// What is wrong with the path, time aside.
    pub(crate) path: BTreeSet<String>,
    /// What is wrong with the dates: which error at which place of the path. `None` where it is never reached.
    pub(crate) time: Option<BTreeSet<String>>,
    /// Whether a presented identifier matches.
    pub(crate) name: bool,
}

/// The version, as `openssl version` prints it; `None` where there is no `openssl`.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("openssl").arg("version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Asks, with files in `folder`. `top` is the last certificate of the path, by its index in the chain.
pub(crate) fn answers(chain: &Chain, top: usize, folder: &Path) -> Answers {
    fs::create_dir_all(folder).unwrap();
    let file = |name: &str, certificates: &[&[Vec<u8>]]| {
        let path = folder.join(name);
        fs::write(&path, certificates.concat().iter().map(|der| pem(der)).collect::<String>()).unwrap();
        path
    };
    let trusted = file("trusted.pem", &[&chain.trusted]);
    let others = file("rest.pem", &[&chain.sent[1..]]);
    let leaf = file("leaf.pem", &[&chain.sent[..1]]);
    let verify = |anchors: &PathBuf, options: &[&str]| {
        let mut command = Command::new("openssl");
        // Level 1 is what OpenSSL 3.0 uses for TLS unless told otherwise: no MD5, no SHA-1.
        command.args(["verify", "-no-CApath", "-no-CAstore", "-auth_level", "1"]);
        command.args(options).arg("-CAfile").arg(anchors);
        if chain.sent.len() > 1 {
            command.arg("-untrusted").arg(&others);
        }
        // Whatever the machine is configured to is not what is asked about.
        let output = command.arg(&leaf).env("OPENSSL_CONF", "/dev/null").output().unwrap();
        let errors = errors(&String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.success(), errors.is_empty(), "{}: {output:?}", chain.id);
        errors
    };
    let at = chain.at.to_string();

    let path = verify(&trusted, &["-purpose", "sslserver", "-no_check_time"]);
    // Where OpenSSL stops, the last certificate of the path is trusted as well: so it tells the rest, if it does
    // not stop once more.
    let cut = |errors: &[Error]| errors.iter().any(Error::is_the_last);
    let rest = if cut(&path) {
        let top = file("top.pem", &[&chain.trusted, &chain.sent[top..=top]]);
        verify(&top, &["-partial_chain", "-purpose", "sslserver", "-attime", &at])
    } else {
        let whole = verify(&trusted, &["-purpose", "sslserver", "-attime", &at]);
        let beside_time: Vec<_> = whole.iter().filter(|error| !error.is_about_time()).collect();
        assert_eq!(beside_time, path.iter().collect::<Vec<_>>(), "{}: time changes the rest", chain.id);
        whole
    };
    let (about_time, beside_time): (Vec<Error>, Vec<Error>) =
        rest.iter().partition(|error| error.is_about_time());
    let time = about_time.iter().map(|error| format!("{}@{}", error.word(), error.depth));
    let time = (!cut(&rest)).then(|| time.collect());
    let path_words = path.iter().chain(&beside_time).map(Error::word).collect();

    // Of the name alone, the leaf being trusted.
    let option = if chain.host.parse::<IpAddr>().is_ok() { "-verify_ip" } else { "-verify_hostname" };
    let name = verify(&leaf, &["-partial_chain", "-no_check_time", option, &chain.host]);
    let name = !name.iter().any(|error| matches!(error.number, 62 | 64));

    Answers { path: path_words, time, name }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Error {
    number: u32,
    depth: u32,
}

/// The lines `error 20 at 0 depth lookup: unable to get local issuer certificate`.
fn errors(text: &str) -> Vec<Error> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("error "));
    let errors = lines.filter_map(|line| {
        let mut words = line.split(' ');
        let number = words.next()?.parse().ok()?;
        Some(Error { number, depth: words.nth(1)?.parse().ok()? })
    });
    let errors: Vec<Error> = errors.collect();
    // An issuer without keyCertSign is thereby no CA, and one that is no CA is thereby for no purpose.
    let shadows = |error: &Error, numbers: &[u32]| {
        errors.iter().any(|other| other.depth == error.depth && numbers.contains(&other.number))
    };
    let whole = errors.iter().filter(|error| match error.number {
        26 => !shadows(error, &[24, 32, 79]),
        24 | 79 => !shadows(error, &[32]),
        _ => true,
    });
    whole.copied().collect()
}

impl Error {
    fn is_about_time(&self) -> bool {
        matches!(self.number, 9 | 10)
    }

    /// Whether the command, which goes on after many errors, does not go on after this one.
    fn is_the_last(&self) -> bool {
        !matches!(self.number, 9 | 10 | 18 | 24 | 25 | 26 | 34 | 79)
    }

    /// The name of the fault as we have it (X509_V_ERR_* in x509_vfy.h).
    fn word(&self) -> String {
        let word = match (self.number, self.depth) {
            (2 | 20, 0) => "missing_intermediate",
            (2 | 20, _) | (19, _) => "untrusted_root",
            (7, _) => "bad_signature",
            (9, _) => "not_yet_valid",
            (10, _) => "expired",
            (18, _) => "self_signed",
            (24 | 79, _) => "end_entity_as_ca",
            (25, _) => "path_length_exceeded",
            (26, _) => "not_for_server_auth",
            (32, _) => "wrong_key_usage",
            (34, _) => "unsupported_critical_extension",
            (47 | 48, _) => "name_constraint_violation",
            (68, _) => "weak_signature",
            (94, _) => "explicit_curve",
            (number, _) => return format!("error {number}"),
        };
        word.to_owned()
    }
}

/// RFC 7468, with base64 after RFC 4648 §4.
pub(crate) fn pem(der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in der.chunks(48) {
        for three in line.chunks(3) {
            let [first, second, third] = [0, 1, 2].map(|at| three.get(at).copied().unwrap_or(0));
            let number = u32::from_be_bytes([0, first, second, third]);
            let digits = [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(number >> shift & 63) as usize]));
            text.extend(&digits[..=three.len()]);
            text.extend(["=="].iter().flat_map(|pad| pad[..3 - three.len()].chars()));
        }
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}
