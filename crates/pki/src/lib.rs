//! Certificates: facts, path to a trust anchor, identity.
