use heloscope_observation::{Der, Event, Observations};
use heloscope_pki::Verifier;

use crate::facts::ChainFacts;

/// What is known of the certificate chains of one test, each looked at once, however many ports send it.
///
/// Signatures take long to verify. Who keeps this while a test runs, and has each chain looked at as it comes, has that
/// done while the network is waited for, and not all at once when the test is over.
#[derive(Debug, Default)]
pub struct Chains {
    known: Vec<(Vec<Der>, ChainFacts)>,
}

impl Chains {
    /// Looks at the chains that have been observed since; always with the same verifier and the same time `now`, in Unix
    /// seconds, as the test will be judged with. Says whether there was one.
    pub fn look(&mut self, observations: &Observations, verifier: &Verifier<'_>, now: i64) -> bool {
        let before = self.known.len();
        for seen in &observations.seen {
            if let Event::Chain(chain) = &seen.event
                && self.facts(chain).is_none()
                && let Some(facts) = ChainFacts::of(chain, &observations.target.host, verifier, now)
            {
                self.known.push((chain.clone(), facts));
            }
        }
        self.known.len() > before
    }

    pub(crate) fn facts(&self, chain: &[Der]) -> Option<&ChainFacts> {
        self.known.iter().find_map(|(known, facts)| (known == chain).then_some(facts))
    }
}
