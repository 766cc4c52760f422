//! What the machine gives at best: the calls and the syncs of `activation8`, and nothing else.
//!
//! It runs in a process of its own and tells its port in the first line it prints. For each request it makes the same
//! calls to the stub, with the body it was given, and before each of them, and after the last, it has a record in a file
//! synced to disk, one sync for all who wait. No flow is read, no value is looked at, nothing could be taken up again.

use std::convert::Infallible;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::client::Connection;
use crate::flows::CALLS;

/// The running loop; ends when it is dropped.
pub(crate) struct Bare {
    child: Child,
    pub(crate) port: u16,
}

impl Bare {
    /// Starts one that calls the stub at `stub_port` and writes into `folder`.
    pub(crate) fn start(stub_port: u16, folder: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bare", &stub_port.to_string()])
            .arg(folder.join("records"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("the bare loop can't be started")?;
        let output = child.stdout.take().context("the bare loop has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().context("the bare loop has not told its port")?;
        Ok(Self { child, port })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Shared {
    stub_port: u16,
    idle: Mutex<Vec<Connection>>,
    records: mpsc::UnboundedSender<(Bytes, oneshot::Sender<()>)>,
}

/// Serves until the process is ended.
pub(crate) fn serve(stub_port: u16, file: &Path) -> anyhow::Result<()> {
    let file = File::create(file)?;
    let (records, queue) = mpsc::unbounded_channel();
    std::thread::spawn(move || sync(file, queue));
    let shared = Arc::new(Shared { stub_port, idle: Mutex::default(), records });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("{}", listener.local_addr()?.port());
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(Arc::clone(&shared), request));
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

/// Appends what waits, syncs once, and tells all.
fn sync(mut file: File, mut queue: mpsc::UnboundedReceiver<(Bytes, oneshot::Sender<()>)>) {
    while let Some((record, tell)) = queue.blocking_recv() {
        let (mut batch, mut waiting) = (record.to_vec(), vec![tell]);
        while let Ok((record, tell)) = queue.try_recv() {
            batch.extend_from_slice(&record);
            waiting.push(tell);
        }
        if file.write_all(&batch).and_then(|()| file.sync_data()).is_err() {
            return;
        }
        for tell in waiting {
            let _ = tell.send(());
        }
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = match flow(&shared, request).await {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Bytes::from(error.to_string())),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    Ok(response)
}

async fn flow(shared: &Shared, request: Request<Incoming>) -> anyhow::Result<Bytes> {
    let input = request.into_body().collect().await?.to_bytes();
    durable(shared, input.clone()).await?;
    let mut last = Bytes::new();
    for _ in 0..CALLS {
        last = call(shared, input.clone()).await?;
        durable(shared, last.clone()).await?;
    }
    Ok(last)
}

async fn durable(shared: &Shared, record: Bytes) -> anyhow::Result<()> {
    let (tell, told) = oneshot::channel();
    shared.records.send((record, tell))?;
    told.await.context("the records can't be synced")
}

async fn call(shared: &Shared, body: Bytes) -> anyhow::Result<Bytes> {
    let idle = shared.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut connection = match idle {
        Some(connection) => connection,
        None => Connection::open(shared.stub_port).await?,
    };
    let (status, answer) = connection.post("/step", "application/json", body).await?;
    ensure!(status.is_success(), "the stub answered {status}");
    shared.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    Ok(answer)
}
