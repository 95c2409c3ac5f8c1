//! Dialogues with mail servers: literal octets in, literal observations out, natively and in WebAssembly.
