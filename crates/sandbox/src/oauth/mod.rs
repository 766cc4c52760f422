//! What the vendors' token endpoints have in common: client credentials, signed assertions, tokens that end.

pub(crate) mod entra;
pub mod jwt;
pub mod tokens;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::exchange::Request;

/// A test key that the sandbox hands to the caller of the DocuSign simulator. It protects nothing.
pub const DOCUSIGN_TEST_KEY: &str = include_str!("docusign-test-key.pem");

/// A test key that the sandbox hands to the caller of the NetSuite simulator. It protects nothing.
pub const NETSUITE_TEST_KEY: &str = include_str!("netsuite-test-key.pem");

/// A test key that the sandbox hands to the caller of the Salesforce simulator. It protects nothing.
pub const SALESFORCE_TEST_KEY: &str = include_str!("salesforce-test-key.pem");

/// The client's id and secret, from Basic authentication or from the form.
#[must_use]
pub fn client_credentials(request: &Request) -> Option<(String, String)> {
    basic(request).or_else(|| Some((request.form_field("client_id")?, request.form_field("client_secret")?)))
}

fn basic(request: &Request) -> Option<(String, String)> {
    let (scheme, encoded) = request.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}
