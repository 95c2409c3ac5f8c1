/// A fuzzer's octets, read as the steps of a play; past their end there is nothing.
#[derive(Clone, Debug)]
pub struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    /// Reads from the beginning.
    pub fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The next octet.
    pub fn octet(&mut self) -> Option<u8> {
        let (octet, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*octet)
    }

    /// As many octets as the next one says, or as many as are left.
    pub fn octets(&mut self) -> &'a [u8] {
        let length = usize::from(self.octet().unwrap_or_default());
        let (octets, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        octets
    }

    /// All that is left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}
