use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use heloscope_observation::Host;
use ipnet::IpNet;

use crate::address::read_net;
use crate::files::text_of;

/// What the operator has the relay not connect to, whatever else is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DenyList {
    names: HashSet<String>,
    nets: Vec<IpNet>,
}

impl DenyList {
    /// Reads one name, address or network a line, or an IPv6 address or network that is IPv4-mapped, which is the IPv4 one;
    /// what follows `#` is a remark.
    fn read(text: &str) -> Result<Self, DenyFault> {
        let mut list = Self::default();
        let mut wrong = Vec::new();
        // Some editors put a byte order mark in front.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let entry = line.split('#').next().unwrap_or_default().trim();
            if entry.is_empty() {
                continue;
            }
            match (read_net(entry), entry.parse()) {
                (Some(net), _) => list.nets.push(unmapped(net)),
                (None, Ok(Host::Name(name))) => drop(list.names.insert(name)),
                (None, Ok(Host::Address(address))) => list.nets.push(address.into()),
                (None, Err(_)) => wrong.push((index + 1, entry.to_owned())),
            }
        }
        if wrong.is_empty() { Ok(list) } else { Err(DenyFault::Lines(wrong)) }
    }

    /// Whether the name, or one above it, is denied.
    pub(crate) fn denies_name(&self, name: &str) -> bool {
        let parents = name.match_indices('.').map(|(dot, _)| &name[dot + 1..]);
        std::iter::once(name).chain(parents).any(|name| self.names.contains(name))
    }

    /// Whether the address is in a network that is denied.
    pub(crate) fn denies_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.nets.iter().any(|net| net.contains(&address))
    }
}

/// The IPv4 network that an IPv4-mapped one is, RFC 4291 §2.5.5.2.
fn unmapped(net: IpNet) -> IpNet {
    const MAPPED: u8 = 96;
    match (net.addr().to_canonical(), net.prefix_len()) {
        (IpAddr::V4(v4), MAPPED..=128) if matches!(net, IpNet::V6(_)) => {
            IpNet::new_assert(v4.into(), net.prefix_len() - MAPPED)
        }
        _ => net,
    }
}

/// Reads the deny file again. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct DenyReloader {
    path: Arc<RwLock<Option<PathBuf>>>,
    list: Arc<RwLock<Arc<DenyList>>>,
}

impl DenyReloader {
    /// Reads the file for the first time; without one nothing is denied.
    pub(crate) fn open(path: Option<PathBuf>) -> Result<Self, DenyFault> {
        let reloader = Self::default();
        reloader.change(path)?;
        Ok(reloader)
    }

    /// Reads another file, or none, from now on; returns how many entries it has.
    pub(crate) fn change(&self, path: Option<PathBuf>) -> Result<usize, DenyFault> {
        let list = match &path {
            None => DenyList::default(),
            Some(path) => {
                let text =
                    text_of(path).map_err(|error| DenyFault::Unreadable(path.clone(), error.to_string()))?;
                DenyList::read(&text)?
            }
        };
        let entries = list.names.len() + list.nets.len();
        *self.path.write().unwrap_or_else(PoisonError::into_inner) = path;
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(list);
        Ok(entries)
    }

    /// Reads the file again; connections that are open stay open. Returns how many entries it has.
    ///
    /// # Errors
    /// Where the file cannot be read or a line of it cannot be understood; then the old list stays.
    pub fn reload(&self) -> Result<usize, DenyFault> {
        let path = self.path.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.change(path)
    }

    pub(crate) fn list(&self) -> Arc<DenyList> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why a deny file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenyFault {
    /// It cannot be read, for this reason.
    Unreadable(PathBuf, String),
    /// These lines are none: their numbers, from 1, and what stands there.
    Lines(Vec<(usize, String)>),
}

/// The most lines of a deny file that are named.
const NAMED: usize = 10;

impl fmt::Display for DenyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, reason) => {
                write!(f, "the deny file {} cannot be read: {reason}", path.display())
            }
            Self::Lines(lines) => {
                let named: Vec<String> = (lines.iter().take(NAMED))
                    .map(|(number, entry)| {
                        format!("line {number}, `{}`{}", entry.escape_debug(), hint(entry))
                    })
                    .collect();
                let more = match lines.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!("; and {more} more"),
                };
                write!(
                    f,
                    "in the deny file this is no host name, address or network: {}{more}",
                    named.join("; ")
                )
            }
        }
    }
}

