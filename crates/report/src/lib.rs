//! The report and the checks: observations and a time in, facts and findings out.

mod report;

pub use report::*;
