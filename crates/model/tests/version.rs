//! The chain of contract versions: A1, A2 and A6.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use proptest::prelude::*;
use serde_json::{Value, json};
use throughline_model::version::{Broken, Verdict, amend, sign, supply, verify};
use throughline_model::{
    ContractAmended, ContractSigned, ContractVersion, FactsSupplied, VersionKind, decode,
};

const CONTRACT: &str = "CT-000000000001";

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(second).unwrap()
}

fn signed(terms: Value) -> ContractSigned {
    decode(&json!({"contractId": CONTRACT, "number": "N1", "signedDate": "2026-01-01", "terms": terms}))
        .unwrap()
}

fn amended(amendment: Value) -> ContractAmended {
    decode(&json!({"contractId": CONTRACT, "number": "N1", "amendment": amendment})).unwrap()
}

fn new(verdict: Verdict) -> ContractVersion {
    match verdict {
        Verdict::New(version) => *version,
        other => panic!("{other:?}"),
    }
}

fn original() -> ContractVersion {
    new(sign(
        &[],
        &signed(json!({"currency": "EUR", "value": "100", "customer": {"name": "Acme"}})),
        None,
        at(0),
    ))
}

fn grown(chain: &[ContractVersion], amendment: Value) -> Vec<ContractVersion> {
    let next = new(amend(chain, &amended(amendment), at(9)).unwrap());
    [chain, &[next]].concat()
}

#[test]
fn a2_a_signature_again_is_the_same_or_a_conflict() {
    let chain = [original()];
    let again = signed(json!({"value": "100", "customer": {"name": "Acme"}, "currency": "EUR"}));
    assert_eq!(sign(&chain, &again, None, at(99)), Verdict::Same);
    let mut silent = again.clone();
    silent.terms = None;
    assert_eq!(sign(&chain, &silent, None, at(99)), Verdict::Same);
    let other = signed(json!({"value": "101", "customer": {"name": "Acme"}, "currency": "EUR"}));
    let Verdict::Conflict(reason) = sign(&chain, &other, None, at(99)) else { panic!() };
    assert!(reason.contains("terms.value"), "{reason}");
}

#[test]
fn a_signature_without_terms_means_the_draft() {
    let mut silent = signed(json!({}));
    silent.terms = None;
    let draft = decode(&json!({"value": "5"})).unwrap();
    assert_eq!(new(sign(&[], &silent, Some(&draft), at(0))).terms.value.unwrap().to_string(), "5");
}

#[test]
fn a2_amendments_are_new_the_same_in_conflict_or_ahead() {
    let chain = grown(
        &[original()],
        json!({"id": "a1", "version": 2, "changes": {"value": "120", "end": "2026-12-31"}}),
    );
    let head = &chain[1];
    assert_eq!((head.version, head.kind), (2, VersionKind::Amendment));
    assert_eq!(head.parent_hash.as_ref(), Some(&chain[0].hash));
    assert_eq!(head.terms.value.unwrap().to_string(), "120");
    assert_eq!(head.terms.customer, chain[0].terms.customer);
    verify(&chain).unwrap();

    let check = |amendment: Value, want: &str| {
        let verdict = format!("{:?}", amend(&chain, &amended(amendment), at(50)).unwrap());
        assert!(verdict.contains(want), "{verdict}");
    };
    check(json!({"id": "a1", "version": 2, "changes": {"value": "120", "end": "2026-12-31"}}), "Same");
    check(json!({"id": "a1", "changes": {"value": "120", "end": "2026-12-31"}}), "Same");
    check(
        json!({"id": "a1", "version": 2, "changes": {"value": "121"}}),
        "other content: terms.end, terms.value",
    );
    check(json!({"id": "a1", "version": 3, "changes": {"value": "120", "end": "2026-12-31"}}), "Conflict");
    check(json!({"id": "x", "version": 2, "changes": {}}), "recorded by amendment");
    check(json!({"id": "x", "version": 4, "changes": {}}), "version 4 follows version 3");
    check(json!({"id": "x", "version": 3, "changes": {}}), "New");
    check(json!({"id": "x", "changes": {}}), "version: 3");
    let empty = amend(&[], &amended(json!({"id": "x", "changes": {}})), at(0)).unwrap();
    assert!(matches!(empty, Verdict::Gap(_)));
    let error = amend(&chain, &amended(json!({"id": "x", "changes": {"valeu": "1"}})), at(0)).unwrap_err();
    assert!(error.reason.contains("valeu"), "{error:?}");
    let error =
        amend(&chain, &amended(json!({"id": "x", "changes": {"currency": "ABC"}})), at(0)).unwrap_err();
    assert_eq!(error.field, "/changes/currency");
}

