//! Text frames between browser and relay: what is read is written again as it was, and nothing else is read.
#![no_main]

use heloscope_wire::{FromRelay, ToRelay};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(frame) = serde_json::from_str::<ToRelay>(text) {
        let ToRelay::ClientWriteKey(key) = &frame;
        let written = frame.to_frame();
        assert_eq!(written.len(), EMPTY.len() + 2 * (key.key.len() + key.iv.len()), "two digits an octet");
        assert_eq!(serde_json::from_str::<ToRelay>(&written).ok(), Some(frame), "it reads back");
    }
    if let Ok(frame) = serde_json::from_str::<FromRelay>(text) {
        let written = serde_json::to_string(&frame).expect("it is plain data");
        assert_eq!(serde_json::from_str::<FromRelay>(&written).ok(), Some(frame), "it reads back");
    }
});

/// The frame without its digits.
const EMPTY: &str = r#"{"client_write_key":{"key":"","iv":""}}"#;
