use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::{Joined, ids};

/// HMAC-SHA256 of the body under the key `hook`, in hexadecimal.
fn signature(body: &[u8]) -> String {
    use hmac::{Hmac, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"hook").unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect()
}

/// Posts a body to a webhook, signed or not; answers the status.
async fn post(joined: &Joined, webhook: &str, body: &[u8], signature: Option<String>) -> u16 {
    let mut headers = HeaderMap::new();
    if let Some(signature) = signature {
        headers.insert("x-signature-1", signature.parse().unwrap());
    }
    joined.hub.webhook("clm", webhook, &[], &headers, Bytes::copy_from_slice(body)).await.status
}

async fn signed(joined: &Joined, body: &Value) -> u16 {
    let body = body.to_string().into_bytes();
    post(joined, "signed", &body, Some(signature(&body))).await
}

#[tokio::test]
async fn genuine_calls_become_events_once() {
    let joined = Joined::to("http://127.0.0.1:1", false).await;
    let body = json!({"items": [{"id": "a"}, {"id": "b"}]});
    assert_eq!(signed(&joined, &body).await, 200);
    assert_eq!(signed(&joined, &body).await, 200, "a vendor sends a message twice");
    assert_eq!(signed(&joined, &json!({"ignore": true})).await, 200);
    let events = joined.events().await;
    assert_eq!((ids(&events), events[0].via.as_str()), (vec!["a", "b"], "webhook/clm"));
    assert!(joined.rejected().await.is_empty());
    joined.hub.stop().await;
}

#[tokio::test]
async fn what_is_genuine_and_no_event_is_kept_and_answered_well() {
    let joined = Joined::to("http://127.0.0.1:1", false).await;
    for body in ["not JSON", "{\"fail\": true}", "{\"items\": [{\"id\": 7}]}", "[]"] {
        let status = post(&joined, "signed", body.as_bytes(), Some(signature(body.as_bytes()))).await;
        assert_eq!(status, 200, "{body}: some vendors unsubscribe for ever on another status");
    }
    let rejected = joined.rejected().await;
    assert_eq!(rejected.len(), 4);
    assert!(rejected.iter().all(|r| r.via == "webhook/clm" && !r.reason.is_empty()));
    assert_eq!(rejected[0].body, b"not JSON");
    assert!(rejected[1].reason.contains("no event can be made of it"), "{}", rejected[1].reason);
    joined.hub.stop().await;
}

#[tokio::test]
async fn forged_calls_are_refused_and_kept() {
    let joined = Joined::to("http://127.0.0.1:1", false).await;
    let body = b"{\"items\": [{\"id\": \"evil\"}]}";
    assert_eq!(post(&joined, "signed", body, None).await, 401);
    assert_eq!(post(&joined, "signed", body, Some(signature(b"another body"))).await, 401);
    assert_eq!(post(&joined, "shaken", body, None).await, 401);
    assert_eq!(post(&joined, "shaken", b"{\"token\": \"wrong\", \"items\": []}", None).await, 401);
    assert_eq!(
        post(&joined, "shaken", b"{\"token\": \"hook\", \"items\": [{\"id\": \"ok\"}]}", None).await,
        200
    );
    assert_eq!(ids(&joined.events().await), ["ok"]);
    let rejected = joined.rejected().await;
    assert_eq!(rejected.len(), 4);
    assert!(
        rejected.iter().all(|r| r.code == "forged" && r.field.as_deref() == Some("signature")),
        "{rejected:?}"
    );
    joined.hub.stop().await;
}

#[tokio::test]
async fn a_handshake_is_answered_and_what_is_unknown_is_not_found() {
    let joined = Joined::to("http://127.0.0.1:1", false).await;
    let query = [("validationToken".to_owned(), "a b<c>".to_owned())];
    let reply = joined.hub.webhook("clm", "shaken", &query, &HeaderMap::new(), Bytes::new()).await;
    assert_eq!((reply.status, reply.content_type, reply.body.as_str()), (200, "text/plain", "a b<c>"));
    let reply = joined.hub.webhook("clm", "signed", &query, &HeaderMap::new(), Bytes::new()).await;
    assert_eq!(reply.status, 401, "this one shakes no hands");
    for (system, webhook) in [("nobody", "signed"), ("clm", "nothing")] {
        let reply = joined.hub.webhook(system, webhook, &[], &HeaderMap::new(), Bytes::new()).await;
        assert_eq!(reply.status, 404, "{system} {webhook}");
    }
    let long = vec![b' '; throughline_hub::WEBHOOK_BYTES_MAX + 1];
    assert_eq!(post(&joined, "signed", &long, None).await, 413);
    joined.hub.stop().await;
}

mod garbage {
    use proptest::prelude::*;

    use super::{Joined, post, signature};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn never_panics_and_always_leaves_a_trace(
            bodies in proptest::collection::vec(prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..60),
                "\\{\"(items|fail|ignore)\": ?(\\[[0-9,]{0,5}\\]|\\{\\}|true|null|\"x\")\\}".prop_map(String::into_bytes),
            ], 1..8),
            genuine in any::<bool>(),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let joined = Joined::to("http://127.0.0.1:1", false).await;
                let mut forged = 0;
                for body in &bodies {
                    let signed = genuine.then(|| signature(body));
                    match post(&joined, "signed", body, signed).await {
                        200 => assert!(genuine),
                        401 => forged += 1,
                        other => panic!("{other}"),
                    }
                }
                assert_eq!(forged, if genuine { 0 } else { bodies.len() });
                assert_eq!(joined.rejected().await.iter().filter(|r| r.code == "forged").count(), forged);
                joined.hub.stop().await;
            });
        }
    }
}
