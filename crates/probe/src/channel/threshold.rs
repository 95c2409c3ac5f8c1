use heloscope_smtp::Octets;

use crate::limits::{MAX_BEFORE_TLS, MAX_STRAY};

/// The place where clear text ends and TLS begins: holds back what comes before the server's first TLS record, so
/// that none of it ever reaches the TLS library or what is read inside TLS.
#[derive(Debug)]
pub(crate) struct Threshold {
    expectation: Expectation,
    /// What came before anything was sent that it could answer: never TLS, whatever it looks like.
    early: Option<ClearText>,
    /// What came since.
    stray: Vec<u8>,
}

/// The first octets of clear text, and how many there were.
pub(crate) type ClearText = (Octets, usize);

/// What may stand before the server's first TLS record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// Nothing: TLS begins with the connection. Clear text means that this is no TLS port.
    TlsAtOnce,
    /// Nothing either, after the 220 to STARTTLS; but clear text may be an injected reply, with TLS behind it.
    TlsAfterStartTls,
}

/// What to make of octets at the threshold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Crossing {
    /// More is needed to tell.
    Undecided,
    /// TLS begins with these octets; clear text stood before it where `injected` says so.
    Tls { octets: Vec<u8>, injected: Option<ClearText> },
    /// It will not begin.
    NotTls(Ending),
}

/// What came where TLS did not begin.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    /// What came before anything was sent.
    pub(crate) injected: Option<ClearText>,
    /// What came afterwards.
    pub(crate) octets: Option<Octets>,
}

impl Threshold {
    /// `early`: what had come before the ClientHello was sent.
    pub(crate) fn new(expectation: Expectation, early: &[u8]) -> Self {
        let early = (!early.is_empty()).then(|| (kept(early, early.len()), early.len()));
        Self { expectation, early, stray: Vec::new() }
    }

    pub(crate) fn receive(&mut self, octets: &[u8]) -> Crossing {
        self.stray.extend_from_slice(octets);
        // No further than where it is given up, which a longer piece may have passed already.
        let sought = &self.stray[..self.stray.len().min(MAX_BEFORE_TLS)];
        let record = sought.windows(3).position(begins_record);
        match (record, self.expectation) {
            (Some(start), Expectation::TlsAfterStartTls) => self.cross(start),
            (Some(0), Expectation::TlsAtOnce) => self.cross(0),
            (_, Expectation::TlsAtOnce) if self.is_lost() && self.stray.len() >= MAX_STRAY => self.not_tls(),
            (None, _) if self.stray.len() >= MAX_BEFORE_TLS => self.not_tls(),
            _ => Crossing::Undecided,
        }
    }

    /// What was held back, where the connection ends here.
    pub(crate) fn end(&mut self) -> Ending {
        let octets = (!self.stray.is_empty()).then(|| kept(&self.stray, self.stray.len()));
        Ending { injected: self.early.take().and_then(without_change_cipher_spec), octets }
    }

    fn cross(&mut self, start: usize) -> Crossing {
        let injected = match self.early.take() {
            Some((early, total)) => {
                let both = [&early[..], &self.stray[..start]].concat();
                Some((kept(&both, both.len()), total + start))
            }
            None => (start > 0).then(|| (kept(&self.stray, start), start)),
        };
        let octets = self.stray.split_off(start);
        self.stray.clear();
        Crossing::Tls { octets, injected: injected.and_then(without_change_cipher_spec) }
    }

    fn not_tls(&mut self) -> Crossing {
        Crossing::NotTls(self.end())
    }

    /// Whether these octets will not become TLS, whatever follows; clear text after STARTTLS may have TLS behind it.
    pub(crate) fn is_lost(&self) -> bool {
        self.expectation == Expectation::TlsAtOnce && !may_begin_record(&self.stray)
    }
}

fn kept(octets: &[u8], end: usize) -> Octets {
    octets[..end.min(MAX_STRAY)].into()
}

