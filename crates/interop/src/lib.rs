//! Real mail servers, started for the tests.
