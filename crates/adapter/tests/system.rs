//! A system against a vendor's server over TLS: signing in, limits, faults and what they say of the effect.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may fail like the tests themselves")]

mod stub;

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::signature::{KeyPair, RSA_PSS_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use stub::{Reply, Stub};
use throughline_adapter::{
    Accept, AdapterSpec, Authentication, Body, Client, ClientOptions, EffectState, FaultClass,
    LimitsOverride, Request, SecretRef, System, SystemConfig,
};

// Made for these tests; it opens nothing.
const KEY: &str = include_str!("keys/rsa2048.pkcs8.pem");

fn client(stub: &Stub) -> Client {
    Client::new(&ClientOptions { ca_files: vec![stub.ca_file.clone()], ..ClientOptions::default() }).unwrap()
}

fn system(stub: &Stub, yaml: &str) -> System {
    let spec = AdapterSpec::parse(&format!("product: p\nkind: erp\n{yaml}\n"), "adapter.yaml").unwrap();
    let secret = |name: &str, value: &str| (name.to_owned(), SecretRef::Value(value.to_owned()));
    let config = SystemConfig {
        name: "erp".to_owned(),
        adapter: "p".to_owned(),
        tenant: "default".to_owned(),
        settings: json!({ "baseUrl": stub.base_url }),
        credentials: [
            secret("clientId", "id"),
            secret("clientSecret", "s&cret"),
            secret("token", "fixed"),
            secret("username", "ann"),
            secret("password", "pw"),
            secret("certificateId", "cert-1"),
            secret("privateKey", KEY),
        ]
        .into(),
        limits: None,
    };
    System::new(config, &spec, client(stub), Arc::new(now)).unwrap()
}

fn now() -> Timestamp {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

fn get(url: &str) -> Request {
    Request { url: url.to_owned(), ..Request::default() }
}

fn post(url: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        url: url.to_owned(),
        body: Body::Json(json!({"a": 1})),
        ..Request::default()
    }
}

const NO_AUTH: &str = "auth: {scheme: none}";
const TOKEN: &str = "auth: {scheme: oauth2-client-credentials, tokenUrl: /token, scope: all}";

fn token(number: usize) -> Reply {
    Reply::json(
        200,
        json!({"access_token": format!("t{number}"), "expires_in": 3600, "token_type": "Bearer"}),
    )
}

#[tokio::test]
async fn a_request_arrives_as_it_was_meant_and_connections_are_kept() {
    let stub = Stub::start(|_, _| Reply::json(200, json!({"ok": true}))).await;
    let yaml = "auth: {scheme: basic}\nheaders: {x-a: adapter, x-b: '{system}'}\nidempotencyHeader: x-key";
    let system = system(&stub, yaml);
    for _ in 0..5 {
        let request = Request {
            headers: vec![("X-A".to_owned(), "own".to_owned())],
            query: vec![("q".to_owned(), "a b&c".to_owned())],
            idempotency_key: Some("run:1".to_owned()),
            ..post("/things?x=1")
        };
        let response = system.send(request).await.unwrap();
        assert_eq!((response.status, response.body.into_json()), (200, json!({"ok": true})));
    }
    let seen = stub.seen();
    let first = &seen[0];
    assert_eq!(
        (first.method.as_str(), first.path.as_str(), first.query.as_str()),
        ("POST", "/things", "x=1&q=a+b%26c")
    );
    let headers = ["authorization", "x-a", "x-b", "x-key", "content-type"]
        .map(|name| first.header(name).unwrap_or_default());
    assert_eq!(headers, ["Basic YW5uOnB3", "own", "erp", "run:1", "application/json"]);
    assert_eq!(first.body, r#"{"a":1}"#);
    assert_eq!(stub.connections(), 1);
}

#[tokio::test]
async fn one_token_serves_many_and_is_fetched_anew_once_when_refused() {
    let stub = Stub::start(|seen, before| match seen.path.as_str() {
        "/token" => token(before),
        _ if seen.header("authorization") == Some("Bearer t0") && seen.path == "/late" => Reply::status(401),
        _ => Reply::json(200, json!({})),
    })
    .await;
    let system = Arc::new(system(&stub, TOKEN));
    let many = |path: &'static str| {
        let system = Arc::clone(&system);
        (0..40).map(move |_| {
            let system = Arc::clone(&system);
            tokio::spawn(async move { system.send(get(path)).await.map(|r| r.status) })
        })
    };
    for task in many("/early").collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), Ok(200));
    }
    assert_eq!(stub.count("/token"), 1);
    for task in many("/late").collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), Ok(200));
    }
    assert_eq!(stub.count("/token"), 2, "forty refusals, one new token");
    let form = stub.seen().into_iter().find(|s| s.path == "/token").unwrap().form();
    let expected = [
        ("grant_type", "client_credentials"),
        ("client_id", "id"),
        ("client_secret", "s&cret"),
        ("scope", "all"),
    ];
    assert_eq!(form, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
}

