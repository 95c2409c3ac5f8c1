use heloscope_observation::AlertDescription;

/// Follows a server's records (RFC 8446 §5.1, RFC 5246 §6.2.1), in any cut: where each begins, and in its clear flight the
/// alerts among them that only warn: the TLS library goes on after those and does not tell of them. At most 7 octets are kept.
#[derive(Debug, Default)]
pub(super) struct ClearRecords {
    /// The first octets of the record at hand.
    begun: Vec<u8>,
    /// How many of its octets have come.
    come: usize,
}

const HEADER: usize = 5;
/// An alert in clear: its header, level and description.
const ALERT: usize = HEADER + 2;

impl ClearRecords {
    /// Whether the next octet begins a record.
    pub(super) fn is_between(&self) -> bool {
        self.come == 0
    }

    /// Takes octets to the end of the record at hand, or as many as there are, from the front; and says of what the server
    /// warns with them. A close_notify is no warning, though its level says so.
    pub(super) fn take<'o>(&mut self, octets: &mut &'o [u8]) -> (&'o [u8], Option<AlertDescription>) {
        let length =
            |begun: &[u8]| begun.get(3..HEADER).map(|length| u16::from_be_bytes([length[0], length[1]]));
        let mut taken = 0;
        let whole = loop {
            let end = length(&self.begun).map_or(HEADER, |length| HEADER + usize::from(length));
            let piece = &octets[taken..octets.len().min(taken + end - self.come)];
            let room = ALERT - self.begun.len();
            self.begun.extend_from_slice(&piece[..piece.len().min(room)]);
            self.come += piece.len();
            taken += piece.len();
            match length(&self.begun) {
                Some(length) if self.come == HEADER + usize::from(length) => break true,
                _ if taken == octets.len() => break false,
                _ => {}
            }
        };
        let (piece, rest) = octets.split_at(taken);
        *octets = rest;
        let record = if whole { std::mem::take(self).begun } else { Vec::new() };
        let warning = match record[..] {
            [21, _, _, 0, 2, 1, description] if description != 0 => Some(AlertDescription(description)),
            _ => None,
        };
        (piece, warning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The alerts that warn; asks that all octets come out again, none of a record together with some of the next.
    fn warnings(octets: &[u8]) -> Vec<u8> {
        let by = |size: usize| {
            let mut records = ClearRecords::default();
            let (mut came, mut warnings) = (Vec::new(), Vec::new());
            for mut cut in octets.chunks(size) {
                while !cut.is_empty() {
                    let (taken, warning) = records.take(&mut cut);
                    assert!(!taken.is_empty());
                    came.extend_from_slice(taken);
                    warnings.extend(warning.map(|alert| alert.0));
                }
            }
            assert_eq!(came, octets);
            warnings
        };
        let whole = by(octets.len().max(1));
        assert_eq!(by(7), whole);
        assert_eq!(by(1), whole);
        whole
    }

    #[test]
    fn an_alert_of_the_first_level_warns() {
        let warning = [21, 3, 1, 0, 2, 1, 112];
        assert_eq!(warnings(&warning), [112]);
        let hello = [22, 3, 3, 0, 4, 2, 0, 0, 0];
        assert_eq!(warnings(&[&warning[..], &hello, &[21, 3, 3, 0, 2, 1, 90], &hello].concat()), [112, 90]);
    }

    #[test]
    fn nothing_else_does() {
        for octets in [
            &[21, 3, 3, 0, 2, 2, 112][..],                // fatal
            &[21, 3, 3, 0, 2, 1, 0],                      // close_notify
            &[21, 3, 3, 0, 4, 1, 112, 1, 112],            // two in one record
            &[21, 3, 3, 0, 1, 1],                         // half of one
            &[22, 3, 3, 0, 2, 1, 112],                    // of a handshake
            &[22, 3, 3, 0, 8, 0, 21, 3, 3, 0, 2, 1, 112], // within a record
            &[22, 3, 3, 0, 0, 20, 3, 3, 0, 0],            // no content
        ] {
            assert_eq!(warnings(octets), [], "{octets:?}");
        }
    }
}
