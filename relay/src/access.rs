use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use crate::Origin;

/// Who may use the relay: its own pages, those of the sites that the operator named, and who shows the token. All of it
/// can change while the relay runs.
pub(crate) struct Access(RwLock<Arc<Admitted>>);

/// Who that is.
pub(crate) struct Admitted {
    /// The origins of the relay's own page, by which it is reached; there is one at least.
    pub(crate) own: Vec<Origin>,
    /// More of them, that lead to it from its own machine alone: nobody who asked for another is told of these.
    pub(crate) internal: Vec<Origin>,
    pub(crate) sites: Vec<Origin>,
    pub(crate) token: Option<Token>,
}

/// Why a request is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TurnedAway {
    pub(crate) status: StatusCode,
    /// For the log, a word or two.
    pub(crate) why: &'static str,
    /// The name or the site that the request has, for the log.
    pub(crate) named: Option<String>,
    /// For whoever asked.
    pub(crate) sentence: String,
}

impl Access {
    pub(crate) fn new(admitted: Admitted) -> Self {
        Self(RwLock::new(Arc::new(admitted)))
    }

    /// Others from now on.
    pub(crate) fn change(&self, admitted: Admitted) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(admitted);
    }

    fn admitted(&self) -> Arc<Admitted> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Checks that a request names this relay, and returns which of its origins that is: a name that leads here by DNS rebinding
    /// is another.
    pub(crate) fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<Origin, TurnedAway> {
        let field = only(headers, &HOST);
        // A target in absolute form (RFC 9112 §3.2.2), and that of HTTP/2, says it itself.
        let named = uri.authority().map(axum::http::uri::Authority::as_str).or(field);
        let named = named.ok_or_else(|| TurnedAway {
            status: StatusCode::BAD_REQUEST,
            why: "no host",
            named: None,
            sentence: "The request needs one Host field, RFC 9112 section 3.2.".to_owned(),
        })?;
        let admitted = self.admitted();
        let origin = admitted.pages().find(|origin| origin.is_host(named));
        // RFC 9113 §8.3.1: a field beside the target's authority has to name the same.
        let named = match (origin, field) {
            (Some(origin), Some(field)) if !origin.is_host(field) => field,
            (Some(origin), _) => return Ok(origin.clone()),
            (None, _) => named,
        };
        let own: Vec<String> = admitted.own.iter().map(|origin| format!("{origin}/")).collect();
        Err(TurnedAway {
            status: StatusCode::MISDIRECTED_REQUEST,
            why: "another host",
            named: Some(named.to_owned()),
            sentence: format!("This relay does not go by that name. Open {} instead.", own.join(" or ")),
        })
    }

    /// Checks that whoever asks for a connection is a page that may, or no page and shows the token.
    pub(crate) fn check_origin(&self, headers: &HeaderMap) -> Result<(), TurnedAway> {
        let admitted = self.admitted();
        let origin = only(headers, &ORIGIN);
        let refuse = |why, sentence: &str| {
            let (named, sentence) = (origin.map(str::to_owned), sentence.to_owned());
            Err(TurnedAway { status: StatusCode::FORBIDDEN, why, named, sentence })
        };
        match origin {
            Some(origin) if origin != "null" => {
                let known = |site: &Origin| site.to_string() == origin;
                if admitted.pages().chain(&admitted.sites).any(known) {
                    return Ok(());
                }
                refuse(
                    "another site",
                    "Pages of this site may not use this relay; its operator can allow them with --allow-origin.",
                )
            }
            _ if headers.get_all(ORIGIN).iter().count() > 1 => {
                refuse("several origins", "There is more than one Origin field.")
            }
            _ => match (&admitted.token, only(headers, &AUTHORIZATION)) {
                (Some(token), Some(field)) if token.is_shown_by(field) => Ok(()),
                (Some(_), Some(field)) if bearer(field).is_some() => refuse(
                    "another token",
                    "The token that this request shows is not this relay's, and one that comes from no page, or from one \
                     without an origin (Origin: null), needs the relay's token.",
                ),
                (Some(_), _) => refuse(
                    "no token",
                    "A request that comes from no page, or from one without an origin (Origin: null), needs the relay's token: \
                     send it as \"Authorization: Bearer …\".",
                ),
                (None, _) => refuse(
                    "no page",
                    "A request that comes from no page, or from one without an origin (Origin: null), needs a token, and \
                     this relay has none; its operator can set one with --token.",
                ),
            },
        }
    }

    /// The site named by the request that may read an answer from another origin.
    pub(crate) fn site(&self, headers: &HeaderMap) -> Option<String> {
        let origin = only(headers, &ORIGIN)?;
        self.admitted().sites.iter().map(Origin::to_string).find(|site| site == origin)
    }

    /// All such sites, with spaces between; `None` where there are none.
    pub(crate) fn sites(&self) -> Option<String> {
        let sites: Vec<String> = self.admitted().sites.iter().map(Origin::to_string).collect();
        (!sites.is_empty()).then(|| sites.join(" "))
    }

    /// Whether there are such sites at all, and answers therefore vary by origin.
    pub(crate) fn has_sites(&self) -> bool {
        !self.admitted().sites.is_empty()
    }
}

