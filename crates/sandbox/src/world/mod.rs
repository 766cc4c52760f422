//! The state of one simulator: its objects, its counters, and the journal that keeps both.

mod journal;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use crate::clock::Clock;
use crate::courier::{self, Delivery};
use crate::error::Error;
use crate::ledger::{CollectionLedger, SystemLedger};
use crate::simulator::Collection;
use journal::{Change, Journal};
use table::Table;

/// A simulator's objects, in the order in which they came, and its counters.
pub struct World {
    tables: BTreeMap<String, Table>,
    counters: BTreeMap<String, u64>,
    clock: Clock,
    journal: Journal,
    pending: Vec<Change>,
    undo: Vec<Change>,
}

impl World {
    pub(crate) fn open(path: &Path, collections: &[Collection], clock: Clock) -> Result<Self, Error> {
        let tables = collections.iter().map(|known| (known.name.to_owned(), Table::new(known.key))).collect();
        let mut world = Self {
            tables,
            counters: BTreeMap::new(),
            clock,
            journal: Journal::at(path),
            pending: Vec::new(),
            undo: Vec::new(),
        };
        let changes =
            world.journal.replay(|change| world_apply(&mut world.tables, &mut world.counters, change))?;
        if changes > 2 * world.live() + 1_000 {
            let live = world.snapshot();
            world.journal.rewrite(&live)?;
        }
        world.journal.open()?;
        Ok(world)
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The next number of a counter: 1, 2, 3 ...
    pub fn next(&mut self, counter: &str) -> u64 {
        self.add(counter, 1)
    }

    /// A counter's present value.
    #[must_use]
    pub fn count(&self, counter: &str) -> u64 {
        self.counters.get(counter).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, counter: &str, more: u64) -> u64 {
        let value = self.count(counter) + more;
        self.change(Change::Counter { name: counter.to_owned(), value });
        value
    }

    /// An object.
    #[must_use]
    pub fn get(&self, collection: &str, id: &str) -> Option<&Value> {
        self.tables.get(collection)?.get(id)
    }

    /// Stores an object, new or in place of the one with this id.
    pub fn put(&mut self, collection: &str, id: &str, object: Value) {
        self.change(Change::Put { collection: collection.to_owned(), id: id.to_owned(), object });
    }

    /// Takes an object away; whether it was there.
    pub fn remove(&mut self, collection: &str, id: &str) -> bool {
        let there = self.get(collection, id).is_some();
        if there {
            self.change(Change::Gone { collection: collection.to_owned(), id: id.to_owned() });
        }
        there
    }

    /// All objects of a collection, in the order in which they came.
    pub fn all(&self, collection: &str) -> impl DoubleEndedIterator<Item = (&str, &Value)> {
        self.tables.get(collection).into_iter().flat_map(Table::all)
    }

    /// How many objects a collection holds.
    #[must_use]
    pub fn len(&self, collection: &str) -> usize {
        self.tables.get(collection).map_or(0, Table::len)
    }

    /// The objects that hold a business key.
    pub fn by_key(&self, collection: &str, key: &str) -> impl Iterator<Item = (&str, &Value)> {
        self.tables.get(collection).into_iter().flat_map(move |table| table.by_key(key))
    }

    /// Queues a webhook; the courier sends it.
    pub fn post(&mut self, delivery: Delivery) {
        courier::queue(self, delivery);
    }

    /// Works on the world; on an error, everything that the work changed is taken back.
    ///
    /// # Errors
    /// The work's own.
    pub fn all_or_nothing<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let (pending, undo) = (self.pending.len(), self.undo.len());
        let done = work(self);
        if done.is_err() {
            self.pending.truncate(pending);
            for change in self.undo.split_off(undo).into_iter().rev() {
                world_apply(&mut self.tables, &mut self.counters, change);
            }
        }
        done
    }

    /// What would take a change back.
    fn inverse(&self, change: &Change) -> Change {
        match change {
            Change::Put { collection, id, .. } | Change::Gone { collection, id } => {
                let (collection, id) = (collection.clone(), id.clone());
                match self.get(&collection, &id).cloned() {
                    Some(object) => Change::Put { collection, id, object },
                    None => Change::Gone { collection, id },
                }
            }
            Change::Counter { name, .. } => Change::Counter { name: name.clone(), value: self.count(name) },
        }
    }

    fn change(&mut self, change: Change) {
        self.undo.push(self.inverse(&change));
        self.pending.push(change.clone());
        world_apply(&mut self.tables, &mut self.counters, change);
    }

    /// Writes what has changed since the last call as one line; whether anything had.
    pub(crate) fn flush(&mut self) -> Result<bool, Error> {
        self.undo.clear();
        let pending = std::mem::take(&mut self.pending);
        self.journal.append(&pending)?;
        Ok(!pending.is_empty())
    }

    pub(crate) fn ledger(&self) -> SystemLedger {
        let mut ledger = SystemLedger {
            requests: self.count(REQUESTS),
            webhooks: self.count(WEBHOOKS),
            ..SystemLedger::default()
        };
        for (name, value) in &self.counters {
            if let Some(kind) = name.strip_prefix(FAULTS) {
                ledger.faults.insert(kind.to_owned(), *value);
            }
        }
        for (name, table) in self.tables.iter().filter(|(name, _)| !name.starts_with('_')) {
            let collection =
                CollectionLedger { objects: table.len(), keys: table.keys(), duplicates: table.duplicates() };
            ledger.collections.insert(name.clone(), collection);
        }
        ledger
    }

    fn live(&self) -> usize {
        self.tables.values().map(Table::len).sum::<usize>() + self.counters.len()
    }

    fn snapshot(&self) -> Vec<Change> {
        let counters =
            self.counters.iter().map(|(name, value)| Change::Counter { name: name.clone(), value: *value });
        let objects = self.tables.iter().flat_map(|(name, table)| {
            table.all().map(|(id, object)| Change::Put {
                collection: name.clone(),
                id: id.to_owned(),
                object: object.clone(),
            })
        });
        counters.chain(objects).collect()
    }
}

pub(crate) const REQUESTS: &str = "_requests";
pub(crate) const WEBHOOKS: &str = "_webhooks";
pub(crate) const FAULTS: &str = "_fault:";

fn world_apply(tables: &mut BTreeMap<String, Table>, counters: &mut BTreeMap<String, u64>, change: Change) {
    match change {
        Change::Put { collection, id, object } => {
            tables.entry(collection).or_insert_with(Table::without_key).put(id, object);
        }
        Change::Gone { collection, id } => {
            if let Some(table) = tables.get_mut(&collection) {
                table.remove(&id);
            }
        }
        Change::Counter { name, value } => {
            counters.insert(name, value);
        }
    }
}
