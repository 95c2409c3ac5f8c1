//! A rustls CryptoProvider for a tester: pure Rust, the same natively and in WebAssembly.
