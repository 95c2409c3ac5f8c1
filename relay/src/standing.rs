//! How other mail servers see a public relay: whether its EHLO name and its addresses lead to each other.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::address::is_global;
use crate::ehlo::address_of;
use crate::outside::Outside;
use crate::{LookupFailure, Resolve};

/// What a public relay asks DNS about itself when it starts.
pub(crate) struct Standing {
    /// Its EHLO name.
    pub(crate) name: String,
    /// The addresses of its network interfaces.
    pub(crate) own: Vec<IpAddr>,
    pub(crate) resolver: Arc<dyn Resolve>,
}

impl Standing {
    /// Tells the log of each disagreement, or that there is none.
    pub(crate) async fn log(self, outside: Arc<Outside>) {
        let found = self.found(&outside).await;
        for disagreement in &found {
            tracing::warn!("{disagreement}");
        }
        if found.is_empty() {
            tracing::info!(name = self.name, "the EHLO name and this machine's addresses lead to each other");
        }
    }

    /// Asks when it is known where the name leads: until then its look-ups fail, and `outside` says so.
    pub(crate) async fn found(&self, outside: &Outside) -> Vec<Disagreement> {
        outside.known().await;
        disagreements(&self.name, &self.own, &*self.resolver).await
    }
}

/// Something in DNS for which mail servers may turn a relay away, with what it should say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Disagreement {
    /// The EHLO name has no address.
    NoAddress { name: String, own: Vec<IpAddr> },
    /// A look-up failed: nothing is known.
    NotLookedUp { what: String, why: String },
    /// Addresses of this machine to which the name does not lead.
    NotLedTo { name: String, leads_to: Vec<IpAddr>, own: Vec<IpAddr> },
    /// The EHLO name leads to an address that no other machine can reach this one by.
    LedInside { name: String, address: IpAddr },
    /// The address has no PTR record.
    NoPtr { address: IpAddr, name: String },
    /// The address's PTR record has another name.
    OtherPtr { address: IpAddr, has: String, name: String },
    /// The EHLO name is an address literal, and none of an address that this machine has outside.
    OtherAddress { name: String, own: Vec<IpAddr> },
    /// The EHLO name is the literal of this address, whose PTR record has a name.
    Literal { address: IpAddr, has: String },
    /// The EHLO name is the literal of this address, which has no PTR record.
    LiteralWithoutPtr { address: IpAddr },
}

/// Compares the A and AAAA records of the EHLO name with the PTR records of this machine's addresses; where it has none
/// that is global, behind NAT, of those that the name leads to.
async fn disagreements(name: &str, own: &[IpAddr], resolver: &dyn Resolve) -> Vec<Disagreement> {
    let own: Vec<IpAddr> = own.iter().copied().filter(|address| is_global(*address)).collect();
    let mut found = Vec::new();
    if let Some(address) = address_of(name) {
        return vec![of_literal(address, name, own, resolver).await];
    }
    let leads_to: Vec<IpAddr> = match resolver.lookup(name).await {
        Ok(addresses) => addresses.iter().map(|address| address.ip().to_canonical()).collect(),
        Err(LookupFailure::NotFound) => Vec::new(),
        Err(why) => {
            found.push(Disagreement::NotLookedUp { what: name.to_owned(), why: why.to_string() });
            Vec::new()
        }
    };
    if leads_to.is_empty() && found.is_empty() {
        found.push(Disagreement::NoAddress { name: name.to_owned(), own: own.clone() });
    }
    let left_out: Vec<IpAddr> = own.iter().copied().filter(|address| !leads_to.contains(address)).collect();
    if !left_out.is_empty() && !leads_to.is_empty() {
        let leads_to = leads_to.clone();
        found.push(Disagreement::NotLedTo { name: name.to_owned(), leads_to, own: left_out });
    }
    let (outside, inside): (Vec<_>, Vec<_>) = leads_to.iter().partition(|address| is_global(**address));
    found
        .extend(inside.into_iter().map(|address| Disagreement::LedInside { name: name.to_owned(), address }));
    for &address in if own.is_empty() { &outside } else { &own } {
        let name = name.to_owned();
        match resolver.reverse(address).await {
            Ok(has) if has.trim_end_matches('.').eq_ignore_ascii_case(&name) => {}
            Ok(has) => found.push(Disagreement::OtherPtr { address, has, name }),
            Err(LookupFailure::NotFound) => found.push(Disagreement::NoPtr { address, name }),
            Err(why) => {
                let what = format!("the PTR record of {address}");
                found.push(Disagreement::NotLookedUp { what, why: why.to_string() });
            }
        }
    }
    found
}

/// The same where the EHLO name is the literal of an address.
async fn of_literal(address: IpAddr, name: &str, own: Vec<IpAddr>, resolver: &dyn Resolve) -> Disagreement {
    if !is_global(address) || !(own.is_empty() || own.contains(&address)) {
        return Disagreement::OtherAddress { name: name.to_owned(), own };
    }
    match resolver.reverse(address).await {
        Ok(has) => Disagreement::Literal { address, has },
        Err(LookupFailure::NotFound) => Disagreement::LiteralWithoutPtr { address },
        Err(why) => {
            Disagreement::NotLookedUp { what: format!("the PTR record of {address}"), why: why.to_string() }
        }
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress { name, own } if own.is_empty() => write!(
                f,
                "the EHLO name {name} has no A or AAAA record; give it those of the addresses that this machine is \
                 known by outside"
            ),
            Self::NoAddress { name, own } => {
                write!(f, "the EHLO name {name} has no A or AAAA record; give it one for {}", listed(own))
            }
            Self::NotLookedUp { what, why } => write!(f, "{what} could not be looked up: {why}"),
            Self::NotLedTo { name, leads_to, own } => write!(
                f,
                "the EHLO name {name} leads to {}, and not to {}, from where this machine may connect as well; give \
                 it an A or AAAA record for each",
                listed(leads_to),
                listed(own)
            ),
            Self::LedInside { name, address } => write!(
                f,
                "the EHLO name {name} leads to {address}, which is no address outside; give it those that this machine is \
                 known by there"
            ),
            Self::NoPtr { address, name } => write!(
                f,
                "{address} has no PTR record; it should be {name}. Whoever the address is from, the provider as a \
                 rule, can set it"
            ),
            Self::OtherPtr { address, has, name } => write!(
                f,
                "the PTR record of {address} is {has}; it should be {name}. Whoever the address is from, the provider \
                 as a rule, can set it; or take {has} for --ehlo-name, if that leads to {address}"
            ),
            Self::OtherAddress { name, own } if own.is_empty() => write!(
                f,
                "the EHLO name {name} is no address that this machine can have outside; take a name for --ehlo-name that \
                 leads to that, and set its PTR record to the name"
            ),
            Self::OtherAddress { name, own } => write!(
                f,
                "the EHLO name {name} is not this machine's address outside, {}; take a name for --ehlo-name that leads \
                 to that, and set its PTR record to the name",
                listed(own)
            ),
            Self::Literal { address, has } => write!(
                f,
                "the EHLO name is the address literal of {address}, for which mail servers may turn the relay away; take \
                 {has}, its PTR record, for --ehlo-name, if that leads to {address}"
            ),
            Self::LiteralWithoutPtr { address } => write!(
                f,
                "the EHLO name is the address literal of {address}, and {address} has no PTR record, for both of which mail \
                 servers may turn the relay away; take a name for --ehlo-name that leads to {address}, and set its PTR record \
                 to the name"
            ),
        }
    }
}

fn listed(addresses: &[IpAddr]) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
