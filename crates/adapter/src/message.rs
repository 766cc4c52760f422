//! Requests and responses as the rest of the program sees them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// A request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Method; empty stands for GET.
    pub method: String,
    /// Absolute, or relative to the system's base URL.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Query parameters, added to those the URL has.
    pub query: Vec<(String, String)>,
    /// Body.
    pub body: Body,
    /// Time limit for the whole exchange; absent: the client's or system's own.
    pub timeout: Option<Duration>,
    /// The same for every try of one and the same effect.
    pub idempotency_key: Option<String>,
    /// Which answers are results.
    pub accept: Accept,
}

/// Which answers are results; all others are faults. Redirects are never followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Accept {
    /// Those of the 200s.
    #[default]
    Success,
    /// Those of the 200s and 300s.
    SuccessAndRedirects,
}

impl Accept {
    pub(crate) fn takes(self, status: u16) -> bool {
        let end = match self {
            Self::Success => 300,
            Self::SuccessAndRedirects => 400,
        };
        (200..end).contains(&status)
    }
}

/// Body of a request.
#[derive(Debug, Clone, Default)]
pub enum Body {
    /// None.
    #[default]
    None,
    /// JSON.
    Json(Value),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// Anything else.
    Bytes {
        /// Media type.
        content_type: String,
        /// The bytes.
        bytes: Bytes,
    },
}

/// The answer to a request that succeeded.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: ResponseBody,
}

/// Body of an answer, read and within its limit.
#[derive(Debug, Clone, Default)]
pub struct ResponseBody {
    bytes: Bytes,
    json: Option<Value>,
}

impl ResponseBody {
    /// Reads a body: JSON when it is declared as such, text and bytes otherwise. `Err`: it is declared as JSON and is not.
    pub(crate) fn read(headers: &HeaderMap, bytes: Bytes) -> Result<Self, serde_json::Error> {
        if bytes.is_empty() || !is_json(headers) {
            return Ok(Self { bytes, json: None });
        }
        let json = serde_json::from_slice(&bytes)?;
        Ok(Self { bytes, json: Some(json) })
    }

    /// The JSON it holds, if it is JSON.
    pub fn json(&self) -> Option<&Value> {
        self.json.as_ref()
    }

    /// As JSON: what it holds, a string for text, base64 for other bytes, null for nothing.
    pub fn into_json(self) -> Value {
        match self.json {
            Some(json) => json,
            None if self.bytes.is_empty() => Value::Null,
            None => match std::str::from_utf8(&self.bytes) {
                Ok(text) => Value::String(text.to_owned()),
                Err(_) => Value::String(STANDARD.encode(&self.bytes)),
            },
        }
    }

    /// The bytes in base64.
    pub fn into_base64(self) -> String {
        STANDARD.encode(&self.bytes)
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim().as_bytes();
    let ends = |suffix: &[u8]| {
        essence.len() >= suffix.len() && essence[essence.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
    };
    ends(b"/json") || ends(b"+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_only_when_it_is_declared_so() {
        let check = |content_type: Option<&str>, bytes: &'static [u8], want: Option<Value>| {
            let mut headers = HeaderMap::new();
            if let Some(t) = content_type {
                headers.insert(http::header::CONTENT_TYPE, t.parse().unwrap());
            }
            let got =
                ResponseBody::read(&headers, Bytes::from_static(bytes)).ok().map(ResponseBody::into_json);
            assert_eq!(got, want, "{content_type:?}");
        };
        check(Some("application/json"), b"{\"a\":1}", Some(serde_json::json!({"a": 1})));
        check(Some("Application/Problem+JSON; charset=utf-8"), b"[]", Some(serde_json::json!([])));
        check(Some("application/json"), b"", Some(Value::Null));
        check(Some("application/json"), b"<html>", None);
        check(Some("application/jsonp"), b"f()", Some(Value::String("f()".into())));
        check(None, b"{}", Some(Value::String("{}".into())));
        check(Some("application/pdf"), b"\xff\xfe", Some(Value::String("//4=".into())));
    }
}
