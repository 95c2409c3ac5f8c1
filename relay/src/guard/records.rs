/// Takes the client's records (RFC 8446 §5.1) out of frames that may be cut anywhere, each only once it is whole.
#[derive(Debug, Default)]
pub(super) struct Records {
    unread: Vec<u8>,
}

/// A whole record of the client's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) kind: u8,
    pub(super) version: [u8; 2],
    pub(super) content: &'a [u8],
    /// All of it, header included.
    pub(super) octets: &'a [u8],
}

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION_DATA: u8 = 23;

pub(super) const HEADER: usize = 5;

/// Octets of content: a ClientHello is the longest thing that a client says.
pub(super) const MAX_CONTENT: usize = 2048;

/// The version in every header but that of the first ClientHello.
pub(super) const TLS_1_2: [u8; 2] = [3, 3];

impl Records {
    pub(super) fn push(&mut self, octets: &[u8]) {
        self.unread.extend_from_slice(octets);
    }

    /// The next record's octets, or `None` until more come; an error where these are, or will be, no record that a
    /// client may send.
    pub(super) fn next_record(&mut self) -> Result<Option<Vec<u8>>, NoRecord> {
        let Some([kind, major, minor, high, low]) = self.unread.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let known = (CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(kind);
        if !known || *major != 3 || !matches!(minor, 1 | 3) || !(1..=MAX_CONTENT).contains(&length) {
            return Err(NoRecord);
        }
        let end = HEADER + length;
        Ok((self.unread.len() >= end).then(|| self.unread.drain(..end).collect()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unread.is_empty()
    }
}

/// The octets are none that a client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRecord;

impl<'a> Record<'a> {
    /// A record that [`Records::next_record`] gave.
    pub(super) fn of(octets: &'a [u8]) -> Self {
        Self { kind: octets[0], version: [octets[1], octets[2]], content: &octets[HEADER..], octets }
    }

    /// RFC 5246 §7.1.
    pub(super) fn is_change_cipher_spec(&self) -> bool {
        self.octets == [CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1]
    }

    /// An alert in clear, RFC 8446 §6: two octets, the first of which is 1 or 2.
    pub(super) fn is_clear_alert(&self) -> bool {
        self.kind == ALERT && matches!(self.content, [1 | 2, _])
    }

    /// Whether it is of this type, and its header has the version that all but the first have.
    pub(super) fn is(&self, kind: u8) -> bool {
        self.kind == kind && self.version == TLS_1_2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_once_it_is_whole() {
        let mut records = Records::default();
        records.push(&[21, 3, 3, 0, 2, 2]);
        assert_eq!(records.next_record(), Ok(None));
        records.push(&[40, 20]);
        assert_eq!(records.next_record(), Ok(Some(vec![21, 3, 3, 0, 2, 2, 40])));
        assert_eq!(records.next_record(), Ok(None));
        assert!(!records.is_empty());
    }

    #[test]
    fn what_can_be_no_record_is_told_by_its_header() {
        for header in [
            [b'Q', b'U', b'I', b'T', b'\r'],
            [24, 3, 3, 0, 1], // a heartbeat
            [22, 2, 0, 0, 1],
            [22, 3, 0, 0, 1],
            [22, 3, 4, 0, 1],
            [23, 3, 3, 0, 0],
            [22, 3, 1, 8, 1],
        ] {
            let mut records = Records::default();
            records.push(&header);
            assert_eq!(records.next_record(), Err(NoRecord), "{header:?}");
        }
        let mut records = Records::default();
        records.push(&[22, 3, 1, 8, 0]);
        assert_eq!(records.next_record(), Ok(None));
    }
}
