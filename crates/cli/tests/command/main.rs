//! The command as a user runs it, against mail servers behind real TCP.

mod carrier;
mod facts;
mod relayed;
mod served;
mod servers;
mod usage;
