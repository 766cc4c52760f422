use axum::http::StatusCode;
use serde_json::json;

use crate::stub::Stub;
use crate::{Joined, ids, noted};

#[tokio::test]
async fn pages_are_read_to_the_end_and_the_cursor_outlives_a_restart() {
    let stub = Stub::start(|_, cursor| {
        let page = match cursor {
            "" => json!({"events": [noted("a"), noted("b")], "cursor": "1", "more": true}),
            "1" => json!({"events": [noted("b"), noted("c")], "cursor": "2", "more": false}),
            _ => json!({"events": [], "cursor": "2", "more": false}),
        };
        (StatusCode::OK, page)
    })
    .await;
    let joined = Joined::to(&stub.base_url, true).await;
    joined.until(3).await;
    assert_eq!(ids(&joined.events().await), ["a", "b", "c"]);
    assert_eq!(joined.events().await[0].via, "poll/clm");
    let Joined { hub, folder } = joined;
    hub.stop().await;
    drop(hub);
    let before = stub.asked().len();
    let again = Joined::at(folder, &stub.base_url, true).await;
    while stub.asked().len() < before + 2 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(stub.asked()[before..].iter().all(|cursor| cursor == "2"), "{:?}", stub.asked());
    assert_eq!(again.events().await.len(), 3);
    again.hub.stop().await;
}

#[tokio::test]
async fn what_is_no_event_is_stored_once_and_does_not_stop_the_rest() {
    let stub = Stub::start(|_, _| {
        let other = json!({"specversion": "1.0", "source": "/stub", "id": "a", "type": "stub.noted.v1", "data": "other"});
        let nameless = json!({"specversion": "1.0", "source": "/stub", "type": "stub.noted.v1", "data": 1});
        let page = json!({"events": [noted("a"), {"nonsense": true}, other, nameless, noted("z")], "cursor": 1, "more": true});
        (StatusCode::OK, page)
    })
    .await;
    let joined = Joined::to(&stub.base_url, true).await;
    joined.until(3).await;
    while stub.asked().len() < 4 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let codes: Vec<String> = joined.rejected().await.into_iter().map(|r| r.code).collect();
    assert_eq!(codes, ["invalid", "conflict"], "each once, however often it is read");
    assert_eq!(joined.events().await.len(), 3, "an event without an id has one of its content");
    joined.hub.stop().await;
}

#[tokio::test]
async fn a_system_that_fails_is_asked_again() {
    let stub = Stub::start(|before, _| match before {
        0 => (StatusCode::SERVICE_UNAVAILABLE, json!({})),
        1 => (StatusCode::OK, json!("nothing like a page")),
        _ => (StatusCode::OK, json!({"events": [noted("a")], "cursor": 1})),
    })
    .await;
    let joined = Joined::to(&stub.base_url, true).await;
    joined.until(1).await;
    joined.hub.stop().await;
}
