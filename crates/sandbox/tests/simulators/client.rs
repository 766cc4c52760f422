//! A sandbox on a folder of its own, and a client that trusts it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use reqwest::{Method, RequestBuilder};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;
use tempfile::TempDir;
use throughline_sandbox::{Options, Sandbox, SimulatedSystem};

/// One simulator and a token for it.
pub(crate) struct Client {
    http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) credentials: BTreeMap<String, String>,
    pub(crate) settings: Value,
    pub(crate) token: String,
}

/// A status, and a body read as JSON (or as text where it is none).
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) async fn sandbox(folder: &Path) -> Sandbox {
    Sandbox::start(Options::new(folder)).await.unwrap()
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn http(ca_file: &Path) -> reqwest::Client {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file).unwrap()).unwrap();
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

impl Client {
    pub(crate) fn new(sandbox: &Sandbox, product: &str) -> Self {
        let system: SimulatedSystem =
            sandbox.systems().into_iter().find(|system| system.product == product).unwrap();
        Self {
            http: http(&sandbox.ca_file()),
            base: system.base_url,
            credentials: system.credentials,
            settings: system.settings,
            token: String::new(),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("https:") { path.to_owned() } else { format!("{}{path}", self.base) };
        let request = self.http.request(method, url);
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answered(self.request(Method::GET, path)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        answered(self.request(method, path).json(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        answered(self.request(Method::POST, path).form(fields)).await
    }
}

pub(crate) async fn answered(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.unwrap().to_vec();
    let body = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    Answer { status, headers, body, bytes }
}
