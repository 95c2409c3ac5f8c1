//! All servers there are, by their names.

use anyhow::Context;

use crate::authority::Authority;
use crate::requirements::{Need, missing};
use crate::server::{Recipe, Server};
use crate::{exim, opensmtpd, postfix, postfix_open, postscreen, s_server, scripted, tlslite};

/// The names of all servers there are whose ports a test reports on.
pub fn names() -> impl Iterator<Item = &'static str> {
    recipes().map(|recipe| recipe.name)
}

impl Server {
    /// Starts the server of this name, one of [`names`](names()), `postfix-without-tickets` or `postfix-open`, with certificates
    /// from `authority`; what it needs and can be fetched is fetched.
    ///
    /// `None` where [`requirements`] are missing, which stderr is then told.
    ///
    /// # Errors
    /// There is no server of this name, it does not start, or requirements are missing where the environment says
    /// `CI=true`.
    pub fn start(name: &str, authority: &Authority) -> anyhow::Result<Option<Self>> {
        let recipe = recipe(name)?;
        if let Err(missing) = fetched(recipe) {
            if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
                return Err(missing.context(format!("{name} cannot be started")));
            }
            eprintln!("\n*** NOT TESTED against {name}: {missing:#}\n");
            return Ok(None);
        }
        for _ in 1..ATTEMPTS {
            if let Ok(server) = (recipe.start)(recipe.name, authority) {
                return Ok(Some(server));
            }
        }
        (recipe.start)(recipe.name, authority).with_context(|| format!("{name} cannot be started")).map(Some)
    }
}

/// Another process may take a port between its choice and its use.
const ATTEMPTS: usize = 3;

/// Whether all is there to start the server of this name, as Debian installs it.
///
/// # Errors
/// What is missing, a [`Missing`](crate::Missing), whose `Display` says how to come by it; or that there is no server of this name.
pub fn requirements(name: &str) -> anyhow::Result<()> {
    missing(recipe(name)?.needs).map_err(Into::into)
}

/// Fetches what the server of this name needs and can be had without touching the system, where it is not there yet.
///
/// # Errors
/// There is no server of this name, it cannot be fetched, or requirements are missing all the same.
pub fn fetch(name: &str) -> anyhow::Result<()> {
    fetched(recipe(name)?)
}

fn fetched(recipe: Recipe) -> anyhow::Result<()> {
    let (fetchable, others): (Vec<Need>, Vec<Need>) = recipe.needs.iter().partition(|need| need.is_fetched());
    missing(&others)?;
    for need in fetchable.iter().filter(|need| !need.is_met()) {
        need.fetch().with_context(|| need.to_string())?;
    }
    Ok(missing(&fetchable)?)
}

fn recipe(name: &str) -> anyhow::Result<Recipe> {
    let found =
        recipes().chain([postfix::WITHOUT_TICKETS, postfix_open::RECIPE]).find(|recipe| recipe.name == name);
    found.with_context(|| {
        format!("there is no server `{name}`, but: {}", names().collect::<Vec<_>>().join(" "))
    })
}

fn recipes() -> impl Iterator<Item = Recipe> {
    let others = [
        postfix::RECIPE,
        postscreen::RECIPE,
        exim::RECIPE,
        opensmtpd::RECIPE,
        scripted::SMTP_SERVER,
        scripted::AIOSMTPD,
        tlslite::OLD,
        tlslite::WEAK,
    ];
    others.into_iter().chain(s_server::recipes())
}
