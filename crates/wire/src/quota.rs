use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many connections a relay makes, by whom and to where; `None` where that is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quotas {
    /// For one client: an IPv4 address, or an IPv6 /64.
    pub client: Option<Quota>,
    /// To one address of a mail server, whoever asks.
    pub target_address: Option<Quota>,
    /// Into one network, an IPv4 /24 or an IPv6 /48, whoever asks.
    pub target_network: Option<Quota>,
    /// At a time, over all.
    pub all: u64,
}

/// How many connections there may be of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// At a time.
    pub concurrent: u16,
    /// In any 60 seconds.
    pub per_minute: u16,
    /// In any 60 minutes.
    pub per_hour: u16,
}

impl Default for Quotas {
    fn default() -> Self {
        let quota = |concurrent, per_minute, per_hour| Some(Quota { concurrent, per_minute, per_hour });
        Self {
            client: quota(4, 60, 600),
            target_address: quota(4, 30, 120),
            target_network: quota(8, 60, 300),
            all: 256,
        }
    }
}

/// The text is no quota: see its `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAQuota(String);

impl FromStr for Quota {
    type Err = NotAQuota;

    /// Reads `4/60/600`: at a time, a minute, an hour; each from 1 to 65535.
    fn from_str(text: &str) -> Result<Self, NotAQuota> {
        let numbers: Option<Vec<u16>> =
            text.split('/').map(|number| number.parse().ok().filter(|number| *number > 0)).collect();
        match numbers.as_deref() {
            Some(&[concurrent, per_minute, per_hour]) => Ok(Self { concurrent, per_minute, per_hour }),
            _ => Err(NotAQuota(text.to_owned())),
        }
    }
}

impl fmt::Display for Quota {
    /// What [`Quota::from_str`] reads: `4/60/600`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.concurrent, self.per_minute, self.per_hour)
    }
}

impl fmt::Display for NotAQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no quota: write how many connections at a time, a minute and an hour, each from 1 to 65535, such \
             as 4/60/600",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for NotAQuota {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_three_numbers() {
        let quota = Quota { concurrent: 4, per_minute: 60, per_hour: 600 };
        assert_eq!("4/60/600".parse(), Ok(quota));
        assert_eq!(quota.to_string(), "4/60/600");
        for text in ["", "4", "4/60", "4/60/600/1", "0/60/600", "4/60/65536", "4/-1/600", "4/ 60/600"] {
            assert!(text.parse::<Quota>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_quota_that_is_off_differs_from_one_that_is_not_told() {
        let told = r#"{"client":null,"target_address":{"concurrent":1,"per_minute":2,"per_hour":3}}"#;
        let quotas: Quotas = serde_json::from_str(told).unwrap();
        assert_eq!((quotas.client, quotas.target_address), (None, "1/2/3".parse().ok()));
        assert_eq!((quotas.target_network, quotas.all), ("8/60/300".parse().ok(), 256));
    }
}
