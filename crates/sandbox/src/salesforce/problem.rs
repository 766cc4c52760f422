//! Errors as the REST API writes them: an array of message, code and fields.

use http::StatusCode;
use serde_json::{Value, json};

use crate::exchange::Response;

/// One error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) fields: Option<Vec<String>>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), fields: None }
    }

    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn on(mut self, fields: &[&str]) -> Self {
        self.fields = Some(fields.iter().map(|field| (*field).to_owned()).collect());
        self
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "The requested resource does not exist")
    }

    pub(super) fn no_such_key(key: &str) -> Self {
        let message = format!("Provided external ID field does not exist or is not accessible: {key}");
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(super) fn session() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", "Session expired or invalid")
    }

    /// The error in an answer of its own.
    pub(super) fn entry(&self) -> Value {
        let mut entry = json!({"message": self.message, "errorCode": self.code});
        if let Some(fields) = &self.fields {
            entry["fields"] = json!(fields);
        }
        entry
    }

    /// The error inside a collection's result, where the code has another name.
    pub(super) fn in_collection(&self) -> Value {
        let fields = self.fields.clone().unwrap_or_default();
        json!({"statusCode": self.code, "message": self.message, "fields": fields})
    }

    pub(super) fn response(&self) -> Response {
        Response::json(self.status, &json!([self.entry()]))
    }
}
