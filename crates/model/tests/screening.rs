//! Screening: each check finds what it is for, and a sound contract passes.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use serde_json::{Value, json};
use throughline_model::screening::{
    Code, Policy, Quote, Screening, Severity, Subject, Verdict, read_terms, screen, with_finding,
};
use throughline_model::{ContractSigned, LegalEntity, decode, version};

fn sound() -> Value {
    json!({
        "title": "Build", "customer": {"name": "Acme", "identifiers": [{"scheme": "DE-VAT", "id": "136695976"}]},
        "legalEntity": "DE", "currency": "EUR", "value": "1000", "start": "2026-01-01", "end": "2026-12-31",
        "paymentTermsDays": 30, "purchaseOrders": [{"number": "PO-1", "cap": "1000"}],
        "billing": [{"model": "fixedFee", "id": "f", "description": "Build", "price": "1000", "trigger": "date"}]
    })
}

fn screening(terms: &Value, entity: bool, quote: Option<Quote>) -> Screening {
    let (terms, unknown) = read_terms(terms).unwrap();
    let signed: ContractSigned = decode(&json!({"contractId": "CT-000000000001", "number": "N"})).unwrap();
    let contract = version::original(&signed, terms, "2026-01-01T00:00:00Z".parse().unwrap());
    let de: LegalEntity = decode(
        &json!({"code": "DE", "name": "Firm GmbH", "country": "DE", "currency": "EUR", "region": "emea"}),
    )
    .unwrap();
    let policy = Policy::default();
    let subject = Subject { contract: &contract, entity: entity.then_some(&de), quote };
    let screening = screen(&subject, &policy);
    match unknown {
        Some(finding) => with_finding(screening, finding, &policy),
        None => screening,
    }
}

#[track_caller]
fn check(changes: Value, verdict: Verdict, codes: &[Code]) -> Screening {
    check_quoted(changes, None, verdict, codes)
}

#[track_caller]
fn check_quoted(changes: Value, quote: Option<Quote>, verdict: Verdict, codes: &[Code]) -> Screening {
    let mut terms = sound();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(terms.as_object_mut().unwrap().shift_remove(name)),
            value => terms[name] = value.clone(),
        }
    }
    let screening = screening(&terms, true, quote);
    let found: Vec<_> = screening.findings.iter().map(|f| f.code).collect();
    assert_eq!((screening.verdict, found.as_slice()), (verdict, codes), "{:?}", screening.findings);
    screening
}

