//! The hub's own functions, which flows call by name: pure rules of the model with the records around them.
//!
//! A function reads records, asks the model, and answers with a value and the records to be written. The records become
//! durable in the same commit as the answer. Until then the function may be asked again, and answers the same; and
//! another run that needs the same records waits (see [`reservation`]), so that nobody decides on what is about to change.

mod activation;
mod billing;
mod call;
mod contract;
mod customer;
mod document;
mod invoice;
mod legal_entity;
mod opportunity;
mod project;
mod reservation;
#[cfg(test)]
mod testing;

use serde_json::Value;
use throughline_engine::{CallOutcome, CallRequest};
use throughline_flow as flow;

use crate::executor::Executor;
use call::{Answered, Call};
use reservation::Reservations;

/// Every function.
const NAMES: [&str; 13] = [
    "activation.complete",
    "billing.translate",
    "contract.amend",
    "contract.draft",
    "contract.record",
    "contract.screen",
    "contract.supply",
    "customer.resolve",
    "document.reference",
    "invoice.record",
    "legal-entity.resolve",
    "opportunity.record",
    "project.plan",
];

/// The functions, and what they have to remember between a call and its commit.
#[derive(Default)]
pub(crate) struct Functions {
    reservations: Reservations,
}

impl Functions {
    /// Their names.
    pub(crate) fn names() -> &'static [&'static str] {
        &NAMES
    }

    /// Whether a name is one of theirs.
    pub(crate) fn knows(&self, name: &str) -> bool {
        NAMES.contains(&name)
    }

    /// Calls one.
    pub(crate) async fn call(
        &self,
        executor: &Executor,
        name: &str,
        with: &Value,
        request: &CallRequest,
    ) -> CallOutcome {
        let call = Call {
            tenant: &request.tenant,
            asker: &request.idempotency_key,
            store: &executor.store,
            legal_entities: &executor.catalog.legal_entities,
            now: executor.clock.now(),
            reservations: &self.reservations,
        };
        match answer(&call, name, with).await {
            Ok(answer) => answer.into_outcome(),
            Err(refusal) => refusal.into_outcome(name),
        }
    }
}