#[tokio::test]
async fn a_token_that_stays_refused_is_an_auth_fault() {
    let stub =
        Stub::start(|seen, before| if seen.path == "/token" { token(before) } else { Reply::status(401) })
            .await;
    let fault = system(&stub, TOKEN).send(post("/x")).await.unwrap_err();
    assert_eq!(
        (fault.class, fault.effect, fault.status),
        (FaultClass::Auth, EffectState::NotDone, Some(401))
    );
    assert!(stub.count("/x") <= 5);
}

#[tokio::test]
async fn a_token_endpoint_that_fails_leaves_the_request_unsent() {
    let check = async |reply: fn() -> Reply, class: FaultClass, asked: usize| {
        let stub = Stub::start(move |_, _| reply()).await;
        let fault = system(&stub, TOKEN).send(post("/x")).await.unwrap_err();
        assert_eq!((fault.class, fault.effect), (class, EffectState::NotSent), "{fault}");
        assert_eq!((stub.count("/x"), stub.count("/token")), (0, asked), "{fault}");
        assert!(!format!("{fault:?}").contains("s&cret"));
    };
    check(
        || Reply::json(401, json!({"error": "invalid_client", "error_description": "no"})),
        FaultClass::Auth,
        1,
    )
    .await;
    check(|| Reply::json(200, json!({"token": "x"})), FaultClass::Parse, 1).await;
    check(|| Reply::json(200, json!([])), FaultClass::Parse, 1).await;
    check(|| Reply::Answer { status: 200, headers: vec![], body: "<html>".into() }, FaultClass::Parse, 1)
        .await;
}

#[tokio::test]
async fn a_token_endpoint_that_stumbles_is_asked_again() {
    let stub = Stub::start(|seen, before| match (seen.path.as_str(), before) {
        ("/token", 0) => Reply::status(503),
        ("/token", 1) => Reply::Drop,
        ("/token", _) => token(before),
        _ => Reply::json(201, json!({})),
    })
    .await;
    assert_eq!(system(&stub, TOKEN).send(post("/x")).await.unwrap().status, 201);
}

#[tokio::test]
async fn a_client_assertion_is_signed_so_that_the_server_can_check_it() {
    let stub = Stub::start(|seen, before| match seen.path.as_str() {
        "/auth/token" => {
            let form = seen.form();
            let jwt = form["client_assertion"].clone();
            let (signed, signature) = jwt.rsplit_once('.').unwrap();
            let key = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
            let pair = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
            let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, pair.public_key().as_ref());
            let genuine =
                public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).is_ok();
            let claims = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap();
            let claims: Value = serde_json::from_slice(&claims).unwrap();
            let meant = claims["aud"].as_str().unwrap().ends_with("/auth/token")
                && claims["exp"] == now().as_second() + 300;
            if genuine && meant && form["grant_type"] == "client_credentials" {
                token(before)
            } else {
                Reply::status(400)
            }
        }
        _ => Reply::status(204),
    })
    .await;
    let yaml = "auth:
  scheme: oauth2-private-key-jwt
  tokenUrl: '{baseUrl}/auth/token'
  assertion: {algorithm: PS256, header: {kid: '{credentials.certificateId}'}, claims: {iss: '{credentials.clientId}', aud: '{tokenUrl}'}}";
    assert_eq!(system(&stub, yaml).send(get("/x")).await.unwrap().status, 204);
    assert_eq!(stub.seen().last().unwrap().header("authorization"), Some("Bearer t0"));
}

#[tokio::test]
async fn an_instance_url_is_followed_only_to_hosts_the_adapter_allows() {
    let other = Stub::start(|_, _| Reply::json(200, json!("other"))).await;
    let url = other.base_url.clone();
    let stub = Stub::start(move |seen, _| match seen.path.as_str() {
        "/token" => Reply::json(200, json!({"access_token": "t", "instance_url": url})),
        "/evil" => Reply::json(200, json!({"access_token": "t", "instance_url": "https://evil.example"})),
        _ => Reply::json(200, json!("first")),
    })
    .await;
    let auth = |token: &str| {
        format!(
            "auth: {{scheme: oauth2-client-credentials, tokenUrl: {token}, instanceUrl: {{field: /instance_url, hosts: ['*.ours.example']}}}}"
        )
    };
    let refused = system(&stub, &auth("/evil")).send(get("/x")).await.unwrap_err();
    assert!(refused.message.contains("evil.example"), "{refused}");
    // The other stub has another certificate authority: no connection, but it is there that we went.
    let fault = system(&stub, &auth("/token")).send(get("/x")).await.unwrap_err();
    assert_eq!((fault.class, stub.count("/x")), (FaultClass::Connection, 0));
    let elsewhere = system(&stub, NO_AUTH).send(get(&format!("{}/x", other.base_url))).await.unwrap_err();
    assert_eq!((elsewhere.class, elsewhere.effect), (FaultClass::Value, EffectState::NotSent));
    assert_eq!(other.count("/x"), 0);
}

