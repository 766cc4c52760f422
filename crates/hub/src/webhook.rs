//! Webhooks: verified, made into CloudEvents by the adapter's function, appended, answered.
//!
//! The answer is 2xx only after the append is durable, and it is 2xx for anything that is genuine: some vendors
//! unsubscribe for ever on another status. What can't be made into an event is stored as rejected instead.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value, json};
use throughline_adapter::verify;

use crate::executor::FunctionEnd;
use crate::hub::Inner;
use crate::intake::{self, Incoming, Problem};

/// The largest webhook body taken, in bytes.
pub const WEBHOOK_BYTES_MAX: usize = 4 << 20;

/// What a vendor is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookReply {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub content_type: &'static str,
    /// Body.
    pub body: String,
}

impl WebhookReply {
    fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain", body: body.into() }
    }
}

pub(crate) async fn receive(
    inner: &Inner,
    name: &str,
    webhook: &str,
    query: &[(String, String)],
    headers: &HeaderMap,
    body: Bytes,
) -> WebhookReply {
    let Some(system) = inner.executor.systems.get(name) else {
        return WebhookReply::text(404, format!("no system is named {name:?}"));
    };
    let adapter = inner.catalog.adapters.get(system.adapter());
    let Some(spec) = adapter.and_then(|a| a.spec.webhooks.iter().find(|w| w.name == webhook)) else {
        return WebhookReply::text(404, format!("adapter {:?} has no webhook {webhook:?}", system.adapter()));
    };
    // The vendor makes sure that we are who it was told to call: it sends a token and wants it back.
    if let Some(handshake) = &spec.handshake
        && let Some((_, token)) = query.iter().find(|(k, _)| *k == handshake.query_parameter)
    {
        return WebhookReply::text(200, token.clone());
    }
    if body.len() > WEBHOOK_BYTES_MAX {
        return WebhookReply::text(413, format!("a webhook may hold {WEBHOOK_BYTES_MAX} bytes"));
    }
    if let Err(error) = verify(&spec.verify, system, headers, &body) {
        tracing::warn!(system = name, webhook, %error, "a webhook call was not genuine");
        let problem = Problem { field: "signature".to_owned(), reason: error.to_string() };
        return match reject(inner, "forged", system.tenant(), name, body, problem).await {
            Ok(()) => WebhookReply::text(401, error.to_string()),
            Err(reason) => WebhookReply::text(503, reason),
        };
    }
    let value: Value = match serde_json::from_slice(&body) {
        Ok(value) => value,
        Err(error) => {
            let problem = Problem { field: String::new(), reason: format!("not JSON: {error}") };
            return answer(reject(inner, "invalid", system.tenant(), name, body, problem).await);
        }
    };
    let query: Map<String, Value> =
        query.iter().map(|(k, v)| (k.clone(), Value::String(v.clone()))).collect();
    let with = json!({ "body": value, "headers": plain(headers), "query": query, "system": name });
    match inner.executor.call_system(system, name, &spec.events, with).await {
        FunctionEnd::Returned(events) => {
            let events = match events {
                Value::Array(events) => events,
                Value::Null => Vec::new(),
                one => vec![one],
            };
            let incoming = events.iter().map(|e| Incoming::new(e.to_string().into_bytes())).collect();
            let taken = inner.accept(system.tenant(), &format!("webhook/{name}"), incoming).await;
            answer(taken.map(|_| ()).map_err(|e| e.to_string()))
        }
        FunctionEnd::Raised(error) => {
            let problem = Problem { field: String::new(), reason: error.to_string() };
            answer(reject(inner, "invalid", system.tenant(), name, body, problem).await)
        }
        FunctionEnd::Unknown { reason, .. } => WebhookReply::text(503, reason),
    }
}

fn answer(taken: Result<(), String>) -> WebhookReply {
    match taken {
        Ok(()) => WebhookReply::text(200, ""),
        Err(reason) => WebhookReply::text(503, reason),
    }
}

async fn reject(
    inner: &Inner,
    code: &str,
    tenant: &str,
    system: &str,
    body: Bytes,
    problem: Problem,
) -> Result<(), String> {
    let (via, incoming) = (format!("webhook/{system}"), Incoming::new(body.to_vec()));
    intake::reject_as(code, &inner.store, tenant, &via, incoming, vec![problem], inner.clock.now())
        .await
        .map(|_| ())
        .map_err(|e| e.to_string())
}

fn plain(headers: &HeaderMap) -> Map<String, Value> {
    headers
        .iter()
        .filter_map(|(k, v)| Some((k.as_str().to_owned(), Value::String(v.to_str().ok()?.to_owned()))))
        .collect()
}
