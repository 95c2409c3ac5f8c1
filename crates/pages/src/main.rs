//! Writes the pages that explain what a report says: `heloscope-pages FOLDER`.
//!
//! They are made while the page is built, from the very tables that the report has its words from, and weigh nothing in its
//! WebAssembly. Their addresses and the anchors in them are public: the report links to them, and so may anyone.

mod certificates;
mod extensions;
mod keyboard;
mod ports;
mod replies;
mod test;
mod tools;

use std::path::PathBuf;

use anyhow::{Context, Result};
use maud::{DOCTYPE, Markup, html};

/// A page.
struct Page {
    /// The file's name without its ending.
    name: &'static str,
    title: &'static str,
    /// What one finds there, in a sentence.
    about: &'static str,
    body: fn() -> Markup,
}

const PAGES: [Page; 7] = [
    test::PAGE,
    ports::PAGE,
    certificates::PAGE,
    replies::PAGE,
    extensions::PAGE,
    tools::PAGE,
    keyboard::PAGE,
];

fn main() -> Result<()> {
    let folder: PathBuf = std::env::args_os().nth(1).context("heloscope-pages FOLDER")?.into();
    std::fs::create_dir_all(&folder)?;
    for page in &PAGES {
        let file = folder.join(page.name).with_extension("html");
        let written = std::fs::write(&file, whole(page.title, page.about, &(page.body)(), Some(page.name)));
        written.with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(std::fs::write(folder.join("index.html"), index())?)
}

fn index() -> String {
    let list = html! {
        ul {
            @for page in &PAGES {
                li { a href={ (page.name) ".html" } { (page.title) } ": " (page.about) }
            }
        }
    };
    whole("What a report says", "The pages that explain it.", &list, None)
}

fn whole(title: &str, about: &str, body: &Markup, name: Option<&str>) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                meta name="color-scheme" content="light dark";
                meta name="description" content=(about);
                title { (title) " – Heloscope" }
                link rel="icon" href="../icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="../page.css";
                link rel="stylesheet" href="../help.css";
            }
            body class="help" {
                header class="head" {
                    img src="../icon.svg" alt="" width="36" height="36";
                    p class="home" { a href="../" { "Heloscope" } }
                    p { (about) }
                }
                nav aria-label="Explanations" {
                    ul {
                        @for page in &PAGES {
                            li {
                                @if name == Some(page.name) {
                                    a href={ (page.name) ".html" } aria-current="page" { (page.title) }
                                } @else {
                                    a href={ (page.name) ".html" } { (page.title) }
                                }
                            }
                        }
                    }
                }
                main { h1 { (title) } (body) }
            }
        }
    };
    page.into_string() + "\n"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_link_from_page_to_page_leads_somewhere() {
        let written: Vec<(String, String)> =
            PAGES.iter().map(|page| (format!("{}.html", page.name), (page.body)().into_string())).collect();
        let values = |text: &str, attribute: &str| -> Vec<String> {
            let start = format!(" {attribute}=\"");
            let parts = text.split(&start).skip(1);
            parts.filter_map(|part| part.split_once('"')).map(|(value, _)| value.to_owned()).collect()
        };
        for (file, text) in &written {
            let ids = values(text, "id");
            assert_eq!(
                ids.len(),
                ids.iter().collect::<BTreeSet<_>>().len(),
                "{file}: an anchor stands there twice"
            );
            for link in values(text, "href") {
                let (to, anchor) = link.split_once('#').unwrap_or((&link, ""));
                let to = if to.is_empty() { file } else { to };
                let Some((_, other)) = written.iter().find(|(name, _)| name == to) else {
                    panic!("{file}: {link}");
                };
                assert!(
                    anchor.is_empty() || values(other, "id").iter().any(|id| id == anchor),
                    "{file}: {link}"
                );
            }
        }
    }
}
