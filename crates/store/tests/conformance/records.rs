//! What becomes durable together with a step: records, links, events.

use throughline_store::{
    Appended, Effect, Error, LinkFilter, Position, RecordFilter, RunFilter, RunId, Store, Transition,
};

use crate::backend::Place;
use crate::samples::{at, creation, event, new_run, step};

fn record(id: &str, body: &str) -> Effect {
    Effect::Record {
        tenant: "acme".to_owned(),
        noun: "contract".to_owned(),
        id: id.to_owned(),
        body: body.as_bytes().to_vec(),
        hash: format!("hash of {body}"),
    }
}

fn link(id: &str, system: &str, system_id: &str, version: Option<i64>, url: Option<&str>) -> Effect {
    Effect::Link {
        tenant: "acme".to_owned(),
        noun: "contract".to_owned(),
        canonical_id: id.to_owned(),
        system: system.to_owned(),
        system_id: system_id.to_owned(),
        version,
        url: url.map(str::to_owned),
    }
}

/// A step of `run` at `seq` with effects.
async fn take_effect(store: &Store, run: i64, seq: i64, effects: Vec<Effect>) -> Result<(), Error> {
    store.commit(Transition { effects, ..step(run, seq) }).await.map(|_| ())
}

pub(crate) async fn a_changed_record_gets_a_version_an_unchanged_one_does_not(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    store.commit(creation(2, new_run(None))).await.unwrap();
    take_effect(&store, 1, 1, vec![record("CT-1", "draft"), record("CT-2", "draft")]).await.unwrap();
    take_effect(&store, 2, 1, vec![record("CT-1", "draft")]).await.unwrap();
    let first = store.record("acme", "contract", "CT-1").await.unwrap().unwrap();
    assert_eq!(
        (first.version, first.run, first.updated_at),
        (1, RunId(1), at(1)),
        "the same content is no change"
    );
    take_effect(
        &store,
        2,
        2,
        vec![record("CT-1", "signed"), record("CT-1", "signed"), record("CT-1", "draft")],
    )
    .await
    .unwrap();
    let now = store.record("acme", "contract", "CT-1").await.unwrap().unwrap();
    assert_eq!((now.version, now.body.as_slice(), now.run), (3, &b"draft"[..], RunId(2)));
    assert_eq!(now.hash, "hash of draft");
    let history = store.record_history("acme", "contract", "CT-1").await.unwrap();
    let bodies: Vec<_> = history.iter().map(|r| (r.version, String::from_utf8_lossy(&r.body))).collect();
    assert_eq!(bodies, [(1, "draft".into()), (2, "signed".into()), (3, "draft".into())]);
    assert_eq!(history[0], first);
    assert_eq!(store.record_history("acme", "contract", "CT-2").await.unwrap().len(), 1);
    for (tenant, noun, id) in
        [("other", "contract", "CT-1"), ("acme", "customer", "CT-1"), ("acme", "contract", "CT-9")]
    {
        assert_eq!(store.record(tenant, noun, id).await.unwrap(), None);
        assert_eq!(store.record_history(tenant, noun, id).await.unwrap(), []);
    }
}

pub(crate) async fn records_are_paged_by_id_and_counted(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    let mut effects: Vec<_> = (1..=7).map(|n| record(&format!("CT-{n}"), "x")).collect();
    effects.push(Effect::Record {
        tenant: "other".to_owned(),
        noun: "customer".to_owned(),
        id: "CU-1".to_owned(),
        body: b"{}".to_vec(),
        hash: "h".to_owned(),
    });
    take_effect(&store, 1, 1, effects).await.unwrap();
    let mut ids = Vec::new();
    let mut filter = RecordFilter { tenant: None, noun: "contract".to_owned(), after: None, limit: 3 };
    loop {
        let page = store.records(filter.clone()).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some(last.id.clone());
        ids.extend(page.into_iter().map(|r| r.id));
    }
    assert_eq!(ids, ["CT-1", "CT-2", "CT-3", "CT-4", "CT-5", "CT-6", "CT-7"]);
    let foreign = RecordFilter { tenant: Some("other".to_owned()), after: None, ..filter };
    assert_eq!(store.records(foreign).await.unwrap(), []);
    assert_eq!(
        store.record_counts().await.unwrap(),
        [("contract".to_owned(), 7), ("customer".to_owned(), 1)]
    );
}

