//! Tells genuine webhook calls from forged ones. Every comparison takes the same time whatever it compares.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use http::HeaderMap;
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::secret::Secret;
use crate::spec::{Encoding, Pattern, Pointer, VerifySpec};
use crate::system::System;

/// Why a webhook call is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The key or token to compare with is not configured.
    #[error("the credential {0:?}, which the call would be checked with, is not configured")]
    NoCredential(String),
    /// What should prove it is not there.
    #[error("the call holds no signature or token")]
    Absent,
    /// It is there and wrong.
    #[error("the call's signature or token is wrong")]
    Wrong,
}

/// Signature headers looked at in one call.
const SIGNATURES_MAX: usize = 100;

/// Checks a webhook call against what the adapter says.
///
/// # Errors
/// When it is not genuine, or can't be checked.
pub fn verify(
    spec: &VerifySpec,
    system: &System,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), VerifyError> {
    let credential =
        |name: &str| system.credential(name).ok_or_else(|| VerifyError::NoCredential(name.to_owned()));
    match spec {
        VerifySpec::None => Ok(()),
        VerifySpec::HmacSha256 { headers: names, encoding, prefix, secret } => signed(
            names,
            *encoding,
            prefix.as_deref().unwrap_or_default(),
            &credential(secret)?,
            headers,
            body,
        ),
        VerifySpec::SharedToken { header, field, secret } => {
            shared(header.as_deref(), field.as_ref(), &credential(secret)?, headers, body)
        }
    }
}

fn signed(
    names: &Pattern,
    encoding: Encoding,
    prefix: &str,
    key: &Secret,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), VerifyError> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.reveal().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    let expected = mac.finalize().into_bytes();
    let mut any = false;
    for (_, value) in headers.iter().filter(|(name, _)| names.is_match(name.as_str())).take(SIGNATURES_MAX) {
        any = true;
        let given = value.to_str().ok().and_then(|v| v.trim().strip_prefix(prefix));
        let given = given.and_then(|text| match encoding {
            Encoding::Base64 => STANDARD.decode(text).ok(),
            Encoding::Hex => unhex(text),
        });
        if given.is_some_and(|given| given.ct_eq(&expected).into()) {
            return Ok(());
        }
    }
    Err(if any { VerifyError::Wrong } else { VerifyError::Absent })
}

fn shared(
    header: Option<&str>,
    field: Option<&Pointer>,
    token: &Secret,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), VerifyError> {
    let is_token = |given: &str| bool::from(given.as_bytes().ct_eq(token.reveal().as_bytes()));
    if let Some(header) = header {
        let given = headers.get(header).ok_or(VerifyError::Absent)?;
        if !given.to_str().is_ok_and(is_token) {
            return Err(VerifyError::Wrong);
        }
    }
    if let Some(field) = field {
        let body: Value = serde_json::from_slice(body).map_err(|_| VerifyError::Absent)?;
        let given = field.all(&body);
        if given.is_empty() {
            return Err(VerifyError::Absent);
        }
        if !given.iter().all(|v| v.as_str().is_some_and(is_token)) {
            return Err(VerifyError::Wrong);
        }
    }
    Ok(())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests;
