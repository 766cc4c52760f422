//! Who may come in: OAuth 2.0 client credentials with a signed assertion, or token-based authentication (OAuth 1.0a).

use http::StatusCode;
use serde_json::{Value, json};

use super::problem::Problem;
use super::{CERTIFICATE_ID, CLIENT_ID, oauth1};
use crate::exchange::{Request, Response};
use crate::oauth::jwt::{self, Algorithm};
use crate::oauth::{NETSUITE_TEST_KEY, tokens};
use crate::world::World;

/// The path of the token endpoint.
pub(super) const TOKEN_PATH: &str = "/services/rest/auth/oauth2/v1/token";

const TOKEN_LIFETIME_S: i64 = 3_600;
const ASSERTION_LIFETIME_MAX_S: i64 = 3_600;
const CLOCK_SKEW_MAX_S: i64 = 300;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Grants a token for a client assertion.
pub(super) fn token(world: &mut World, request: &Request) -> Response {
    match assert(world, request) {
        Ok(()) => {
            let token = tokens::issue(world, CLIENT_ID, TOKEN_LIFETIME_S);
            // The real endpoint writes the lifetime as text.
            let body = json!({"access_token": token, "expires_in": TOKEN_LIFETIME_S.to_string(), "token_type": "bearer"});
            Response::json(StatusCode::OK, &body).with("cache-control", "no-store")
        }
        Err(error) => {
            let status =
                if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
            Response::json(status, &json!({"error": error}))
        }
    }
}

fn assert(world: &World, request: &Request) -> Result<(), &'static str> {
    if request.form_field("grant_type").as_deref() != Some("client_credentials") {
        return Err("unsupported_grant_type");
    }
    if request.form_field("client_assertion_type").as_deref() != Some(ASSERTION_TYPE) {
        return Err("invalid_request");
    }
    let assertion = request.form_field("client_assertion").ok_or("invalid_request")?;
    let verified =
        jwt::verify(&assertion, NETSUITE_TEST_KEY, Algorithm::Ps256).map_err(|refused| match refused {
            jwt::Refused::Malformed => "invalid_request",
            _ => "invalid_client",
        })?;
    let claims = &verified.claims;
    if verified.header["kid"] != CERTIFICATE_ID || claims["iss"] != CLIENT_ID {
        return Err("invalid_client");
    }
    let audience = format!("{}{TOKEN_PATH}", request.base_url);
    let meant_for_us = claims["aud"] == audience.as_str() || claims["aud"] == json!([audience]);
    if !meant_for_us || !in_scope(&claims["scope"]) {
        return Err("invalid_grant");
    }
    let (Some(issued), Some(until)) = (claims["iat"].as_i64(), claims["exp"].as_i64()) else {
        return Err("invalid_request");
    };
    let now = world.now().as_second();
    let timely =
        issued <= now + CLOCK_SKEW_MAX_S && until > now && until - issued <= ASSERTION_LIFETIME_MAX_S;
    if timely { Ok(()) } else { Err("invalid_grant") }
}

fn in_scope(scope: &Value) -> bool {
    match scope {
        Value::String(scopes) => scopes.split([',', ' ']).any(|one| one == "rest_webservices"),
        Value::Array(scopes) => scopes.iter().any(|one| one == "rest_webservices"),
        _ => false,
    }
}

/// Lets a request in, or says why not.
pub(super) fn check(world: &mut World, request: &Request) -> Result<(), Problem> {
    let signed = request.header("authorization").is_some_and(|value| value.starts_with("OAuth "));
    if signed {
        return oauth1::check(world, request);
    }
    match tokens::check(world, request) {
        tokens::Standing::Valid(_) => Ok(()),
        tokens::Standing::Missing | tokens::Standing::Invalid => Err(Problem::login()),
    }
}
