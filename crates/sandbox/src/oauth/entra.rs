//! Microsoft Entra's token endpoint, as far as client credentials go.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{client_credentials, tokens};
use crate::exchange::{Request, Response};
use crate::world::World;

const LIFETIME_S: i64 = 3_599;

/// An application registered in a tenant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registration {
    pub(crate) tenant: &'static str,
    pub(crate) client_id: &'static str,
    pub(crate) client_secret: &'static str,
    /// The resource that a token is for, e.g. `https://graph.microsoft.com`.
    pub(crate) resource: &'static str,
}

impl Registration {
    /// The answer when the request is for the tenant's token endpoint.
    pub(crate) fn token(&self, world: &mut World, request: &Request) -> Option<Response> {
        let segments = request.segments();
        let [tenant, rest @ ..] = segments.as_slice() else { return None };
        if rest != ["oauth2", "v2.0", "token"] || request.method != Method::POST {
            return None;
        }
        Some(match self.granted(tenant, request) {
            Ok(()) => {
                let token = tokens::issue(world, self.client_id, LIFETIME_S);
                let body = json!({"token_type": "Bearer", "expires_in": LIFETIME_S, "ext_expires_in": LIFETIME_S,
                    "access_token": token});
                Response::json(StatusCode::OK, &body).with("cache-control", "no-store")
            }
            Err(refused) => refused.response(world),
        })
    }

    fn granted(&self, tenant: &str, request: &Request) -> Result<(), Refused> {
        if tenant != self.tenant {
            return Err(Refused::new(
                400,
                "invalid_request",
                90_002,
                format!("Tenant '{tenant}' not found."),
            ));
        }
        if request.form_field("grant_type").as_deref() != Some("client_credentials") {
            let text = "The app requested an unsupported grant type.";
            return Err(Refused::new(400, "unsupported_grant_type", 70_003, text));
        }
        if request.form_field("scope") != Some(format!("{}/.default", self.resource)) {
            let text = "The provided value for the input parameter 'scope' is not valid.";
            return Err(Refused::new(400, "invalid_scope", 70_011, text));
        }
        let Some((id, secret)) = client_credentials(request) else {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return Err(Refused::new(401, "invalid_client", 7_000_218, text));
        };
        if id != self.client_id {
            let text = format!("Application with identifier '{id}' was not found in the directory.");
            return Err(Refused::new(400, "unauthorized_client", 700_016, text));
        }
        if secret != self.client_secret {
            return Err(Refused::new(401, "invalid_client", 7_000_215, "Invalid client secret provided."));
        }
        Ok(())
    }
}

struct Refused {
    status: u16,
    error: &'static str,
    code: u32,
    text: String,
}

impl Refused {
    fn new(status: u16, error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self { status, error, code, text: text.into() }
    }

    fn response(&self, world: &World) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let time = world.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let trace = "00000000-0000-4000-8000-000000000000";
        let body: Value = json!({
            "error": self.error,
            "error_description":
                format!("AADSTS{}: {} Trace ID: {trace} Correlation ID: {trace} Timestamp: {time}", self.code, self.text),
            "error_codes": [self.code], "timestamp": time, "trace_id": trace, "correlation_id": trace,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        Response::json(status, &body)
    }
}