impl Admitted {
    /// All origins of the relay's own page.
    fn pages(&self) -> impl Iterator<Item = &Origin> {
        self.own.iter().chain(&self.internal)
    }
}

/// A field that stands there once, in visible ASCII.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// A secret: what lets in a client which is no web page (RFC 6750 §2.1), or what relays that share a store have in common.
#[derive(Clone)]
pub struct Token(String);

/// A secret needs 16 visible ASCII characters or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadToken;

impl Token {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn is_shown_by(&self, field: &str) -> bool {
        bearer(field).is_some_and(|shown| self.0.as_bytes().ct_eq(shown.as_bytes()).into())
    }
}

/// The token in an `Authorization` field, RFC 6750 §2.1.
fn bearer(field: &str) -> Option<&str> {
    let (scheme, shown) = field.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(shown.trim())
}

impl IntoResponse for TurnedAway {
    fn into_response(self) -> Response {
        (self.status, self.sentence).into_response()
    }
}

impl FromStr for Token {
    type Err = BadToken;

    fn from_str(text: &str) -> Result<Self, BadToken> {
        let long_enough = text.len() >= 16 && text.bytes().all(|octet| octet.is_ascii_graphic());
        if long_enough { Ok(Self(text.to_owned())) } else { Err(BadToken) }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl fmt::Display for BadToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("16 visible ASCII characters or more are needed, none of them a space")
    }
}

