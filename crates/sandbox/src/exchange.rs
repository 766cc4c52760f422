//! A request as a simulator sees it and the answer it gives: plain values, so that simulators stay pure of I/O.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

/// A request, read whole.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as sent, still percent-encoded.
    pub path: String,
    /// The query string as sent, without its question mark.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Where this simulator is reached, e.g. `https://localhost:4401`.
    pub base_url: String,
    /// Whether the handshake that [`crate::Simulator::handshake`] asked for was answered as it must be.
    pub handshake: Option<bool>,
    /// How many requests the simulator was answering when this one came, this one included.
    pub in_flight: usize,
}

impl Request {
    /// The path's segments, decoded.
    #[must_use]
    pub fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|part| !part.is_empty()).map(decoded).collect()
    }

    /// The query's pairs, decoded, in order.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        pairs(self.query.as_bytes())
    }

    /// The first value of a query parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.pairs().into_iter().find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The pairs of a form body.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        pairs(&self.body)
    }

    /// The first value of a form field.
    #[must_use]
    pub fn form_field(&self, name: &str) -> Option<String> {
        self.form().into_iter().find_map(|(key, value)| (key == name).then_some(value))
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let value = self.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The ETag that the caller holds.
    #[must_use]
    pub fn if_match(&self) -> Option<&str> {
        self.headers.get(IF_MATCH)?.to_str().ok()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text)
        .map(|(key, value): (Cow<'_, str>, Cow<'_, str>)| (key.into_owned(), value.into_owned()))
        .collect()
}

/// A path segment without its percent-encoding; a plus stays a plus.
fn decoded(segment: &str) -> String {
    let kept = segment.replace('+', "%2B");
    url::form_urlencoded::parse(kept.as_bytes())
        .map(|(key, value)| if value.is_empty() { key.into_owned() } else { format!("{key}={value}") })
        .collect::<Vec<_>>()
        .join("&")
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// A JSON answer.
    #[must_use]
    pub fn json(status: StatusCode, body: &Value) -> Self {
        Self::bytes(status, "application/json;charset=UTF-8", body.to_string())
    }

    /// An answer of any type.
    #[must_use]
    pub fn bytes(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into() }.with("content-type", content_type)
    }

    /// The same answer with one header more. A value that is no header value is left out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// The type of the body.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }
}
