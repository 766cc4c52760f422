//! What can go wrong when a system is called, in the field's own classes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Class of a fault. It decides who acts: the machine again, the integrator, or the owner of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultClass {
    /// Signing in failed or a permission is missing.
    Auth,
    /// Too many requests.
    RateLimit,
    /// The system can't at the moment.
    Intermittent,
    /// No connection, or it broke.
    Connection,
    /// No answer in time.
    Timeout,
    /// What was asked for is not there.
    Missing,
    /// It clashes with something the system holds.
    Conflict,
    /// The record has changed since it was read.
    Stale,
    /// It is there already.
    Duplicate,
    /// A value was refused.
    Value,
    /// A body is over its limit.
    TooLarge,
    /// The answer can't be read.
    Parse,
}

impl FaultClass {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Auth,
        Self::RateLimit,
        Self::Intermittent,
        Self::Connection,
        Self::Timeout,
        Self::Missing,
        Self::Conflict,
        Self::Stale,
        Self::Duplicate,
        Self::Value,
        Self::TooLarge,
        Self::Parse,
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::RateLimit => "rate-limit",
            Self::Intermittent => "intermittent",
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Missing => "missing",
            Self::Conflict => "conflict",
            Self::Stale => "stale",
            Self::Duplicate => "duplicate",
            Self::Value => "value",
            Self::TooLarge => "too-large",
            Self::Parse => "parse",
        }
    }

    /// Doing the whole thing again, reads included, may succeed. A stale record is read anew then; an answer that could
    /// not be read leaves open what happened, which only another look settles.
    pub fn retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimit
                | Self::Intermittent
                | Self::Connection
                | Self::Timeout
                | Self::Stale
                | Self::Parse
        )
    }

    /// Sending the very same request again may succeed.
    pub(crate) fn resendable(self) -> bool {
        matches!(self, Self::RateLimit | Self::Intermittent | Self::Connection | Self::Timeout)
    }
}

/// Whether a failed request may have had its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectState {
    /// It never left: certainly no effect.
    NotSent,
    /// It was answered with a refusal, or could have no effect: certainly none.
    NotDone,
    /// It may have taken effect: look before sending again.
    Unknown,
}

/// A request that did not succeed. Holds neither bodies nor credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Class.
    pub class: FaultClass,
    /// Whether the effect may have happened.
    pub effect: EffectState,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// The system's own code, when it gave one.
    pub code: Option<String>,
    /// In words: the system's message, shortened, or ours.
    pub message: String,
    /// How long the system wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// The longest message kept of what a system says about a fault, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

impl Fault {
    pub(crate) fn new(class: FaultClass, effect: EffectState, message: impl Into<String>) -> Self {
        Self {
            class,
            effect,
            status: None,
            code: None,
            message: shortened(message.into()),
            retry_after: None,
        }
    }

    /// A request that never left.
    pub(crate) fn not_sent(class: FaultClass, message: impl Into<String>) -> Self {
        Self::new(class, EffectState::NotSent, message)
    }
}

fn shortened(message: String) -> String {
    match message.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.class.as_str())?;
        if let Some(status) = self.status {
            write!(f, " ({status}")?;
            if let Some(code) = &self.code {
                write!(f, " {code}")?;
            }
            write!(f, ")")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_file_format() {
        for class in FaultClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        }
    }

    #[test]
    fn long_messages_are_cut_at_a_character() {
        let fault = Fault::not_sent(FaultClass::Value, "é".repeat(1_000));
        assert_eq!(fault.message.chars().count(), MESSAGE_CHARS_MAX + 1);
    }
}
