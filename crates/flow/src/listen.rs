//! Event filters and correlation: decidable by whoever has the event, without the run.
//!
//! A filter leaves the machine as plain data: what depended on the run (expected values, variables that a predicate
//! uses) has been evaluated. `correlate.from` is evaluated on the event as a whole (`.data.contractId`, `.subject`), `with`
//! predicates on the attribute they stand for.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use indexmap::IndexMap;
use jaq_json::Val;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::expression::{Bindings, Expression, Var};
use crate::{Error, data};

/// Which events a task waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listen {
    /// How many of the filters have to be met.
    pub mode: ListenMode,
    /// The filters.
    pub filters: Vec<EventFilter>,
}

/// How many filters have to be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ListenMode {
    /// The only one.
    One,
    /// Any one.
    Any,
    /// Each, by one event.
    All,
}

/// What a task or flow sees of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ReadAs {
    #[default]
    Data,
    Envelope,
    Raw,
}

impl ReadAs {
    pub(crate) fn read(self, event: &Val) -> Val {
        let part = |name| data::field(event, name).cloned();
        match self {
            Self::Envelope => event.clone(),
            Self::Data => part("data").unwrap_or_default(),
            Self::Raw => part("data_base64").or_else(|| part("data")).unwrap_or_default(),
        }
    }
}

/// Which events are meant, and how they are correlated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventFilter {
    /// By attribute.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) with: IndexMap<String, Expected>,
    /// By name of the correlation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) correlate: BTreeMap<String, Correlation>,
}

/// What an attribute has to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Expected {
    /// Equal; of an object, what is given has to be equal.
    Is(Value),
    /// A predicate on the attribute, with the variables it uses.
    Holds { expression: String, variables: BTreeMap<String, Value> },
}

/// A part of an event and the value it has to have; without one, it only has to be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Correlation {
    pub(crate) from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expect: Option<Value>,
}

impl EventFilter {
    /// The event type, when the filter names one.
    pub fn event_type(&self) -> Option<&str> {
        match self.with.get("type") {
            Some(Expected::Is(Value::String(name))) => Some(name),
            _ => None,
        }
    }

    /// Whether an event meets the filter and its correlation.
    ///
    /// # Errors
    /// When an expression of the filter fails on the event.
    pub fn matches(&self, event: &Value) -> Result<bool, Error> {
        self.matches_data(&data::from_json(event))
    }

