//! What an answer means: a response, or a fault of a class. Pure.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::client::{Answer, Outgoing};
use crate::fault::{EffectState, Fault, FaultClass};
use crate::message::{Response, ResponseBody};
use crate::spec::FaultSpec;

/// Reads an answer. `until` says how long the answer's headers want us to wait.
pub(crate) fn response(
    spec: &FaultSpec,
    outgoing: &Outgoing,
    answer: Answer,
    until: &dyn Fn(&HeaderMap) -> Option<Duration>,
) -> Result<Response, Fault> {
    let Answer { status, headers, bytes } = answer;
    if outgoing.accept.takes(status) {
        let body = ResponseBody::read(&headers, bytes).map_err(|error| Fault {
            status: Some(status),
            ..Fault::new(
                FaultClass::Parse,
                outgoing.effect_unless_safe(),
                format!(
                    "the answer is declared as JSON and is not, line {} column {}",
                    error.line(),
                    error.column()
                ),
            )
        })?;
        if spec.reads_success()
            && let Some(json) = body.json()
            && let Some(fault) = by_rule(spec, status, json, outgoing)
        {
            return Err(fault);
        }
        return Ok(Response { status, headers, body });
    }
    let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let fault =
        by_rule(spec, status, &json, outgoing).unwrap_or_else(|| by_status(spec, status, &json, outgoing));
    Err(Fault { retry_after: until(&headers), ..fault })
}

fn by_rule(spec: &FaultSpec, status: u16, json: &Value, outgoing: &Outgoing) -> Option<Fault> {
    let (code, message) = said(spec, json);
    let rule = spec.rules.iter().find(|rule| rule.holds(status, code.as_deref(), message.as_deref()))?;
    let effect = rule.effect.unwrap_or_else(|| default(status, outgoing).1);
    Some(fault(rule.class, effect, status, code, message))
}

fn by_status(spec: &FaultSpec, status: u16, json: &Value, outgoing: &Outgoing) -> Fault {
    let (code, message) = said(spec, json);
    let (class, effect) = default(status, outgoing);
    fault(class, effect, status, code, message)
}

/// The system's own code and message.
fn said(spec: &FaultSpec, json: &Value) -> (Option<String>, Option<String>) {
    let first = |pointers: &[crate::spec::Pointer]| pointers.iter().find_map(|p| p.text(json));
    (first(&spec.code), first(&spec.message))
}

fn fault(
    class: FaultClass,
    effect: EffectState,
    status: u16,
    code: Option<String>,
    said: Option<String>,
) -> Fault {
    let words = said.unwrap_or_else(|| {
        let reason =
            StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("no known status");
        format!("answered {reason}")
    });
    Fault { status: Some(status), code, ..Fault::new(class, effect, words) }
}

/// What a status means when no rule says otherwise. A server error may come after the effect.
fn default(status: u16, outgoing: &Outgoing) -> (FaultClass, EffectState) {
    use EffectState::NotDone;
    match status {
        401 | 403 | 407 => (FaultClass::Auth, NotDone),
        404 | 410 => (FaultClass::Missing, NotDone),
        408 => (FaultClass::Timeout, NotDone),
        300 | 409 => (FaultClass::Conflict, NotDone),
        412 | 428 => (FaultClass::Stale, NotDone),
        413 => (FaultClass::TooLarge, NotDone),
        423 | 425 => (FaultClass::Intermittent, NotDone),
        429 => (FaultClass::RateLimit, NotDone),
        501 | 505 | 511 => (FaultClass::Value, NotDone),
        500.. => (FaultClass::Intermittent, outgoing.effect_unless_safe()),
        _ => (FaultClass::Value, NotDone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::time::Duration;

    const RULES: &str = "
code: [/0/errorCode, /errorCode]
message: [/0/message, /message]
rules:
  - {status: 403, code: REQUEST_LIMIT_EXCEEDED, class: rate-limit}
  - {codeMatches: '^UNABLE_TO_LOCK', class: intermittent, effect: not-done}
  - {status: 2xx, code: [PARTIAL, HALF], class: conflict, effect: unknown}
  - {status: 5xx, messageMatches: 'maintenance', class: intermittent, effect: not-done}
";

    fn outgoing(method: http::Method) -> Outgoing {
        Outgoing {
            method,
            headers: HeaderMap::new(),
            query: Vec::new(),
            body: Bytes::new(),
            timeout: Duration::from_secs(1),
            body_bytes_max: 1,
            accept: crate::message::Accept::Success,
        }
    }

    fn check(
        method: http::Method,
        status: u16,
        body: &'static str,
        want: Option<(FaultClass, EffectState, Option<&str>)>,
    ) {
        let spec: FaultSpec = serde_saphyr::from_str(RULES).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, "application/json".parse().unwrap());
        let answer = Answer { status, headers, bytes: Bytes::from_static(body.as_bytes()) };
        let got = response(&spec, &outgoing(method), answer, &|_| None).err();
        let got = got.as_ref().map(|f| (f.class, f.effect, f.code.as_deref()));
        assert_eq!(got, want, "{status} {body}");
    }

    #[test]
    fn codes_decide_before_statuses() {
        use EffectState::{NotDone, Unknown};
        use FaultClass as C;
        let post = http::Method::POST;
        check(post.clone(), 201, "{}", None);
        check(post.clone(), 200, r#"{"errorCode":"HALF"}"#, Some((C::Conflict, Unknown, Some("HALF"))));
        check(post.clone(), 200, "<html>", Some((C::Parse, Unknown, None)));
        check(http::Method::GET, 200, "<html>", Some((C::Parse, NotDone, None)));
        check(
            post.clone(),
            403,
            r#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#,
            Some((C::RateLimit, NotDone, Some("REQUEST_LIMIT_EXCEEDED"))),
        );
        check(post.clone(), 403, "", Some((C::Auth, NotDone, None)));
        check(
            post.clone(),
            400,
            r#"[{"errorCode":"UNABLE_TO_LOCK_ROW"}]"#,
            Some((C::Intermittent, NotDone, Some("UNABLE_TO_LOCK_ROW"))),
        );
        check(post.clone(), 503, r#"{"message":"maintenance"}"#, Some((C::Intermittent, NotDone, None)));
        check(post.clone(), 502, "<html>bad gateway", Some((C::Intermittent, Unknown, None)));
        check(http::Method::GET, 502, "", Some((C::Intermittent, NotDone, None)));
        check(post.clone(), 302, "", Some((C::Value, NotDone, None)));
        check(post.clone(), 412, "[]", Some((C::Stale, NotDone, None)));
        check(post, 999, "", Some((C::Intermittent, Unknown, None)));
    }

    #[test]
    fn a_fault_holds_no_body() {
        let answer = Answer {
            status: 400,
            headers: HeaderMap::new(),
            bytes: Bytes::from_static(b"{\"salary\":\"7\"}"),
        };
        let fault =
            response(&FaultSpec::default(), &outgoing(http::Method::POST), answer, &|_| None).unwrap_err();
        assert_eq!(format!("{fault}"), "value (400): answered Bad Request");
        assert!(!format!("{fault:?}").contains("salary"));
    }
}
