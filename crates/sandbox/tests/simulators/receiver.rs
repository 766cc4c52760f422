//! A receiver of webhooks that keeps what it gets and answers as it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) raw: Bytes,
    pub(crate) body: Value,
}

/// Answers the first posts with the given statuses, and 200 from then on; echoes a validation token.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    statuses: Arc<Mutex<Vec<u16>>>,
}

type Parameters = std::collections::BTreeMap<String, String>;

impl Receiver {
    pub(crate) async fn start(statuses: &[u16]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            received: Arc::default(),
            statuses: Arc::new(Mutex::new(statuses.iter().rev().copied().collect())),
        };
        let app = Router::new().route("/hook", axum::routing::post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        receiver
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// What was received, once there are so many.
    pub(crate) async fn expect(&self, count: usize) -> Vec<Received> {
        for _ in 0..400 {
            if self.received().len() >= count {
                return self.received();
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{} of {count} webhooks came", self.received().len());
    }
}

async fn take(
    State(receiver): State<Receiver>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    raw: Bytes,
) -> (StatusCode, String) {
    if let Some(token) = parameters.get("validationToken") {
        return (StatusCode::OK, token.clone());
    }
    let body = serde_json::from_slice(&raw).unwrap_or(Value::Null);
    receiver.received.lock().unwrap().push(Received { headers, raw, body });
    let status = receiver.statuses.lock().unwrap().pop().unwrap_or(200);
    (StatusCode::from_u16(status).unwrap(), String::new())
}
