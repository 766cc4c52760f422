//! The loop that serves one simulator: TLS, HTTP/1.1, the body read whole up to a limit.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::exchange::{Request, Response};
use crate::site::{Dropped, Site};

/// The largest body taken; Graph's upload fragments are at most 60 MiB.
const BODY_BYTES_MAX: usize = 64 << 20;

/// Serves until told to stop.
pub(crate) async fn serve(
    site: Arc<Site>,
    listener: TcpListener,
    tls: TlsAcceptor,
    client: reqwest::Client,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(site.clone(), stream, tls.clone(), client.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    connections.shutdown().await;
}

async fn connection(site: Arc<Site>, stream: TcpStream, tls: TlsAcceptor, client: reqwest::Client) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(|request| exchange(&site, &client, request));
    // An error here is a dropped connection, the caller's or ours on purpose.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn exchange(
    site: &Site,
    client: &reqwest::Client,
    request: http::Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>, Dropped> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(into_http(Response::empty(http::StatusCode::PAYLOAD_TOO_LARGE))),
    };
    let request = Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
        base_url: site.base_url(),
        handshake: None,
        in_flight: 0,
    };
    site.answer(request, client).await.map(into_http)
}

fn into_http(response: Response) -> http::Response<Full<Bytes>> {
    let mut out = http::Response::new(Full::new(response.body));
    *out.status_mut() = response.status;
    *out.headers_mut() = response.headers;
    out
}
