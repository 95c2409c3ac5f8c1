//! The command as a user runs it, against mail servers behind real TCP.

mod facts;
mod served;
mod servers;
mod usage;