#[test]
fn a6_a_correction_takes_no_version_number() {
    let chain = grown(
        &[original()],
        json!({"id": "c1", "kind": "correction", "reason": "typing error",
        "changes": {"value": "110", "customer": {"country": "DE"}}}),
    );
    let head = &chain[1];
    assert_eq!((head.version, head.correction, head.kind), (1, 1, VersionKind::Correction));
    assert_eq!(head.terms.customer.as_ref().unwrap().name.as_deref(), Some("Acme"));
    let chain = grown(&chain, json!({"id": "a1", "version": 2, "changes": {"end": "2026-12-31"}}));
    assert_eq!(chain[2].terms.value.unwrap().to_string(), "110");
    verify(&chain).unwrap();
    let late = amend(
        &chain,
        &amended(json!({"id": "c2", "kind": "correction", "version": 1, "changes": {}})),
        at(0),
    );
    assert!(matches!(late.unwrap(), Verdict::Conflict(_)));
}

#[test]
fn supplied_facts_are_a_correction() {
    let chain = [original()];
    let facts: FactsSupplied =
        decode(&json!({"contractId": CONTRACT, "terms": {"start": "2026-02-01"}})).unwrap();
    let next = new(supply(&chain, &facts, at(5)).unwrap());
    assert_eq!((next.version, next.correction), (1, 1));
    let chain = [chain[0].clone(), next];
    verify(&chain).unwrap();
    assert_eq!(supply(&chain, &facts, at(6)).unwrap(), Verdict::Same);
    // The signature stays what it was.
    let again = signed(json!({"value": "100", "customer": {"name": "Acme"}, "currency": "EUR"}));
    assert_eq!(sign(&chain, &again, None, at(9)), Verdict::Same);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a1_whatever_is_altered_breaks_the_chain(
        steps in prop::collection::vec((0_i64..1_000, any::<bool>()), 0..6), victim in 0_usize..7, field in 0..4,
    ) {
        let mut chain = vec![original()];
        for (i, (value, correction)) in steps.iter().enumerate() {
            let kind = if *correction { "correction" } else { "amendment" };
            chain = grown(&chain, json!({"id": format!("a{i}"), "kind": kind, "changes": {"value": value.to_string()}}));
        }
        prop_assert_eq!(verify(&chain), Ok(()));
        let mut altered = chain.clone();
        let at_index = victim % chain.len();
        let link = &mut altered[at_index];
        match field {
            0 => link.terms.title = Some("else".to_owned()),
            1 => link.number.push('x'),
            2 => link.parent_hash = Some("0".repeat(64)),
            _ => link.reason = Some("else".to_owned()),
        }
        prop_assert!(matches!(verify(&altered), Err(Broken::Altered(..))));
        let mut resealed = altered;
        resealed[at_index].hash = throughline_model::version::hash(&resealed[at_index]);
        let last = at_index + 1 == chain.len();
        let broken = verify(&resealed).is_err();
        prop_assert_eq!(broken, !last || field == 2);
        if chain.len() > 1 {
            chain.remove(at_index);
            let cut_short = at_index == chain.len();
            prop_assert_eq!(verify(&chain).is_err(), !cut_short);
        }
    }
}
