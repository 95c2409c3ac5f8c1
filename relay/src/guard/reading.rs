/// Reads the numbers and vectors of TLS's presentation language (RFC 8446 §3) off octets, front to back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'a>(pub(super) &'a [u8]);

impl<'a> Reading<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|octets| octets[0])
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|octets| u16::from_be_bytes([octets[0], octets[1]]))
    }

    /// Octets behind their number in one octet.
    pub(super) fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// Octets behind their number in two octets.
    pub(super) fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// Octets behind their number in three octets.
    pub(super) fn vector24(&mut self) -> Option<&'a [u8]> {
        let length = self.take(3)?;
        self.take(u32::from_be_bytes([0, length[0], length[1], length[2]]) as usize)
    }

    /// All the rest as one vector behind its number in two octets, and nothing after it.
    pub(super) fn last_vector16(mut self) -> Option<&'a [u8]> {
        let vector = self.vector16()?;
        self.is_empty().then_some(vector)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}
