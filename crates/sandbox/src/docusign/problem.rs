//! Errors as eSignature writes them: a code and a message.

use http::StatusCode;
use serde_json::json;

use crate::exchange::Response;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn body() -> Self {
        Self::bad("INVALID_REQUEST_BODY", "The request body is missing or improperly formatted.")
    }

    pub(super) fn parameter(message: &str) -> Self {
        let message = format!("The request contained at least one invalid parameter. {message}");
        Self::bad("INVALID_REQUEST_PARAMETER", message)
    }

    pub(super) fn no_envelope() -> Self {
        let message = "The envelope specified either does not exist or you have no rights to it.";
        Self::new(StatusCode::NOT_FOUND, "ENVELOPE_DOES_NOT_EXIST", message)
    }

    pub(super) fn no_resource() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "RESOURCE_NOT_FOUND",
            "The URL provided does not resolve to a resource.",
        )
    }

    pub(super) fn token() -> Self {
        let message = "The access token provided is expired, revoked or malformed.";
        Self::new(StatusCode::UNAUTHORIZED, "AUTHORIZATION_INVALID_TOKEN", message)
    }

    pub(super) fn response(&self) -> Response {
        Response::json(self.status, &json!({"errorCode": self.code, "message": self.message}))
    }
}
