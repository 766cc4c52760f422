//! What a simulator holds and what befell it, counted on its own side of the wire.

use std::collections::BTreeMap;

use serde::Serialize;

/// All simulators, by product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Each simulator.
    pub systems: BTreeMap<String, SystemLedger>,
}

/// One simulator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SystemLedger {
    /// Requests answered or faulted since the folder was made.
    pub requests: u64,
    /// Webhook attempts since the folder was made.
    pub webhooks: u64,
    /// Faults by kind.
    pub faults: BTreeMap<String, u64>,
    /// Each collection.
    pub collections: BTreeMap<String, CollectionLedger>,
}

/// One collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CollectionLedger {
    /// Objects held.
    pub objects: usize,
    /// Distinct business keys among them.
    pub keys: usize,
    /// Keys that more than one object holds.
    pub duplicates: Vec<String>,
}

impl Ledger {
    /// Faults injected, all kinds in all systems.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.systems.values().flat_map(|system| system.faults.values()).sum()
    }

    /// Every key held twice, as `system/collection/key`.
    #[must_use]
    pub fn duplicates(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (product, system) in &self.systems {
            for (name, collection) in &system.collections {
                found.extend(collection.duplicates.iter().map(|key| format!("{product}/{name}/{key}")));
            }
        }
        found
    }
}
