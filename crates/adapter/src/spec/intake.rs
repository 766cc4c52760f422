//! `webhooks` and `polls`: how a system's news reaches us.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::pattern::{Pattern, Pointer, duration};

/// A webhook the system calls.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookSpec {
    /// Name; the last part of its path.
    pub name: String,
    /// How a genuine call is told.
    pub verify: VerifySpec,
    /// The system makes sure of us first.
    #[serde(default)]
    pub handshake: Option<Handshake>,
    /// Name of the adapter's function that makes CloudEvents of `{body, headers, query, system}`.
    pub events: String,
}

/// The system sends a token in the query and wants it back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Handshake {
    /// Name of the query parameter.
    pub query_parameter: String,
}

/// How a genuine webhook call is told from a forged one.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "scheme", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum VerifySpec {
    /// HMAC with SHA-256 over the raw body, in a header.
    HmacSha256 {
        /// Matches the names of the headers that may hold it, in lower case; one that is right is enough.
        headers: Pattern,
        /// How it is written.
        encoding: Encoding,
        /// Stands before it, such as `sha256=`.
        #[serde(default)]
        prefix: Option<String>,
        /// Name of the credential that holds the key, used as text.
        secret: String,
    },
    /// A token both sides know, in a header or in the body.
    SharedToken {
        /// Header that holds it.
        #[serde(default)]
        header: Option<String>,
        /// Where in a JSON body it stands; every place pointed at must hold it.
        #[serde(default)]
        field: Option<Pointer>,
        /// Name of the credential.
        secret: String,
    },
    /// It can't be told. For systems behind a network boundary of their own.
    None,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Base64.
    Base64,
    /// Hexadecimal.
    Hex,
}

impl VerifySpec {
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::SharedToken { header: None, field: None, .. } => {
                Err("a shared token stands in a header or a field; name one".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// A poll of a system that does not call us.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PollSpec {
    /// Name; its cursor is kept under it.
    pub name: String,
    /// Name of the adapter's function that answers `{events, cursor, more}`.
    pub function: String,
    /// How often.
    #[serde(deserialize_with = "interval")]
    pub every: Duration,
}

impl PollSpec {
    /// How often.
    pub fn every(&self) -> Duration {
        self.every
    }
}

/// A pause that a poll keeps; without one it would never rest.
fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let every = duration(deserializer)?;
    if every.is_zero() {
        Err(D::Error::custom("a poll that is due every 0 s would never rest"))
    } else {
        Ok(every)
    }
}
