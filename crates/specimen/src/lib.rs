//! Mail servers with known faults, for the demo and the tests.
