//! A compiled definition.

use indexmap::IndexMap;
use jaq_json::Val;
use serde_json::Value;

use crate::duration::Duration;
use crate::expression::Template;
use crate::listen::ReadAs;
use crate::machine::Outside;
use crate::task::{ListId, Shape, Tasks};
use crate::undo::FaultRule;
use crate::{Env, Error, EventFilter, data};

/// A flow or a function, parsed and checked, its expressions compiled.
#[derive(Debug)]
pub struct Definition {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) version: String,
    pub(crate) hash: String,
    pub(crate) source: String,
    pub(crate) metadata: Value,
    pub(crate) metadata_fields: IndexMap<String, Template>,
    pub(crate) on_fault: FaultRule,
    pub(crate) subscription: Option<Subscription>,
    pub(crate) called: Vec<(String, u32, String)>,
    /// As written, for `$workflow.definition`.
    pub(crate) document: Val,
    pub(crate) input: Shape,
    pub(crate) output: Shape,
    pub(crate) timeout: Option<Duration>,
    pub(crate) body: ListId,
    pub(crate) tasks: Tasks,
}

impl Definition {
    /// `document.name`, or the function's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `document.namespace`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// `document.version`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// SHA-256 of the source, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The text it was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// `document.metadata`, or a function's `metadata`, as written; an empty object when there is none.
    pub fn metadata(&self) -> &Value {
        &self.metadata
    }

    /// One field of the metadata with its expressions evaluated on `input`; null when there is no such field.
    ///
    /// # Errors
    /// When an expression fails.
    pub fn metadata_value(&self, field: &str, input: &Value, env: &Env<'_>) -> Result<Value, Error> {
        let Some(template) = self.metadata_fields.get(field) else { return Ok(Value::Null) };
        let input = data::from_json(input);
        let outside = Outside { definition: self, env, input: &input, context: None };
        template.eval(&input, &outside).map(|v| data::to_json(&v))
    }

    /// The events that start this flow.
    pub fn subscriptions(&self) -> Option<&Subscription> {
        self.subscription.as_ref()
    }

    /// The functions it calls and does not define: name, line and JSON pointer of each call.
    pub fn called_functions(&self) -> Vec<(String, u32, String)> {
        self.called.clone()
    }
}

/// The events that start a flow.
#[derive(Debug)]
pub struct Subscription {
    pub(crate) filters: Vec<EventFilter>,
    pub(crate) read: ReadAs,
}

impl Subscription {
    /// An event that meets any of these starts the flow.
    pub fn filters(&self) -> &[EventFilter] {
        &self.filters
    }

    /// What the flow sees of an event: its data, unless `schedule.read` says otherwise.
    pub fn read(&self, event: &Value) -> Value {
        match self.read {
            ReadAs::Envelope => event.clone(),
            ReadAs::Data => event.get("data").cloned().unwrap_or_default(),
            ReadAs::Raw => {
                event.get("data_base64").or_else(|| event.get("data")).cloned().unwrap_or_default()
            }
        }
    }
}
