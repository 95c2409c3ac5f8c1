use axum::http::header::{ACCEPT_ENCODING, HeaderMap, IF_NONE_MATCH};

/// A content coding, RFC 9110 §8.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// Its name in IANA's registry.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// Whether the client takes the coding, RFC 9110 §12.5.3: a weight other than 0 for it, or else for `*`.
pub(super) fn accepts(headers: &HeaderMap, coding: Coding) -> bool {
    let mut by_star = false;
    for (name, taken) in headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(weighted)
    {
        if name.eq_ignore_ascii_case(coding.name()) {
            return taken;
        }
        by_star |= name == "*" && taken;
    }
    by_star
}

fn weighted(entry: &str) -> (&str, bool) {
    let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
    let weight = parameters.trim().strip_prefix("q=").or_else(|| parameters.trim().strip_prefix("Q="));
    let taken = weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0));
    (name.trim(), taken)
}

/// Whether the client has this representation already, RFC 9110 §13.1.2 (by weak comparison).
pub(super) fn matches_etag(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_taken_with_a_weight_above_zero() {
        for (field, brotli, gzip) in [
            ("gzip, deflate, br, zstd", true, true),
            ("br;q=0, gzip;q=0.5", false, true),
            ("br;q=0.000, *", false, true),
            ("*;q=0", false, false),
            ("BR ; q=1.0", true, false),
            ("brotli, x-gzip", false, false),
            ("", false, false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, field.parse().unwrap())]);
            assert_eq!(
                (accepts(&headers, Coding::Brotli), accepts(&headers, Coding::Gzip)),
                (brotli, gzip),
                "{field}"
            );
        }
    }

    #[test]
    fn an_entity_tag_matches_in_a_list_and_weakly() {
        for (field, matching) in [
            ("\"abc\"", true),
            ("\"x\", W/\"abc\"", true),
            ("*", true),
            ("abc", false),
            ("\"abc-br\"", false),
        ] {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, field.parse().unwrap())]);
            assert_eq!(matches_etag(&headers, "\"abc\""), matching, "{field}");
        }
    }
}
