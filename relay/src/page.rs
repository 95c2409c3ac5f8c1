mod negotiation;
pub(crate) mod strict;

use axum::body::Body;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use negotiation::{Coding, accepts, matches_etag};

/// A file of the page, put into the binary when it was built.
struct Asset {
    /// Its path below `/`.
    path: &'static str,
    media_type: &'static str,
    /// Of its content, without quotation marks.
    hash: &'static str,
    identity: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// The page that is made for frames on the sites that may use the relay.
pub(crate) const EMBED_PATH: &str = "/embed";

// `const ASSETS: &[Asset]`, sorted by path; build.rs writes it.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Answers with a file of the page. A query is the page's own affair, but for the language of a page without script.
pub(crate) async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let is_there = |path: &str| ASSETS.iter().any(|asset| asset.path == path);
    if let Some(elsewhere) = translated(&uri, &is_there).or_else(|| folder(&uri, &is_there)) {
        return (StatusCode::FOUND, [(header::LOCATION, elsewhere)]).into_response();
    }
    let path = match uri.path() {
        EMBED_PATH => "embed.html".to_owned(),
        path if path.ends_with('/') => format!("{}index.html", below_root(path)),
        path => below_root(path).to_owned(),
    };
    match ASSETS.iter().find(|asset| asset.path == path) {
        Some(asset) => answer(asset, &headers),
        None => (StatusCode::NOT_FOUND, "There is no such page here. The test is at /.\n").into_response(),
    }
}

fn below_root(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

/// Where an explanation is in the language that `?lang=` asks for: relative, as the relay may be at any path of a proxy's.
fn translated(uri: &Uri, is_there: &dyn Fn(&str) -> bool) -> Option<String> {
    let page =
        uri.path().strip_prefix("/help/").map(|page| if page.is_empty() { "index.html" } else { page })?;
    let language = uri.query()?.split('&').find_map(|field| field.strip_prefix("lang="))?;
    let language = language.split('-').next()?.to_ascii_lowercase();
    let translated = format!("{language}/{page}");
    is_there(&format!("help/{translated}")).then_some(translated)
}

/// Where the folder is that was asked for without the `/` at its end: relative as well.
fn folder(uri: &Uri, is_there: &dyn Fn(&str) -> bool) -> Option<String> {
    let (_, name) = uri.path().rsplit_once('/').filter(|(_, name)| !name.is_empty())?;
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    is_there(&format!("{}/index.html", below_root(uri.path()))).then(|| format!("{name}/{query}"))
}

fn answer(asset: &Asset, headers: &HeaderMap) -> Response {
    let (coding, octets) = [(Coding::Brotli, asset.brotli), (Coding::Gzip, asset.gzip)]
        .into_iter()
        .find_map(|(coding, octets)| {
            octets.filter(|_| accepts(headers, coding)).map(|octets| (Some(coding), octets))
        })
        .unwrap_or((None, asset.identity));
    // RFC 9110 §8.8.3.3: representations that differ in coding differ in their strong entity tag.
    let etag = match coding {
        Some(coding) => format!("\"{}-{}\"", asset.hash, coding.name()),
        None => format!("\"{}\"", asset.hash),
    };
    let fresh = matches_etag(headers, &etag);
    let mut response = if fresh { Response::new(Body::empty()) } else { Response::new(Body::from(octets)) };
    let fields = response.headers_mut();
    fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        fields.insert(header::ETAG, etag);
    }
    if fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    if let Some(coding) = coding {
        fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    response
}

/// Whether pages of the sites that embed the widget may read what is at this path.
pub(crate) fn is_shared(path: &str) -> bool {
    path == heloscope_wire::ABOUT_PATH || [".js", ".wasm", ".txt"].iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use axum::http::header::HeaderName;

    use super::*;

    const ASSET: Asset = Asset {
        path: "heloscope.js",
        media_type: "text/javascript; charset=utf-8",
        hash: "abc",
        identity: b"identity",
        brotli: Some(b"br"),
        gzip: Some(b"gz"),
    };

    fn asked(asset: &Asset, fields: &[(HeaderName, &str)]) -> (u16, Option<String>, String) {
        let headers = fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let response = answer(asset, &headers);
        let field = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), field(header::CONTENT_ENCODING), field(header::ETAG).unwrap())
    }

    #[test]
    fn brotli_goes_before_gzip_and_gzip_before_none() {
        let accept = |value| [(header::ACCEPT_ENCODING, value)];
        for (field, coding, etag) in [
            ("gzip, deflate, br, zstd", Some("br"), "\"abc-br\""),
            ("gzip, br;q=0", Some("gzip"), "\"abc-gzip\""),
            ("identity", None, "\"abc\""),
        ] {
            assert_eq!(
                asked(&ASSET, &accept(field)),
                (200, coding.map(str::to_owned), etag.to_owned()),
                "{field}"
            );
        }
        let plain = Asset { brotli: None, ..ASSET };
        assert_eq!(asked(&plain, &accept("br, gzip")).1.as_deref(), Some("gzip"));
    }

    #[test]
    fn what_the_browser_has_is_not_sent_again() {
        let asked = |accept, etag| {
            asked(&ASSET, &[(header::ACCEPT_ENCODING, accept), (header::IF_NONE_MATCH, etag)]).0
        };
        assert_eq!(asked("br", "\"abc-br\""), 304);
        assert_eq!(asked("br", "\"abc\""), 200);
    }

    #[test]
    fn an_explanation_is_had_in_a_language_that_there_is() {
        let is_there = |path: &str| ["help/de/index.html", "help/de/test.html"].contains(&path);
        for (asked, expected) in [
            ("/help/test.html?lang=de", Some("de/test.html")),
            ("/help/test.html?x&lang=de-AT&y", Some("de/test.html")),
            ("/help/?lang=DE", Some("de/index.html")),
            ("/help/test.html", None),
            ("/help/test.html?lang=en", None),
            ("/help/test.html?lang=", None),
            ("/help/test.html?lang=fr", None),
            ("/help/missing.html?lang=de", None),
            ("/help/de/test.html?lang=de", None),
            ("/?lang=de", None),
            ("/help/test.html?lang=//example.com", None),
        ] {
            let uri = asked.parse().unwrap();
            assert_eq!(translated(&uri, &is_there).as_deref(), expected, "{asked}");
        }
    }

    #[test]
    fn a_folder_is_had_without_the_slash_at_its_end() {
        let is_there = |path: &str| ["index.html", "help/index.html", "help/de/index.html"].contains(&path);
        for (asked, expected) in [
            ("/help", Some("help/")),
            ("/help?lang=de", Some("help/?lang=de")),
            ("/help/de", Some("de/")),
            ("/help/", None),
            ("/", None),
            ("//help", None),
            ("/help/test.html", None),
        ] {
            let uri = asked.parse().unwrap();
            assert_eq!(folder(&uri, &is_there).as_deref(), expected, "{asked}");
        }
    }

    #[test]
    fn there_is_a_page_whatever_was_built() {
        assert!(
            ASSETS
                .iter()
                .any(|asset| asset.path == "index.html" && asset.media_type.starts_with("text/html"))
        );
    }
}
