//! By which addresses a public relay is known outside, where no network interface of its machine has them: behind NAT, or in a
//! container. They are those that its EHLO name leads to.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::watch;
use tokio::time::{interval, timeout};

use crate::address::subnet;
use crate::routes::Desk;
use crate::terms::Terms;
use crate::{LookupFailure, Resolve};

/// The networks around those addresses.
#[derive(Debug)]
pub(crate) struct Outside(watch::Sender<Option<Vec<IpNet>>>);

/// How often the name is looked up again.
const EVERY: Duration = Duration::from_secs(60 * 60);

impl Outside {
    /// Of a relay that is public, whose name has to be looked up; of another there is nothing to know.
    pub(crate) fn of(public: bool) -> Self {
        Self(watch::Sender::new(if public { None } else { Some(Vec::new()) }))
    }

    /// Waits until the name has been looked up, whatever came of it.
    pub(crate) async fn settled(&self) {
        // It fails only where nobody can look it up any more, which is at the relay's end.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }

    /// Whether the address is one of them, or next to one.
    pub(crate) fn is_around(&self, address: IpAddr) -> bool {
        self.0.borrow().iter().flatten().any(|net| net.contains(&address))
    }

    /// Looks the relay's name up now and once an hour.
    pub(crate) async fn follow(self: Arc<Self>, desk: Arc<Desk>) {
        let mut times = interval(EVERY);
        loop {
            times.tick().await;
            self.learn_of(&desk.terms()).await;
        }
    }

    /// Looks the relay's name up.
    pub(crate) async fn learn_of(&self, terms: &Terms) {
        let dialler = &terms.dialler;
        self.learn(&terms.ehlo_name, &*dialler.resolver, dialler.resolve_limit).await;
    }

    /// Looks a name up; where there is no answer, all stays as it was.
    async fn learn(&self, name: &str, resolver: &dyn Resolve, limit: Duration) {
        let found = match literal(name) {
            Some(address) => Ok(vec![address]),
            None => match timeout(limit, resolver.lookup(name)).await {
                Ok(Ok(found)) => Ok(found.iter().map(|address| address.ip().to_canonical()).collect()),
                Ok(Err(LookupFailure::NotFound)) => Ok(Vec::new()),
                Ok(Err(LookupFailure::Failed(why))) => Err(why),
                Err(_) => Err("the name servers did not answer".to_owned()),
            },
        };
        match found {
            Ok(addresses) => {
                let around = addresses.into_iter().map(|address| subnet(address, 128)).collect();
                self.0.send_replace(Some(around));
            }
            Err(error) => {
                tracing::warn!(
                    name,
                    error,
                    "where the EHLO name leads is not known: what was known of it counts"
                );
                self.0.send_modify(|known| {
                    known.get_or_insert_default();
                });
            }
        }
    }
}

/// The address in an address literal, RFC 5321 §4.1.3.
fn literal(name: &str) -> Option<IpAddr> {
    let inside = name.strip_prefix('[')?.strip_suffix(']')?;
    inside.strip_prefix("IPv6:").unwrap_or(inside).parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::{Lookup, ReverseLookup};

    /// Gives every name this answer.
    struct Answer(Result<Vec<SocketAddr>, LookupFailure>);

    impl Resolve for Answer {
        fn lookup(&self, _: &str) -> Lookup {
            let answer = self.0.clone();
            Box::pin(async { answer })
        }

        fn reverse(&self, _: IpAddr) -> ReverseLookup {
            Box::pin(async { Err(LookupFailure::NotFound) })
        }
    }

    fn leading_to(addresses: &[&str]) -> Answer {
        let parse = |text: &&str| SocketAddr::new(text.parse().unwrap(), 0);
        Answer(Ok(addresses.iter().map(parse).collect()))
    }

    async fn learnt(outside: &Outside, name: &str, answer: Answer) -> Vec<&'static str> {
        outside.learn(name, &answer, Duration::from_secs(5)).await;
        let asked = ["8.8.4.1", "8.8.5.1", "2003:1:2:3::25", "2003:1:2:4::25"];
        asked.into_iter().filter(|address| outside.is_around(address.parse().unwrap())).collect()
    }

    #[tokio::test]
    async fn where_the_name_leads_and_what_is_next_to_it() {
        let outside = Outside::of(true);
        let broken = || Answer(Err(LookupFailure::Failed("SERVFAIL".to_owned())));
        const NAME: &str = "relay.example.org";
        const NONE: [&str; 0] = [];
        assert_eq!(learnt(&outside, NAME, broken()).await, NONE);
        let both = leading_to(&["::ffff:8.8.4.77", "2003:1:2:3::77"]);
        assert_eq!(learnt(&outside, NAME, both).await, ["8.8.4.1", "2003:1:2:3::25"]);
        // What is known is not forgotten when the name servers fail.
        assert_eq!(learnt(&outside, NAME, broken()).await, ["8.8.4.1", "2003:1:2:3::25"]);
        assert_eq!(learnt(&outside, NAME, leading_to(&["8.8.5.77"])).await, ["8.8.5.1"]);
        assert_eq!(learnt(&outside, NAME, Answer(Err(LookupFailure::NotFound))).await, NONE);
        // A literal is not looked up.
        assert_eq!(learnt(&outside, "[8.8.4.4]", broken()).await, ["8.8.4.1"]);
        assert_eq!(learnt(&outside, "[IPv6:2003:1:2:4::1]", broken()).await, ["2003:1:2:4::25"]);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_dialled_before_that_is_known_but_no_longer_than_a_look_up_may_take() {
        struct Never;
        impl Resolve for Never {
            fn lookup(&self, _: &str) -> Lookup {
                Box::pin(std::future::pending())
            }

            fn reverse(&self, _: IpAddr) -> ReverseLookup {
                Box::pin(std::future::pending())
            }
        }
        Outside::of(false).settled().await;
        let outside = Outside::of(true);
        let limit = Duration::from_secs(5);
        assert!(timeout(limit, outside.settled()).await.is_err());
        let began = tokio::time::Instant::now();
        tokio::join!(outside.learn("relay.example.org", &Never, limit), outside.settled());
        assert_eq!(began.elapsed(), limit);
    }
}
