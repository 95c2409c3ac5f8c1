use heloscope_wire::CloseCause;

/// The one way up: every frame of a client passes here before any octet of it reaches the mail server.
#[derive(Debug)]
pub(crate) struct Upward {
    octets_left: u64,
}

impl Upward {
    pub(crate) fn new(octets: u64) -> Self {
        Self { octets_left: octets }
    }

    /// Whether the frame may go upstream, whole; if not, nothing of it does, and the connection ends.
    pub(crate) fn admit(&mut self, frame: &[u8]) -> Result<(), CloseCause> {
        let octets = u64::try_from(frame.len()).unwrap_or(u64::MAX);
        self.octets_left = self.octets_left.checked_sub(octets).ok_or(CloseCause::OctetLimit)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_pass_up_to_the_limit_and_none_of_the_frame_that_exceeds_it() {
        let mut upward = Upward::new(10);
        assert_eq!(upward.admit(b"EHLO x\r\n"), Ok(()));
        assert_eq!(upward.admit(b"\r\n"), Ok(()));
        assert_eq!(upward.admit(b"Q"), Err(CloseCause::OctetLimit));
    }
}
