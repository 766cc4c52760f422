//! Problem documents (RFC 9457): how the API refuses.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What kind of refusal: one closed list. Each kind has a page under `docs/errors/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A parameter, header or body can't be read.
    Malformed,
    /// Nothing stands at this address, or no thing has this id.
    NotFound,
    /// The address is right, the method is not.
    Method,
    /// More was sent than a named limit allows.
    TooLarge,
    /// The body is of a media type that is not taken here.
    MediaType,
    /// What was sent is not an event that can be taken; it is stored as rejected.
    Rejected,
    /// Another event with this source and id was taken before; this one is stored as rejected.
    Conflict,
    /// The flow's business key can't be computed from the input.
    BusinessKey,
    /// The run that was waited for ended with an error.
    RunFaulted,
    /// The run that was waited for was cancelled.
    RunCancelled,
    /// A webhook call is not genuine.
    Forged,
    /// The hub is full; try again.
    Busy,
    /// The hub is stopping or not ready.
    Unavailable,
    /// The store failed.
    Store,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Malformed,
        Self::NotFound,
        Self::Method,
        Self::TooLarge,
        Self::MediaType,
        Self::Rejected,
        Self::Conflict,
        Self::BusinessKey,
        Self::RunFaulted,
        Self::RunCancelled,
        Self::Forged,
        Self::Busy,
        Self::Unavailable,
        Self::Store,
    ];

    /// The code; also the name of the page that explains it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "T1001",
            Self::NotFound => "T1002",
            Self::Method => "T1003",
            Self::TooLarge => "T1004",
            Self::MediaType => "T1005",
            Self::Rejected => "T1006",
            Self::Conflict => "T1007",
            Self::BusinessKey => "T1008",
            Self::RunFaulted => "T1009",
            Self::RunCancelled => "T1010",
            Self::Forged => "T1011",
            Self::Busy => "T1012",
            Self::Unavailable => "T1013",
            Self::Store => "T1014",
        }
    }

    /// The status it is answered with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Rejected | Self::BusinessKey => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict | Self::RunCancelled => StatusCode::CONFLICT,
            Self::RunFaulted | Self::Store => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Forged => StatusCode::UNAUTHORIZED,
            Self::Busy | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request can't be read",
            Self::NotFound => "There is no such thing",
            Self::Method => "This method is not served here",
            Self::TooLarge => "More was sent than is taken",
            Self::MediaType => "This media type is not taken here",
            Self::Rejected => "Not an event that can be taken",
            Self::Conflict => "Another event with this source and id was taken before",
            Self::BusinessKey => "The business key can't be computed",
            Self::RunFaulted => "The run ended with an error",
            Self::RunCancelled => "The run was cancelled",
            Self::Forged => "The call is not genuine",
            Self::Busy => "The hub is full",
            Self::Unavailable => "The hub is not ready",
            Self::Store => "The store failed",
        }
    }
}

/// One thing that is wrong with what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// The field, as a JSON pointer or attribute name; empty for the whole.
    pub field: String,
    /// What is wrong and what is expected.
    pub reason: String,
}

/// What handlers refuse with: a problem, boxed, so that success stays cheap to hand on.
pub type Refusal = Box<Problem>;

/// A problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Address of the page that explains this kind of problem, relative to this server.
    #[serde(rename = "type")]
    pub type_: String,
    /// What this kind of problem is called.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// Everything that is wrong, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<FieldProblem>,
    /// Number of the rejected event, to be seen and replayed under `/v1/rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<i64>,
    /// The run this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The error a run ended with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// Results of a batch of which nothing could be taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<crate::EventResult>,
    #[serde(skip)]
    retry_after: bool,
}

impl Problem {
    /// A problem of a kind, with what happened.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Refusal {
        Box::new(Self {
            type_: format!("{}{}", crate::docs::PREFIX, kind.code()),
            title: kind.title().to_owned(),
            status: kind.status().as_u16(),
            detail: detail.into(),
            problems: Vec::new(),
            rejected: None,
            run: None,
            error: None,
            results: Vec::new(),
            retry_after: kind == Kind::Busy,
        })
    }

    /// No thing of that kind has that name.
    pub(crate) fn no(kind: &str, name: impl std::fmt::Display) -> Refusal {
        Self::new(Kind::NotFound, format!("no {kind} {name}"))
    }

    /// The code at the end of the type.
    pub fn code(&self) -> &str {
        self.type_.rsplit('/').next().unwrap_or_default()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)?;
        // A single one is what the detail says already.
        for problem in self.problems.iter().filter(|_| self.problems.len() > 1) {
            match problem.field.as_str() {
                "" => write!(f, "\n  {}", problem.reason)?,
                field => write!(f, "\n  {field}: {}", problem.reason)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Box<Problem> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

impl From<throughline_hub::store::Error> for Refusal {
    fn from(error: throughline_hub::store::Error) -> Self {
        use throughline_hub::store::Error;
        match &error {
            Error::Closed => Problem::new(Kind::Unavailable, "the hub is shutting down"),
            Error::DiskFull => Problem::new(Kind::Store, error.to_string()),
            _ => {
                // The log line is for the operator; the sender learns that it failed, not how the store is built.
                tracing::error!(error = chain(&error), "a request could not be answered from the store");
                Problem::new(Kind::Store, error.to_string())
            }
        }
    }
}

impl From<throughline_hub::engine::Error> for Refusal {
    fn from(error: throughline_hub::engine::Error) -> Self {
        use throughline_hub::engine::Error;
        match error {
            Error::UnknownFlow(name) => Problem::no("flow", format_args!("is named {name:?}")),
            Error::NoRun(run) => Problem::no("run", run),
            Error::Busy { .. } => Problem::new(Kind::Busy, error.to_string()),
            Error::Stopping => Problem::new(Kind::Unavailable, error.to_string()),
            Error::BusinessKey { .. } => Problem::new(Kind::BusinessKey, error.to_string()),
            Error::Store(error) => error.into(),
            _ => {
                tracing::error!(error = chain(&error), "a request could not be carried out");
                Problem::new(Kind::Store, chain(&error))
            }
        }
    }
}

impl From<throughline_hub::AcceptError> for Refusal {
    fn from(error: throughline_hub::AcceptError) -> Self {
        match error {
            throughline_hub::AcceptError::TooMany(_) => Problem::new(Kind::TooLarge, error.to_string()),
            throughline_hub::AcceptError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_hub_says_when_to_come_back() {
        for kind in Kind::ALL {
            let response = Problem::new(kind, "so it is").into_response();
            assert_eq!(response.status(), kind.status());
            assert_eq!(response.headers().contains_key(header::RETRY_AFTER), kind == Kind::Busy, "{kind:?}");
        }
    }

    #[test]
    fn a_problem_reads_back_as_it_was_written() {
        let mut problem = Problem::new(Kind::Rejected, "id: missing");
        problem.problems = vec![FieldProblem { field: "id".to_owned(), reason: "missing".to_owned() }];
        problem.rejected = Some(7);
        let text = serde_json::to_string(&problem).unwrap();
        assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), *problem);
        assert_eq!((problem.code(), problem.to_string()), ("T1006", "id: missing".to_owned()));
        problem.problems.push(FieldProblem { field: String::new(), reason: "too short".to_owned() });
        assert_eq!(problem.to_string(), "id: missing\n  id: missing\n  too short");
    }
}
