//! Serving over a real connection: keep-alive, answers in order, a graceful stop.

use std::time::Duration;

use serde_json::json;
use throughline_api::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::running::Running;

async fn exchange(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    loop {
        let mut chunk = [0_u8; 4_096];
        let read = stream.read(&mut chunk).await.unwrap();
        answer.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&answer);
        if read == 0 || complete(&text) {
            return text.into_owned();
        }
    }
}

fn complete(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    length.is_some_and(|n| body.len() >= n.trim().parse::<usize>().unwrap())
}

#[tokio::test]
async fn one_connection_carries_many_requests_and_a_stop_lets_the_last_one_end() {
    let running = Running::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let server = tokio::spawn(throughline_api::serve(
        listener,
        running.router.clone(),
        Limits::default(),
        stop.clone(),
    ));
    let mut stream = TcpStream::connect(address).await.unwrap();
    for n in 0..20 {
        let body = json!({ "n": n }).to_string();
        let request = format!(
            "POST /v1/flows/echo/runs?wait=30s HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = exchange(&mut stream, &request).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.ends_with(&format!("{{\"said\":{body}}}")), "{answer}");
    }
    // A request that waits while the server is told to stop is answered.
    let mut second = TcpStream::connect(address).await.unwrap();
    let waiting = tokio::spawn(async move {
        exchange(
            &mut second,
            "POST /v1/flows/park/runs?wait=500ms HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}",
        )
        .await
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.cancel();
    assert!(waiting.await.unwrap().starts_with("HTTP/1.1 202 Accepted"));
    tokio::time::timeout(Duration::from_secs(5), server).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_client_that_dawdles_is_shown_out() {
    let running = Running::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let limits = Limits { head_time_max: Duration::from_millis(200), ..Limits::default() };
    tokio::spawn(throughline_api::serve(listener, running.router.clone(), limits, stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /healthz HT").await.unwrap();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the connection was kept");
    stop.cancel();
}
