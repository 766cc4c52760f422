//! A stub of the systems that flows call: takes a body, gives 200 bytes back, remembers idempotency keys.
//!
//! It runs in a process of its own, on one thread, and tells its port in the first line it prints. `POST /hold N` makes it
//! answer N calls of each run and hold the others back, until `POST /release`; `GET /calls` tells how many calls it has
//! seen and how many of them carried a key it had seen before.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::client::Connection;

const ANSWER: &[u8] = br#"{"systemId":"8a1f6c4e-0d3b-4f7a-9c55-6f0f2f3a7b10","url":"https://erp.example.org/records/8a1f6c4e","status":"accepted","version":7,"confirmedAt":"2026-03-01T08:00:00Z","links":["contract","project"]}"#;

/// The running stub; ends when it is dropped.
pub(crate) struct Stub {
    child: Child,
    pub(crate) port: u16,
}

impl Stub {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("stub")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("the stub can't be started")?;
        let output = child.stdout.take().context("the stub has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().context("the stub has not told its port")?;
        Ok(Self { child, port })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Answers so many calls of each run and holds the others back.
    pub(crate) async fn hold_after(&self, calls: usize) -> anyhow::Result<()> {
        self.say("/hold", calls.to_string()).await
    }

    /// Answers everything from now on.
    pub(crate) async fn release(&self) -> anyhow::Result<()> {
        self.say("/release", String::new()).await
    }

    async fn say(&self, path: &str, body: String) -> anyhow::Result<()> {
        Connection::open(self.port).await?.post(path, "text/plain", body.into()).await?;
        Ok(())
    }

    /// Calls seen, and those among them whose key had been seen before.
    pub(crate) async fn calls(&self) -> anyhow::Result<(usize, usize)> {
        let (_, body) = Connection::open(self.port).await?.get("/calls").await?;
        let text = String::from_utf8(body.to_vec())?;
        let (all, repeated) = text.split_once(' ').context("two numbers")?;
        Ok((all.parse()?, repeated.parse()?))
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Memory {
    seen: Mutex<Seen>,
    /// Calls of each run that are answered.
    answered: watch::Sender<usize>,
}

#[derive(Default)]
struct Seen {
    calls: usize,
    repeated: usize,
    keys: HashSet<String>,
    /// Distinct calls of each run.
    of_run: HashMap<String, usize>,
}

/// Serves until the process is ended.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("{}", listener.local_addr()?.port());
        let memory = Arc::new(Memory { seen: Mutex::default(), answered: watch::Sender::new(usize::MAX) });
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let memory = Arc::clone(&memory);
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(Arc::clone(&memory), request));
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

async fn answer(
    memory: Arc<Memory>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let text = match head.uri.path() {
        "/hold" => {
            memory.answered.send_replace(String::from_utf8_lossy(&body).parse().unwrap_or_default());
            Bytes::new()
        }
        "/release" => {
            memory.answered.send_replace(usize::MAX);
            Bytes::new()
        }
        "/calls" => {
            let seen = memory.seen.lock().unwrap_or_else(PoisonError::into_inner);
            Bytes::from(format!("{} {}", seen.calls, seen.repeated))
        }
        _ => {
            let number = note(&memory, &head);
            let _ = memory.answered.subscribe().wait_for(|answered| number <= *answered).await;
            Bytes::from_static(ANSWER)
        }
    };
    let response = Response::builder().header(header::CONTENT_TYPE, "application/json").body(Full::new(text));
    Ok(response.unwrap_or_default())
}

/// Notes a call; returns which of its run's calls it is.
fn note(memory: &Memory, head: &http::request::Parts) -> usize {
    let mut seen = memory.seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.calls += 1;
    let Some(key) = head.headers.get("idempotency-key").and_then(|v| v.to_str().ok()) else { return 0 };
    let run = key.split(':').next().unwrap_or_default().to_owned();
    if !seen.keys.insert(key.to_owned()) {
        seen.repeated += 1;
        return seen.of_run.get(&run).copied().unwrap_or_default();
    }
    let number = seen.of_run.entry(run).or_default();
    *number += 1;
    *number
}