    pub(crate) fn matches_data(&self, event: &Val) -> Result<bool, Error> {
        for (name, expected) in &self.with {
            let attribute = data::field(event, name).cloned().unwrap_or_default();
            let meets = match expected {
                Expected::Is(value) => includes(&attribute, &data::from_json(value)),
                Expected::Holds { expression, variables } => holds(expression, variables, &attribute)?,
            };
            if !meets {
                return Ok(false);
            }
        }
        for correlation in self.correlate.values() {
            let found = correlation.found(event)?;
            let meets = match &correlation.expect {
                Some(expect) => found == data::from_json(expect),
                None => !matches!(found, Val::Null),
            };
            if !meets {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Names the way a correlation key is made of an event; waits of one shape can be looked up by key. Empty when the
    /// filter has no correlation with an expected value.
    pub fn correlation_shape(&self) -> String {
        let from: Vec<&str> = self.expecting().map(|(from, _)| from).collect();
        if from.is_empty() { String::new() } else { Value::from(from).to_string() }
    }

    /// The key of an event under a shape; `None` when the event lacks a part of it.
    ///
    /// # Errors
    /// When an expression of the shape fails on the event.
    pub fn key_of(shape: &str, event: &Value) -> Result<Option<String>, Error> {
        if shape.is_empty() {
            return Ok(None);
        }
        let from: Vec<String> = serde_json::from_str(shape)
            .map_err(|e| Error::configuration(format!("{shape:?} is not a correlation shape: {e}")))?;
        let event = data::from_json(event);
        let mut key = Vec::with_capacity(from.len());
        for from in &from {
            match cached(from, &[])?.eval(&event, &Alone(&BTreeMap::new()))? {
                Val::Null => return Ok(None),
                part => key.push(data::to_json(&part)),
            }
        }
        Ok(Some(Value::Array(key).to_string()))
    }

    /// The key that is waited for; `None` when the filter has no correlation with an expected value.
    pub fn expected_key(&self) -> Option<String> {
        let key: Vec<Value> =
            self.expecting().map(|(_, expect)| data::to_json(&data::from_json(expect))).collect();
        (!key.is_empty()).then(|| Value::Array(key).to_string())
    }

    fn expecting(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.correlate.values().filter_map(|c| Some((c.from.as_str(), c.expect.as_ref()?)))
    }
}

impl Correlation {
    /// The correlated part of an event.
    pub(crate) fn found(&self, event: &Val) -> Result<Val, Error> {
        cached(&self.from, &[])?.eval(event, &Alone(&BTreeMap::new()))
    }
}

/// Whether a value equals another, or has the fields another has.
fn includes(value: &Val, expected: &Val) -> bool {
    match (value, expected) {
        (Val::Obj(fields), Val::Obj(expected)) => {
            expected.iter().all(|(k, e)| fields.get(k).is_some_and(|v| includes(v, e)))
        }
        _ => value == expected,
    }
}

/// A predicate that gives no truth value is compared with the attribute.
fn holds(text: &str, variables: &BTreeMap<String, Value>, attribute: &Val) -> Result<bool, Error> {
    let locals: Vec<Arc<str>> = locals(variables).map(Arc::from).collect();
    Ok(match cached(text, &locals)?.eval(attribute, &Alone(variables))? {
        Val::Bool(holds) => holds,
        Val::Null => false,
        value => value == *attribute,
    })
}

fn locals(variables: &BTreeMap<String, Value>) -> impl Iterator<Item = &str> {
    variables.keys().map(String::as_str).filter(|name| builtin(name).is_none())
}

/// The built-in variables a predicate may keep a value of.
pub(crate) const BUILTIN: [(&str, Var); 5] = [
    ("context", Var::Context),
    ("input", Var::Input),
    ("task", Var::Task),
    ("workflow", Var::Workflow),
    ("runtime", Var::Runtime),
];

fn builtin(name: &str) -> Option<Var> {
    BUILTIN.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
}

/// The variables of an expression that is evaluated away from its run.
struct Alone<'a>(&'a BTreeMap<String, Value>);

impl Bindings for Alone<'_> {
    fn value(&self, var: Var) -> Result<Val, Error> {
        let name = match var {
            Var::Local(i) => locals(self.0).nth(i),
            other => BUILTIN.iter().find(|(_, v)| *v == other).map(|(n, _)| *n),
        };
        Ok(name.and_then(|n| self.0.get(n)).map(data::from_json).unwrap_or_default())
    }

    /// A filter must give the same answer whenever it is asked.
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// Compiled expressions of filters, which leave their definitions as text.
type Cache = RwLock<HashMap<(String, Vec<Arc<str>>), Arc<Expression>>>;

/// Expressions kept compiled; when there are more, all are dropped and compiled again on demand.
const CACHED_MAX: usize = 4_096;

static CACHE: LazyLock<Cache> = LazyLock::new(Cache::default);

fn cached(text: &str, locals: &[Arc<str>]) -> Result<Arc<Expression>, Error> {
    let key = (text.to_owned(), locals.to_vec());
    if let Some(found) = CACHE.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(Arc::clone(found));
    }
    let compiled = Expression::compile(text, locals)
        .map_err(|refused| Error::expression(format!("{}, in ${{ {text} }}", refused.message)))?;
    let compiled = Arc::new(compiled);
    let mut cache = CACHE.write().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= CACHED_MAX {
        cache.clear();
    }
    cache.insert(key, Arc::clone(&compiled));
    Ok(compiled)
}
