//! Errors as the REST web services write them.

use http::StatusCode;
use serde_json::{Value, json};

use crate::exchange::Response;

/// An error answer.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    place: Option<(&'static str, String)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), place: None }
    }

    /// Something wrong with what the user sent, found by the business rules.
    pub(super) fn user(detail: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "USER_ERROR",
            format!("Error while accessing a resource. {detail}"),
        )
    }

    /// A field's value that cannot be.
    pub(super) fn value(path: &str, field: &str, value: &Value) -> Self {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Self::new(
            StatusCode::BAD_REQUEST,
            "INVALID_CONTENT",
            format!(
                "Error while accessing a resource. You have entered an Invalid Field Value {shown} for the following \
                 field: {field}"
            ),
        )
        .at(path)
    }

    /// A query parameter that cannot be.
    pub(super) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER", detail);
        problem.place = Some(("o:errorQueryParam", name.to_owned()));
        problem
    }

    /// A header that cannot be.
    pub(super) fn header(name: &str, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "INVALID_HEADER", detail);
        problem.place = Some(("o:errorHeader", name.to_owned()));
        problem
    }

    /// No record of this id.
    pub(super) fn missing() -> Self {
        let detail = "The record instance does not exist. Provide a valid record instance ID.";
        Self::new(StatusCode::NOT_FOUND, "NONEXISTENT_ID", detail)
    }

    /// No record type of this name.
    pub(super) fn unknown_type(name: &str) -> Self {
        let detail = format!("Record type '{name}' does not exist.");
        Self::new(StatusCode::NOT_FOUND, "NONEXISTENT_RECORD_TYPE", detail)
    }

    /// Nothing is served at this path.
    pub(super) fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NONEXISTENT_ENDPOINT", "The requested endpoint does not exist.")
    }

    /// The login is not accepted.
    pub(super) fn login() -> Self {
        let detail = "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > \
                      Users/Roles > User Management > View Login Audit Trail.";
        Self::new(StatusCode::UNAUTHORIZED, "INVALID_LOGIN", detail)
    }

    /// The account handles as many requests as it may.
    pub(super) fn concurrency() -> Self {
        let detail = "Concurrent request limit exceeded. Request blocked.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "CONCURRENCY_LIMIT_EXCEEDED", detail)
    }

    /// The service is in trouble.
    pub(super) fn unavailable(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: m3k1v8xw1hq2o7t8bq0ad")
    }

    /// Where in the body it is.
    pub(super) fn at(mut self, path: &str) -> Self {
        self.place = Some(("o:errorPath", path.to_owned()));
        self
    }

    pub(super) fn response(&self) -> Response {
        let mut detail = json!({"detail": self.detail, "o:errorCode": self.code});
        if let Some((kind, place)) = &self.place {
            detail[*kind] = place.as_str().into();
        }
        let section = match self.status.as_u16() {
            429 => "rfc6585#section-4".to_owned(),
            client @ 400..500 => format!("rfc9110.html#section-15.5.{}", client - 399),
            server => format!("rfc9110.html#section-15.6.{}", server.saturating_sub(499)),
        };
        let body = json!({
            "type": format!("https://www.rfc-editor.org/rfc/{section}"),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "o:errorDetails": [detail],
        });
        let response = Response::bytes(
            self.status,
            "application/vnd.oracle.resource+json; type=error; charset=UTF-8",
            body.to_string(),
        );
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = r#"Bearer realm="INVALID", error="invalid_token", error_description="Invalid login attempt.""#;
            return response.with("www-authenticate", challenge);
        }
        response
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        problem.response()
    }
}
