use heloscope_report::{Guess, Port, Remedies, Remedy, Report};
use heloscope_words::{mark, say};

use crate::facts::Told;

/// What there is to paste for a finding.
pub(crate) struct Mending<'a> {
    /// The mail server that it probably is.
    pub(crate) guess: Option<Guess<'a>>,
    /// Configuration for each mail server; that of the one which was guessed comes first.
    pub(crate) remedies: Vec<Remedy<'a>>,
    /// Commands that show the finding again.
    pub(crate) commands: Vec<String>,
}

impl Mending<'_> {
    /// The configuration for the mail server that it probably is.
    pub(crate) fn guessed(&self) -> Option<&Remedy<'_>> {
        let first = self.remedies.first()?;
        (self.guess?.server == first.server).then_some(first)
    }
}

pub(crate) fn mending<'a>(report: &Report, told: &Told<'_>, known: Remedies<'a>) -> Mending<'a> {
    let of_finding = |port: &&Port| told.ports.contains(&port.port);
    let ports: Vec<&Port> = report.ports.iter().filter(of_finding).collect();
    // A port that did not answer has no greeting; another of the same host has.
    let guess = ports.iter().copied().chain(&report.ports).find_map(|port| known.guess(port));
    let mut remedies = known.of(&report.host, &ports, told.finding);
    if let Some(place) =
        remedies.iter().position(|remedy| guess.is_some_and(|guess| guess.server == remedy.server))
    {
        remedies[..=place].rotate_right(1);
    }
    let port = ports.first().copied().or(report.ports.first());
    let commands = port.map(|port| known.commands(report, port, told.finding)).unwrap_or_default();
    Mending { guess, remedies, commands }
}

/// `Looks like Postfix, by its greeting`.
pub(crate) fn looks_like(guess: Guess<'_>) -> String {
    let Guess { server, by } = guess;
    say!("Looks like {server}, {}", by.words())
}

pub(crate) const CONFIGURATION: &str = mark!("Configuration");
pub(crate) const NO_CONFIGURATION: &str = mark!("No setting of a mail server mends this by itself.");
pub(crate) const GUESSED: &str = mark!("That is a guess: a server may greet as it likes.");
pub(crate) const NOT_GUESSED: &str =
    mark!("Neither the greeting nor the extensions tell which mail server this is. Choose yours.");
pub(crate) const PATHS: &str =
    mark!("Where a path stands, use your own; those in /etc/letsencrypt are certbot's.");
pub(crate) const AGAIN: &str = mark!("To see it again, in a shell; none of these sends mail");
