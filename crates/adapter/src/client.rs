//! The connections all systems share.
//!
//! Trusts the machine's certificate authorities and those it is given besides. Speaks HTTP/2 where the other side does,
//! keeps connections, follows no redirects. Plain `http://` addresses have connections of their own: see
//! [`crate::direct`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use url::Url;

use crate::direct::{Direct, Pieces};
use crate::fault::{EffectState, Fault, FaultClass};
use crate::message::{Accept, Body, Request};

/// How requests say who sends them.
const AGENT: &str = concat!("throughline/", env!("CARGO_PKG_VERSION"));

/// How a client is set up.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// PEM files of certificate authorities trusted besides the machine's.
    pub ca_files: Vec<PathBuf>,
    /// Time limit for a connection, TLS included.
    pub connect_timeout: Duration,
    /// Time limit for one exchange of a request that sets none.
    pub request_timeout: Duration,
    /// The longest answer read for a request outside any system, in bytes.
    pub body_bytes_max: usize,
    /// Idle connections kept per host.
    pub idle_per_host_max: usize,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            ca_files: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            body_bytes_max: 16 << 20,
            idle_per_host_max: 1_024,
            idle_timeout: Duration::from_secs(60),
        }
    }
}

/// Why a client can't be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A certificate file can't be read.
    #[error("{}: no certificates can be read from it: {reason}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// TLS can't be set up.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
    /// The HTTP client can't be set up.
    #[error("the HTTP client can't be set up")]
    Http(#[from] reqwest::Error),
}

/// The connection pool all systems share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    direct: Option<Direct>,
    pub(crate) request_timeout: Duration,
    pub(crate) body_bytes_max: usize,
}

/// A request ready to be sent, any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) timeout: Duration,
    pub(crate) body_bytes_max: usize,
    pub(crate) accept: Accept,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Client {
    /// Sets a client up.
    ///
    /// # Errors
    /// When a certificate file can't be read.
    pub fn new(options: &ClientOptions) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(&options.ca_files)?)
            .user_agent(AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .pool_max_idle_per_host(options.idle_per_host_max)
            .pool_idle_timeout(options.idle_timeout)
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(60))
            .http2_keep_alive_interval(Duration::from_secs(30))
            .http2_adaptive_window(true)
            .build()?;
        Ok(Self {
            http,
            direct: Direct::new(options, AGENT),
            request_timeout: options.request_timeout,
            body_bytes_max: options.body_bytes_max,
        })
    }

    /// Sends a request and reads the answer, whatever its status.
    pub(crate) async fn exchange(&self, mut url: Url, outgoing: &Outgoing) -> Result<Answer, Fault> {
        if !outgoing.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&outgoing.query);
        }
        if let Some(direct) = self.direct.as_ref().filter(|_| Direct::serves(&url)) {
            return direct.exchange(&url, outgoing).await;
        }
        let mut request = reqwest::Request::new(outgoing.method.clone(), url);
        *request.headers_mut() = outgoing.headers.clone();
        *request.timeout_mut() = Some(outgoing.timeout);
        if !outgoing.body.is_empty() {
            *request.body_mut() = Some(outgoing.body.clone().into());
        }
        let sent = self.http.execute(request).await;
        let mut response = sent.map_err(|error| broken(&error, outgoing))?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let bytes =
            read(&mut response, outgoing).await.map_err(|fault| Fault { status: Some(status), ..fault })?;
        Ok(Answer { status, headers, bytes })
    }
}

/// Reads a body within its limit.
async fn read(response: &mut reqwest::Response, outgoing: &Outgoing) -> Result<Bytes, Fault> {
    let max = outgoing.body_bytes_max;
    if response.content_length().is_some_and(|length| length > max as u64) {
        return Err(outgoing.too_large());
    }
    let mut pieces = Pieces::default();
    while let Some(piece) = response.chunk().await.map_err(|error| broken(&error, outgoing))? {
        if !pieces.take(piece, max) {
            return Err(outgoing.too_large());
        }
    }
    Ok(pieces.whole())
}

