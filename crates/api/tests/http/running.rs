//! A hub and its API for one test.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use throughline_api::Api;
use throughline_hub::Hub;
use throughline_hub::adapter::SecretRef;
use throughline_hub::catalog::{Catalog, Files};
use throughline_hub::config::{Config, SystemEntry};
use throughline_hub::engine::SystemClock;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The shared token of the system that calls back.
pub(crate) const TOKEN: &str = "the-token";

const FILES: [(&str, &str); 9] = [
    ("routes.yaml", "routes: []\n"),
    ("legal-entities.yaml", "entities: []\n"),
    ("flows/echo.yaml", include_str!("catalog/echo.yaml")),
    ("flows/keyed.yaml", include_str!("catalog/keyed.yaml")),
    ("flows/refuse.yaml", include_str!("catalog/refuse.yaml")),
    ("flows/park.yaml", include_str!("catalog/park.yaml")),
    ("flows/greet.yaml", include_str!("catalog/greet.yaml")),
    ("adapters/caller/adapter.yaml", include_str!("catalog/caller.yaml")),
    ("adapters/caller/functions/calls.events.yaml", include_str!("catalog/calls.events.yaml")),
];

pub(crate) struct Running {
    pub(crate) hub: Hub,
    pub(crate) router: Router,
    pub(crate) stop: CancellationToken,
    _folder: tempfile::TempDir,
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|e| panic!("{} {e}: {}", self.status, String::from_utf8_lossy(&self.bytes)))
    }

    pub(crate) fn content_type(&self) -> &str {
        self.headers.get("content-type").map_or("", |v| v.to_str().unwrap())
    }

    /// A refusal: a problem document of that status; returns it.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.bytes));
        assert_eq!(self.content_type(), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        let page = problem["type"].as_str().unwrap().strip_prefix("/docs/errors/").unwrap().to_owned();
        assert!(throughline_api::error_page(&page).is_some(), "{page} has no page");
        problem
    }
}

impl Running {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::from_files(&Files::of(FILES)).unwrap_or_else(|all| panic!("{all:?}"));
        let caller = SystemEntry {
            adapter: "caller".to_owned(),
            tenant: None,
            settings: json!({ "baseUrl": "https://localhost:1" }),
            credentials: BTreeMap::from([("token".to_owned(), SecretRef::Value(TOKEN.to_owned()))]),
            poll: true,
            poll_seconds: None,
            limits: None,
        };
        let config = Config {
            data: folder.path().to_owned(),
            systems: BTreeMap::from([("callers".to_owned(), caller)]),
            ..Config::default()
        };
        let hub = Hub::start(config, catalog, Arc::new(SystemClock)).await.unwrap();
        let stop = CancellationToken::new();
        let router = throughline_api::router(Api::new(hub.clone(), None, stop.clone()));
        Self { hub, router, stop, _folder: folder }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Sends one event in structured mode.
    pub(crate) async fn event(&self, event: &Value) -> Answer {
        self.post("/v1/events", &[("content-type", "application/cloudevents+json")], event.to_string()).await
    }

    /// Reads until something is there, for what comes about by itself.
    pub(crate) async fn until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..400 {
            let value = self.get(path).await.json();
            if holds(&value) {
                return value;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{path} did not come to hold what it should: {}", self.get(path).await.json());
    }
}

/// An event of a type no schema is known for.
pub(crate) fn event(id: &str, data: Value) -> Value {
    json!({ "specversion": "1.0", "source": "/test", "id": id, "type": "test.noted.v1", "data": data })
}
