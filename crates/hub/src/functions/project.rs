//! `project.plan`: the project that delivers a contract version.

use serde::Deserialize;
use serde_json::Value;
use throughline_model::{ContractVersion, Customer, LegalEntity, plan};

use super::call::{Answer, Answered, Call, Refusal, arguments};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Plan {
    contract: ContractVersion,
    customer: Customer,
    legal_entity: LegalEntity,
}

pub(super) fn plan(call: &Call<'_>, with: &Value) -> Answered {
    let Plan { contract, customer, legal_entity } = arguments(with)?;
    let project =
        plan::project(&contract, &customer.id, &legal_entity).map_err(|error| Refusal::invalid(&error))?;
    let row = call.write("project", project.id.as_str(), &project);
    Ok(Answer::of(&project).with(row))
}
