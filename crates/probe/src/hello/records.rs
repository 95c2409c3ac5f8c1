/// Takes records (RFC 5246 §6.2.1) apart, and puts handshake messages (§7.4) together, in any cut.
///
/// Bounded by [`MAX_MESSAGE`] and what one `push` brings.
#[derive(Debug, Default)]
pub(super) struct Records {
    unread: Vec<u8>,
    message: Vec<u8>,
}

/// Octets taken of one handshake message; what the TLS library takes too.
pub(super) const MAX_MESSAGE: usize = 0xffff;

/// What the server sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A whole handshake message.
    Message { kind: u8, body: Vec<u8> },
    /// An alert.
    Alert { fatal: bool, description: u8 },
    /// Something that has no place in a clear flight.
    Unexpected(&'static str),
}

const HEADER: usize = 5;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// 2^14 and what compression or encryption may have added, RFC 5246 §6.2.3.
const MAX_RECORD: usize = (1 << 14) + 2048;

impl Records {
    pub(super) fn push(&mut self, octets: &[u8]) {
        self.unread.extend_from_slice(octets);
    }

    /// The next piece; `None` until more octets come.
    pub(super) fn next_piece(&mut self) -> Option<Piece> {
        loop {
            if let Some(message) = self.take_message() {
                return Some(message);
            }
            let [kind, major, _, high, low] = *self.unread.first_chunk::<HEADER>()?;
            let length = usize::from(u16::from_be_bytes([high, low]));
            if major != 3 || length > MAX_RECORD {
                return Some(Piece::Unexpected("a record with a broken header"));
            }
            let content = self.unread.get(HEADER..HEADER + length)?;
            match (kind, content) {
                (HANDSHAKE, _) => self.message.extend_from_slice(content),
                (ALERT, [level, description]) => {
                    let alert = Piece::Alert { fatal: *level != 1, description: *description };
                    self.unread.drain(..HEADER + length);
                    return Some(alert);
                }
                _ => return Some(Piece::Unexpected("a record that is neither handshake nor alert")),
            }
            self.unread.drain(..HEADER + length);
            if self.message.len() > MAX_MESSAGE {
                return Some(Piece::Unexpected("a handshake message that is too long"));
            }
        }
    }

    fn take_message(&mut self) -> Option<Piece> {
        let [kind, high, middle, low] = *self.message.first_chunk::<4>()?;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        let body = self.message.get(4..4 + length)?.to_vec();
        self.message.drain(..4 + length);
        Some(Piece::Message { kind, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(octets: &[u8]) -> Vec<Piece> {
        let by = |size: usize| {
            let mut records = Records::default();
            let mut seen = Vec::new();
            for cut in octets.chunks(size) {
                records.push(cut);
                while let Some(piece) = records.next_piece() {
                    let over = matches!(piece, Piece::Unexpected(_));
                    seen.push(piece);
                    if over {
                        return seen;
                    }
                }
            }
            seen
        };
        let whole = by(octets.len().max(1));
        assert_eq!(by(7), whole);
        assert_eq!(by(1), whole);
        whole
    }

    #[test]
    fn messages_may_share_a_record_and_span_several() {
        let shared = [22, 3, 1, 0, 9, 14, 0, 0, 0, 2, 0, 0, 1, 7];
        let done = |kind, body: &[u8]| Piece::Message { kind, body: body.to_vec() };
        assert_eq!(pieces(&shared), [done(14, &[]), done(2, &[7])]);
        let spanning = [22, 3, 1, 0, 3, 2, 0, 0, 22, 3, 1, 0, 3, 2, 7, 8];
        assert_eq!(pieces(&spanning), [done(2, &[7, 8])]);
    }

    #[test]
    fn alerts_say_their_level() {
        let alerts = [21, 3, 1, 0, 2, 1, 112, 21, 3, 1, 0, 2, 2, 40];
        let warning = Piece::Alert { fatal: false, description: 112 };
        assert_eq!(pieces(&alerts), [warning, Piece::Alert { fatal: true, description: 40 }]);
    }

    #[test]
    fn what_is_out_of_place_or_bounds_is_unexpected() {
        for octets in
            [&[23, 3, 1, 0, 1, 0][..], &[22, 2, 0, 0, 0], &[22, 3, 1, 0xff, 0xff], &[21, 3, 1, 0, 1, 0]]
        {
            assert!(matches!(pieces(octets)[..], [Piece::Unexpected(_)]), "{octets:?}");
        }
        let endless = [&[22, 3, 1, 0x40, 0, 11, 0xff, 0xff, 0xff][..], &[0; (1 << 14) - 4]].concat();
        let more = [&[22, 3, 1, 0x40, 0][..], &[0; 1 << 14]].concat().repeat(4);
        assert!(matches!(pieces(&[endless, more].concat())[..], [Piece::Unexpected(_)]));
    }
}
