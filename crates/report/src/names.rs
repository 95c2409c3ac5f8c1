//! IANA's names for numbers of TLS.

mod alerts;
mod demand;
mod groups;
mod spoken;
mod suites;
mod versions;

pub(crate) use alerts::{alert_meaning, alert_name, warning_words};
pub(crate) use demand::{Demand, is_verified};
pub(crate) use groups::group_name;
pub(crate) use spoken::{is_spoken, unspoken};
pub(crate) use suites::{
    KeyUse, Weakness, is_offered, is_rsa_key_transport, key_use, suite_name, wants_ecdsa, weaknesses,
};
pub(crate) use versions::version_name;
