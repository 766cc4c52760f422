//! A contract's records, read and written.

use throughline_model::{Contract, ContractId, ContractStatus, ContractVersion};
use throughline_store::Effect;

use super::super::call::{Call, Refusal};
use super::super::reservation::Reserved;
use super::{CONTRACT, VERSION};

/// A contract as it stands, reserved for one call.
pub(super) struct Standing {
    reserved: Reserved,
    pub(super) contract: Option<Contract>,
    /// Versions and corrections, oldest first.
    pub(super) chain: Vec<ContractVersion>,
}

impl Standing {
    /// Reads a contract and keeps others from changing it.
    pub(super) async fn of(call: &Call<'_>, id: &ContractId) -> Result<Self, Refusal> {
        let reserved = call.reserve(CONTRACT, id.as_str()).await?;
        let contract = call.read(CONTRACT, id.as_str()).await?;
        let chain = call.read_under(VERSION, &format!("{id}/")).await?;
        Ok(Self { reserved, contract, chain })
    }

    /// The newest link.
    pub(super) fn head(&self) -> Option<&ContractVersion> {
        self.chain.last()
    }

    /// The rows that add a link, and the contract with it in force.
    pub(super) fn add(&mut self, call: &Call<'_>, link: &ContractVersion) -> Vec<Effect> {
        let contract = Contract {
            id: link.contract_id.clone(),
            number: link.number.clone(),
            status: ContractStatus::Signed,
            version: link.version,
            corrections: link.correction,
            head: Some(link.hash.clone()),
            signed_date: self.chain.first().and_then(|f| f.signed_date).or(link.signed_date),
            opportunity_id: link.opportunity_id.clone(),
            terms: link.terms.clone(),
        };
        let effects = vec![call.write(VERSION, version_id(link), link), self.contract_row(call, &contract)];
        self.answered_with(call, &effects);
        effects
    }

    /// The row of the contract.
    pub(super) fn contract_row(&self, call: &Call<'_>, contract: &Contract) -> Effect {
        call.write(CONTRACT, contract.id.as_str(), contract)
    }

    /// What the next call on this contract has to wait for.
    pub(super) fn answered_with(&mut self, call: &Call<'_>, effects: &[Effect]) {
        self.reserved.answered_with(call, effects, |_, _| true);
    }
}

/// Ids of versions sort as the versions do.
fn version_id(link: &ContractVersion) -> String {
    format!("{}/v{:06}.{:06}", link.contract_id, link.version, link.correction)
}
