use super::*;
use crate::spec::AdapterSpec;

fn gate(yaml: &str) -> Gate {
    let text = format!("product: p\nkind: erp\nauth: {{scheme: none}}\n{yaml}\n");
    let spec = AdapterSpec::parse(&text, "adapter.yaml").unwrap();
    Gate::new(&spec.limits, spec.throttle)
}

fn now() -> Timestamp {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap())).collect()
}

#[test]
fn waits_are_read_from_every_kind_of_header() {
    let check = |throttle: &str, given: &[(&'static str, &str)], want: Option<f64>| {
        let got = gate(throttle).wait(&headers(given), now()).map(|d| d.as_secs_f64());
        assert_eq!(got, want, "{given:?}");
    };
    let none = "throttle: {}";
    check(none, &[("retry-after", "7")], Some(7.0));
    check(none, &[("retry-after", "0.5")], Some(0.5));
    check(none, &[("retry-after", "Sat, 31 Jan 2026 12:00:30 GMT")], Some(30.0));
    check(none, &[("retry-after", "Sat, 31 Jan 2026 11:00:00 GMT")], Some(0.0));
    check(none, &[("retry-after", "999999999")], Some(3_600.0));
    for garbage in ["soon", "-1", "NaN", "inf", "1e400", ""] {
        check(none, &[("retry-after", garbage)], None);
    }
    let at = now().as_second();
    let reset = |unit: &str| format!("throttle: {{reset: {{header: X-RateLimit-Reset, unit: {unit}}}}}");
    check(&reset("epoch-seconds"), &[("x-ratelimit-reset", &(at + 12).to_string())], Some(12.0));
    check(&reset("epoch-milliseconds"), &[("x-ratelimit-reset", &((at + 2) * 1_000).to_string())], Some(2.0));
    check(&reset("seconds"), &[("x-ratelimit-reset", "9")], Some(9.0));
    check(&reset("epoch-seconds"), &[("x-ratelimit-reset", "1")], Some(0.0));
    check(&reset("seconds"), &[("x-ratelimit-reset", "later")], None);
}

#[tokio::test(start_paused = true)]
async fn a_rate_lets_a_burst_through_and_spaces_out_the_rest() {
    let gate = gate("limits: {rate: {requests: 10, seconds: 1, burst: 3}}");
    let began = Instant::now();
    let mut at = Vec::new();
    for _ in 0..6 {
        drop(gate.enter().await.unwrap());
        at.push(began.elapsed().as_millis());
    }
    assert_eq!(at, [0, 0, 0, 100, 200, 300]);
}

#[tokio::test(start_paused = true)]
async fn places_are_limited() {
    let gate = gate("limits: {concurrency: 2}");
    let first = gate.enter().await.unwrap();
    let _second = gate.enter().await.unwrap();
    let refused = gate.enter().await.unwrap_err();
    assert_eq!((refused.class, refused.effect), (FaultClass::RateLimit, crate::fault::EffectState::NotSent));
    drop(first);
    drop(gate.enter().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_everyone_and_a_long_one_refuses() {
    let gate = gate("throttle: {pause: 2s, reset: {header: x-reset, unit: seconds, remaining: x-left}}");
    let began = Instant::now();
    let mut waited = 0;
    for (pause_ms, why) in
        [(500, "a short pause first"), (1_000, "doubled"), (2_000, "doubled"), (2_000, "the most")]
    {
        assert!(gate.heed(429, &headers(&[]), Some(FaultClass::RateLimit), now()));
        drop(gate.enter().await.unwrap());
        waited += pause_ms;
        assert_eq!(began.elapsed().as_millis(), waited, "{why}");
    }
    assert!(!gate.heed(200, &headers(&[]), None, now()));
    assert!(gate.heed(429, &headers(&[]), Some(FaultClass::RateLimit), now()));
    drop(gate.enter().await.unwrap());
    assert_eq!(began.elapsed().as_millis(), waited + 500, "short again after a request was taken");
    let began = Instant::now();
    assert!(gate.heed(503, &headers(&[("retry-after", "3")]), Some(FaultClass::Intermittent), now()));
    drop(gate.enter().await.unwrap());
    assert_eq!(began.elapsed().as_secs(), 3, "what the system said");
    assert!(!gate.heed(503, &headers(&[]), Some(FaultClass::Intermittent), now()));
    assert!(!gate.heed(200, &headers(&[("x-left", "1"), ("x-reset", "60")]), None, now()));
    assert!(gate.heed(200, &headers(&[("x-left", "0"), ("x-reset", "60")]), None, now()), "used up");
    let refused = gate.enter().await.unwrap_err();
    assert_eq!(refused.retry_after.map(|d| d.as_secs()), Some(60));
}

#[tokio::test(start_paused = true)]
async fn a_quota_nearly_used_spaces_requests_out() {
    let gate = gate(r"throttle: {usage: {header: sforce-limit-info, pattern: 'api-usage=(\d+)/(\d+)'}}");
    assert!(!gate.heed(200, &headers(&[("sforce-limit-info", "api-usage=22/15000")]), None, now()));
    assert!(!gate.heed(200, &headers(&[("sforce-limit-info", "api-usage=1/0")]), None, now()));
    assert!(!gate.heed(200, &headers(&[("sforce-limit-info", "garbage")]), None, now()));
    assert!(gate.heed(200, &headers(&[("sforce-limit-info", "api-usage=14900/15000")]), None, now()));
    let began = Instant::now();
    drop(gate.enter().await.unwrap());
    assert_eq!(began.elapsed(), PAUSE);
}
