//! Requests to addresses that belong to no system.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use url::Url;

use crate::classify;
use crate::client::{Client, Outgoing};
use crate::fault::{Fault, FaultClass};
use crate::message::{Request, Response};
use crate::metrics;
use crate::spec::FaultSpec;

/// Credentials that a flow states for one request.
#[derive(Clone, PartialEq, Eq)]
pub enum Authentication {
    /// User name and password.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: String,
    },
    /// A bearer token.
    Bearer {
        /// The token.
        token: String,
    },
}

impl std::fmt::Debug for Authentication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Basic { username, .. } => write!(f, "basic {username}:***"),
            Self::Bearer { .. } => f.write_str("bearer ***"),
        }
    }
}

impl Authentication {
    fn header(&self) -> Result<HeaderValue, Fault> {
        let text = match self {
            Self::Basic { username, password } => basic(username, password),
            Self::Bearer { token } => format!("Bearer {token}"),
        };
        header_value(&text)
    }
}

/// The header of basic authentication.
pub(crate) fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

/// A header value that is never shown.
pub(crate) fn header_value(text: &str) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| Fault::not_sent(FaultClass::Auth, "a credential holds characters a header may not"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Header that tells the other side which requests are one and the same.
const IDEMPOTENCY_KEY: http::HeaderName = http::HeaderName::from_static("idempotency-key");

impl Client {
    /// Sends a request to an address that belongs to no system, once.
    ///
    /// # Errors
    /// Any answer other than 2xx, and no answer.
    pub async fn send_plain(
        &self,
        request: Request,
        authentication: Option<&Authentication>,
    ) -> Result<Response, Fault> {
        let url = Url::parse(&request.url)
            .map_err(|error| Fault::not_sent(FaultClass::Value, format!("the URI can't be read: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Fault::not_sent(FaultClass::Value, "the URI is neither http nor https"));
        }
        let key = request.idempotency_key.clone();
        let mut outgoing = Outgoing::of(request, self.request_timeout, self.body_bytes_max)?;
        if let Some(key) = key {
            let value = HeaderValue::try_from(key)
                .map_err(|_| Fault::not_sent(FaultClass::Value, "the idempotency key can't be a header"))?;
            outgoing.headers.insert(IDEMPOTENCY_KEY, value);
        }
        if let Some(authentication) = authentication {
            outgoing.headers.insert(AUTHORIZATION, authentication.header()?);
        }
        let answered = self.exchange(url, &outgoing).await;
        let result = answered.and_then(|answer| classify::response(&PLAIN, &outgoing, answer, &|_| None));
        let outcome = result.as_ref().err().map_or("ok", |fault| fault.class.as_str());
        ::metrics::counter!(metrics::REQUESTS, "system" => "", "outcome" => outcome).increment(1);
        result
    }
}

/// Nothing is known of what others' codes mean.
static PLAIN: FaultSpec = FaultSpec { code: Vec::new(), message: Vec::new(), rules: Vec::new() };
