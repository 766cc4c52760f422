//! The objects of one collection, in order, with an index on their business key.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::Value;

type KeyOf = fn(&str, &Value) -> Option<String>;

pub(super) struct Table {
    objects: IndexMap<String, Value>,
    key_of: KeyOf,
    ids_by_key: HashMap<String, Vec<String>>,
}

impl Table {
    pub(super) fn new(key_of: KeyOf) -> Self {
        Self { objects: IndexMap::new(), key_of, ids_by_key: HashMap::new() }
    }

    pub(super) fn without_key() -> Self {
        Self::new(|_, _| None)
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Value> {
        self.objects.get(id)
    }

    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = (&str, &Value)> {
        self.objects.iter().map(|(id, object)| (id.as_str(), object))
    }

    pub(super) fn by_key(&self, key: &str) -> impl Iterator<Item = (&str, &Value)> {
        let ids = self.ids_by_key.get(key).into_iter().flatten();
        ids.filter_map(|id| self.objects.get_key_value(id)).map(|(id, object)| (id.as_str(), object))
    }

    pub(super) fn put(&mut self, id: String, object: Value) {
        let key = (self.key_of)(&id, &object);
        let earlier =
            self.objects.insert(id.clone(), object).and_then(|earlier| (self.key_of)(&id, &earlier));
        if earlier == key {
            return;
        }
        if let Some(earlier) = earlier {
            self.unlist(&earlier, &id);
        }
        if let Some(key) = key {
            self.ids_by_key.entry(key).or_default().push(id);
        }
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(object) = self.objects.shift_remove(id)
            && let Some(key) = (self.key_of)(id, &object)
        {
            self.unlist(&key, id);
        }
    }

    fn unlist(&mut self, key: &str, id: &str) {
        if let Some(ids) = self.ids_by_key.get_mut(key) {
            ids.retain(|listed| listed != id);
            if ids.is_empty() {
                self.ids_by_key.remove(key);
            }
        }
    }

    pub(super) fn keys(&self) -> usize {
        self.ids_by_key.len()
    }

    /// The keys that more than one object holds, sorted.
    pub(super) fn duplicates(&self) -> Vec<String> {
        let mut found: Vec<String> =
            self.ids_by_key.iter().filter(|(_, ids)| ids.len() > 1).map(|(key, _)| key.clone()).collect();
        found.sort();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_follow_their_objects() {
        let mut table = Table::new(|_, object| object["key"].as_str().map(str::to_owned));
        table.put("1".into(), json!({"key": "a"}));
        table.put("2".into(), json!({"key": "a"}));
        table.put("3".into(), json!({}));
        assert_eq!(table.duplicates(), ["a"]);
        assert_eq!(table.keys(), 1);
        table.put("2".into(), json!({"key": "b"}));
        assert!(table.duplicates().is_empty());
        assert_eq!(table.by_key("b").map(|(id, _)| id).collect::<Vec<_>>(), ["2"]);
        table.remove("2");
        assert_eq!(table.by_key("b").count(), 0);
        assert_eq!(table.len(), 2);
    }
}