pub(crate) async fn links_are_confirmed_anew_and_filtered(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    store.commit(creation(2, new_run(None))).await.unwrap();
    take_effect(&store, 1, 1, vec![link("CT-1", "erp", "17", Some(1), Some("https://erp/17"))])
        .await
        .unwrap();
    take_effect(
        &store,
        1,
        2,
        vec![link("CT-1", "psa", "p1", None, None), link("CT-2", "erp", "18", None, None)],
    )
    .await
    .unwrap();
    take_effect(&store, 2, 1, vec![link("CT-1", "erp", "19", None, None)]).await.unwrap();
    let all = LinkFilter { limit: 10, ..LinkFilter::default() };
    let links = store.links(all.clone()).await.unwrap();
    assert_eq!(links.len(), 3);
    let erp = &links[0];
    assert_eq!(
        (erp.canonical_id.as_str(), erp.system.as_str(), erp.system_id.as_str()),
        ("CT-1", "erp", "19")
    );
    assert_eq!(
        (erp.version, erp.url.as_deref(), erp.run),
        (Some(1), Some("https://erp/17"), RunId(2)),
        "what is not said stays"
    );
    take_effect(&store, 2, 2, vec![link("CT-1", "erp", "19", Some(3), None)]).await.unwrap();
    let cases = [
        (LinkFilter { canonical_id: Some("CT-1".into()), ..all.clone() }, vec!["19", "p1"]),
        (LinkFilter { system: Some("erp".into()), ..all.clone() }, vec!["19", "18"]),
        (LinkFilter { system: Some("erp".into()), system_id: Some("18".into()), ..all.clone() }, vec!["18"]),
        (LinkFilter { noun: Some("customer".into()), ..all.clone() }, vec![]),
        (LinkFilter { limit: 1, ..all.clone() }, vec!["19"]),
    ];
    for (filter, expected) in cases {
        let found = store.links(filter.clone()).await.unwrap();
        assert_eq!(found.iter().map(|l| l.system_id.as_str()).collect::<Vec<_>>(), expected, "{filter:?}");
    }
    assert_eq!(store.links(all.clone()).await.unwrap()[0].version, Some(3));
    let by_system = RunFilter { system: Some("psa".to_owned()), limit: 10, ..RunFilter::default() };
    assert_eq!(store.runs(by_system).await.unwrap().iter().map(|r| r.id.0).collect::<Vec<_>>(), [1]);
    let unlink = |id: &str, system: &str| Effect::Unlink {
        tenant: "acme".to_owned(),
        noun: "contract".to_owned(),
        canonical_id: id.to_owned(),
        system: system.to_owned(),
    };
    take_effect(&store, 2, 3, vec![unlink("CT-1", "erp"), unlink("CT-9", "erp")]).await.unwrap();
    let left: Vec<String> = store.links(all).await.unwrap().into_iter().map(|l| l.system_id).collect();
    assert_eq!(left, ["p1", "18"], "what was taken away is gone, and nothing else");
}

pub(crate) async fn an_emitted_event_enters_the_log_with_the_step(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    let emitted = throughline_store::NewEvent { via: "flow".to_owned(), ..event("e1", "activated", "{}") };
    take_effect(&store, 1, 1, vec![Effect::Outbox { event: emitted.clone() }]).await.unwrap();
    let log = store.events_after(Position(0), 10).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].id.as_str(), log[0].via.as_str()), ("e1", "flow"));
    take_effect(&store, 1, 2, vec![Effect::Outbox { event: emitted.clone() }]).await.unwrap();
    assert_eq!(
        store.events_after(Position(0), 10).await.unwrap().len(),
        1,
        "emitting again is no second event"
    );
    assert_eq!(store.append(vec![emitted]).await.unwrap(), [Appended::Duplicate(log[0].position)]);
}

pub(crate) async fn a_refused_step_leaves_no_effects(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    let effects = vec![
        record("CT-1", "x"),
        link("CT-1", "erp", "1", None, None),
        Effect::Outbox { event: event("e", "t", "{}") },
    ];
    assert!(take_effect(&store, 1, 5, effects).await.is_err());
    assert_eq!(store.record("acme", "contract", "CT-1").await.unwrap(), None);
    assert_eq!(store.links(LinkFilter { limit: 9, ..LinkFilter::default() }).await.unwrap(), []);
    assert_eq!(store.events_after(Position(0), 10).await.unwrap(), []);
}
