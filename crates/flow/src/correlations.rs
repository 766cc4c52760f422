//! The correlations a definition's listens can have, known without running it.

use jaq_json::Val;

use crate::Definition;
use crate::task::{Attribute, Filter, Kind};
use crate::undo::{DECIDED, QUESTION};

impl Definition {
    /// Event type (`None`: any) and shape of every correlation that a listen of this definition may wait with. Whoever
    /// notes the keys of events by these shapes can tell a run that begins to listen what came before.
    pub fn correlations(&self) -> Vec<(Option<String>, String)> {
        let listeners = self.tasks.tasks.iter().filter_map(|task| match &task.kind {
            Kind::Listen(listener) => Some(listener),
            _ => None,
        });
        let filters = listeners.flat_map(|listener| &listener.filters);
        let listened = filters.filter_map(|filter| Some((event_type(filter), shape(filter)?)));
        // Whoever decides what becomes of a faulted run is listened to, too.
        let decided = || (Some(DECIDED.to_owned()), serde_json::json!([QUESTION]).to_string());
        listened.chain(self.tasks.undoes.then(decided)).collect()
    }
}

fn event_type(filter: &Filter) -> Option<String> {
    filter.with.iter().find(|(name, _)| name == "type").and_then(|(_, attribute)| match attribute {
        Attribute::Is(Val::TStr(text)) => String::from_utf8(text.to_vec()).ok(),
        _ => None,
    })
}

/// As [`EventFilter::correlation_shape`](crate::EventFilter::correlation_shape) gives it.
fn shape(filter: &Filter) -> Option<String> {
    let expecting = filter.correlate.iter().filter(|(_, correlation)| correlation.expect.is_some());
    let from: Vec<&str> = expecting.map(|(_, correlation)| correlation.from.text()).collect();
    (!from.is_empty()).then(|| serde_json::Value::from(from).to_string())
}
