//! By which addresses a public relay is known outside, where no network interface of its machine has them: behind NAT, or in a
//! container. They are those that its EHLO name leads to.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::address::subnet;
use crate::routes::Desk;
use crate::{LookupFailure, Resolve};

/// The networks around those addresses; as long as they are not known, the relay connects to nothing.
#[derive(Debug)]
pub(crate) struct Outside {
    known: watch::Sender<Known>,
    /// The name is to be looked up at once.
    again: Notify,
}

#[derive(Debug)]
enum Known {
    /// The first look-up has not ended.
    NotYet,
    /// No look-up has had an answer so far.
    Unanswered,
    /// DNS has said where the name leads: into these, or nowhere.
    Networks(Vec<IpNet>),
}

/// How often the name is looked up again.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// How soon it is after a look-up without an answer, and twice as long after each one more.
const SOON: Duration = Duration::from_secs(5);

/// How long that becomes at most, and how soon it is where the name led nowhere.
const LATEST: Duration = Duration::from_secs(60);

/// What is to be looked up, by whom, and how long that may take.
struct Question {
    name: String,
    resolver: Arc<dyn Resolve>,
    limit: Duration,
}

/// What came of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Learnt {
    /// Addresses.
    Leads,
    /// The answer that there are none.
    LeadsNowhere,
    /// No answer, and why.
    Nothing(String),
}

impl Outside {
    /// Of a relay that is public, whose name has to be looked up; of another there is nothing to know.
    pub(crate) fn of(public: bool) -> Self {
        let known = if public { Known::NotYet } else { Known::Networks(Vec::new()) };
        Self { known: watch::Sender::new(known), again: Notify::new() }
    }

    /// Waits until the name has been looked up once, whatever came of it, and says whether it is known where it leads.
    pub(crate) async fn settled(&self) -> bool {
        // It fails only where nobody can look it up any more, which is at the relay's end.
        let _ = self.known.subscribe().wait_for(|known| !matches!(known, Known::NotYet)).await;
        self.is_known()
    }

    /// Waits until DNS has said where the name leads.
    pub(crate) async fn known(&self) {
        let _ = self.known.subscribe().wait_for(|known| matches!(known, Known::Networks(_))).await;
    }

    /// Whether DNS has said where the name leads.
    pub(crate) fn is_known(&self) -> bool {
        matches!(*self.known.borrow(), Known::Networks(_))
    }

    /// Whether the address is one of them, or next to one. Where they are not known, each may be.
    pub(crate) fn is_around(&self, address: IpAddr) -> bool {
        match &*self.known.borrow() {
            Known::Networks(networks) => networks.iter().any(|net| net.contains(&address)),
            Known::NotYet | Known::Unanswered => true,
        }
    }

    /// Looks the relay's name up now, once an hour, soon again where there was no answer, and when it is told to.
    pub(crate) async fn follow(self: Arc<Self>, desk: Arc<Desk>) {
        self.follow_name(|| {
            let terms = desk.terms();
            let (resolver, limit) = (terms.dialler.resolver.clone(), terms.dialler.resolve_limit);
            Question { name: terms.ehlo_name.clone(), resolver, limit }
        })
        .await;
    }

    /// Has the name, which may be another one now, looked up at once.
    pub(crate) fn look_up_again(&self) {
        self.again.notify_one();
    }

    async fn follow_name(&self, question: impl Fn() -> Question) {
        let (mut told, mut unanswered) = (Learnt::Leads, 0);
        loop {
            let Question { name, resolver, limit } = question();
            let learnt = self.learn(&name, &*resolver, limit).await;
            if learnt != told {
                self.tell(&name, &learnt);
            }
            let wait = match learnt {
                Learnt::Leads => EVERY,
                Learnt::LeadsNowhere => LATEST,
                Learnt::Nothing(_) => LATEST.min(SOON * 2_u32.saturating_pow(unanswered)),
            };
            unanswered = if matches!(learnt, Learnt::Nothing(_)) { unanswered + 1 } else { 0 };
            told = learnt;
            // Whether the time is over or somebody cut it short is no matter.
            let _ = timeout(wait, self.again.notified()).await;
        }
    }

