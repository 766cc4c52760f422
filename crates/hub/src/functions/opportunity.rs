//! `opportunity.record`: an opportunity as it stood at a change of stage.

use serde::Deserialize;
use serde_json::Value;
use throughline_model::Opportunity;

use super::call::{Answer, Answered, Call, arguments};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    opportunity: Opportunity,
}

pub(super) fn record(call: &Call<'_>, with: &Value) -> Answered {
    let Record { opportunity } = arguments(with)?;
    let id = format!("{}/{}", opportunity.source, opportunity.id);
    let row = call.write("opportunity", id, &opportunity);
    Ok(Answer::of(&opportunity).with(row))
}