impl std::error::Error for BadToken {}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(token: Option<&str>) -> Access {
        Access::new(Admitted {
            own: Origin::of_listener("127.0.0.1:8025".parse().unwrap(), false),
            internal: Vec::new(),
            sites: vec!["https://docs.example".parse().unwrap()],
            token: token.map(|token| token.parse().unwrap()),
        })
    }

    fn headers(fields: &[(HeaderName, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn origin_and_token_together_decide() {
        const RIGHT: &str = "Bearer 0123456789abcdef";
        const WRONG: &str = "Bearer 0123456789abcdeF";
        let with = access(Some("0123456789abcdef"));
        let without = access(None);
        for (origin, authorization, passes_with, passes_without) in [
            (Some("http://127.0.0.1:8025"), None, true, true),
            (Some("http://localhost:8025"), None, true, true),
            (Some("https://docs.example"), Some(WRONG), true, true),
            (Some("https://evil.example"), None, false, false),
            (Some("https://evil.example"), Some(RIGHT), false, false),
            (Some("https://docs.example.evil.example"), None, false, false),
            (Some("http://docs.example"), None, false, false),
            (Some("https://127.0.0.1:8025"), None, false, false),
            (Some("http://127.0.0.1"), None, false, false),
            (Some("null"), None, false, false),
            (Some("null"), Some(RIGHT), true, false),
            (Some("null"), Some(WRONG), false, false),
            (None, None, false, false),
            (None, Some(RIGHT), true, false),
            (None, Some("bearer 0123456789abcdef"), true, false),
            (None, Some(WRONG), false, false),
            (None, Some("Bearer 0123456789abcde"), false, false),
            (None, Some("Bearer"), false, false),
            (None, Some("0123456789abcdef"), false, false),
        ] {
            let fields: Vec<_> = [(ORIGIN, origin), (AUTHORIZATION, authorization)]
                .into_iter()
                .filter_map(|(n, v)| Some((n, v?)))
                .collect();
            let headers = headers(&fields);
            assert_eq!(with.check_origin(&headers).is_ok(), passes_with, "{origin:?} {authorization:?}");
            assert_eq!(
                without.check_origin(&headers).is_ok(),
                passes_without,
                "{origin:?} {authorization:?}"
            );
        }
    }

    #[test]
    fn another_token_is_told_from_none() {
        let why = |access: &Access, fields: &[(HeaderName, &'static str)]| {
            let turned_away = access.check_origin(&headers(fields)).unwrap_err();
            assert!(!turned_away.sentence.contains("0123456789"), "{}", turned_away.sentence);
            (turned_away.why, turned_away.sentence.contains("is not this relay's"))
        };
        let with = access(Some("0123456789abcdef"));
        assert_eq!(why(&with, &[]), ("no token", false));
        assert_eq!(why(&with, &[(AUTHORIZATION, "Basic 0123456789abcdef")]), ("no token", false));
        assert_eq!(why(&with, &[(AUTHORIZATION, "Bearer 0123456789abcdeF")]), ("another token", true));
        assert_eq!(why(&with, &[(AUTHORIZATION, "Bearer ")]), ("another token", true));
        assert_eq!(why(&access(None), &[(AUTHORIZATION, "Bearer 0123456789abcdef")]), ("no page", false));
    }

    #[test]
    fn two_origins_are_none_to_trust() {
        let mut headers =
            headers(&[(ORIGIN, "http://localhost:8025"), (AUTHORIZATION, "Bearer 0123456789abcdef")]);
        headers.append(ORIGIN, "https://evil.example".parse().unwrap());
        assert!(access(Some("0123456789abcdef")).check_origin(&headers).is_err());
    }

    #[test]
    fn a_name_that_leads_here_by_rebinding_is_refused() {
        let relative: Uri = "/".parse().unwrap();
        for (host, status) in [
            ("127.0.0.1:8025", None),
            ("localhost:8025", None),
            ("evil.example:8025", Some(StatusCode::MISDIRECTED_REQUEST)),
            ("[::1]:8025", Some(StatusCode::MISDIRECTED_REQUEST)),
            ("", Some(StatusCode::MISDIRECTED_REQUEST)),
        ] {
            let access = access(None);
            let result = access.check_host(&relative, &headers(&[(HOST, host)]));
            assert_eq!(result.err().map(|turned_away| turned_away.status), status, "{host}");
        }
        let access = access(None);
        let none = access.check_host(&relative, &HeaderMap::new());
        assert_eq!(none.unwrap_err().status, StatusCode::BAD_REQUEST);
        let absolute: Uri = "http://evil.example/".parse().unwrap();
        assert!(access.check_host(&absolute, &headers(&[(HOST, "localhost:8025")])).is_err());
        let own: Uri = "http://localhost:8025/".parse().unwrap();
        for (fields, passes) in
            [(&[][..], true), (&[(HOST, "localhost:8025")], true), (&[(HOST, "evil.example:8025")], false)]
        {
            assert_eq!(access.check_host(&own, &headers(fields)).is_ok(), passes, "{fields:?}");
        }
    }

    #[test]
    fn who_asks_for_another_name_is_told_those_that_the_operator_gave() {
        let origin = |text: &str| text.parse::<Origin>().unwrap();
        let access = Access::new(Admitted {
            own: vec![origin("https://relay.example.org"), origin("https://mail-test.example.org")],
            internal: Origin::of_listener("127.0.0.1:8025".parse().unwrap(), false),
            sites: Vec::new(),
            token: None,
        });
        let named = |host: &'static str| access.check_host(&Uri::from_static("/"), &headers(&[(HOST, host)]));
        for (host, page) in [
            ("relay.example.org", "https://relay.example.org"),
            ("mail-test.example.org", "https://mail-test.example.org"),
            ("127.0.0.1:8025", "http://127.0.0.1:8025"),
            ("localhost:8025", "http://localhost:8025"),
        ] {
            assert_eq!(named(host), Ok(origin(page)), "{host}");
        }
        let sentence = "This relay does not go by that name. Open https://relay.example.org/ or \
                        https://mail-test.example.org/ instead.";
        assert_eq!(
            named("relay.example.org:8443"),
            Err(TurnedAway {
                status: StatusCode::MISDIRECTED_REQUEST,
                why: "another host",
                named: Some("relay.example.org:8443".to_owned()),
                sentence: sentence.to_owned(),
            })
        );
    }

    #[test]
    fn a_short_token_is_none() {
        for text in ["", "secret", "0123456789abcde", "0123456789 abcdef", "0123456789abcdéf"] {
            assert_eq!(text.parse::<Token>().unwrap_err(), BadToken);
        }
    }
}
