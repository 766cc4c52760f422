//! Where commands read from: the hub that has the data folder open, or the folder itself when none has.
//!
//! Both are asked through the same routes. The folder's lock decides, because it can't be wrong; the hub's address is in a
//! file beside it, so that it is found whatever port it got.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use throughline_api::Problem;
use throughline_hub::store::{self, Options, Store};
use tower::ServiceExt;

use crate::arguments::Global;
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::settings;

/// How long a data folder may be in use by something that does not answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Pause between two looks at it.
const PAUSE: Duration = Duration::from_millis(100);
/// File in the data folder that holds the address of the hub that has it open.
const ADDRESS_FILE: &str = "address";

/// Something to read from.
pub(crate) enum Source {
    /// A running hub.
    Hub(Client),
    /// A data folder that no hub has open.
    Folder(Router),
}

impl Source {
    /// Finds out who has the data folder.
    pub(crate) async fn find(global: &Global) -> Result<Self, Failure> {
        if let Some(address) = &global.address {
            return Ok(Self::Hub(Client::new(address)?));
        }
        let config = settings::config(global)?;
        if !config.data.join("lock").exists() {
            let sentence = format!("no hub has run here: {} is no data folder yet", config.data.display());
            return Err(Failure::said(sentence).exit(Exit::NotFound).advise("`throughline up` starts one"));
        }
        let began = Instant::now();
        loop {
            match Store::open(Options::new(&config.data)).await {
                Ok(store) => return Ok(Self::Folder(throughline_api::reading(store))),
                Err(store::Error::InUse(_)) => {}
                Err(error) => {
                    return Err(Failure::from(
                        anyhow::Error::new(error).context("the data folder can't be read"),
                    ));
                }
            }
            let client = Client::new(&address_of(&config.data, config.listen))?;
            // It may be another command that reads, or a hub that is just starting or stopping.
            if client.answers().await || began.elapsed() > PATIENCE {
                return Ok(Self::Hub(client));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The running hub, for what only a running hub can do.
    pub(crate) async fn hub(global: &Global) -> Result<Self, Failure> {
        match Self::find(global).await? {
            hub @ Self::Hub(_) => Ok(hub),
            Self::Folder(_) => {
                Err(Failure::said("no hub is running on this data folder")
                    .advise("`throughline up` starts one"))
            }
        }
    }

    /// Reads one thing.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, Failure> {
        let answer = self.send(Method::GET, path, query, &[], Body::empty()).await?;
        self.read(&answer)
    }

    /// Sends one thing and reads the answer.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        self.post_body(path, &[], content_type, Body::from(body)).await
    }

    /// Sends something large and reads the answer.
    pub(crate) async fn post_body<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        content_type: &str,
        body: Body,
    ) -> Result<T, Failure> {
        let answer =
            self.send(Method::POST, path, query, &[(header::CONTENT_TYPE, content_type)], body).await?;
        self.read(&answer)
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        headers: &[(header::HeaderName, &str)],
        body: Body,
    ) -> Result<Response<Vec<u8>>, Failure> {
        let mut request = Request::builder().method(method).uri(address_line(path, query)?);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(body).context("the request can't be made")?;
        let answer = match self {
            Self::Hub(client) => client.send(request).await.map_err(|error| {
                Failure::from(error.context("the data folder is in use, but its hub can't be asked")).advise(
                    "is it another command that has the folder? Else name the hub with --address HOST:PORT",
                )
            })?,
            Self::Folder(router) => in_process(router.clone(), request).await?,
        };
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(self.refused(&answer))
    }

    fn read<T: DeserializeOwned>(&self, answer: &Response<Vec<u8>>) -> Result<T, Failure> {
        let value = serde_json::from_slice(answer.body()).with_context(|| {
            format!("{} answered something this release does not understand", self.name())
        })?;
        Ok(value)
    }

    fn refused(&self, answer: &Response<Vec<u8>>) -> Failure {
        let status = answer.status();
        let exit = if status == StatusCode::NOT_FOUND { Exit::NotFound } else { Exit::Failed };
        match serde_json::from_slice::<Problem>(answer.body()) {
            Ok(problem) => {
                let advice = match self {
                    Self::Hub(client) => format!("http://{}{} explains it", client.address(), problem.type_),
                    Self::Folder(_) => format!("docs/errors/{}.md explains it", problem.code()),
                };
                Failure::from(anyhow::Error::new(problem)).exit(exit).advise(advice)
            }
            Err(_) => Failure::said(format!("{} answered {status}", self.name())).exit(exit),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Hub(client) => format!("the server at {}", client.address()),
            Self::Folder(_) => "the data folder".to_owned(),
        }
    }
}

async fn in_process(router: Router, request: Request<Body>) -> anyhow::Result<Response<Vec<u8>>> {
    let answer = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.context("the answer broke off")?.to_bytes();
    Ok(Response::from_parts(parts, bytes.to_vec()))
}

/// Path and query of a request, encoded.
fn address_line(path: &[&str], query: &[(&str, String)]) -> anyhow::Result<String> {
    let mut url = url::Url::parse("http://hub").context("the request can't be made")?;
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(path);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url[url::Position::BeforePath..].to_owned())
}

fn address_file(data: &Path) -> PathBuf {
    data.join(ADDRESS_FILE)
}

fn address_of(data: &Path, configured: std::net::SocketAddr) -> String {
    match std::fs::read_to_string(address_file(data)) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => configured.to_string(),
    }
}

/// Notes where the hub on this data folder listens.
pub(crate) fn note_address(data: &Path, address: std::net::SocketAddr) -> anyhow::Result<()> {
    // Whoever looks finds the whole address or none.
    let partial = data.join(format!("{ADDRESS_FILE}.partial"));
    std::fs::write(&partial, format!("{address}\n"))
        .and_then(|()| std::fs::rename(&partial, address_file(data)))
        .context("the data folder can't be written")
}

/// Forgets where the hub on this data folder listened.
pub(crate) fn forget_address(data: &Path) {
    // A stale file misleads nobody: it is read only while a hub holds the lock, and that hub writes its own first.
    let _ = std::fs::remove_file(address_file(data));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_given_by_people_stay_one_segment() {
        let query = [("key", "a b&c".to_owned())];
        assert_eq!(address_line(&["v1", "records", "a/b"], &query).unwrap(), "/v1/records/a%2Fb?key=a+b%26c");
        assert_eq!(address_line(&["healthz"], &[]).unwrap(), "/healthz");
    }
}
