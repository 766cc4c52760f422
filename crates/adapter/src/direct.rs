//! Exchanges with plain `http://` addresses, with nothing between the request and the socket.
//!
//! A connection is driven by the one exchange that holds it, so an exchange wakes no other task. Between exchanges nobody
//! drives it: that the other side has closed it is seen when it is taken up again.
//!
//! Deliberately absent: TLS, HTTP/2, proxies and compressed answers. Those are the pool's, which serves every other address.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use url::{Position, Url};

use crate::client::{Answer, ClientOptions, Outgoing};
use crate::fault::{Fault, FaultClass};

/// Environment variables that send plain addresses through a proxy.
const PROXY_VARIABLES: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/// Connections to plain addresses. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Direct {
    idle: Arc<Mutex<Idle>>,
    connect_timeout: Duration,
    idle_per_host_max: usize,
    idle_timeout: Duration,
    agent: HeaderValue,
}

/// Connections nobody uses, by `host:port`; the last used is the last.
#[derive(Debug)]
struct Idle {
    by_host: HashMap<Box<str>, Vec<Connection>>,
    swept: Instant,
}

#[derive(Debug)]
struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: Pin<Box<http1::Connection<TokioIo<TcpStream>, Full<Bytes>>>>,
    idle_since: Instant,
}

/// Why an exchange on one connection failed.
enum Failure {
    /// The connection was closed before the request was taken up; another one may carry it.
    NotTaken(Box<Request<Full<Bytes>>>),
    Fault(Fault),
}

