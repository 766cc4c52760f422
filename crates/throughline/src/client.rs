//! Speaks to a running hub: plain HTTP to an address of this machine or of one's own network.

use std::time::Duration;

use anyhow::{Context, bail};
use axum::body::Body;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long a connection may take to be made.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);
/// The largest answer read.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// A hub's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    address: String,
}

impl Client {
    /// `HOST:PORT`, with or without `http://` before it.
    pub(crate) fn new(address: &str) -> anyhow::Result<Self> {
        let address = address.strip_prefix("http://").unwrap_or(address).trim_end_matches('/');
        if address.starts_with("https://") {
            bail!("{address:?}: a hub is spoken to over plain HTTP; name HOST:PORT");
        }
        let parts =
            address.rsplit_once(':').filter(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if parts.is_none() {
            bail!("{address:?} is no address; name HOST:PORT");
        }
        Ok(Self { address: address.to_owned() })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Whether anyone listens there.
    pub(crate) async fn answers(&self) -> bool {
        matches!(tokio::time::timeout(CONNECT_TIME_MAX, TcpStream::connect(&self.address)).await, Ok(Ok(_)))
    }

    /// Sends one request.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> anyhow::Result<Response<Vec<u8>>> {
        let connected = tokio::time::timeout(CONNECT_TIME_MAX, TcpStream::connect(&self.address)).await;
        let stream = match connected {
            Ok(connected) => connected.with_context(|| format!("no hub answers at {}", self.address))?,
            Err(_) => bail!("no hub answers at {} within {} s", self.address, CONNECT_TIME_MAX.as_secs()),
        };
        let broke_off = || format!("the hub at {} broke off", self.address);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.with_context(broke_off)?;
        let connection = tokio::spawn(connection);
        request
            .headers_mut()
            .insert(header::HOST, self.address.parse().context("the address is no host name")?);
        let answer = sender.send_request(request).await.with_context(broke_off)?;
        let (parts, body) = answer.into_parts();
        let body = http_body_util::Limited::new(body, ANSWER_BYTES_MAX);
        let bytes = match body.collect().await {
            Ok(collected) => collected.to_bytes().to_vec(),
            Err(error) => bail!("{}: {error}", broke_off()),
        };
        connection.abort();
        Ok(Response::from_parts(parts, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_host_and_port() {
        let check = |text: &str, want: Option<&str>| {
            assert_eq!(Client::new(text).ok().map(|c| c.address), want.map(str::to_owned))
        };
        check("127.0.0.1:8700", Some("127.0.0.1:8700"));
        check("http://localhost:1/", Some("localhost:1"));
        check("[::1]:9", Some("[::1]:9"));
        check("https://localhost:1", None);
        check("localhost", None);
        check(":80", None);
        check("localhost:99999", None);
    }
}
