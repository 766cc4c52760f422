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
}
