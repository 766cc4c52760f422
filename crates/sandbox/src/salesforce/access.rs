//! The token endpoint: client credentials and the JWT bearer grant.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::records::USER;
use crate::exchange::{Request, Response};
use crate::oauth::{self, SALESFORCE_TEST_KEY, jwt, tokens};
use crate::world::World;

pub(super) const CLIENT_ID: &str = "3MVG9sandbox.throughline.connected.app";
pub(super) const CLIENT_SECRET: &str = "7C0FFEE5A1E5F0RCE5ECRET";
pub(super) const USERNAME: &str = "integration@firm.example";
const ORGANISATION: &str = "00D7Q000000FIRMUAG";
const LIFETIME_S: i64 = 7_200;

/// `POST /services/oauth2/token`.
pub(super) fn token(world: &mut World, request: &Request) -> Response {
    match request.form_field("grant_type").as_deref() {
        Some("client_credentials") => match oauth::client_credentials(request) {
            Some((id, _)) if id != CLIENT_ID => refused("invalid_client_id", "client identifier invalid"),
            Some((_, secret)) if secret == CLIENT_SECRET => granted(world, request),
            _ => refused("invalid_client", "invalid client credentials"),
        },
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => match assertion(world, request) {
            Ok(()) => granted(world, request),
            Err(description) => refused("invalid_grant", description),
        },
        _ => refused("unsupported_grant_type", "grant type not supported"),
    }
}

fn assertion(world: &World, request: &Request) -> Result<(), &'static str> {
    let token = request.form_field("assertion").ok_or("invalid assertion")?;
    let verified =
        jwt::verify(&token, SALESFORCE_TEST_KEY, jwt::Algorithm::Rs256).map_err(|_| "invalid assertion")?;
    let claims = verified.claims;
    if claims["iss"] != CLIENT_ID {
        return Err("client identifier invalid");
    }
    if claims["sub"] != USERNAME {
        return Err("user hasn't approved this consumer");
    }
    let host = request.base_url.as_str();
    let audience = claims["aud"].as_str().unwrap_or_default().trim_end_matches('/');
    if ![host, "https://login.salesforce.com", "https://test.salesforce.com"].contains(&audience) {
        return Err("audience is invalid");
    }
    let now = world.now().as_second();
    if claims["exp"].as_i64().is_none_or(|until| until < now) {
        return Err("expired authorization code");
    }
    Ok(())
}

fn granted(world: &mut World, request: &Request) -> Response {
    let token = format!("{}!{}", &ORGANISATION[..15], tokens::issue(world, USER, LIFETIME_S));
    let issued_at = world.now().as_millisecond().to_string();
    let id = format!("{}/id/{ORGANISATION}/{USER}", request.base_url);
    let signature = STANDARD.encode(Sha256::digest(format!("{id}{issued_at}{CLIENT_SECRET}")));
    let body = json!({
        "access_token": token,
        "signature": signature,
        "scope": "api",
        "instance_url": request.base_url,
        "id": id,
        "token_type": "Bearer",
        "issued_at": issued_at,
    });
    Response::json(StatusCode::OK, &body)
}

fn refused(error: &str, description: &str) -> Response {
    Response::json(StatusCode::BAD_REQUEST, &json!({"error": error, "error_description": description}))
}
