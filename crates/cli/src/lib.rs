//! The mail server test from a terminal.
