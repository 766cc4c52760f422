//! Events: what is published, what is listened for, and what has come.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jaq_json::{Map, Val};
use sha2::{Digest, Sha256};

use super::bindings::Scope;
use super::frame::Doing;
use super::work::Machine;
use crate::data::{self, Data};
use crate::expression::{Bindings as _, Expression, Var};
use crate::listen::{BUILTIN, Correlation, Expected};
use crate::task::{Attribute, Filter, Listener};
use crate::{ActivationId, Error, EventFilter, Listen, ListenMode};

/// Attributes that have to be texts when they are given.
const TEXTS: [&str; 7] = ["id", "source", "type", "time", "subject", "datacontenttype", "dataschema"];

impl Machine<'_> {
    /// A complete event: what the author left out is filled in. The id is the same whenever the step is replayed.
    pub(super) fn event(&self, with: Val, key: &str, id: ActivationId) -> Result<Val, Error> {
        let Val::Obj(given) = &with else { return Err(Error::expression("an event has to be an object")) };
        for name in TEXTS {
            let value = data::field(&with, name);
            if value.is_some_and(|v| data::as_text(v).is_none_or(str::is_empty)) {
                return Err(Error::expression(format!("the event's `{name}` is not a text, or empty")));
            }
        }
        let definition = self.definition;
        let source = format!("/{}/{}/{}", definition.namespace(), definition.name(), definition.version());
        let digest = Sha256::digest(format!("{}\u{1f}{key}\u{1f}{}", self.env.run_id, id.0));
        let made: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
        let mut event = Map::default();
        for (name, value) in [
            ("specversion", data::text("1.0")),
            ("id", data::text(&made)),
            ("source", data::text(&source)),
            ("time", data::text(&self.env.now.to_string())),
        ] {
            event.insert(data::text(name), value);
        }
        if given.contains_key(&data::text("data")) {
            event.insert(data::text("datacontenttype"), data::text("application/json"));
        }
        event.extend(given.iter().map(|(k, v)| (k.clone(), v.clone())));
        Ok(Val::obj(event))
    }

    /// What a `listen` listens for, expectations evaluated.
    pub(super) fn listening(
        &self,
        listener: &Listener,
        input: &Val,
        scope: &Scope<'_>,
    ) -> Result<Listen, Error> {
        let filters = listener.filters.iter().map(|f| filter(f, input, scope)).collect::<Result<_, _>>()?;
        Ok(Listen { mode: listener.mode, filters })
    }

    /// Takes an event; gives all that came once the listening is over.
    pub(super) fn consumed(&mut self, id: ActivationId, event: Val) -> Result<Option<Vec<Val>>, Error> {
        let Some(task) = self.state.task_mut(id) else { return Ok(None) };
        let Doing::Listen { listen, got } = &mut task.doing else { return Ok(None) };
        if listen.mode != ListenMode::All {
            return Ok(Some(vec![event]));
        }
        for (index, filter) in (0..).zip(&listen.filters) {
            if got.iter().any(|(met, _)| *met == index) || !filter.matches_data(&event)? {
                continue;
            }
            if !agrees(listen, got, filter, &event)? {
                continue;
            }
            got.push((index, Data(event)));
            let over = got.len() == listen.filters.len();
            return Ok(over.then(|| got.drain(..).map(|(_, e)| e.0).collect()));
        }
        Ok(None)
    }
}

/// Whether an event agrees with those that came before on the correlations that expect no value of their own.
fn agrees(listen: &Listen, got: &[(u32, Data)], filter: &EventFilter, event: &Val) -> Result<bool, Error> {
    for (name, correlation) in filter.correlate.iter().filter(|(_, c)| c.expect.is_none()) {
        let value = correlation.found(event)?;
        for (index, earlier) in got {
            let other = listen.filters.get(*index as usize).and_then(|f| f.correlate.get(name));
            if let Some(other) = other
                && other.found(&earlier.0)? != value
            {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn filter(filter: &Filter, input: &Val, scope: &Scope<'_>) -> Result<EventFilter, Error> {
    let mut with = IndexMap::with_capacity(filter.with.len());
    for (name, attribute) in &filter.with {
        let expected = match attribute {
            Attribute::Is(value) => Expected::Is(data::to_json(value)),
            Attribute::Holds(expression) => kept(expression, scope)?,
        };
        with.insert(name.clone(), expected);
    }
    let mut correlate = BTreeMap::new();
    for (name, correlation) in &filter.correlate {
        let expect = match &correlation.expect {
            None => None,
            Some(expect) => match expect.eval(input, scope)? {
                Val::Null => {
                    return Err(Error::expression(format!(
                        "correlation `{name}` expects null, which no event has"
                    )));
                }
                value => Some(data::to_json(&value)),
            },
        };
        correlate.insert(name.clone(), Correlation { from: correlation.from.text().to_owned(), expect });
    }
    Ok(EventFilter { with, correlate })
}

/// A predicate, with the values of the variables it uses.
fn kept(expression: &Expression, scope: &Scope<'_>) -> Result<Expected, Error> {
    let mut variables = BTreeMap::new();
    let mut text = expression.text().to_owned();
    for var in expression.vars() {
        let value = data::to_json(&scope.value(*var)?);
        let name = match var {
            // Names bound by tasks are numbered here; the text keeps its own by a binding in front.
            Var::Local(i) => {
                let name = format!("_{i}");
                text = format!("${name} as ${} | {text}", expression.local_name(*i));
                name
            }
            Var::Output | Var::Secrets => {
                return Err(Error::configuration("an event filter may use neither $secrets nor $output"));
            }
            other => BUILTIN.iter().find(|(_, v)| v == other).map_or(String::new(), |(n, _)| (*n).to_owned()),
        };
        variables.insert(name, value);
    }
    Ok(Expected::Holds { expression: text, variables })
}