#[test]
fn findings() {
    check(json!({}), Verdict::Pass, &[]);
    let sum = check(json!({"value": "900"}), Verdict::Hold, &[Code::ScheduleSum]);
    insta::assert_json_snapshot!(sum);
    check(json!({"currency": "EUX"}), Verdict::Refuse, &[Code::CurrencyUnknown]);
    check(json!({"currency": null}), Verdict::Refuse, &[Code::CurrencyUnknown]);
    check(json!({"start": null}), Verdict::Refuse, &[Code::TermDates]);
    check(json!({"end": "2025-12-31"}), Verdict::Refuse, &[Code::TermDates]);
    check(
        json!({"value": "0", "purchaseOrders": [{"number": "1"}]}),
        Verdict::Refuse,
        &[Code::ValueAbsurd, Code::ScheduleSum],
    );
    check(json!({"purchaseOrders": null}), Verdict::Pass, &[Code::PurchaseOrderMissing]);
    check(
        json!({"purchaseOrders": [{"number": "1", "cap": "400"}, {"number": "2", "cap": "500"}]}),
        Verdict::Hold,
        &[Code::PurchaseOrderExhausted],
    );
    check(json!({"purchaseOrders": [{"number": "1", "cap": "400"}, {"number": "2"}]}), Verdict::Pass, &[]);
    check(json!({"paymentTermsDays": 120}), Verdict::Hold, &[Code::PaymentTerms]);
    check(json!({"legalEntity": "FR"}), Verdict::Hold, &[Code::LegalEntity]);
    check(
        json!({"customer": {"name": "Acme", "identifiers": [{"scheme": "LEI", "id": "1"}]}}),
        Verdict::Pass,
        &[Code::IdentifierInvalid],
    );
    let service = |fee: &str| {
        json!({"billing": [{"model": "managedService", "id": "s", "description": "Run", "fee": fee,
        "period": "month"}]})
    };
    check(service("85"), Verdict::Pass, &[]);
    check(service("100"), Verdict::Hold, &[Code::ScheduleSum]);
    let late = json!([{"model": "fixedFee", "id": "f", "description": "Build", "price": "1000", "trigger": "date",
        "installments": [{"description": "x", "date": "2027-02-01"}]}]);
    check(json!({"billing": late}), Verdict::Pass, &[Code::DateOutsideTerm]);
    let overrun = json!([{"model": "fixedFee", "id": "f", "description": "Build", "price": "1000", "trigger": "date",
        "installments": [{"description": "x", "amount": "2000"}]}]);
    check(json!({"billing": overrun}), Verdict::Refuse, &[Code::NoSchedule]);
    let work = |rates: Value, extra: Value| {
        let mut work = json!({"model": "timeAndMaterials", "id": "t", "description": "d", "rates": rates});
        for (name, value) in extra.as_object().unwrap() {
            work[name] = value.clone();
        }
        json!({"billing": [work]})
    };
    check(work(json!([]), json!({})), Verdict::Hold, &[Code::RateMissing]);
    check(work(json!([{"role": "a", "rate": "0"}]), json!({})), Verdict::Hold, &[Code::RateMissing]);
    check(
        work(json!([{"role": "a", "rate": "1"}, {"role": "A", "rate": "2"}]), json!({})),
        Verdict::Hold,
        &[Code::RateConflict],
    );
    check(
        work(json!([{"role": "a", "rate": "10"}]), json!({"estimatedHours": "90", "cap": {"amount": "500"}})),
        Verdict::Pass,
        &[Code::EstimateOverCap],
    );
    check(
        work(json!([{"role": "a", "rate": "10"}]), json!({"estimatedHours": "90", "cap": {"hours": "50"}})),
        Verdict::Pass,
        &[Code::EstimateOverCap],
    );
    check(
        work(json!([{"role": "a", "rate": "10"}]), json!({"estimatedHours": "101"})),
        Verdict::Hold,
        &[Code::ScheduleSum],
    );
}

#[test]
fn what_is_signed_against_what_was_quoted() {
    let quote = |value: &str, currency: &str, days| {
        Some(Quote {
            value: value.parse().ok(),
            currency: currency.parse().ok(),
            payment_terms_days: Some(days),
            start: None,
        })
    };
    check_quoted(json!({}), quote("1000", "EUR", 30), Verdict::Pass, &[]);
    check_quoted(json!({}), quote("910", "EUR", 30), Verdict::Pass, &[]);
    check_quoted(json!({}), quote("800", "EUR", 30), Verdict::Hold, &[Code::QuotedValue]);
    check_quoted(json!({}), quote("1000", "USD", 30), Verdict::Hold, &[Code::CurrencyMismatch]);
    check_quoted(json!({}), quote("1000", "EUR", 14), Verdict::Hold, &[Code::PaymentTerms]);
}

#[test]
fn no_entity_holds_and_the_policy_decides_how_severe() {
    let found = screening(&sound(), false, None);
    assert_eq!(found.findings[0].code, Code::LegalEntity);
    assert_eq!(found.findings[0].amount_at_risk.unwrap().to_string(), "1000 EUR");
    let mut policy = Policy::default();
    policy.severities.insert(Code::LegalEntity, Severity::Refuse);
    assert_eq!(policy.severity(Code::LegalEntity), Severity::Refuse);
    assert_eq!(serde_json::to_value(&policy).unwrap()["severities"], json!({"S0010": "refuse"}));
}
