//! `activation.complete`: how long a contract took from signature to running project.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use throughline_model::{Activation, ContractId, Day};

use super::call::{Answer, Answered, Call, arguments};

const ACTIVATION: &str = "activation";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Complete {
    contract_id: ContractId,
    #[serde(default)]
    signed_date: Option<Day>,
    started_at: Timestamp,
}

/// Confirms the activation; the first confirmation of a contract stands.
pub(super) async fn complete(call: &Call<'_>, with: &Value) -> Answered {
    let Complete { contract_id, signed_date, started_at } = arguments(with)?;
    if let Some(stands) = call.read::<Activation>(ACTIVATION, contract_id.as_str()).await? {
        return Ok(Answer::of(&stands));
    }
    let confirmed_at = call.now;
    let seconds = confirmed_at.duration_since(started_at).as_secs().max(0);
    let activation = Activation { contract_id, signed_date, started_at, confirmed_at, seconds };
    let row = call.write(ACTIVATION, activation.contract_id.as_str(), &activation);
    Ok(Answer::of(&activation).with(row))
}
