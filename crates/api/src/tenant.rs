//! The tenant a request is for: the `throughline-tenant` header, or the installation's own.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{Api, Kind, Problem, Refusal};

/// The header.
const HEADER: &str = "throughline-tenant";
/// The longest name.
const NAME_BYTES_MAX: usize = 64;

pub(crate) struct Tenant(pub(crate) String);

impl FromRequestParts<Api> for Tenant {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refusal> {
        let Some(value) = parts.headers.get(HEADER) else { return Ok(Self(api.hub.config().tenant.clone())) };
        match value.to_str() {
            Ok(name) if is_name(name) => Ok(Self(name.to_owned())),
            _ => {
                let detail = format!(
                    "{HEADER} names a tenant with 1 to {NAME_BYTES_MAX} letters, digits, hyphens, dots and underscores"
                );
                Err(Problem::new(Kind::Malformed, detail))
            }
        }
    }
}

fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
