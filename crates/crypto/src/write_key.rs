//! The keys with which a client encrypts, as they pass by: the record encrypter is given exactly these, and never the
//! server's.

use std::cell::RefCell;

use rustls::crypto::cipher::Iv;

/// The key and IV under which one side of a connection encrypts.
#[derive(Clone, PartialEq, Eq)]
pub struct WriteKey {
    /// The key, as long as the AEAD's are.
    pub key: Vec<u8>,
    /// The IV, without what each record brings: 12 octets, or 4 in TLS 1.2 with AES-GCM (RFC 5288 section 3).
    pub iv: Vec<u8>,
}

thread_local! {
    /// The last key made, where somebody watches.
    static WATCH: RefCell<Option<Option<WriteKey>>> = const { RefCell::new(None) };
}

/// Acts, and gives the last key with which this thread began to encrypt meanwhile, by this crate's provider.
///
/// rustls knows its algorithms by address, one for all connections; the scope of this call is what ties a key to the
/// connection that `act` drives.
pub fn watch_write_key<T>(act: impl FnOnce() -> T) -> (T, Option<WriteKey>) {
    let outer = WATCH.replace(Some(None));
    let done = act();
    (done, WATCH.replace(outer).flatten())
}

/// Notes a key; `iv_len` is how much of the IV no record carries.
pub(crate) fn note_write_key(key: &[u8], iv: &Iv, iv_len: usize) {
    WATCH.with_borrow_mut(|watch| {
        if let Some(last) = watch {
            *last = Some(WriteKey { key: key.to_vec(), iv: iv.as_ref()[..iv_len].to_vec() });
        }
    });
}

impl std::fmt::Debug for WriteKey {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(first: u8) -> WriteKey {
        WriteKey { key: vec![first; 16], iv: vec![7; 4] }
    }

    fn note(first: u8) {
        note_write_key(&[first; 16], &Iv::new([7; 12]), 4);
    }

    #[test]
    fn the_last_key_counts_and_only_within_the_call() {
        note(1);
        assert_eq!(watch_write_key(|| ()), ((), None));
        let seen = watch_write_key(|| {
            note(2);
            note(3);
        });
        assert_eq!(seen, ((), Some(noted(3))));
        assert_eq!(watch_write_key(|| ()), ((), None));
    }

    #[test]
    fn a_call_within_a_call_keeps_its_key_to_itself() {
        let (inner, outer) = watch_write_key(|| {
            note(1);
            watch_write_key(|| note(2)).1
        });
        assert_eq!((inner, outer), (Some(noted(2)), Some(noted(1))));
    }
}
