//! A system that answers `GET /changes` as a script says.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;

/// Given how many requests came before and the cursor sent, what is answered.
type Script = dyn Fn(usize, &str) -> (StatusCode, Value) + Send + Sync;

#[derive(Clone)]
struct Shared {
    script: Arc<Script>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// A running stub.
pub(crate) struct Stub {
    pub(crate) base_url: String,
    asked: Arc<Mutex<Vec<String>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Stub {
    pub(crate) async fn start(
        script: impl Fn(usize, &str) -> (StatusCode, Value) + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared { script: Arc::new(script), asked: Arc::clone(&asked) };
        let router = Router::new().route("/changes", get(changes)).with_state(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { base_url, asked, server }
    }

    /// The cursors asked with so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn changes(
    State(shared): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    if headers.get("authorization").is_none_or(|v| v != "Bearer tok") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let cursor =
        query.into_iter().find(|(name, _)| name == "after").map(|(_, value)| value).unwrap_or_default();
    let before = {
        let mut asked = shared.asked.lock().unwrap();
        asked.push(cursor.clone());
        asked.len() - 1
    };
    let (status, body) = (shared.script)(before, &cursor);
    (status, axum::Json(body)).into_response()
}
