use proptest::prelude::*;
use serde_json::json;
use throughline_store::Options;

use super::*;

async fn store() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(folder.path())).await.unwrap();
    (store, folder)
}

fn now() -> Timestamp {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

async fn take(store: &Store, bodies: Vec<Vec<u8>>) -> Vec<Intake> {
    let incoming = bodies.into_iter().map(Incoming::new).collect();
    accept(store, &EventSchemas::known(), "default", "api", incoming, now()).await.unwrap()
}

fn event(id: &str, data: Value) -> Vec<u8> {
    json!({"specversion": "1.0", "source": "/test", "id": id, "type": "test.noted.v1", "data": data})
        .to_string()
        .into_bytes()
}

/// The problem that `body` is refused with, as `field: reason`.
async fn check(body: impl Into<Vec<u8>>, said: &str) {
    let (store, _folder) = store().await;
    let body = body.into();
    let answers = take(&store, vec![body.clone(), event("good", json!(1))]).await;
    let [Intake::Rejected { rejected, problems }, Intake::Accepted { .. }] = &answers[..] else {
        panic!("{said}: {answers:?}")
    };
    let told: Vec<String> = problems.iter().map(|p| format!("{}: {}", p.field, p.reason)).collect();
    assert!(told.iter().any(|t| t.contains(said)), "{told:?} does not say {said:?}");
    let row = store.rejected_event(*rejected).await.unwrap().expect("it is stored");
    assert_eq!((row.rejected.via.as_str(), row.rejected.code.as_str()), ("api", "invalid"));
    assert!(body.starts_with(&row.rejected.body), "what was given is kept");
}

#[tokio::test]
async fn bad_events_are_stored_with_their_reason_and_block_no_other() {
    let signed = |data: Value| {
        let type_ = "throughline.contract.signed.v1";
        json!({"specversion": "1.0", "source": "/s", "id": "1", "type": type_, "data": data}).to_string()
    };
    let id = "CT-000000000000";
    check("", ": not JSON").await;
    check("nonsense", ": not JSON").await;
    check(b"\"\xff\"".to_vec(), ": not UTF-8 from byte 1").await;
    check("[]", ": not a JSON object").await;
    check("{}", "specversion: ").await;
    check(vec![b' '; EVENT_BYTES_MAX + 1], "bytes; the most is").await;
    check(format!("{}1{}", "[".repeat(200), "]".repeat(200)), "recursion limit").await;
    check(json!({"specversion": "1.0", "source": "/s", "type": "t"}).to_string(), "id: ").await;
    check(signed(json!({"contractId": "7", "number": "N"})), "data/contractId: ").await;
    check(signed(json!({"contractId": id})), "number").await;
    check(signed(json!({"contractId": id, "number": "N", "colour": "blue"})), "colour").await;
    check(signed(json!({"contractId": id, "number": "N", "signedDate": "0218-12-21"})), "data/signedDate: ")
        .await;
    check(
        signed(json!({"contractId": id, "number": "N", "terms": {"currency": "GBX"}})),
        "data/terms/currency: ",
    )
    .await;
    check(signed(json!({"contractId": id, "number": "N", "terms": {"value": 5}})), "data/terms/value: ")
        .await;
    check(
        signed(json!({"contractId": id, "number": "N", "terms": {"value": "9999999999999999"}})),
        "data/terms/value: ",
    )
    .await;
}

#[tokio::test]
async fn the_same_is_a_duplicate_and_other_content_under_the_same_id_a_conflict() {
    let (store, _folder) = store().await;
    let answers = take(&store, vec![event("1", json!(1)), event("1", json!(1)), event("1", json!(2))]).await;
    let [
        Intake::Accepted { position: first },
        Intake::Duplicate { position },
        Intake::Conflict { rejected, reason },
    ] = &answers[..]
    else {
        panic!("{answers:?}")
    };
    assert_eq!(first, position);
    assert!(reason.contains("\"1\" but other content"), "{reason}");
    let row = store.rejected_event(*rejected).await.unwrap().unwrap().rejected;
    assert_eq!(
        (row.code.as_str(), row.id.as_deref(), row.body),
        ("conflict", Some("1"), event("1", json!(2)))
    );
    let again = take(&store, vec![event("1", json!(1))]).await;
    assert!(matches!(again[..], [Intake::Duplicate { .. }]));
}

#[tokio::test]
async fn a_batch_has_a_limit() {
    let (store, _folder) = store().await;
    let incoming = (0..=BATCH_EVENTS_MAX).map(|i| Incoming::new(event(&i.to_string(), json!(i)))).collect();
    let refused = accept(&store, &EventSchemas::known(), "default", "api", incoming, now()).await;
    assert!(matches!(refused, Err(AcceptError::TooMany(1_001))), "{refused:?}");
}

#[tokio::test]
async fn a_record_rejected_before_is_not_stored_once_more() {
    let (store, _folder) = store().await;
    let record = |number| Incoming { body: b"x".to_vec(), file: Some("f".to_owned()), record: Some(number) };
    let problem = || vec![Problem { field: "a".to_owned(), reason: "b".to_owned() }];
    let mut numbers = Vec::new();
    for number in [1, 1, 2] {
        let answer = reject(&store, "default", "import", record(number), problem(), now()).await.unwrap();
        let Intake::Rejected { rejected, .. } = answer else { panic!("{answer:?}") };
        numbers.push(rejected);
    }
    assert_eq!(numbers[0], numbers[1]);
    assert_ne!(numbers[1], numbers[2]);
}

/// Anything a sender might give: bytes, JSON, and events with something wrong about them.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        "\\PC{0,20}".prop_map(Value::from),
        "1.0|/s|1|throughline.[a-z.-]{1,30}.v1|2026-01-31T00:00:00Z|CT-[0-9A-Z]{12}".prop_map(Value::from),
    ];
    let value = value.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec(("[a-zA-Z]{1,8}|contractId|terms|amendment", inner), 0..4)
                .prop_map(|f| Value::Object(f.into_iter().collect())),
        ]
    });
    let names = "specversion|source|id|type|subject|time|data|data_base64|datacontenttype|dataschema|partitionkey|[a-z]{1,30}";
    let events = proptest::collection::vec((names, value), 0..9)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()).to_string().into_bytes());
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..300), events]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn garbage_never_panics_and_always_leaves_a_trace(bodies in proptest::collection::vec(garbage(), 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (store, _folder) = store().await;
            let count = bodies.len();
            let answers = take(&store, bodies).await;
            assert_eq!(answers.len(), count);
            let stored = store.rejected(None, 100).await.unwrap().len();
            let refused = answers.iter().filter(|a| matches!(a, Intake::Rejected { .. } | Intake::Conflict { .. })).count();
            assert_eq!(stored, refused);
            let events = store.events_after(Position(0), 100).await.unwrap().len();
            assert_eq!(events, answers.iter().filter(|a| matches!(a, Intake::Accepted { .. })).count());
            store.close().await;
        });
    }
}
