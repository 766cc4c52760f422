//! HTTP as a flow sees it: the request of a `call: http` task, and the shape its answer takes.

use std::time::Duration;

use serde_json::{Map, Value, json};
use throughline_adapter::{Accept, Authentication, Body, Client, EffectState, Fault, Request, Response};
use throughline_engine::CallOutcome;
use throughline_flow::{self as flow, HttpCall, HttpOutput};

const JSON: &str = "application/json";
/// A plain call may take this long.
const PLAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// A call to an address that belongs to no configured system. It carries its idempotency key as a header, and is repeated
/// with that same key when no answer came. An answer, whatever its status, is the flow's to judge.
pub(crate) async fn plain(client: &Client, call: &HttpCall, key: &str) -> CallOutcome {
    let mut request = request(call);
    request.timeout = Some(PLAIN_TIMEOUT);
    request.idempotency_key = Some(key.to_owned());
    let authentication = match call.authentication.as_ref().map(authentication).transpose() {
        Ok(authentication) => authentication,
        Err(error) => return CallOutcome::fault(error),
    };
    match client.send_plain(request, authentication.as_ref()).await {
        Ok(response) => CallOutcome::value(shape(call, response)),
        Err(fault) if fault.effect == EffectState::Unknown && fault.status.is_none() => {
            CallOutcome::Unknown { reason: fault.to_string(), retry_after: fault.retry_after }
        }
        Err(fault) => CallOutcome::fault(error(&fault)),
    }
}

/// A policy as the DSL writes it, secrets filled in.
fn authentication(policy: &Value) -> Result<Authentication, flow::Error> {
    let text = |pointer: &str| policy.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    if let (Some(username), Some(password)) = (text("/basic/username"), text("/basic/password")) {
        return Ok(Authentication::Basic { username, password });
    }
    if let Some(token) = text("/bearer/token") {
        return Ok(Authentication::Bearer { token });
    }
    let given = policy.as_object().and_then(|p| p.keys().next()).map_or("none", String::as_str);
    let detail = format!(
        "authentication {given:?} is not available here: basic (username, password) and bearer (token) are; \
         anything else belongs to a system and its adapter"
    );
    Err(flow::Error::configuration(detail))
}

/// The adapter's request for a task's HTTP call.
pub(crate) fn request(call: &HttpCall) -> Request {
    let body = match &call.body {
        Some(value) if !value.is_null() => body(call, value),
        _ => Body::None,
    };
    Request {
        method: call.method.clone(),
        url: call.uri.clone(),
        headers: call.headers.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        query: call.query.clone(),
        body,
        timeout: None,
        idempotency_key: None,
        accept: if call.redirect { Accept::SuccessAndRedirects } else { Accept::Success },
    }
}

/// A JSON body, unless the task's content-type header says form or text.
fn body(call: &HttpCall, value: &flow::Body) -> Body {
    let content_type =
        call.headers.iter().find(|(k, _)| k.eq_ignore_ascii_case("content-type")).map(|(_, v)| v.as_str());
    if let Some(other) = content_type.filter(|t| !t.contains("json"))
        && value.is_text_or_object()
    {
        match value.to_json() {
            Value::Object(fields) if other.starts_with("application/x-www-form-urlencoded") => {
                return Body::Form(fields.iter().map(|(k, v)| (k.clone(), text(v))).collect());
            }
            Value::String(text) => {
                return Body::Bytes { content_type: other.to_owned(), bytes: text.into_bytes().into() };
            }
            _ => {}
        }
    }
    // Written out at once: a copy of the value would cost more than its text.
    Body::Bytes { content_type: JSON.to_owned(), bytes: value.to_bytes().into() }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The task's result: content, raw content, or the whole response.
pub(crate) fn shape(call: &HttpCall, response: Response) -> Value {
    match call.output {
        HttpOutput::Content => response.body.into_json(),
        HttpOutput::Raw => Value::String(response.body.into_base64()),
        HttpOutput::Response => {
            let headers: Map<String, Value> = response
                .headers
                .iter()
                .map(|(k, v)| (k.to_string(), Value::String(v.to_str().unwrap_or_default().to_owned())))
                .collect();
            json!({
                "request": { "method": call.method, "uri": call.uri, "headers": call.headers },
                "statusCode": response.status,
                "headers": headers,
                "content": response.body.into_json(),
            })
        }
    }
}

/// A fault as the DSL's error: `status` is the answer's, `title` the system's own code or else the class.
pub(crate) fn error(fault: &Fault) -> flow::Error {
    let status = fault.status.unwrap_or(match fault.class.as_str() {
        "parse" | "too-large" => 502,
        _ => 503,
    });
    let mut error = flow::Error::communication(status, fault.message.clone());
    error.title = fault.code.clone().unwrap_or_else(|| fault.class.as_str().to_owned());
    error
}