async fn answer(call: &Call<'_>, name: &str, with: &Value) -> Answered {
    match name {
        "activation.complete" => activation::complete(call, with).await,
        "billing.translate" => billing::translate(call, with),
        "contract.amend" => contract::amend(call, with).await,
        "contract.draft" => contract::draft(call, with).await,
        "contract.record" => contract::record(call, with).await,
        "contract.screen" => contract::screen(call, with),
        "contract.supply" => contract::supply(call, with).await,
        "customer.resolve" => customer::resolve(call, with).await,
        "document.reference" => document::reference(call, with),
        "invoice.record" => invoice::record(call, with),
        "legal-entity.resolve" => legal_entity::resolve(call, with),
        "opportunity.record" => opportunity::record(call, with),
        "project.plan" => project::plan(call, with),
        _ => Err(flow::Error::configuration(format!("no function is named {name:?}")).into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    use serde_json::json;

    use super::testing::Bench;
    use super::*;

    #[tokio::test]
    async fn every_name_is_a_function() {
        let bench = Bench::new().await;
        for name in NAMES {
            // Without arguments each one refuses, in its own words.
            let refusal = answer(&bench.call("r:1"), name, &Value::Null).await.err();
            let said = format!("{refusal:?}");
            assert!(refusal.is_some() && !said.contains("no function is named"), "{name}: {said}");
        }
        let unknown = answer(&bench.call("r:1"), "contract.burn", &Value::Null).await.err();
        assert!(format!("{unknown:?}").contains("no function is named"));
    }

    fn garbage() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            "-?[0-9]{1,18}(\\.[0-9]{1,14})?".prop_map(Value::from),
            "[0-9]{4}-[01][0-9]-[0-3][0-9]".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((".{0,8}", inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// Arguments that every function takes something from, each good by itself.
    fn arguments() -> Value {
        let terms = json!({"title": "T", "customer": {"name": "Acme"}, "currency": "USD", "value": "100",
            "start": "2026-01-01", "end": "2026-03-31", "milestones": [{"id": "m", "title": "M", "amount": "5"}],
            "billing": [
                {"model": "fixedFee", "id": "f", "description": "d", "price": "10", "trigger": "acceptance"},
                {"model": "timeAndMaterials", "id": "t", "description": "d", "estimatedHours": "3",
                 "rates": [{"role": "r", "rate": "1"}], "cap": {"hours": "2"}},
                {"model": "managedService", "id": "s", "description": "d", "fee": "1", "period": "month",
                 "indexation": [{"date": "2026-02-01", "percent": "3"}]}]});
        let contract = json!({"contractId": "CT-000000000001", "number": "N", "version": 1, "kind": "original",
            "hash": "0", "recordedAt": "2026-01-01T00:00:00Z", "terms": terms});
        let entity = json!({"code": "US", "name": "F", "country": "US", "currency": "USD", "region": "amer"});
        json!({
            "contract.record": {"contractId": "CT-000000000001", "number": "N", "terms": terms},
            "contract.amend": {"contractId": "CT-000000000001", "number": "N", "amendment": {"id": "a", "changes": terms}},
            "contract.supply": {"contractId": "CT-000000000001", "terms": terms},
            "contract.screen": {"terms": terms},
            "contract.draft": {"opportunity": {"id": "1", "source": "crm", "name": "n", "stage": "s",
                "stageClass": "won", "account": {"name": "Acme"}, "billing": terms["billing"]}},
            "billing.translate": {"contract": contract},
            "project.plan": {"contract": contract, "customer": {"id": "CU-000000000001", "legalName": "A"},
                "legalEntity": entity},
            "customer.resolve": {"party": {"name": "Acme", "country": "DE", "source": {"system": "s", "id": "1"},
                "identifiers": [{"scheme": "VAT", "id": "DE136695976"}]}, "scope": "s"},
            "activation.complete": {"contractId": "CT-000000000001", "startedAt": "2026-01-01T00:00:00Z"},
            "document.reference": {"contractId": "CT-000000000001", "document": {"title": "t"},
                "stored": {"systemId": "1"}},
            "invoice.record": {"contractId": "CT-000000000001", "invoice": {"id": "1", "amount": "1", "currency": "EUR"}},
            "legal-entity.resolve": {"currency": "USD"},
            "opportunity.record": {"opportunity": {"id": "1", "source": "crm", "name": "n", "stage": "s",
                "stageClass": "open", "account": {}}},
        })
    }

    /// Every place in a value, as JSON pointers.
    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, v)| places(v, &format!("{at}/{i}"), found))
            }
            Value::Object(fields) => fields.iter().for_each(|(k, v)| places(v, &format!("{at}/{k}"), found)),
            _ => {}
        }
    }

    #[test]
    fn garbage_is_refused_and_never_panics() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bench = runtime.block_on(Bench::new());
        let all = arguments();
        // Amendments and facts are about a contract that is known.
        runtime.block_on(bench.done("r", "contract.record", all["contract.record"].clone()));
        for name in NAMES {
            let good = runtime.block_on(answer(&bench.call("r"), name, &all[name]));
            assert!(good.is_ok(), "{name}: {good:?}");
        }
        let mut runner =
            TestRunner::new(Config { cases: 1_500, failure_persistence: None, ..Config::default() });
        let cases = (0..NAMES.len(), any::<prop::sample::Index>(), garbage());
        let tried = runner.run(&cases, |(function, place, garbage)| {
            let mut with = all[NAMES[function]].clone();
            let mut pointers = Vec::new();
            places(&with, "", &mut pointers);
            let pointer = place.get(&pointers);
            *with.pointer_mut(pointer).unwrap() = garbage;
            // The same asker each time: what was answered and never committed holds nobody up.
            match runtime.block_on(answer(&bench.call("r"), NAMES[function], &with)) {
                Ok(_) | Err(call::Refusal::Fault(_)) => Ok(()),
                Err(call::Refusal::Later(reason)) => Err(TestCaseError::fail(reason)),
            }
        });
        tried.unwrap();
    }
}
