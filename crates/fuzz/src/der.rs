//! Certificates with parts of them changed, and all lengths right again.

use crate::Script;

/// A leaf, its intermediate and its root, valid from 2026-11-24 to 2036-11-21.
pub const CHAIN: [&[u8]; 3] = [
    include_bytes!("../fixtures/leaf.der"),
    include_bytes!("../fixtures/intermediate.der"),
    include_bytes!("../fixtures/root.der"),
];

/// Certificates in one chain, and elements in one certificate, so that none takes long.
const MAX_CERTIFICATES: usize = 20;
const MAX_ELEMENTS: usize = 1000;

/// Those of [`CHAIN`] in any order, with elements of them changed. Each step is one octet and what it wants to know.
pub fn changed(octets: &[u8]) -> Vec<Vec<u8>> {
    let mut script = Script::new(octets);
    let mut chain: Vec<Element> = Vec::new();
    while let Some(step) = script.octet() {
        let number = usize::from(script.octet().unwrap_or_default());
        if step >= 250 || chain.is_empty() {
            if chain.len() == MAX_CERTIFICATES {
                break;
            }
            chain.push(Element::read(CHAIN[number % CHAIN.len()]).expect("a certificate is DER"));
            continue;
        }
        let certificate = chain.last_mut().expect("it is not empty");
        match step % 5 {
            0 | 1 => certificate.fill(number, script.octets()),
            2 => certificate.tag(number, script.octet().unwrap_or_default()),
            3 => certificate.repeat(number, usize::from(script.octet().unwrap_or_default() % 8)),
            _ => certificate.replace(number, usize::from(script.octet().unwrap_or_default())),
        }
        if certificate.count() > MAX_ELEMENTS {
            break;
        }
    }
    chain.iter().map(Element::write).collect()
}

/// A DER element: octets, or elements within.
#[derive(Clone, Debug)]
struct Element {
    tag: u8,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Octets(Vec<u8>),
    Elements(Vec<Element>),
}

impl Element {
    /// The elements of some DER, those within constructed ones taken apart; `None` where it is none.
    fn read(octets: &[u8]) -> Option<Self> {
        let (element, []) = Self::first(octets)? else { return None };
        Some(element)
    }

    fn first(octets: &[u8]) -> Option<(Self, &[u8])> {
        let (tag, rest) = octets.split_first()?;
        let (length, rest) = rest.split_first()?;
        let (length, rest) = match length {
            short @ 0..=0x7f => (usize::from(*short), rest),
            long @ 0x81..=0x83 => {
                let (digits, rest) = rest.split_at_checked(usize::from(long - 0x80))?;
                (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
            }
            _ => return None,
        };
        let (content, following) = rest.split_at_checked(length)?;
        let constructed = tag & 0x20 != 0;
        // What an extension holds is DER in an OCTET STRING.
        let within = (constructed || *tag == 4).then(|| Self::all(content)).flatten();
        let content = within.map_or_else(|| Content::Octets(content.to_vec()), Content::Elements);
        Some((Self { tag: *tag, content }, following))
    }

    fn all(mut octets: &[u8]) -> Option<Vec<Self>> {
        let mut elements = Vec::new();
        while !octets.is_empty() {
            let (element, following) = Self::first(octets)?;
            elements.push(element);
            octets = following;
        }
        Some(elements)
    }

    /// The DER of it.
    fn write(&self) -> Vec<u8> {
        let content = match &self.content {
            Content::Octets(octets) => octets.clone(),
            Content::Elements(elements) => elements.iter().flat_map(Self::write).collect(),
        };
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
        let length = match content.len() {
            0..=0x7f => vec![length[3]],
            0x80..=0xff => vec![0x81, length[3]],
            0x100..=0xffff => vec![0x82, length[2], length[3]],
            _ => vec![0x83, length[1], length[2], length[3]],
        };
        [&[self.tag], &length[..], &content].concat()
    }

    /// How many elements there are, itself among them.
    fn count(&self) -> usize {
        match &self.content {
            Content::Octets(_) => 1,
            Content::Elements(elements) => 1 + elements.iter().map(Self::count).sum::<usize>(),
        }
    }

    /// Gives another tag to the element of this number, counted from 0 as they stand.
    fn tag(&mut self, number: usize, tag: u8) {
        if let Some(element) = self.nth(number) {
            element.tag = tag;
        }
    }

    /// Puts octets into the element of this number.
    fn fill(&mut self, number: usize, octets: &[u8]) {
        if let Some(element) = self.nth(number) {
            element.content = Content::Octets(octets.to_vec());
        }
    }

    /// Puts the element of this number there as often as told, or leaves it out where that is 0.
    fn repeat(&mut self, number: usize, times: usize) {
        self.change_child(number, &mut |elements, place| {
            let element = elements.remove(place);
            elements.splice(place..place, std::iter::repeat_n(element, times));
        });
    }

    /// Puts the element of this number in the place of that of another.
    fn replace(&mut self, number: usize, by: usize) {
        if let Some(other) = self.nth(by).cloned()
            && let Some(element) = self.nth(number)
        {
            *element = other;
        }
    }

    fn nth(&mut self, number: usize) -> Option<&mut Self> {
        if number == 0 {
            return Some(self);
        }
        let Content::Elements(elements) = &mut self.content else { return None };
        let mut left = number - 1;
        for element in elements {
            let count = element.count();
            if left < count {
                return element.nth(left);
            }
            left -= count;
        }
        None
    }

    fn change_child(&mut self, number: usize, change: &mut dyn FnMut(&mut Vec<Self>, usize)) {
        let Content::Elements(elements) = &mut self.content else { return };
        let Some(mut left) = number.checked_sub(1) else { return };
        for place in 0..elements.len() {
            let count = elements[place].count();
            if left == 0 {
                return change(elements, place);
            }
            if left < count {
                return elements[place].change_child(left, change);
            }
            left -= count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_is_written_as_it_was_read() {
        let leaf = Element::read(CHAIN[0]).unwrap();
        assert_eq!(leaf.write(), CHAIN[0]);
        assert!(leaf.count() > 100);
    }

    #[test]
    fn changes_go_where_they_are_told() {
        let mut small = Element::read(&[0x30, 6, 2, 1, 7, 4, 1, 9]).unwrap();
        assert_eq!(small.count(), 3);
        small.fill(1, &[8, 8]);
        small.tag(2, 5);
        assert_eq!(small.write(), [0x30, 7, 2, 2, 8, 8, 5, 1, 9]);
        small.repeat(2, 2);
        small.replace(1, 3);
        assert_eq!(small.write(), [0x30, 9, 5, 1, 9, 5, 1, 9, 5, 1, 9]);
        small.repeat(1, 0);
        assert_eq!(small.count(), 3);
    }
}