#[tokio::test]
async fn a_rate_limit_pauses_the_whole_system_and_the_request_is_sent_again() {
    let stub = Stub::start(|seen, before| match (seen.path.as_str(), before) {
        ("/limited", 0) => Reply::status(429).with("retry-after", "0.4"),
        _ => Reply::json(200, json!({})),
    })
    .await;
    let system = Arc::new(system(&stub, NO_AUTH));
    let began = Instant::now();
    let first = tokio::spawn({
        let system = Arc::clone(&system);
        async move { system.send(post("/limited")).await.map(|r| r.status) }
    });
    while stub.count("/limited") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    system.send(get("/another")).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(400), "others wait as well");
    assert_eq!(first.await.unwrap(), Ok(200));
}

#[tokio::test]
async fn a_long_pause_is_handed_to_the_caller() {
    let stub = Stub::start(|_, _| Reply::status(429).with("retry-after", "120")).await;
    let system = system(&stub, NO_AUTH);
    let fault = system.send(post("/x")).await.unwrap_err();
    assert_eq!(
        (fault.class, fault.effect, fault.retry_after),
        (FaultClass::RateLimit, EffectState::NotDone, Some(Duration::from_secs(120)))
    );
    let next = system.send(get("/y")).await.unwrap_err();
    assert_eq!((next.class, next.effect), (FaultClass::RateLimit, EffectState::NotSent));
    assert!(next.retry_after.unwrap() > Duration::from_secs(110));
    assert_eq!((stub.count("/x"), stub.count("/y")), (1, 0));
}

#[tokio::test]
async fn every_fault_says_what_may_have_happened() {
    let check = async |request: fn(&str) -> Request,
                       reply: fn() -> Reply,
                       class: FaultClass,
                       effect: EffectState,
                       sent: usize| {
        let stub = Stub::start(move |_, _| reply()).await;
        let system =
            system(&stub, &format!("{NO_AUTH}\nlimits: {{timeout: 300ms, tries: 2, bodyBytesMax: 1000}}"));
        let fault = system.send(request("/x")).await.unwrap_err();
        assert_eq!((fault.class, fault.effect), (class, effect), "{fault}");
        assert_eq!(stub.count("/x"), sent, "{fault}");
    };
    use EffectState::{NotDone, Unknown};
    use FaultClass as C;
    check(post, || Reply::Drop, C::Connection, Unknown, 1).await;
    check(get, || Reply::Drop, C::Connection, NotDone, 2).await;
    check(post, || Reply::Hang, C::Timeout, Unknown, 1).await;
    check(get, || Reply::Hang, C::Timeout, NotDone, 2).await;
    check(post, || Reply::status(503), C::Intermittent, Unknown, 1).await;
    check(post, || Reply::status(422), C::Value, NotDone, 1).await;
    check(post, || Reply::status(307).with("location", "https://evil.example/"), C::Value, NotDone, 1).await;
    check(post, || garbage(b"{\"a\":"), C::Parse, Unknown, 1).await;
    check(post, || garbage(b"\xff\xfe\x00"), C::Parse, Unknown, 1).await;
    check(post, || garbage(&[b'['; 900]), C::Parse, Unknown, 1).await;
    check(post, || garbage(&[b' '; 1_001]), C::TooLarge, Unknown, 1).await;
    check(post, || garbage(b"not gzip").with("content-encoding", "gzip"), C::Parse, Unknown, 1).await;
}

fn garbage(body: &'static [u8]) -> Reply {
    let headers = vec![("content-type", "application/json".to_owned())];
    Reply::Answer { status: 200, headers, body: body.into() }
}

#[tokio::test]
async fn nobody_there_is_a_connection_fault_that_was_never_sent() {
    let stub = Stub::start(|_, _| Reply::status(200)).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let request = Request { url: format!("https://localhost:{port}/x?token=s3cret"), ..post("") };
    let fault = client(&stub).send_plain(request, None).await.unwrap_err();
    assert_eq!((fault.class, fault.effect), (FaultClass::Connection, EffectState::NotSent));
    assert!(!fault.to_string().contains("s3cret"));
    let stranger = Client::new(&ClientOptions::default()).unwrap();
    let request = Request { url: format!("{}/x", stub.base_url), ..post("") };
    let fault = stranger.send_plain(request, None).await.unwrap_err();
    assert_eq!((fault.class, fault.effect), (FaultClass::Connection, EffectState::NotSent), "{fault}");
    assert_eq!(stub.count("/x"), 0, "an unknown certificate authority");
}

