//! The page inside the binary.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::rig::{Answer, Rig};

#[tokio::test]
async fn the_page_is_served_whatever_the_query() {
    let rig = Rig::new(&[], |_| {}).await;
    let page = rig.ask("GET / HTTP/1.1", &[]).await;
    assert_eq!(page.status(), 200);
    assert_eq!(page.field("content-type").as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(page.field("cache-control").as_deref(), Some("no-cache"));
    assert_eq!(page.field("vary").as_deref(), Some("accept-encoding"));
    assert!(page.text().to_ascii_lowercase().starts_with("<!doctype html>"));
    for path in ["/?host=mx1.example.com&ports=25,465", "/index.html"] {
        assert_eq!(rig.ask(&format!("GET {path} HTTP/1.1"), &[]).await.body, page.body, "{path}");
    }
    for path in ["/missing", "/v1", "/v1/missing", "/../Cargo.toml", "//index.html/x", "/%2e%2e/Cargo.toml"] {
        let missing = rig.ask(&format!("GET {path} HTTP/1.1"), &[]).await;
        assert_eq!(missing.status(), 404, "{path}");
        assert!(missing.field("content-security-policy").is_some());
    }
    assert_eq!(rig.ask("DELETE / HTTP/1.1", &[]).await.status(), 405);
}

#[tokio::test]
async fn head_has_the_header_of_get_and_no_body() {
    let rig = Rig::new(&[], |_| {}).await;
    let page = rig.ask("GET / HTTP/1.1", &[]).await;
    let head = rig.ask("HEAD / HTTP/1.1", &[]).await;
    assert_eq!(head.status(), 200);
    assert!(head.body.is_empty());
    for name in ["content-length", "content-type", "etag"] {
        assert_eq!(head.field(name), page.field(name), "{name}");
    }
    assert_eq!(page.field("content-length"), Some(page.body.len().to_string()));
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    let rig = Rig::new(&[], |_| {}).await;
    let etag = rig.ask("GET / HTTP/1.1", &[]).await.field("etag").unwrap();
    assert!(etag.starts_with('"') && etag.len() > 32, "{etag}");
    let again = rig.ask("GET / HTTP/1.1", &[&format!("If-None-Match: {etag}")]).await;
    assert_eq!((again.status(), again.body.len(), again.field("etag")), (304, 0, Some(etag)));
    assert_eq!(rig.ask("GET / HTTP/1.1", &["If-None-Match: \"other\""]).await.status(), 200);
}

#[tokio::test]
async fn the_browser_is_told_to_be_strict() {
    let rig = Rig::new(&[], |_| {}).await;
    let page = rig.ask("GET / HTTP/1.1", &[]).await;
    let embed = rig.ask("GET /embed HTTP/1.1", &[]).await;
    let styles: BTreeSet<String> = [&page, &embed]
        .map(Answer::text)
        .iter()
        .filter_map(|page| Some(page.split_once("<style>")?.1.split_once("</style>")?.0))
        .map(|sheet| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(sheet))))
        .collect();
    let styles: String = styles.into_iter().collect();
    assert_eq!(
        page.field("content-security-policy").unwrap(),
        format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws://{}; style-src 'self'{styles}; \
             img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types heloscope",
            rig.address
        )
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(page.field(name).as_deref(), Some(value));
    }
    assert!(page.field("permissions-policy").unwrap().contains("camera=()"));
}

#[tokio::test]
async fn only_sites_that_are_allowed_show_the_page_for_frames() {
    let frames = async |rig: &Rig, path: &str| {
        let page = rig.ask(&format!("GET {path} HTTP/1.1"), &[]).await;
        let policy = page.field("content-security-policy").unwrap();
        let frames = policy.split("; ").find_map(|rule| rule.strip_prefix("frame-ancestors "));
        frames.unwrap_or_default().to_owned()
    };
    let rig = Rig::new(&[], |_| {}).await;
    assert_eq!(frames(&rig, "/embed?host=mx1.example.com").await, "'none'");
    let rig = Rig::new(&[], |settings| {
        settings.allow_origins =
            ["https://www.example.org", "http://intranet:8080"].map(|site| site.parse().unwrap()).to_vec();
    })
    .await;
    assert_eq!(
        frames(&rig, "/embed?host=mx1.example.com").await,
        "https://www.example.org http://intranet:8080"
    );
    for path in ["/", "/index.html", "/embed.html", "/embed/"] {
        assert_eq!(frames(&rig, path).await, "'none'", "{path}");
    }
}
