//! `limits` and `throttle`: what a system bears, and how it says that it is too much.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pattern::{Pattern, StatusSet, duration, duration_option};

/// What a system bears, and what we bear of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Requests under way at once.
    pub concurrency: u32,
    /// Requests in a stretch of time.
    pub rate: Option<Rate>,
    /// The longest answer read, in bytes.
    pub body_bytes_max: usize,
    /// Time limit for one exchange.
    #[serde(deserialize_with = "duration")]
    pub timeout: Duration,
    /// How often one request is sent at most, while that is certainly harmless.
    pub tries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 16,
            rate: None,
            body_bytes_max: 16 << 20,
            timeout: Duration::from_secs(60),
            tries: 4,
        }
    }
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// Requests ...
    pub requests: u32,
    /// ... in so many seconds.
    #[serde(default = "one_second")]
    pub seconds: u32,
    /// Requests that may go at once after a quiet time; absent: as many as `requests`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
}

fn one_second() -> u32 {
    1
}

/// What an operator sets for one system in `throughline.yaml`; the adapter's value stands where nothing is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LimitsOverride {
    /// Requests under way at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Requests in a stretch of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Time limit for one exchange, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
}

impl Limits {
    pub(crate) fn with(mut self, set: Option<&LimitsOverride>) -> Self {
        if let Some(set) = set {
            self.concurrency = set.concurrency.unwrap_or(self.concurrency);
            self.rate = set.rate.or(self.rate);
            self.timeout = set.timeout_seconds.map_or(self.timeout, |s| Duration::from_secs(s.into()));
        }
        self
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let zero = |name: &str, value: u32| {
            if value == 0 { Err(format!("{name} must be 1 or more")) } else { Ok(()) }
        };
        zero("limits.concurrency", self.concurrency)?;
        zero("limits.tries", self.tries)?;
        if self.timeout.is_zero() {
            return Err("limits.timeout must be longer than nothing".to_owned());
        }
        match self.rate {
            Some(rate) => {
                zero("limits.rate.requests", rate.requests)?;
                zero("limits.rate.seconds", rate.seconds)?;
                zero("limits.rate.burst", rate.burst.unwrap_or(1))
            }
            None => Ok(()),
        }
    }
}

/// How a system says that it wants to be left alone. `Retry-After` is always heeded, on any answer that is a rate limit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Throttle {
    /// Statuses that stop all traffic to the system for a while; absent: 429.
    pub statuses: Option<StatusSet>,
    /// How long at the most, when the system does not say: half a second at first, doubled each time it refuses again
    /// without taking a request in between; absent: one second.
    #[serde(deserialize_with = "duration_option")]
    pub pause: Option<Duration>,
    /// A header that says when the limit is lifted.
    pub reset: Option<ResetHeader>,
    /// A header that says how much of a quota is used.
    pub usage: Option<UsageHeader>,
}

/// A header that says when a limit is lifted, such as `X-RateLimit-Reset`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetHeader {
    /// Its name.
    pub header: String,
    /// What its number means.
    pub unit: ResetUnit,
    /// A header that says how many requests are left: at 0 the pause begins without waiting for a refusal.
    #[serde(default)]
    pub remaining: Option<String>,
}

/// What the number in a reset header means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetUnit {
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMilliseconds,
    /// Seconds from now.
    Seconds,
}

/// A header that says how much of a quota is used, such as `Sforce-Limit-Info: api-usage=22/15000`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsageHeader {
    /// Its name.
    pub header: String,
    /// Two groups: used and allowed.
    pub pattern: Pattern,
    /// Share of the quota at which requests are spaced out; absent: 0.95.
    #[serde(default)]
    pub slow_from: Option<f64>,
    /// The pause between requests from then on; absent: one second.
    #[serde(default, deserialize_with = "duration_option")]
    pub pause: Option<Duration>,
}
