//! The machine that tests a mail server: octets in, octets and observations out.