    /// Tells the log what has changed.
    fn tell(&self, name: &str, learnt: &Learnt) {
        match learnt {
            Learnt::Nothing(error) if self.is_known() => tracing::warn!(
                name,
                error,
                "where the EHLO name leads cannot be looked up: what was known of it counts"
            ),
            Learnt::Nothing(error) => tracing::error!(
                name,
                error,
                "where the EHLO name leads cannot be looked up: the relay connects to nothing until it is known, as that may be \
                 its own address"
            ),
            Learnt::LeadsNowhere => tracing::warn!(
                name,
                "the EHLO name has no address: those to which it last led count, if there were any"
            ),
            Learnt::Leads => tracing::info!(name, "it is known where the EHLO name leads"),
        }
    }

    /// Looks a name up. What is known stays known until the name leads elsewhere.
    async fn learn(&self, name: &str, resolver: &dyn Resolve, limit: Duration) -> Learnt {
        let found = match literal(name) {
            Some(address) => Ok(vec![address]),
            None => match timeout(limit, resolver.lookup(name)).await {
                Ok(Ok(found)) => Ok(found.iter().map(|address| address.ip().to_canonical()).collect()),
                Ok(Err(LookupFailure::NotFound)) => Ok(Vec::new()),
                Ok(Err(failure)) => Err(failure.to_string()),
                Err(_) => Err("the name servers did not answer".to_owned()),
            },
        };
        match found {
            Ok(addresses) if addresses.is_empty() => {
                self.known.send_if_modified(|known| {
                    let answered = matches!(known, Known::Networks(_));
                    if !answered {
                        *known = Known::Networks(Vec::new());
                    }
                    !answered
                });
                Learnt::LeadsNowhere
            }
            Ok(addresses) => {
                let around = addresses.into_iter().map(|address| subnet(address, 128)).collect();
                self.known.send_replace(Known::Networks(around));
                Learnt::Leads
            }
            Err(error) => {
                self.known.send_if_modified(|known| {
                    let first = matches!(known, Known::NotYet);
                    if first {
                        *known = Known::Unanswered;
                    }
                    first
                });
                Learnt::Nothing(error)
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
    use std::sync::Mutex;

    use super::*;
    use crate::standing::Standing;
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

    const ASKED: [&str; 4] = ["8.8.4.1", "8.8.5.1", "2003:1:2:3::25", "2003:1:2:4::25"];

    async fn learnt(outside: &Outside, name: &str, answer: Answer) -> Vec<&'static str> {
        outside.learn(name, &answer, Duration::from_secs(5)).await;
        ASKED.into_iter().filter(|address| outside.is_around(address.parse().unwrap())).collect()
    }

    #[tokio::test]
    async fn where_the_name_leads_and_what_is_next_to_it() {
        let outside = Outside::of(true);
        let broken = || Answer(Err(LookupFailure::Failed("SERVFAIL".to_owned())));
        const NAME: &str = "relay.example.org";
        // As long as there was no answer, each may be the relay's own.
        assert_eq!(learnt(&outside, NAME, broken()).await, ASKED);
        assert!(!outside.settled().await);
        let both = leading_to(&["::ffff:8.8.4.77", "2003:1:2:3::77"]);
        assert_eq!(learnt(&outside, NAME, both).await, ["8.8.4.1", "2003:1:2:3::25"]);
        assert!(outside.settled().await);
        // What is known is not forgotten when the name servers fail, nor when they have lost the name.
        for answer in [broken(), Answer(Err(LookupFailure::NotFound)), leading_to(&[])] {
            assert_eq!(learnt(&outside, NAME, answer).await, ["8.8.4.1", "2003:1:2:3::25"]);
        }
        assert_eq!(learnt(&outside, NAME, leading_to(&["8.8.5.77"])).await, ["8.8.5.1"]);
        // A literal is not looked up.
        assert_eq!(learnt(&outside, "[8.8.4.4]", broken()).await, ["8.8.4.1"]);
        assert_eq!(learnt(&outside, "[IPv6:2003:1:2:4::1]", broken()).await, ["2003:1:2:4::25"]);
        // That there is no such name is an answer as well.
        let outside = Outside::of(true);
        assert_eq!(learnt(&outside, NAME, Answer(Err(LookupFailure::NotFound))).await, [""; 0]);
        assert!(outside.settled().await);
    }

    /// Gives these answers in turn, and the last for ever; and keeps when it was asked, in seconds.
    struct Answers {
        answers: Vec<Result<Vec<SocketAddr>, LookupFailure>>,
        began: tokio::time::Instant,
        asked: Mutex<Vec<u64>>,
    }

    impl Resolve for Answers {
        fn lookup(&self, _: &str) -> Lookup {
            let mut asked = self.asked.lock().unwrap();
            let answer = self.answers.get(asked.len()).or(self.answers.last()).unwrap().clone();
            asked.push(self.began.elapsed().as_secs());
            Box::pin(async { answer })
        }

        fn reverse(&self, _: IpAddr) -> ReverseLookup {
            Box::pin(async { Err(LookupFailure::NotFound) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_without_an_answer_is_looked_up_again_soon_and_one_with_an_answer_once_an_hour() {
        let Answer(answer) = leading_to(&["8.8.4.77"]);
        let broken = || Err(LookupFailure::Failed("SERVFAIL".to_owned()));
        let mut answers: Vec<_> = (0..7).map(|_| broken()).collect();
        answers.extend([answer.clone(), broken(), Err(LookupFailure::NotFound), answer]);
        let asked = Mutex::default();
        let resolver = Arc::new(Answers { answers, began: tokio::time::Instant::now(), asked });
        let outside = Outside::of(true);
        let limit = Duration::from_secs(5);
        let following = outside.follow_name(|| Question {
            name: "relay.example.org".to_owned(),
            resolver: resolver.clone(),
            limit,
        });
        let watching = async {
            assert!(!outside.settled().await);
            outside.known.subscribe().wait_for(|known| matches!(known, Known::Networks(_))).await.unwrap();
            assert_eq!(*resolver.asked.lock().unwrap(), [0, 5, 15, 35, 75, 135, 195, 255]);
            tokio::time::sleep(Duration::from_secs(2 * 60 * 60)).await;
            assert_eq!(resolver.asked.lock().unwrap()[8..], [3855, 3860, 3920]);
            // A name that is another may lead elsewhere.
            outside.look_up_again();
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(resolver.asked.lock().unwrap()[11..], [255 + 7200]);
        };
        tokio::select! {
            () = following => unreachable!("it goes on for ever"),
            () = watching => {}
        }
    }

    /// Its failed look-ups are told of here, and one more would be told of when it is known at last.
    #[tokio::test(start_paused = true)]
    async fn the_name_is_compared_with_the_addresses_when_it_is_known_where_it_leads() {
        let Answer(answer) = leading_to(&["8.8.4.77"]);
        let broken = || Err(LookupFailure::Failed("SERVFAIL".to_owned()));
        let (answers, asked) = (vec![broken(), broken(), answer], Mutex::default());
        let resolver = Arc::new(Answers { answers, began: tokio::time::Instant::now(), asked });
        let name = || "relay.example.org".to_owned();
        let outside = Outside::of(true);
        let limit = Duration::from_secs(5);
        let following = outside.follow_name(|| Question { name: name(), resolver: resolver.clone(), limit });
        let standing = Standing { name: name(), own: Vec::new(), resolver: resolver.clone() };
        let found = tokio::select! {
            () = following => unreachable!("it goes on for ever"),
            found = standing.found(&outside) => found,
        };
        assert_eq!(*resolver.asked.lock().unwrap(), [0, 5, 15, 15]);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("8.8.4.77 has no PTR record"), "{}", found[0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_waits_for_the_first_look_up_but_no_longer_than_that_may_take() {
        struct Never;
        impl Resolve for Never {
            fn lookup(&self, _: &str) -> Lookup {
                Box::pin(std::future::pending())
            }

            fn reverse(&self, _: IpAddr) -> ReverseLookup {
                Box::pin(std::future::pending())
            }
        }
        assert!(Outside::of(false).settled().await);
        let outside = Outside::of(true);
        let limit = Duration::from_secs(5);
        assert!(timeout(limit, outside.settled()).await.is_err());
        let began = tokio::time::Instant::now();
        let (_, is_known) =
            tokio::join!(outside.learn("relay.example.org", &Never, limit), outside.settled());
        assert_eq!((began.elapsed(), is_known), (limit, false));
    }
}
