//! Errors as the OData service writes them: `{error: {code, message}}`, the message ending in a correlation id.

use http::StatusCode;
use serde_json::json;

use super::pages::Page;
use crate::exchange::Response;

const CORRELATION: &str = "00000000-0000-4000-8000-7468726f7567";

/// An error answer.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// A request that cannot be understood.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// A business rule of the application.
    pub(super) fn dialog(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Application_DialogException", message)
    }

    /// Nothing is published at this segment of the path.
    pub(super) fn no_segment(segment: &str) -> Self {
        let message = format!("Resource not found for the segment '{segment}'.");
        Self::new(StatusCode::NOT_FOUND, "BadRequest_ResourceNotFound", message)
    }

    /// No record of this id.
    pub(super) fn no_record(page: &Page, id: &str) -> Self {
        let message = format!(
            "The {} does not exist. Identification fields and values: SystemId='{{{}}}'",
            page.table,
            id.to_uppercase()
        );
        Self::new(StatusCode::NOT_FOUND, "Internal_RecordNotFound", message)
    }

    /// A company that is not there.
    pub(super) fn no_company() -> Self {
        let message = "The requested company was not found.";
        Self::new(StatusCode::NOT_FOUND, "Internal_CompanyNotFound", message)
    }

    /// A key that is taken.
    pub(super) fn same_key(page: &Page, values: &[String]) -> Self {
        let shown: Vec<String> =
            page.key.iter().zip(values).map(|((_, caption), value)| format!("{caption}='{value}'")).collect();
        let message = format!(
            "The record in table {} already exists. Identification fields and values: {}",
            page.table,
            shown.join(",")
        );
        Self::new(StatusCode::BAD_REQUEST, "Internal_EntityWithSameKeyExists", message)
    }

    /// The record is not what the caller has read.
    pub(super) fn changed() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "Request_EntityChanged",
            "Another user has already changed the record.",
        )
    }

    /// The caller must say which state it has read.
    pub(super) fn no_etag() -> Self {
        let message = "Could not validate the client concurrency token required by the service. Please provide a valid \
                       token in the client request.";
        Self::new(StatusCode::BAD_REQUEST, "BadRequest_InvalidToken", message)
    }

    /// The token is not accepted.
    pub(super) fn credentials() -> Self {
        let message = "The server has rejected the client credentials.";
        Self::new(StatusCode::UNAUTHORIZED, "Authentication_InvalidCredentials", message)
    }

    /// The user has sent too many requests.
    pub(super) fn throttled() -> Self {
        let message = "Too many requests reached. Actual (6001). Maximum (6000).";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "Application_TooManyRequests", message)
    }

    /// The service is in trouble.
    pub(super) fn unavailable(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (code, message) = match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                ("Internal_TenantUnavailable", "The environment is not accessible.")
            }
            StatusCode::GATEWAY_TIMEOUT => {
                ("Internal_GatewayTimeout", "The request was not processed in time.")
            }
            _ => ("Internal_ServerError", "An error has occurred."),
        };
        Self::new(status, code, message)
    }

    pub(super) fn response(&self) -> Response {
        let message = format!("{}  CorrelationId:  {CORRELATION}.", self.message);
        Response::json(self.status, &json!({"error": {"code": self.code, "message": message}}))
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        problem.response()
    }
}