impl Direct {
    /// `None` when the environment names a proxy for plain addresses.
    pub(crate) fn new(options: &ClientOptions, agent: &'static str) -> Option<Self> {
        if PROXY_VARIABLES.iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty())) {
            return None;
        }
        let idle = Arc::new(Mutex::new(Idle { by_host: HashMap::new(), swept: Instant::now() }));
        Some(Self {
            idle,
            connect_timeout: options.connect_timeout,
            idle_per_host_max: options.idle_per_host_max,
            idle_timeout: options.idle_timeout,
            agent: HeaderValue::from_static(agent),
        })
    }

    /// Whether it serves an address.
    pub(crate) fn serves(url: &Url) -> bool {
        url.scheme() == "http" && url.has_host() && url.username().is_empty() && url.password().is_none()
    }

    /// Sends a request and reads the answer, whatever its status.
    pub(crate) async fn exchange(&self, url: &Url, outgoing: &Outgoing) -> Result<Answer, Fault> {
        let deadline = Instant::now() + outgoing.timeout;
        let host = &url[Position::BeforeHost..Position::AfterPort];
        let mut request = self.request(url, host, outgoing)?;
        loop {
            let (mut connection, fresh) = match self.take(host) {
                Some(connection) => (connection, false),
                None => (self.connect(url, deadline).await?, true),
            };
            let exchanged = timeout_at(deadline, connection.exchange(request, outgoing)).await;
            match exchanged.unwrap_or_else(|_| Err(Failure::Fault(outgoing.late()))) {
                Ok(answer) => {
                    self.put_back(host, connection);
                    return Ok(answer);
                }
                Err(Failure::NotTaken(back)) if !fresh => request = *back,
                Err(Failure::NotTaken(_)) => {
                    let said = "no connection: it was closed before the request was sent";
                    return Err(Fault::not_sent(FaultClass::Connection, said));
                }
                Err(Failure::Fault(fault)) => return Err(fault),
            }
        }
    }

    fn request(&self, url: &Url, host: &str, outgoing: &Outgoing) -> Result<Request<Full<Bytes>>, Fault> {
        let refuse = |error: http::Error| {
            Fault::not_sent(FaultClass::Value, format!("the request can't be sent: {error}"))
        };
        let uri = Uri::try_from(&url[Position::BeforePath..Position::AfterQuery]);
        let mut request = Request::new(Full::new(outgoing.body.clone()));
        *request.method_mut() = outgoing.method.clone();
        *request.uri_mut() = uri.map_err(|error| refuse(error.into()))?;
        let mut headers = outgoing.headers.clone();
        headers.entry(HOST).or_insert(HeaderValue::try_from(host).map_err(|error| refuse(error.into()))?);
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(USER_AGENT).or_insert_with(|| self.agent.clone());
        *request.headers_mut() = headers;
        Ok(request)
    }

    async fn connect(&self, url: &Url, deadline: Instant) -> Result<Connection, Fault> {
        let refuse = |said: String| Fault::not_sent(FaultClass::Connection, format!("no connection: {said}"));
        let name = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or(80);
        let limit = deadline.min(Instant::now() + self.connect_timeout);
        let stream = timeout_at(limit, TcpStream::connect((name, port))).await;
        let stream = stream.map_err(|_| refuse("it took too long".to_owned()))?;
        let stream = stream.map_err(|error| refuse(error.to_string()))?;
        stream.set_nodelay(true).map_err(|error| refuse(error.to_string()))?;
        let opened = http1::handshake(TokioIo::new(stream)).await;
        let (sender, driver) = opened.map_err(|error| refuse(causes(&error)))?;
        Ok(Connection { sender, driver: Box::pin(driver), idle_since: Instant::now() })
    }

    /// An idle connection that is still open.
    fn take(&self, host: &str) -> Option<Connection> {
        loop {
            let mut connection = self.lock().by_host.get_mut(host)?.pop()?;
            if connection.idle_since.elapsed() < self.idle_timeout && connection.is_open() {
                return Some(connection);
            }
        }
    }

    fn put_back(&self, host: &str, mut connection: Connection) {
        if !connection.is_open() {
            return;
        }
        let now = Instant::now();
        connection.idle_since = now;
        let mut idle = self.lock();
        if now - idle.swept > self.idle_timeout {
            idle.sweep(now, self.idle_timeout);
        }
        match idle.by_host.get_mut(host) {
            Some(of_host) if of_host.len() < self.idle_per_host_max => of_host.push(connection),
            Some(_) => {}
            None => {
                idle.by_host.insert(host.into(), vec![connection]);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    fn sweep(&mut self, now: Instant, idle_timeout: Duration) {
        self.swept = now;
        self.by_host.retain(|_, connections| {
            connections.retain(|connection| now - connection.idle_since < idle_timeout);
            !connections.is_empty()
        });
    }
}

impl Connection {
    /// Looks whether the other side has closed it, or has not finished the exchange before.
    fn is_open(&mut self) -> bool {
        let ended = self.driver.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        ended.is_pending() && self.sender.is_ready()
    }

    async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        outgoing: &Outgoing,
    ) -> Result<Answer, Failure> {
        let mut sent = pin!(self.sender.try_send_request(request));
        let driver = &mut self.driver;
        let response = poll_fn(|context| {
            // The connection's end is told by the request, too.
            let _ = driver.as_mut().poll(context);
            sent.as_mut().poll(context)
        })
        .await;
        let response = response.map_err(|mut error| match error.take_message() {
            Some(request) => Failure::NotTaken(Box::new(request)),
            None => Failure::Fault(outgoing.broken_off(&causes(error.error()))),
        })?;
        self.read(response, outgoing).await.map_err(Failure::Fault)
    }

    /// Reads an answer within its limit; a body of one piece is not copied.
    async fn read(&mut self, response: Response<Incoming>, outgoing: &Outgoing) -> Result<Answer, Fault> {
        let (head, mut body) = response.into_parts();
        let status = head.status.as_u16();
        let told = |fault| Fault { status: Some(status), ..fault };
        if body.size_hint().lower() > outgoing.body_bytes_max as u64 {
            return Err(told(outgoing.too_large()));
        }
        let mut pieces = Pieces::default();
        while let Some(frame) = poll_fn(|context| self.poll_frame(&mut body, context)).await {
            let frame = frame.map_err(|error| told(outgoing.broken_off(&causes(&error))))?;
            if let Ok(piece) = frame.into_data()
                && !pieces.take(piece, outgoing.body_bytes_max)
            {
                return Err(told(outgoing.too_large()));
            }
        }
        Ok(Answer { status, headers: head.headers, bytes: pieces.whole() })
    }

    fn poll_frame(
        &mut self,
        body: &mut Incoming,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        // Asked for now, so that the connection hands on what it has read.
        let _ = self.driver.as_mut().poll(context);
        Pin::new(body).poll_frame(context)
    }
}

/// A body as it comes in.
#[derive(Default)]
pub(crate) struct Pieces {
    first: Bytes,
    all: BytesMut,
}

impl Pieces {
    /// `false`: with this piece the body is longer than `max`.
    pub(crate) fn take(&mut self, piece: Bytes, max: usize) -> bool {
        if self.first.len().max(self.all.len()) + piece.len() > max {
            return false;
        }
        if self.first.is_empty() && self.all.is_empty() {
            self.first = piece;
            return true;
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&self.first);
        }
        self.all.extend_from_slice(&piece);
        true
    }

    pub(crate) fn whole(self) -> Bytes {
        if self.all.is_empty() { self.first } else { self.all.freeze() }
    }
}

/// The innermost cause in words.
fn causes(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}
