//! `legal-entity.resolve`: which of our legal entities signs. Null when none does; what then is missing, is said by
//! `contract.record` and `contract.screen`.

use serde::Deserialize;
use serde_json::Value;
use throughline_model::{ContractTerms, LegalEntity, Problem};

use super::call::{Answer, Answered, Call, Refusal, arguments, json};
use crate::catalog::LegalEntityEntry;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Resolve {
    #[serde(default)]
    legal_entity: Option<String>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    country: Option<String>,
}

pub(super) fn resolve(call: &Call<'_>, with: &Value) -> Answered {
    let Resolve { legal_entity, currency, country } = arguments(with)?;
    let entity = find(call, legal_entity.as_deref(), currency.as_deref(), country.as_deref())?;
    Ok(entity.map_or_else(|| Answer::of(Value::Null), Answer::of))
}

/// The entity that the terms name, or that the rules pick.
pub(super) fn of_terms(call: &Call<'_>, terms: &ContractTerms) -> Result<Option<LegalEntity>, Refusal> {
    let currency = terms.currency.map(|c| c.code());
    let country = terms.customer.as_ref().and_then(|c| c.country.as_deref());
    find(call, terms.legal_entity.as_deref(), currency, country)
}

/// A stated code decides alone: a contract that names an entity we do not have is not given to another.
fn find(
    call: &Call<'_>,
    code: Option<&str>,
    currency: Option<&str>,
    country: Option<&str>,
) -> Result<Option<LegalEntity>, Refusal> {
    let entry = match code.filter(|c| !c.trim().is_empty()) {
        Some(code) => call.legal_entities.get(code.trim()),
        None => call.legal_entities.pick(currency, country),
    };
    entry.map(entity).transpose()
}

fn entity(entry: &LegalEntityEntry) -> Result<LegalEntity, Refusal> {
    let wrong = |p: Problem| Problem::new(format!("legal-entities.yaml {}{}", entry.code, p.field), p.reason);
    Ok(throughline_model::decode(&json(entry)).map_err(wrong)?)
}
