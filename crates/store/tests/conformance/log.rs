//! The event log, its cursors, and what was rejected.

use throughline_store::{Appended, Position, Rejected};

use crate::backend::Place;
use crate::samples::{append, at, event};

pub(crate) async fn events_are_deduplicated_by_tenant_source_and_id(place: &Place) {
    let store = place.open().await;
    let first = event("1", "won", "{}");
    let appended = store.append(vec![first.clone(), event("2", "won", "{}"), first.clone()]).await.unwrap();
    let [Appended::New(one), Appended::New(two), Appended::Duplicate(again)] = appended[..] else {
        panic!("{appended:?}")
    };
    assert!(one < two);
    assert_eq!(again, one);
    let mut later = first.clone();
    later.received_at = at(60);
    later.via = "poll/crm".to_owned();
    assert_eq!(
        store.append(vec![later]).await.unwrap(),
        [Appended::Duplicate(one)],
        "the same content by another way"
    );
    for other in [
        throughline_store::NewEvent { tenant: "other".to_owned(), ..first.clone() },
        throughline_store::NewEvent { source: "erp".to_owned(), ..first.clone() },
    ] {
        let appended = store.append(vec![other]).await.unwrap();
        assert!(matches!(appended[..], [Appended::New(_)]), "{appended:?}");
    }
    assert_eq!(store.events_after(Position(0), 100).await.unwrap().len(), 4);
    assert_eq!(store.append(Vec::new()).await.unwrap(), []);
}

pub(crate) async fn other_content_under_a_known_id_is_a_conflict(place: &Place) {
    let store = place.open().await;
    let position = append(&store, "1", "won").await;
    let appended =
        store.append(vec![event("1", "won", "something else"), event("2", "won", "{}")]).await.unwrap();
    assert_eq!(appended[0], Appended::Conflict(position));
    assert!(matches!(appended[1], Appended::New(_)), "the others of the batch are taken");
    let stored = store.event(position).await.unwrap().unwrap();
    assert_eq!(stored.body, b"1", "the first content stays");
}

pub(crate) async fn events_come_back_whole_and_in_order(place: &Place) {
    let store = place.open().await;
    let given: Vec<_> =
        (0..25).map(|n| event(&n.to_string(), "won", &format!("body {n} \u{0}\u{1F9FE}"))).collect();
    store.append(given.clone()).await.unwrap();
    let mut read = Vec::new();
    loop {
        let after = read.last().map_or(Position(0), |e: &throughline_store::StoredEvent| e.position);
        let page = store.events_after(after, 10).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 10);
        read.extend(page);
    }
    assert_eq!(read.len(), given.len());
    for (read, given) in read.iter().zip(&given) {
        assert_eq!(
            (&read.tenant, &read.source, &read.id, &read.type_, &read.key, &read.body, &read.via),
            (&given.tenant, &given.source, &given.id, &given.type_, &given.key, &given.body, &given.via)
        );
        assert_eq!(read.received_at, given.received_at);
        assert_eq!(store.event(read.position).await.unwrap().as_ref(), Some(read));
    }
    assert!(read.windows(2).all(|w| w[0].position < w[1].position));
    assert_eq!(store.event(Position(10_000)).await.unwrap(), None);
}

pub(crate) async fn polled_events_and_their_cursor_move_together(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.cursor_text("poll/crm").await.unwrap(), None);
    for (id, value) in [("1", "2026-01-01"), ("2", "2026-01-02")] {
        let batch = vec![event(id, "won", "{}")];
        store.append_polled(batch, "poll/crm".to_owned(), value.to_owned()).await.unwrap();
        assert_eq!(store.cursor_text("poll/crm").await.unwrap().as_deref(), Some(value));
    }
    let again = store
        .append_polled(vec![event("2", "won", "{}")], "poll/crm".to_owned(), "3".to_owned())
        .await
        .unwrap();
    assert_eq!(again, [Appended::Duplicate(Position(2))]);
    assert_eq!(store.cursor_text("poll/erp").await.unwrap(), None, "cursors are apart");
}

pub(crate) fn rejected(n: u64) -> Rejected {
    Rejected {
        tenant: "acme".to_owned(),
        via: "import".to_owned(),
        source: n.is_multiple_of(2).then(|| "crm".to_owned()),
        id: Some(n.to_string()),
        type_: None,
        code: "invalid".to_owned(),
        reason: "amount is not a number".to_owned(),
        field: Some("data.amount".to_owned()),
        body: vec![0xFF, 0xFE, 0, 1],
        received_at: at(3),
        file: Some("releases.ndjson".to_owned()),
        record: Some(n),
    }
}

pub(crate) async fn rejected_events_are_kept_and_paged(place: &Place) {
    let store = place.open().await;
    let mut numbers = Vec::new();
    for n in 1..=7 {
        numbers.push(store.reject(rejected(n)).await.unwrap());
    }
    let mut read = Vec::new();
    let mut before = None;
    loop {
        let page = store.rejected(before, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        read.extend(page);
    }
    numbers.reverse();
    assert_eq!(read.iter().map(|r| r.number).collect::<Vec<_>>(), numbers, "newest first, each once");
    for (row, n) in read.iter().zip((1..=7).rev()) {
        assert_eq!(row.rejected, rejected(n));
        assert_eq!(store.rejected_event(row.number).await.unwrap().as_ref(), Some(row));
    }
    assert_eq!(store.rejected_event(999).await.unwrap(), None);
}

pub(crate) async fn a_replayed_rejection_points_to_its_event(place: &Place) {
    let store = place.open().await;
    let number = store.reject(rejected(1)).await.unwrap();
    let other = store.reject(rejected(2)).await.unwrap();
    let position = append(&store, "mended", "won").await;
    store.mark_replayed(number, position).await.unwrap();
    assert_eq!(store.rejected_event(number).await.unwrap().unwrap().replayed, Some(position));
    assert_eq!(store.rejected_event(other).await.unwrap().unwrap().replayed, None);
}
