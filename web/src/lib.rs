//! The browser's half: a probe over WebSockets, and the report.
