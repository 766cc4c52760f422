//! Why a record waits although it is taken in: its flow will lack facts, or something that comes before it.

use std::collections::HashSet;

use throughline_model::schema::{CONTRACT_AMENDED, CONTRACT_SIGNED};
use throughline_model::{
    ContractAmended, ContractId, ContractSigned, ContractTerms, Event, LegalEntity, Problem, completeness,
    decode,
};
use throughline_store::Store;

use crate::catalog::LegalEntities;

/// The contracts an import has met. Their flows may not have recorded them yet.
#[derive(Default)]
pub(super) struct Met(HashSet<ContractId>);

impl Met {
    /// What the record's event waits for; empty: nothing.
    pub(super) async fn waits_for(
        &mut self,
        event: &Event,
        tenant: &str,
        store: &Store,
        entities: &LegalEntities,
    ) -> Result<Vec<Problem>, throughline_store::Error> {
        match event.type_.as_str() {
            CONTRACT_SIGNED => {
                let Ok(signed) = decode::<ContractSigned>(&event.data) else { return Ok(Vec::new()) };
                self.0.insert(signed.contract_id.clone());
                Ok(missing_facts(&signed, entities))
            }
            CONTRACT_AMENDED => {
                let Ok(amended) = decode::<ContractAmended>(&event.data) else { return Ok(Vec::new()) };
                self.gap(&amended, tenant, store).await
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn gap(
        &self,
        amended: &ContractAmended,
        tenant: &str,
        store: &Store,
    ) -> Result<Vec<Problem>, throughline_store::Error> {
        if self.0.contains(&amended.contract_id) {
            return Ok(Vec::new());
        }
        let wait = |reason: String| vec![Problem::new("version", reason)];
        let contract = store.record(tenant, "contract", amended.contract_id.as_str()).await?;
        let Some(contract) = contract else {
            let number = &amended.number;
            return Ok(wait(format!(
                "version gap: contract {number:?} is not known yet, so the change waits for it"
            )));
        };
        let newest = serde_json::from_slice::<serde_json::Value>(&contract.body)
            .ok()
            .and_then(|c| c.get("version")?.as_u64())
            .unwrap_or_default();
        match amended.amendment.version {
            Some(version) if u64::from(version) > newest + 1 => Ok(wait(format!(
                "version gap: it makes version {version} and version {newest} is the newest, so it waits for those between"
            ))),
            _ => Ok(Vec::new()),
        }
    }
}

fn missing_facts(signed: &ContractSigned, entities: &LegalEntities) -> Vec<Problem> {
    let none = ContractTerms::default();
    let terms = signed.terms.as_ref().unwrap_or(&none);
    let entity = entity(terms, entities);
    completeness::missing(terms, signed.signed_date, entity.as_ref())
        .into_iter()
        .map(|missing| Problem::new(missing.field, missing.reason))
        .collect()
}

fn entity(terms: &ContractTerms, entities: &LegalEntities) -> Option<LegalEntity> {
    let entry = match &terms.legal_entity {
        Some(code) => entities.get(code),
        None => {
            let country = terms.customer.as_ref().and_then(|c| c.country.as_deref());
            entities.pick(terms.currency.map(|c| c.code()), country)
        }
    }?;
    Some(LegalEntity {
        code: entry.code.clone(),
        name: entry.name.clone(),
        country: entry.country.clone(),
        currency: entry.currency.parse().ok()?,
        region: entry.region.clone(),
    })
}
