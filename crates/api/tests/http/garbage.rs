//! Whatever is sent to the two intakes, the hub answers: it takes it, or refuses it with a problem document and keeps it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::running::{Running, TOKEN};

/// Cases of one property.
const CASES: u32 = 192;

/// Bytes that are often nearly right.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let nearly = prop::sample::select(vec![
        json!({"specversion": "1.0", "source": "/g", "id": "1", "type": "t", "data": {"a": 1}}),
        json!({"specversion": "1.0", "source": "/g", "id": "2", "type": "throughline.contract.signed.v1", "data": {}}),
        json!({"specversion": 1, "source": [], "id": {}, "type": null}),
        json!([{"specversion": "1.0"}, 1, null, "x"]),
        json!({"id": "w"}),
    ]);
    let bent =
        (nearly, any::<prop::sample::Index>(), any::<u8>(), 0..3_u8).prop_map(|(value, at, byte, how)| {
            let mut bytes = value.to_string().into_bytes();
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                _ => bytes.insert(at, byte),
            }
            bytes
        });
    prop_oneof![
        3 => bent,
        1 => vec(any::<u8>(), 0..200),
        1 => "[\\[\\]{}\",:0-9eE.+-]{0,60}".prop_map(String::into_bytes),
        1 => (1..3_000_usize).prop_map(|n| "[".repeat(n).into_bytes()),
    ]
}

fn header_value() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![0x20..0x7f_u8, 0x80..=0xff_u8], 0..12)
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let media = prop::sample::select(vec![
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/json",
        "text/plain",
        "application/cloudevents+json; charset=x",
    ]);
    let name = prop::sample::select(vec![
        "ce-id",
        "ce-source",
        "ce-type",
        "ce-specversion",
        "ce-x",
        "ce-time",
        "ce-data",
    ]);
    let attributes =
        vec((name, prop_oneof![header_value(), Just(b"1.0".to_vec()), Just(b"%ff%".to_vec())]), 0..5);
    (prop_oneof![4 => media.prop_map(|m| m.as_bytes().to_vec()), 1 => header_value()], attributes).prop_map(
        |(media, attributes)| {
            let mut headers = vec![("content-type", media)];
            headers.extend(attributes);
            headers
        },
    )
}

fn check(path: &'static str, extra: &'static [(&'static str, &'static str)]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let running = runtime.block_on(Running::start());
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let sent = (headers(), body());
    let result = runner.run(&sent, |(headers, body)| {
        let mut request = http::Request::post(path);
        for (name, value) in extra {
            request = request.header(*name, *value);
        }
        for (name, value) in headers {
            request = request.header(name, http::HeaderValue::from_bytes(&value).unwrap());
        }
        let before = rejected(&runtime, &running);
        let answer = runtime.block_on(running.send(request.body(axum::body::Body::from(body)).unwrap()));
        let kept = rejected(&runtime, &running) - before;
        match answer.status.as_u16() {
            200 | 202 => {}
            415 => prop_assert_eq!(kept, 0),
            status => {
                let problem = answer.problem(status);
                prop_assert!(matches!(status, 400 | 401 | 409 | 422), "{}", problem);
                prop_assert!(status == 400 || kept > 0, "nothing was kept of {}", problem);
            }
        }
        Ok(())
    });
    // Nothing of it has stopped the hub.
    let good = json!({"specversion": "1.0", "source": "/good", "id": "1", "type": "t"});
    assert_eq!(runtime.block_on(running.event(&good)).json()["outcome"], "accepted");
    result.unwrap();
}

fn rejected(runtime: &tokio::runtime::Runtime, running: &Running) -> i64 {
    let list: Value = runtime.block_on(running.get("/v1/rejected?limit=1")).json();
    list["rejected"][0]["number"].as_i64().unwrap_or(0)
}

#[test]
fn events_take_any_garbage() {
    check("/v1/events", &[]);
}

#[test]
fn genuine_webhooks_take_any_garbage() {
    check("/v1/webhooks/callers/calls", &[("x-token", TOKEN)]);
}

#[test]
fn forged_webhooks_take_any_garbage() {
    check("/v1/webhooks/callers/calls", &[("x-token", "guess")]);
}