/// The fault of an exchange that broke off.
fn broken(error: &reqwest::Error, outgoing: &Outgoing) -> Fault {
    let said = causes(error);
    if error.is_builder() {
        return Fault::not_sent(FaultClass::Value, format!("the request can't be sent: {said}"));
    }
    if error.is_connect() {
        return Fault::not_sent(FaultClass::Connection, format!("no connection: {said}"));
    }
    if error.is_timeout() {
        return outgoing.late();
    }
    if error.is_decode() {
        let effect = outgoing.effect_unless_safe();
        return Fault::new(FaultClass::Parse, effect, format!("the answer can't be decoded: {said}"));
    }
    outgoing.broken_off(&said)
}

/// The innermost cause in words. The outer layers repeat the URL, whose query may hold what nobody should read.
fn causes(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    if innermost.downcast_ref::<reqwest::Error>().is_some() {
        "unknown cause".to_owned()
    } else {
        innermost.to_string()
    }
}

impl Outgoing {
    /// Makes a request ready. Its URL is the caller's affair.
    pub(crate) fn of(request: Request, timeout: Duration, body_bytes_max: usize) -> Result<Self, Fault> {
        let refuse = |said: String| Fault::not_sent(FaultClass::Value, said);
        let method = match request.method.as_str() {
            "" => Method::GET,
            name => Method::from_bytes(name.to_ascii_uppercase().as_bytes())
                .map_err(|_| refuse(format!("{name:?} is no HTTP method")))?,
        };
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 4);
        for (name, value) in &request.headers {
            let name = http::HeaderName::try_from(name.as_str())
                .map_err(|_| refuse(format!("{name:?} is no header name")))?;
            let value = http::HeaderValue::try_from(value.as_str())
                .map_err(|_| refuse(format!("header {name}: its value holds characters a header may not")))?;
            headers.append(name, value);
        }
        let (content_type, body) = match request.body {
            Body::None => (None, Bytes::new()),
            Body::Json(value) => {
                let bytes = serde_json::to_vec(&value)
                    .map_err(|e| refuse(format!("the body can't be written: {e}")))?;
                (Some("application/json".to_owned()), bytes.into())
            }
            Body::Form(fields) => {
                let form =
                    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
                (Some("application/x-www-form-urlencoded".to_owned()), form.into())
            }
            Body::Bytes { content_type, bytes } => (Some(content_type), bytes),
        };
        if let Some(content_type) = content_type
            && !headers.contains_key(http::header::CONTENT_TYPE)
        {
            let value = http::HeaderValue::try_from(content_type)
                .map_err(|_| refuse("the body's media type holds characters a header may not".to_owned()))?;
            headers.insert(http::header::CONTENT_TYPE, value);
        }
        let timeout = request.timeout.unwrap_or(timeout);
        Ok(Self {
            method,
            headers,
            query: request.query,
            body,
            timeout,
            body_bytes_max,
            accept: request.accept,
        })
    }

    /// What an exchange that broke off may have left behind.
    pub(crate) fn effect_unless_safe(&self) -> EffectState {
        if self.method.is_safe() { EffectState::NotDone } else { EffectState::Unknown }
    }

    /// The fault of an exchange that took too long.
    pub(crate) fn late(&self) -> Fault {
        let said = format!("no answer within {} s", self.timeout.as_secs_f64());
        Fault::new(FaultClass::Timeout, self.effect_unless_safe(), said)
    }

    /// The fault of an exchange that ended without an answer.
    pub(crate) fn broken_off(&self, said: &str) -> Fault {
        let said = format!("the connection broke before the answer was there: {said}");
        Fault::new(FaultClass::Connection, self.effect_unless_safe(), said)
    }

    /// The fault of an answer that is not read to its end.
    pub(crate) fn too_large(&self) -> Fault {
        let said = format!("the answer is longer than {} bytes", self.body_bytes_max);
        Fault::new(FaultClass::TooLarge, self.effect_unless_safe(), said)
    }
}

/// TLS by ring, trusting the machine's authorities and those of `ca_files`.
fn tls(ca_files: &[PathBuf]) -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore::empty();
    // A machine without any is served by ca_files alone; a certificate no one vouches for then fails by itself.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for path in ca_files {
        let refuse = |reason: String| ClientError::Certificates { path: path.clone(), reason };
        let pem = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        let mut any = false;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
            roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
            any = true;
        }
        if !any {
            return Err(refuse("it holds none".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
