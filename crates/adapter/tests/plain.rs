//! Exchanges with plain `http://` addresses, byte by byte.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may fail like the tests themselves")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use throughline_adapter::{Body, Client, ClientOptions, EffectState, FaultClass, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request.
#[derive(Clone, Copy)]
enum Reply {
    /// Sends these bytes, each piece by itself, and keeps the connection.
    Says(&'static [&'static str]),
    /// Sends these bytes and closes the connection.
    SaysAndCloses(&'static str),
    Hangs,
}

struct Server {
    url: String,
    /// Each request's text, and the number of the connection it came over.
    seen: Arc<Mutex<Vec<(usize, String)>>>,
}

impl Server {
    async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/a%20b/x?q=1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, connection, reply, Arc::clone(&noted)));
            }
        });
        Self { url, seen }
    }

    fn connections(&self) -> Vec<usize> {
        self.seen.lock().unwrap().iter().map(|(connection, _)| *connection).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    reply: Reply,
    seen: Arc<Mutex<Vec<(usize, String)>>>,
) {
    while let Some(request) = read(&mut stream).await {
        seen.lock().unwrap().push((connection, request));
        match reply {
            Reply::Says(pieces) => {
                for piece in pieces {
                    stream.write_all(piece.as_bytes()).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
            Reply::SaysAndCloses(text) => return stream.write_all(text.as_bytes()).await.unwrap(),
            Reply::Hangs => tokio::time::sleep(Duration::from_secs(60)).await,
        }
    }
}

/// A request, head and body. `None`: the client has closed the connection.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
                return Some(text);
            }
        }
        let read = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
}

fn client() -> Client {
    let limits = ClientOptions {
        body_bytes_max: 100,
        request_timeout: Duration::from_millis(300),
        ..ClientOptions::default()
    };
    Client::new(&limits).unwrap()
}

fn request(method: &str, url: &str) -> Request {
    Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: vec![("x-one".to_owned(), "1".to_owned())],
        query: vec![("r".to_owned(), "ü".to_owned())],
        body: if method == "post" { Body::Json(serde_json::json!({"a": 1})) } else { Body::None },
        ..Request::default()
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{\"b\":2}";

#[tokio::test]
async fn a_request_is_sent_as_it_is_meant() {
    let server = Server::start(Reply::Says(&[OK])).await;
    let response = client().send_plain(request("post", &server.url), None).await.unwrap();
    assert_eq!((response.status, response.body.into_json()), (200, serde_json::json!({"b": 2})));
    let (_, text) = server.seen.lock().unwrap()[0].clone();
    let host = server.url.split('/').nth(2).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /a%20b/x?q=1&r=%C3%BC HTTP/1.1");
    lines.sort_unstable();
    let agent = concat!("user-agent: throughline/", env!("CARGO_PKG_VERSION"));
    let host = format!("host: {host}");
    let expected =
        ["accept: */*", "content-length: 7", "content-type: application/json", &host, agent, "x-one: 1"];
    assert_eq!((lines.as_slice(), body), (expected.as_slice(), r#"{"a":1}"#));
}

#[tokio::test]
async fn answers_are_read_whole_however_they_come() {
    let check = async |pieces: &'static [&'static str]| {
        let server = Server::start(Reply::Says(pieces)).await;
        let client = client();
        for _ in 0..3 {
            let response = client.send_plain(request("get", &server.url), None).await.unwrap();
            assert_eq!(response.body.into_json(), serde_json::json!({"b": 2}), "{pieces:?}");
        }
        assert_eq!(server.connections(), [0, 0, 0], "one connection serves one after the other");
    };
    check(&[OK]).await;
    check(&[
        "HTTP/1.1 200 OK\r\n",
        "content-type: application/json\r\ncontent-length: 7\r\n\r\n",
        "{\"b\"",
        ":2}",
    ])
    .await;
    check(&[
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{\"b\"\r\n",
        "3\r\n:2}\r\n",
        "0\r\n\r\n",
    ])
    .await;
}

#[tokio::test]
async fn a_connection_closed_between_two_requests_is_replaced() {
    let check = async |reply: Reply, connections: &[usize]| {
        let server = Server::start(reply).await;
        let client = client();
        for _ in 0..3 {
            client.send_plain(request("post", &server.url), None).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(server.connections(), connections);
    };
    check(Reply::SaysAndCloses(OK), &[0, 1, 2]).await;
    check(Reply::SaysAndCloses("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"), &[0, 1, 2]).await;
    check(Reply::Says(&["HTTP/1.1 204 No Content\r\n\r\n"]), &[0, 0, 0]).await;
}

#[tokio::test]
async fn connections_are_as_many_as_requests_at_once() {
    let server = Server::start(Reply::Says(&["", "", OK])).await;
    let client = client();
    for _ in 0..2 {
        let sent = (0..4).map(|_| client.send_plain(request("post", &server.url), None));
        let sent: Vec<_> = sent.map(Box::pin).collect();
        for answered in futures_join(sent).await {
            assert_eq!(answered.unwrap().status, 200);
        }
    }
    let mut connections = server.connections();
    connections.sort_unstable();
    assert_eq!(connections, [0, 0, 1, 1, 2, 2, 3, 3]);
}

/// Polls all in turn until each has ended.
async fn futures_join<T>(mut all: Vec<std::pin::Pin<Box<impl Future<Output = T>>>>) -> Vec<T> {
    let mut ended: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, ended) in all.iter_mut().zip(&mut ended).filter(|(_, ended)| ended.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                *ended = Some(value);
            }
        }
        if ended.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    ended.into_iter().flatten().collect()
}

#[tokio::test]
async fn what_broke_off_says_what_may_have_happened() {
    let check = async |method: &str, reply: Reply, class: FaultClass, effect: EffectState| {
        let server = Server::start(reply).await;
        let fault = client().send_plain(request(method, &server.url), None).await.unwrap_err();
        assert_eq!((fault.class, fault.effect), (class, effect), "{fault}");
        assert_eq!(server.connections(), [0], "it is sent once: {fault}");
    };
    use EffectState::{NotDone, Unknown};
    use FaultClass as C;
    check("post", Reply::SaysAndCloses(""), C::Connection, Unknown).await;
    check("get", Reply::SaysAndCloses(""), C::Connection, NotDone).await;
    check(
        "post",
        Reply::SaysAndCloses("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{"),
        C::Connection,
        Unknown,
    )
    .await;
    check("post", Reply::SaysAndCloses("SSH-2.0-OpenSSH\r\n"), C::Connection, Unknown).await;
    check("post", Reply::Hangs, C::Timeout, Unknown).await;
    check("get", Reply::Says(&["HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{"]), C::Timeout, NotDone).await;
    check("post", Reply::Says(&["HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n"]), C::TooLarge, Unknown)
        .await;
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                  3c\r\n                                                            \r\n\
                  3c\r\n                                                            \r\n0\r\n\r\n";
    check("post", Reply::SaysAndCloses(chunks), C::TooLarge, Unknown).await;
    check("post", Reply::Says(&["HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"]), C::Intermittent, Unknown)
        .await;
}

#[tokio::test]
async fn nobody_there_is_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x?token=s3cret", listener.local_addr().unwrap());
    drop(listener);
    let fault = client().send_plain(request("post", &url), None).await.unwrap_err();
    assert_eq!((fault.class, fault.effect), (FaultClass::Connection, EffectState::NotSent));
    assert!(!fault.to_string().contains("s3cret"));
}
