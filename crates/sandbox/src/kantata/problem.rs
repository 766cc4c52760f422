//! Errors as the API writes them: `{errors: [{type, message, field?}]}`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::exchange::Response;

/// An error answer.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    errors: Vec<Value>,
}

impl Problem {
    fn new(status: StatusCode, kind: &str, message: impl Into<String>) -> Self {
        Self { status, errors: vec![json!({"type": kind, "message": message.into()})] }
    }

    /// Attributes that cannot be: name and what is wrong with each.
    pub(super) fn invalid(attributes: &[(&str, &str)]) -> Self {
        let errors = attributes.iter().map(|(name, wrong)| {
            json!({"type": "validation", "message": format!("{} {wrong}", title(name)), "field": name})
        });
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, errors: errors.collect() }
    }

    /// A request that cannot be understood.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "system", message)
    }

    /// Nothing is here.
    pub(super) fn missing() -> Self {
        Self::new(StatusCode::NOT_FOUND, "system", "Record not found")
    }

    /// The method is not for this path.
    pub(super) fn not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "system", "Method not allowed")
    }

    /// The token is not accepted.
    pub(super) fn token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "oauth", "Invalid OAuth 2 Request")
    }

    /// Too many requests.
    pub(super) fn throttled() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "system", "Rate limit exceeded, please try again later")
    }

    /// The service is in trouble.
    pub(super) fn unavailable(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, "system", "We're sorry, but something went wrong.")
    }

    pub(super) fn response(&self) -> Response {
        Response::json(self.status, &json!({"errors": self.errors}))
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        problem.response()
    }
}

/// `date_performed` as the message names it: `Date performed`.
fn title(name: &str) -> String {
    let mut text = name.trim_end_matches("_id").replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
