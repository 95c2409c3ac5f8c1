/// What is said of a name that is none of these, behind it: the one that it was meant to be, if one is near, and where
/// all of them are listed. The prefix is what stands before each of them.
pub(super) fn hint<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
    prefix: &str,
    listed: &str,
) -> String {
    match nearest(name, known) {
        Some(near) => format!("; perhaps `{prefix}{near}` is meant, and {listed} lists all"),
        None => format!("; {listed} lists all"),
    }
}

/// Two names are near where no more of one has to be changed to make the other.
const NEAR: f64 = 0.7;
/// The least letters that may stand for the rest of a name.
const BEGINNING: usize = 4;

/// The name that was meant: a slip of the pen away, or the only one that begins so or that this begins with.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_ascii_lowercase().replace('_', "-");
    let name = plain(name);
    let known: Vec<(&str, String)> = known.map(|known| (known, plain(known))).collect();
    let likeness = |known: &str| strsim::normalized_damerau_levenshtein(&name, known);
    let near = known
        .iter()
        .map(|(known, plain)| (*known, likeness(plain)))
        .filter(|(_, likeness)| *likeness >= NEAR)
        .max_by(|(_, a), (_, b)| a.total_cmp(b));
    if let Some((near, _)) = near {
        return Some(near);
    }
    let begins = |long: &str, short: &str| short.len() >= BEGINNING && long.starts_with(short);
    let mut beginning = known.iter().filter(|(_, known)| begins(known, &name) || begins(&name, known));
    match (beginning.next(), beginning.next()) {
        (Some((only, _)), None) => Some(only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_really_near_is_named() {
        let known = [
            "listen",
            "demo",
            "deny-file",
            "tls-cert",
            "tls-key",
            "allow-net",
            "allow-port",
            "trusted-proxy",
        ];
        for (name, meant) in [
            ("foo", None),
            ("x", None),
            ("allow", None),
            ("mode", None),
            ("alow-net", Some("allow-net")),
            ("allow_net", Some("allow-net")),
            ("Listen", Some("listen")),
            ("trusted-proxies", Some("trusted-proxy")),
            ("deny", Some("deny-file")),
            ("tls-certificate", Some("tls-cert")),
        ] {
            assert_eq!(nearest(name, known.into_iter()), meant, "{name}");
        }
    }
}
