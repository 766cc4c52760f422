//! Errors as Graph writes them.

use http::StatusCode;
use serde_json::json;

use crate::exchange::Response;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalidRequest", message)
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "itemNotFound", "The resource could not be found.")
    }

    pub(super) fn name_taken() -> Self {
        Self::new(StatusCode::CONFLICT, "nameAlreadyExists", "Name already exists")
    }

    pub(super) fn stale() -> Self {
        let message = "ETag does not match current item's value";
        Self::new(StatusCode::PRECONDITION_FAILED, "resourceModified", message)
    }

    pub(super) fn token() -> Self {
        let message = "Access token has expired or is not yet valid.";
        Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
    }

    pub(super) fn response(&self) -> Response {
        let request = uuid::Uuid::new_v4().to_string();
        let body = json!({"error": {
            "code": self.code, "message": self.message,
            "innerError": {"request-id": request, "client-request-id": request},
        }});
        Response::json(self.status, &body).with("request-id", &request)
    }
}
