//! The ways in which flows correlate events, so that the dispatcher can note the keys of every event for them, before
//! anyone listens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

use throughline_flow::Definition;

/// Correlation shapes by event type; `None` holds those of listens for any type.
#[derive(Default)]
pub(crate) struct Shapes {
    known: RwLock<BTreeMap<Option<String>, BTreeSet<String>>>,
}

impl Shapes {
    /// Notes the shapes a definition's listens have.
    pub(crate) fn learn(&self, definition: &Definition) {
        for (event_type, shape) in definition.correlations() {
            self.note(event_type.as_deref(), &shape);
        }
    }

    /// Notes one shape.
    pub(crate) fn note(&self, event_type: Option<&str>, shape: &str) {
        if shape.is_empty() || self.knows(event_type, shape) {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(event_type.map(str::to_owned)).or_default().insert(shape.to_owned());
    }

    /// The shapes under which an event of this type may be waited for.
    pub(crate) fn of(&self, event_type: &str) -> Vec<(Option<String>, String)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut shapes = Vec::new();
        for event_type in [Some(event_type.to_owned()), None] {
            let of_type = known.get(&event_type).into_iter().flatten();
            shapes.extend(of_type.map(|shape| (event_type.clone(), shape.clone())));
        }
        shapes
    }

    fn knows(&self, event_type: Option<&str>, shape: &str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&event_type.map(str::to_owned)).is_some_and(|shapes| shapes.contains(shape))
    }
}