/// What to write in its place, behind the entry, where that is likely to be known.
fn hint(entry: &str) -> &'static str {
    match entry {
        _ if entry.starts_with('*') || entry.starts_with('.') => {
            " (a name stands for those below it as well: leave out what is before it)"
        }
        _ if !entry.is_ascii() => " (write the name as it stands in DNS, its labels with xn--)",
        _ => "",
    }
}

impl std::error::Error for DenyFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_deny_what_is_below_them_and_networks_what_is_inside() {
        let list = DenyList::read("# opted out\nExample.com\n\n8.8.8.0/24 # a network\n2a00::1\n").unwrap();
        for (name, denied) in [
            ("example.com", true),
            ("mx1.example.com", true),
            ("a.b.example.com", true),
            ("notexample.com", false),
            ("com", false),
            ("example.com.example", false),
        ] {
            assert_eq!(list.denies_name(name), denied, "{name}");
        }
        for (address, denied) in [
            ("8.8.8.0", true),
            ("8.8.8.255", true),
            ("8.8.9.0", false),
            ("2a00::1", true),
            ("2a00::2", false),
        ] {
            assert_eq!(list.denies_address(address.parse().unwrap()), denied, "{address}");
        }
    }

    #[test]
    fn a_name_or_a_network_may_be_written_in_other_ways() {
        let list = DenyList::read(
            "\u{feff}MX1.Example.COM.\r\n\r\n xn--bcher-kva.example\t# b\u{fc}cher\n192.0.2.77/24\n\
             ::ffff:198.51.100.7\n::ffff:203.0.113.0/120\n2001:db8::77/32\n[2001:DB9::1]\n",
        );
        let list = list.unwrap();
        for name in ["mx1.example.com", "a.mx1.example.com", "mail.xn--bcher-kva.example"] {
            assert!(list.denies_name(name), "{name}");
        }
        for (address, denied) in [
            ("192.0.2.0", true),
            ("192.0.2.255", true),
            ("192.0.3.0", false),
            ("::ffff:192.0.2.1", true),
            ("198.51.100.7", true),
            ("198.51.100.8", false),
            ("203.0.113.255", true),
            ("203.0.114.0", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", true),
            ("2001:db9::2", false),
        ] {
            assert_eq!(list.denies_address(address.parse().unwrap()), denied, "{address}");
        }
    }

    #[test]
    fn what_is_none_is_told_with_what_to_write() {
        let told = |entry: &str| DenyList::read(entry).unwrap_err().to_string();
        for entry in ["*.example.com", ".example.com", "*"] {
            assert!(
                told(entry)
                    .ends_with(" (a name stands for those below it as well: leave out what is before it)")
            );
        }
        assert_eq!(
            told("b\u{fc}cher.example"),
            "in the deny file this is no host name, address or network: line 1, `b\u{fc}cher.example` (write the name as \
             it stands in DNS, its labels with xn--)"
        );
        for entry in
            ["192.0.2.0/33", "192.0.2.0/255.255.255.0", "a.example b.example", "https://a.example", "10"]
        {
            assert!(told(entry).ends_with(&format!(": line 1, `{entry}`")), "{entry}");
        }
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        for entry in ["*.example.com", "8.8.8.0/33", "127.1", "user@example.com"] {
            let fault = DenyList::read(&format!("example.com\n{entry}\n")).unwrap_err();
            assert_eq!(fault, DenyFault::Lines(vec![(2, entry.to_owned())]));
        }
        let fault = DenyList::read(&"!\n# so\n".repeat(12)).unwrap_err().to_string();
        assert!(
            fault.contains(": line 1, `!`; line 3, `!`; ") && fault.ends_with("; line 19, `!`; and 2 more"),
            "{fault}"
        );
    }

    #[test]
    fn a_broken_file_keeps_the_old_list() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "example.com\n").unwrap();
        let deny = DenyReloader::open(Some(file.path().to_owned())).unwrap();

        std::fs::write(file.path(), "example.org\n*\n").unwrap();
        assert!(deny.reload().is_err());
        assert!(deny.list().denies_name("example.com") && !deny.list().denies_name("example.org"));

        std::fs::write(file.path(), "example.org\n").unwrap();
        assert_eq!(deny.reload(), Ok(1));
        assert!(deny.list().denies_name("example.org") && !deny.list().denies_name("example.com"));
    }
}
