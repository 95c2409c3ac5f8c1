//! IANA's names for numbers of TLS.

mod alerts;
mod groups;
mod suites;
mod versions;

pub(crate) use alerts::{alert_meaning, alert_name};
pub(crate) use groups::group_name;
pub(crate) use suites::{Weakness, is_rsa_key_transport, suite_name, weaknesses};
pub(crate) use versions::version_name;
