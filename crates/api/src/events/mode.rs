//! In which of the three content modes a request carries its events.

use http::{HeaderMap, header};

use crate::{Kind, Problem, Refusal};

/// Content modes of the HTTP binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// One event, attributes and data in the body.
    Structured,
    /// Several of them.
    Batch,
    /// Attributes in `ce-` headers, data in the body.
    Binary,
}

impl Mode {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let given = headers.get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("(not ASCII)"));
        let media = media_type(given.unwrap_or_default());
        match media.as_str() {
            "application/cloudevents+json" => return Ok(Self::Structured),
            "application/cloudevents-batch+json" => return Ok(Self::Batch),
            _ => {}
        }
        if !media.starts_with("application/cloudevents")
            && headers.keys().any(|k| k.as_str().starts_with("ce-"))
        {
            return Ok(Self::Binary);
        }
        let given = given.map_or_else(|| "no content type".to_owned(), |g| format!("{g:?}"));
        let detail = format!(
            "{given}; send application/cloudevents+json, application/cloudevents-batch+json, or the data with the \
             attributes in ce- headers"
        );
        Err(Problem::new(Kind::MediaType, detail))
    }
}

/// The media type without its parameters, in lower case.
pub(super) fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a media type is JSON, as CloudEvents reads it.
pub(super) fn is_json(content_type: &str) -> bool {
    let media = media_type(content_type);
    media.ends_with("+json") || media.split('/').nth(1) == Some("json")
}