/// The records of ChangeCipherSpec that stand first are TLS and no clear text: RFC 8446 §5 has them dropped in a handshake,
/// wherever they come.
fn without_change_cipher_spec((octets, total): ClearText) -> Option<ClearText> {
    let mut rest = &octets[..];
    while let [20, 3, _, 0, 1, 1, following @ ..] = rest {
        rest = following;
    }
    let left = total - (octets.len() - rest.len());
    (left > 0).then(|| (rest.into(), left))
}

/// The header of a handshake or alert record (RFC 8446 §5.1), the only ones that a server may begin with.
fn begins_record(octets: &[u8]) -> bool {
    matches!(octets, [21 | 22, 3, 0..=4, ..])
}

/// Whether this is the header of such a record, or the beginning of one.
fn may_begin_record(octets: &[u8]) -> bool {
    match octets {
        [] | [21 | 22] | [21 | 22, 3] => true,
        _ => begins_record(octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] = &[22, 3, 3, 0, 4];

    fn cross(expectation: Expectation, early: &[u8], octets: &[u8]) -> Crossing {
        let by = |size: usize| {
            let mut threshold = Threshold::new(expectation, early);
            let mut cuts = octets.chunks(size);
            while let Some(cut) = cuts.next() {
                match threshold.receive(cut) {
                    Crossing::Undecided => {}
                    Crossing::Tls { octets, injected } => {
                        let rest = cuts.flatten().copied();
                        return Crossing::Tls { octets: octets.into_iter().chain(rest).collect(), injected };
                    }
                    not_tls @ Crossing::NotTls(_) => return not_tls,
                }
            }
            Crossing::Undecided
        };
        let whole = by(octets.len().max(1));
        assert_eq!(by(7), whole);
        assert_eq!(by(1), whole);
        whole
    }

    fn not_tls(octets: &[u8]) -> Crossing {
        Crossing::NotTls(Ending { injected: None, octets: Some(octets.into()) })
    }

    #[test]
    fn tls_passes_untouched() {
        for expectation in [Expectation::TlsAtOnce, Expectation::TlsAfterStartTls] {
            let crossing = cross(expectation, b"", RECORD);
            assert_eq!(crossing, Crossing::Tls { octets: RECORD.to_vec(), injected: None });
        }
    }

    #[test]
    fn clear_text_after_starttls_is_held_back_and_kept() {
        let injected = Some((b"250 injected\r\n".into(), 14));
        let late = cross(Expectation::TlsAfterStartTls, b"", &[b"250 injected\r\n", RECORD].concat());
        assert_eq!(late, Crossing::Tls { octets: RECORD.to_vec(), injected: injected.clone() });
        let early = cross(Expectation::TlsAfterStartTls, b"250 injected\r\n", RECORD);
        assert_eq!(early, Crossing::Tls { octets: RECORD.to_vec(), injected });
    }

    #[test]
    fn a_record_that_came_before_the_client_hello_is_no_tls() {
        let crossing = cross(Expectation::TlsAfterStartTls, RECORD, RECORD);
        assert_eq!(
            crossing,
            Crossing::Tls { octets: RECORD.to_vec(), injected: Some((RECORD.into(), RECORD.len())) }
        );
    }

    #[test]
    fn a_change_cipher_spec_before_the_server_hello_is_no_clear_text() {
        const CHANGE: &[u8] = &[20, 3, 3, 0, 1, 1];
        let tls = |injected| Crossing::Tls { octets: RECORD.to_vec(), injected };
        let after =
            |early: &[u8], late: &[u8]| cross(Expectation::TlsAfterStartTls, early, &[late, RECORD].concat());
        assert_eq!(after(CHANGE, b""), tls(None));
        assert_eq!(after(b"", &CHANGE.repeat(2)), tls(None));
        assert_eq!(after(&CHANGE[..4], &CHANGE[4..]), tls(None));
        assert_eq!(after(CHANGE, b"250 x\r\n"), tls(Some((b"250 x\r\n".into(), 7))));
        assert_eq!(after(&[20, 3, 3, 0, 1, 2], b""), tls(Some(([20, 3, 3, 0, 1, 2][..].into(), 6))));
        assert_eq!(Threshold::new(Expectation::TlsAfterStartTls, CHANGE).end(), Ending::default());
    }

    #[test]
    fn clear_text_on_a_tls_port_is_known_at_once_and_as_much_of_it_kept_as_comes() {
        let mut threshold = Threshold::new(Expectation::TlsAtOnce, b"");
        assert!(!threshold.is_lost());
        for octets in [&b"2"[..], b"20 mx ESMTP\r\n", b"500 what\r\n"] {
            assert_eq!(threshold.receive(octets), Crossing::Undecided);
            assert!(threshold.is_lost());
        }
        assert_eq!(threshold.end().octets, Some(b"220 mx ESMTP\r\n500 what\r\n".into()));
        for header in [&[21][..], &[22, 3], &[21, 3, 1, 0]] {
            let mut threshold = Threshold::new(Expectation::TlsAtOnce, b"");
            threshold.receive(header);
            assert!(!threshold.is_lost());
        }
        // There TLS may follow.
        let mut threshold = Threshold::new(Expectation::TlsAfterStartTls, b"");
        threshold.receive(b"250 injected\r\n");
        assert!(!threshold.is_lost());
        let noise = cross(Expectation::TlsAtOnce, b"", &[b'x'; MAX_STRAY]);
        assert_eq!(noise, not_tls(&[b'x'; MAX_STRAY]));
    }

    #[test]
    fn waiting_for_tls_after_starttls_has_an_end() {
        let noise = vec![b'x'; MAX_BEFORE_TLS];
        assert_eq!(cross(Expectation::TlsAfterStartTls, b"", &noise[1..]), Crossing::Undecided);
        let crossing = cross(Expectation::TlsAfterStartTls, b"", &noise);
        assert_eq!(crossing, not_tls(&noise[..MAX_STRAY]));
        let too_late = cross(Expectation::TlsAfterStartTls, b"", &[&noise[2..], RECORD].concat());
        assert_eq!(too_late, crossing);
        let in_time = cross(Expectation::TlsAfterStartTls, b"", &[&noise[3..], RECORD].concat());
        assert!(matches!(in_time, Crossing::Tls { injected: Some((_, 4093)), .. }), "{in_time:?}");
    }

    /// It has come already: nothing is waited for.
    #[test]
    fn what_came_before_the_hello_is_counted_however_long() {
        let early = [b'x'; MAX_BEFORE_TLS + 1];
        let injected = |more: usize| Some((vec![b'x'; MAX_STRAY].into(), early.len() + more));
        let at_once = cross(Expectation::TlsAfterStartTls, &early, RECORD);
        assert_eq!(at_once, Crossing::Tls { octets: RECORD.to_vec(), injected: injected(0) });
        let later = cross(Expectation::TlsAfterStartTls, &early, &[b"250 x\r\n", RECORD].concat());
        assert_eq!(later, Crossing::Tls { octets: RECORD.to_vec(), injected: injected(7) });
    }

    #[test]
    fn what_came_before_the_hello_is_told_from_what_came_afterwards() {
        let injected = Some((b"250 AUTH PLAIN\r\n".into(), 16));
        let mut threshold = Threshold::new(Expectation::TlsAfterStartTls, b"250 AUTH PLAIN\r\n");
        assert_eq!(threshold.receive(b"500 what\r\n"), Crossing::Undecided);
        let octets = Some(b"500 what\r\n".into());
        assert_eq!(threshold.end(), Ending { injected: injected.clone(), octets });
        let mut threshold = Threshold::new(Expectation::TlsAfterStartTls, b"250 AUTH PLAIN\r\n");
        assert_eq!(threshold.end(), Ending { injected, octets: None });
        assert_eq!(Threshold::new(Expectation::TlsAfterStartTls, b"").end(), Ending::default());
    }
}
