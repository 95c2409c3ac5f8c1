//! Builds, tests and measures Heloscope.
