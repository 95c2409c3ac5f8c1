//! Writes the pages that explain what a report says: `heloscope-pages FOLDER`. Those in English stand in the folder, those in
//! another language in one below it, such as `de`.
//!
//! They are made while the page is built, from the very tables that the report has its words from, and weigh nothing in its
//! WebAssembly. Their addresses and the anchors in them are public: the report links to them, and so may anyone.

mod certificates;
mod date;
mod extensions;
mod keyboard;
mod ports;
mod replies;
mod test;
mod tools;

use std::path::PathBuf;

use anyhow::{Context, Result};
use heloscope_languages::{TRANSLATIONS, catalogue};
use heloscope_words::{Catalogue, say, spoken, within};
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

/// A language that the pages are in.
#[derive(Clone, Copy)]
struct Language {
    /// BCP 47.
    tag: &'static str,
    /// What its speakers call it.
    name: &'static str,
    /// `None` for English.
    catalogue: Option<&'static Catalogue>,
}

impl Language {
    /// The way from the folder of all pages to its own.
    fn folder(self) -> String {
        self.catalogue.map_or_else(String::new, |_| format!("{}/", self.tag))
    }

    /// The way from one of its pages to the folder of all pages.
    fn back(self) -> &'static str {
        if self.catalogue.is_some() { "../" } else { "" }
    }
}

fn main() -> Result<()> {
    let folder: PathBuf = std::env::args_os().nth(1).context("heloscope-pages FOLDER")?.into();
    let languages = languages();
    for language in &languages {
        let folder = folder.join(language.folder());
        std::fs::create_dir_all(&folder)?;
        for (name, text) in within(language.catalogue, || written(*language, &languages)) {
            let file = folder.join(name);
            std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    Ok(())
}

/// English, and all that it is translated to.
fn languages() -> Vec<Language> {
    let english = Language { tag: "en", name: "English", catalogue: None };
    // Each is called by what it translates the name of English to: its own.
    let translated = TRANSLATIONS.into_iter().filter_map(|(tag, _)| {
        let catalogue = catalogue(tag)?;
        let name = within(Some(catalogue), || say!("English"));
        Some(Language { tag, name, catalogue: Some(catalogue) })
    });
    std::iter::once(english).chain(translated).collect()
}

/// Every page in the language that is spoken, by the name of its file.
fn written(language: Language, all: &[Language]) -> Vec<(String, String)> {
    let pages = PAGES.iter().map(|page| {
        let (title, about) = (spoken(page.title), spoken(page.about));
        (format!("{}.html", page.name), whole(title, about, &(page.body)(), page.name, language, all))
    });
    let list = html! {
        ul {
            @for page in &PAGES {
                li { a href={ (page.name) ".html" } { (spoken(page.title)) } ": " (spoken(page.about)) }
            }
        }
    };
    let index =
        whole(say!("What a report says"), say!("The pages that explain it."), &list, "index", language, all);
    pages.chain([("index.html".to_owned(), index)]).collect()
}

fn whole(
    title: &str,
    about: &str,
    body: &Markup,
    name: &str,
    language: Language,
    all: &[Language],
) -> String {
    let back = language.back();
    let others = || all.iter().filter(move |other| other.tag != language.tag);
    let page_of = |other: &Language| format!("{back}{}{name}.html", other.folder());
    let home = if back.is_empty() { "../".to_owned() } else { format!("../../?lang={}", language.tag) };
    let page = html! {
        (DOCTYPE)
        html lang=(language.tag) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                meta name="color-scheme" content="light dark";
                meta name="description" content=(about);
                title { (title) " – Heloscope" }
                @for other in others() { link rel="alternate" hreflang=(other.tag) href=(page_of(other)); }
                link rel="icon" href={ (back) "../icon.svg" } type="image/svg+xml";
                link rel="stylesheet" href={ (back) "../page.css" };
                link rel="stylesheet" href={ (back) "../help.css" };
            }
            body class="help" {
                header class="head" {
                    img src={ (back) "../icon.svg" } alt="" width="36" height="36";
                    p class="home" { a href=(home) { "Heloscope" } }
                    p { (about) }
                }
                nav aria-label=(say!("Explanations")) {
                    ul {
                        @for page in &PAGES {
                            li {
                                @if name == page.name {
                                    a href={ (page.name) ".html" } aria-current="page" { (spoken(page.title)) }
                                } @else {
                                    a href={ (page.name) ".html" } { (spoken(page.title)) }
                                }
                            }
                        }
                        @for other in others() {
                            li { a href=(page_of(other)) lang=(other.tag) hreflang=(other.tag) { (other.name) } }
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
        for language in languages() {
            within(language.catalogue, || every_link_leads_somewhere(language));
        }
    }

    fn every_link_leads_somewhere(language: Language) {
        let all = written(language, &languages());
        let values = |text: &str, attribute: &str| -> Vec<String> {
            let start = format!(" {attribute}=\"");
            let parts = text.split(&start).skip(1);
            parts.filter_map(|part| part.split_once('"')).map(|(value, _)| value.to_owned()).collect()
        };
        for (file, text) in &all {
            let ids = values(text, "id");
            assert_eq!(
                ids.len(),
                ids.iter().collect::<BTreeSet<_>>().len(),
                "{file}: an anchor stands there twice"
            );
            for link in values(text, "href") {
                // Those of the whole site, and to the same page in another language.
                if link.contains('/') {
                    continue;
                }
                let (to, anchor) = link.split_once('#').unwrap_or((&link, ""));
                let to = if to.is_empty() { file } else { to };
                let Some((_, other)) = all.iter().find(|(name, _)| name == to) else {
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
