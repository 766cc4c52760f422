//! `faults`: what a system's refusals mean.

use serde::Deserialize;

use super::pattern::{Pattern, Pointer, StatusSet};
use crate::fault::{EffectState, FaultClass};

/// Where codes and messages stand, and what they mean. The first rule that holds decides; without one, the status does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FaultSpec {
    /// Where the system's own code stands in a body; the first that is there counts.
    pub code: Vec<Pointer>,
    /// Where its message stands.
    pub message: Vec<Pointer>,
    /// In order.
    pub rules: Vec<FaultRule>,
}

/// One rule; everything it names must hold. Only a rule that names a 2xx status speaks of answers that look like success.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// Status.
    #[serde(default)]
    pub status: Option<StatusSet>,
    /// The system's own code is one of these.
    #[serde(default)]
    pub code: Option<Codes>,
    /// The code matches.
    #[serde(default)]
    pub code_matches: Option<Pattern>,
    /// The message matches.
    #[serde(default)]
    pub message_matches: Option<Pattern>,
    /// What it is then.
    pub class: FaultClass,
    /// Whether the effect may have happened; absent: as for the status.
    #[serde(default)]
    pub effect: Option<EffectState>,
}

/// A code or a list of codes.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Codes {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Codes {
    fn contains(&self, text: &str) -> bool {
        match self {
            Self::One(one) => one == text,
            Self::Many(many) => many.iter().any(|m| m == text),
        }
    }
}

impl FaultRule {
    pub(crate) fn holds(&self, status: u16, code: Option<&str>, message: Option<&str>) -> bool {
        let succeeded = (200..300).contains(&status);
        self.status.as_ref().map_or(!succeeded, |s| s.contains(status))
            && self.code.as_ref().is_none_or(|c| code.is_some_and(|code| c.contains(code)))
            && self.code_matches.as_ref().is_none_or(|p| code.is_some_and(|code| p.is_match(code)))
            && self.message_matches.as_ref().is_none_or(|p| message.is_some_and(|m| p.is_match(m)))
    }
}

impl FaultSpec {
    /// Some rule speaks of answers that look like success.
    pub(crate) fn reads_success(&self) -> bool {
        self.rules.iter().any(|r| r.status.as_ref().is_some_and(StatusSet::touches_success))
    }
}
