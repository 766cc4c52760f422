//! `/oauth/token` with the JWT grant, and `/oauth/userinfo`.

use http::StatusCode;
use serde_json::json;

use super::ACCOUNT_ID;
use crate::exchange::{Request, Response};
use crate::oauth::{DOCUSIGN_TEST_KEY, jwt, tokens};
use crate::world::World;

pub(super) const INTEGRATION_KEY: &str = "0f2c1a44-6b0e-4d4e-9f55-2a1f0d7c9b11";
pub(super) const USER_ID: &str = "5b8e3f0a-9c1d-4a7b-8f21-6d0e4c3b2a19";
pub(super) const USER_NAME: &str = "Legal Operations";
pub(super) const USER_EMAIL: &str = "legal.operations@firm.example";
const LIFETIME_S: i64 = 3_600;
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// `POST /oauth/token`.
pub(super) fn token(world: &mut World, request: &Request) -> Response {
    if request.form_field("grant_type").as_deref() != Some(GRANT) {
        return refused("unsupported_grant_type", None);
    }
    match assertion(world, request) {
        Ok(()) => {
            let token = tokens::issue(world, USER_ID, LIFETIME_S);
            let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_S});
            Response::json(StatusCode::OK, &body)
        }
        Err((error, description)) => refused(error, description),
    }
}

type Refusal = (&'static str, Option<&'static str>);

fn assertion(world: &World, request: &Request) -> Result<(), Refusal> {
    let token = request.form_field("assertion").ok_or(("invalid_request", Some("assertion is missing")))?;
    let verified = jwt::verify(&token, DOCUSIGN_TEST_KEY, jwt::Algorithm::Rs256)
        .map_err(|_| ("invalid_grant", Some("no_valid_keys_or_signatures")))?;
    let claims = verified.claims;
    if claims["iss"] != INTEGRATION_KEY {
        return Err(("invalid_grant", Some("issuer_not_found")));
    }
    if claims["sub"] != USER_ID {
        return Err(("invalid_grant", Some("user_not_found")));
    }
    let audience = claims["aud"].as_str().unwrap_or_default();
    let host = request.base_url.trim_start_matches("https://");
    let own = host.split(':').next().unwrap_or(host);
    if ![host, own, "account-d.docusign.com", "account.docusign.com"].contains(&audience) {
        return Err(("invalid_grant", Some("invalid_audience")));
    }
    let now = world.now().as_second();
    let (issued, until) = (claims["iat"].as_i64().unwrap_or(now), claims["exp"].as_i64().unwrap_or(0));
    if until < now || issued > now + 300 {
        return Err(("invalid_grant", Some("expired_or_not_yet_valid")));
    }
    let scope = claims["scope"].as_str().unwrap_or_default();
    if !scope.split(' ').any(|one| one == "signature") || !scope.split(' ').any(|one| one == "impersonation")
    {
        return Err(("consent_required", None));
    }
    Ok(())
}

fn refused(error: &str, description: Option<&str>) -> Response {
    let mut body = json!({"error": error});
    if let Some(description) = description {
        body["error_description"] = json!(description);
    }
    Response::json(StatusCode::BAD_REQUEST, &body)
}

/// `GET /oauth/userinfo`.
pub(super) fn user_info(world: &World, request: &Request) -> Response {
    if !matches!(tokens::check(world, request), tokens::Standing::Valid(_)) {
        return Response::json(
            StatusCode::UNAUTHORIZED,
            &json!({"error": "internal_server_error", "reference_id": USER_ID}),
        );
    }
    let body = json!({
        "sub": USER_ID, "name": USER_NAME, "given_name": "Legal", "family_name": "Operations",
        "created": "2020-01-01T00:00:00.000", "email": USER_EMAIL,
        "accounts": [{
            "account_id": ACCOUNT_ID, "is_default": true, "account_name": "Firm", "base_uri": request.base_url,
        }],
    });
    Response::json(StatusCode::OK, &body)
}
