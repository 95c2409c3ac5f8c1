use std::collections::BTreeMap;
use std::ffi::OsString;

use super::setting::Setting;
use super::table::of_another_build;
use super::{Fault, Source, command, nearest};

/// What the environment says to Heloscope, by variable; a variable without a value says nothing.
pub(super) struct Environment(BTreeMap<String, Result<String, String>>);

const PREFIX: &str = "HELOSCOPE_";

/// Whether a variable is another's: the project's builds and tests have two, and Kubernetes makes some for every service
/// that is named after the relay.
fn is_of_others(variable: &str) -> bool {
    ["HELOSCOPE_RELAY", "HELOSCOPE_WEB_DIST"].contains(&variable) || variable.starts_with("HELOSCOPE_RELAY_")
}

impl Environment {
    pub(super) fn of(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let ours = variables.filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX))?;
            let value = value.into_string().map_err(|_| "its value is no UTF-8".to_owned());
            (value != Ok(String::new())).then_some((name, value))
        });
        Self(ours.collect())
    }

    /// The value of a variable, or what is wrong with it.
    pub(super) fn value(&self, variable: &str) -> Option<Result<&str, String>> {
        Some(self.0.get(variable)?.as_deref().map_err(Clone::clone))
    }

    /// Variables that look as if they were meant, and are no setting's.
    pub(super) fn unknown(&self, settings: &[&Setting]) -> Vec<Fault> {
        let mut known: Vec<String> = settings.iter().map(|setting| setting.variable()).collect();
        known.push(command::CONFIG_VARIABLE.to_owned());
        let unknown = self.0.keys().filter(|name| !known.contains(name) && !is_of_others(name));
        let bare = |name: &'_ str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
        let names: Vec<String> = known.iter().map(|name| bare(name)).collect();
        unknown
            .map(|name| {
                let what = of_another_build(&bare(name)).unwrap_or_else(|| {
                    let names = names.iter().map(String::as_str);
                    let hint = nearest::hint(&bare(name), names, PREFIX, "`heloscope-relay --help`");
                    format!("this is no setting{hint}")
                });
                Fault::at(Source::Environment(name.clone()), None, what)
            })
            .collect()
    }
}
