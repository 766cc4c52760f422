//! Errors as the DSL knows them: RFC 9457 problem details.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Prefix of the standard error types.
const TYPES: &str = "https://open-workflow-specification.org/spec/1.0.0/errors/";

/// An error raised by a task: what a `catch` sees and a faulted run ends with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// URI of the error's type.
    #[serde(rename = "type")]
    pub type_: String,
    /// Status code.
    pub status: u16,
    /// Short summary.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What happened this time.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// JSON pointer of the task it comes from; empty until the machine knows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance: String,
}

impl Error {
    fn of(kind: &str, status: u16, title: &str, detail: impl Into<String>) -> Self {
        Self {
            type_: format!("{TYPES}{kind}"),
            status,
            title: title.to_owned(),
            detail: detail.into(),
            instance: String::new(),
        }
    }

    /// The other side could not be reached, or answered with a failure.
    pub fn communication(status: u16, detail: impl Into<String>) -> Self {
        Self::of("communication", status, "Communication Error", detail)
    }

    /// The definition or the installation is set up wrongly.
    pub fn configuration(detail: impl Into<String>) -> Self {
        Self::of("configuration", 400, "Configuration Error", detail)
    }

    /// Data do not fit their schema.
    pub fn validation(detail: impl Into<String>) -> Self {
        Self::of("validation", 400, "Validation Error", detail)
    }

    /// A runtime expression failed.
    pub fn expression(detail: impl Into<String>) -> Self {
        Self::of("expression", 400, "Expression Error", detail)
    }

    /// The caller did not prove who they are.
    pub fn authentication(detail: impl Into<String>) -> Self {
        Self::of("authentication", 401, "Authentication Error", detail)
    }

    /// The caller may not do this.
    pub fn authorization(detail: impl Into<String>) -> Self {
        Self::of("authorization", 403, "Authorization Error", detail)
    }

    /// A task or the run took longer than its timeout.
    pub fn timeout(detail: impl Into<String>) -> Self {
        Self::of("timeout", 408, "Timeout Error", detail)
    }

    /// Anything else that goes wrong while running.
    pub fn runtime(status: u16, detail: impl Into<String>) -> Self {
        Self::of("runtime", status, "Runtime Error", detail)
    }

    /// The same error, from the task at `pointer` unless it already says where it is from.
    pub(crate) fn at(mut self, pointer: &str) -> Self {
        if self.instance.is_empty() {
            pointer.clone_into(&mut self.instance);
        }
        self
    }

    /// Whether two type URIs mean one error type.
    ///
    /// The standard types were published under two hosts (the specification moved from serverlessworkflow.io to
    /// open-workflow-specification.org) and under several paths; the conformance kit uses yet another than the text.
    pub fn same_type(a: &str, b: &str) -> bool {
        a == b || matches!((standard(a), standard(b)), (Some(a), Some(b)) if a == b)
    }
}

/// The name of a standard error type in any of its spellings.
fn standard(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("https://").or_else(|| uri.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/')?;
    if !matches!(host.trim_start_matches("www."), "open-workflow-specification.org" | "serverlessworkflow.io")
    {
        return None;
    }
    let (_, name) = path.rsplit_once("errors/")?;
    Some(name.strip_prefix("types/").unwrap_or(name))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = standard(&self.type_).unwrap_or(&self.type_);
        write!(f, "{name} error {}", self.status)?;
        let said = if self.detail.is_empty() { &self.title } else { &self.detail };
        if !said.is_empty() {
            write!(f, ": {said}")?;
        }
        if !self.instance.is_empty() {
            write!(f, " (at {})", self.instance)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_type() {
        let spellings = [
            "https://open-workflow-specification.org/spec/1.0.0/errors/communication",
            "https://serverlessworkflow.io/spec/1.0.0/errors/communication",
            "https://open-workflow-specification.org/dsl/errors/types/communication",
            "https://open-workflow-specification.org/errors/types/communication",
        ];
        for a in spellings {
            for b in spellings {
                assert!(Error::same_type(a, b), "{a} {b}");
            }
        }
        for other in [
            "https://serverlessworkflow.io/spec/1.0.0/errors/timeout",
            "https://example.org/errors/communication",
            "communication",
            "",
        ] {
            assert!(!Error::same_type(spellings[0], other), "{other}");
        }
        assert!(Error::same_type("https://example.org/x", "https://example.org/x"));
    }

    #[test]
    fn reads_like_a_sentence() {
        let error = Error::communication(503, "the system is away").at("/do/0/put");
        assert_eq!(error.to_string(), "communication error 503: the system is away (at /do/0/put)");
    }
}