#[tokio::test]
async fn a_plain_request_carries_its_key_and_the_credentials_stated_for_it() {
    let stub = Stub::start(|_, _| Reply::json(200, json!([1, 2]))).await;
    let client = client(&stub);
    let request =
        Request { idempotency_key: Some("r1:/do/0".to_owned()), ..post(&format!("{}/x", stub.base_url)) };
    let bearer = Authentication::Bearer { token: "tok".to_owned() };
    let response = client.send_plain(request.clone(), Some(&bearer)).await.unwrap();
    assert_eq!(response.body.into_json(), json!([1, 2]));
    let basic = Authentication::Basic { username: "u".to_owned(), password: "p:q".to_owned() };
    client.send_plain(request, Some(&basic)).await.unwrap();
    let seen = stub.seen();
    assert_eq!(
        (seen[0].header("idempotency-key"), seen[0].header("authorization")),
        (Some("r1:/do/0"), Some("Bearer tok"))
    );
    assert_eq!(seen[1].header("authorization"), Some("Basic dTpwOnE="));
    for bad in ["ftp://localhost/x", "localhost/x", "", "https://"] {
        let fault = client.send_plain(get(bad), None).await.unwrap_err();
        assert_eq!((fault.class, fault.effect), (FaultClass::Value, EffectState::NotSent), "{bad}");
    }
}

#[tokio::test]
async fn a_rotated_credential_is_read_anew_when_the_old_one_is_refused() {
    let stub = Stub::start(|seen, _| match seen.header("authorization") {
        Some("Bearer new") => Reply::status(204),
        _ => Reply::status(401),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "old").unwrap();
    let spec = AdapterSpec::parse("product: p\nkind: erp\nauth: {scheme: bearer}\n", "adapter.yaml").unwrap();
    let config = SystemConfig {
        name: "erp".to_owned(),
        adapter: "p".to_owned(),
        tenant: "default".to_owned(),
        settings: json!({ "baseUrl": stub.base_url }),
        credentials: [("token".to_owned(), SecretRef::File(file.clone()))].into(),
        limits: None,
    };
    let system = System::new(config, &spec, client(&stub), Arc::new(now)).unwrap();
    assert_eq!(system.send(get("/x")).await.unwrap_err().class, FaultClass::Auth);
    assert_eq!(stub.count("/x"), 1, "the same credential is not tried again");
    std::fs::write(&file, "new").unwrap();
    assert_eq!(system.send(get("/x")).await.unwrap().status, 204);
}

#[tokio::test]
async fn redirects_are_results_only_when_asked_for() {
    let stub = Stub::start(|_, _| Reply::status(302).with("location", "/elsewhere")).await;
    let client = client(&stub);
    let request = Request { accept: Accept::SuccessAndRedirects, ..get(&format!("{}/x", stub.base_url)) };
    let response = client.send_plain(request, None).await.unwrap();
    assert_eq!((response.status, stub.count("/elsewhere")), (302, 0));
    let fault = client.send_plain(get(&format!("{}/x", stub.base_url)), None).await.unwrap_err();
    assert_eq!((fault.status, fault.effect), (Some(302), EffectState::NotDone));
}

#[tokio::test]
async fn an_operator_may_set_limits_for_one_system() {
    let stub = Stub::start(|_, _| Reply::Hang).await;
    let spec = AdapterSpec::parse("product: p\nkind: erp\nauth: {scheme: none}\n", "adapter.yaml").unwrap();
    let config = |limits: LimitsOverride| SystemConfig {
        name: "erp".to_owned(),
        adapter: "p".to_owned(),
        tenant: "default".to_owned(),
        settings: json!({ "baseUrl": stub.base_url }),
        credentials: Default::default(),
        limits: Some(limits),
    };
    let short = LimitsOverride { timeout_seconds: Some(1), ..LimitsOverride::default() };
    let system = System::new(config(short), &spec, client(&stub), Arc::new(now)).unwrap();
    assert_eq!(system.send(post("/x")).await.unwrap_err().class, FaultClass::Timeout);
    let none = LimitsOverride { concurrency: Some(0), ..LimitsOverride::default() };
    let refused = System::new(config(none), &spec, client(&stub), Arc::new(now)).unwrap_err();
    assert_eq!(refused.to_string(), "limits.concurrency must be 1 or more");
}
