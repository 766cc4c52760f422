//! `billing.translate`: a contract version's billing schedule.

use serde::Deserialize;
use serde_json::Value;
use throughline_model::{ContractVersion, billing};

use super::call::{Answer, Answered, Call, Refusal, arguments};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Translate {
    contract: ContractVersion,
}

pub(super) fn translate(call: &Call<'_>, with: &Value) -> Answered {
    let Translate { contract } = arguments(with)?;
    let schedule = billing::translate(&contract).map_err(|error| Refusal::invalid(&error))?;
    let row = call.write("billing-schedule", schedule.id.as_str(), &schedule);
    Ok(Answer::of(&schedule).with(row))
}
