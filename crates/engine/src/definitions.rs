//! The flows in force, and the definitions stored runs are pinned to.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use throughline_flow::{self as flow, Definition};
use throughline_store::Store;

use crate::Error;
use crate::inner::Chain;

/// A flow in force.
#[derive(Clone)]
pub struct Flow {
    /// The compiled definition.
    pub definition: Arc<Definition>,
    /// Tenants it serves; `None` means all.
    pub tenant: Option<String>,
}

impl Flow {
    /// A flow that serves every tenant.
    pub fn new(definition: Definition) -> Self {
        Self { definition: Arc::new(definition), tenant: None }
    }
}

/// The flows in force, by name.
#[derive(Clone, Default)]
pub struct FlowSet {
    flows: Vec<Flow>,
    by_name: HashMap<String, usize>,
}

impl FlowSet {
    /// A set of flows; of two with one name the later wins.
    pub fn new(flows: Vec<Flow>) -> Self {
        let by_name = flows.iter().enumerate().map(|(i, f)| (f.definition.name().to_owned(), i)).collect();
        Self { flows, by_name }
    }

    /// The flow of that name.
    pub fn get(&self, name: &str) -> Option<&Flow> {
        self.by_name.get(name).map(|&i| &self.flows[i])
    }

    /// All flows, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &Flow> {
        self.flows.iter()
    }
}

/// Definitions by hash: those in force and, read from the store on demand, those that older runs are pinned to.
pub(crate) struct Definitions {
    store: Store,
    known: RwLock<HashMap<String, Arc<Definition>>>,
}

impl Definitions {
    /// Stores every definition in force, so that its runs can be recovered whatever the catalog says later.
    pub(crate) async fn pin(store: Store, flows: &FlowSet) -> Result<Self, Error> {
        let mut known = HashMap::new();
        let puts = flows.iter().map(|flow| {
            let def = &flow.definition;
            known.insert(def.hash().to_owned(), Arc::clone(def));
            store.put_definition(def.hash(), def.name(), def.source())
        });
        futures_util::future::try_join_all(puts.collect::<Vec<_>>()).await?;
        Ok(Self { store, known: RwLock::new(known) })
    }

    /// Those in force and those that stored runs are pinned to. One that can't be read is left out: its runs will say so.
    pub(crate) async fn in_use(&self) -> Result<Vec<Arc<Definition>>, Error> {
        for hash in self.store.definitions_in_use().await? {
            if let Err(error) = self.get(&hash).await {
                tracing::warn!(hash, error = %Chain(&error), "a definition that runs are pinned to can't be read");
            }
        }
        Ok(self.read().values().map(Arc::clone).collect())
    }

    /// The definition with that hash.
    pub(crate) async fn get(&self, hash: &str) -> Result<Arc<Definition>, Error> {
        if let Some(def) = self.read().get(hash) {
            return Ok(Arc::clone(def));
        }
        let source =
            self.store.definition(hash).await?.ok_or_else(|| Error::UnknownDefinition(hash.to_owned()))?;
        let def = flow::parse(&source, hash).map_err(|all| Error::BrokenDefinition {
            hash: hash.to_owned(),
            reason: all.first().map(ToString::to_string).unwrap_or_default(),
        })?;
        let def = Arc::new(def);
        self.known
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(hash.to_owned(), Arc::clone(&def));
        Ok(def)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<String, Arc<Definition>>> {
        self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
