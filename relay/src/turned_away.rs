//! Requests that are turned away before they become a session, in the log.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Uri;
use tokio::time::Instant;

use crate::access::TurnedAway;
use crate::asked::asked;
use crate::quota::prefix;

/// Tells the log of them, but not of all: anybody can send as many as they like, and no quota counts them.
#[derive(Debug, Default)]
pub(crate) struct Doorbook(Mutex<HashMap<&'static str, Page>>);

/// What stands in it of one minute, for one reason: many of one kind are not to hide those of another.
#[derive(Debug, Default)]
struct Page {
    began: Option<Instant>,
    told: u32,
    /// Those of this minute that are left out.
    left_out: u64,
}

/// How many are told of in a minute, for each reason.
const TOLD: u32 = 10;

const MINUTE: Duration = Duration::from_secs(60);

/// How much is kept of what a request names.
const SHOWN: usize = 100;

impl Doorbook {
    /// One of them, with what it asked for. Nothing of the token is told, and of the client no more than its /24 or /48.
    pub(crate) fn note(&self, client: IpAddr, uri: &Uri, turned_away: &TurnedAway) {
        let Some(left_out) = self.is_to_be_told(turned_away.why) else { return };
        if left_out > 0 {
            tracing::info!(ending = turned_away.why, left_out, "turned away as well");
        }
        let query = asked(uri).ok();
        let named = turned_away.named.as_ref().map(|named| named.chars().take(SHOWN).collect::<String>());
        tracing::info!(
            client = %prefix(client, 24, 48),
            host = query.as_ref().map(|query| query.host.to_string()),
            address = query.as_ref().and_then(|query| query.address).map(tracing::field::display),
            port = query.as_ref().map(|query| query.port),
            ending = turned_away.why,
            named,
            status = turned_away.status.as_u16(),
            "turned away"
        );
    }

    /// How many were left out before it, where the next one is to be told of.
    fn is_to_be_told(&self, why: &'static str) -> Option<u64> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let page = pages.entry(why).or_default();
        if page.began.is_none_or(|began| began.elapsed() >= MINUTE) {
            let left_out = page.left_out;
            *page = Page { began: Some(Instant::now()), told: 1, left_out: 0 };
            return Some(left_out);
        }
        if page.told < TOLD {
            page.told += 1;
            return Some(0);
        }
        page.left_out += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_are_told_of_in_a_minute_and_then_how_many_more_there_were() {
        let book = Doorbook::default();
        let told =
            |times: usize| (0..times).filter_map(|_| book.is_to_be_told("no host")).collect::<Vec<_>>();
        assert_eq!(told(1000), [0; 10]);
        assert_eq!(book.is_to_be_told("no token"), Some(0));
        advance(MINUTE - Duration::from_millis(1)).await;
        assert_eq!(told(1), [0; 0]);
        advance(Duration::from_millis(1)).await;
        assert_eq!(told(3), [991, 0, 0]);
        advance(MINUTE).await;
        assert_eq!(told(1), [0]);
    }
}
