//! The variables of expressions: `$context`, `$input`, `$output`, `$task`, `$workflow`, `$runtime`, `$secrets`, and the
//! names tasks bind. Each is made only for an expression that mentions it.

use jaq_json::{Map, Val};
use jiff::Timestamp;

use crate::data::{self, Data};
use crate::expression::{Bindings, Var};
use crate::task::Task;
use crate::{Definition, Env, Error};

/// What expressions of a task see.
pub(super) struct Scope<'a> {
    pub(super) definition: &'a Definition,
    pub(super) env: &'a Env<'a>,
    pub(super) context: &'a Val,
    pub(super) run_input: &'a Val,
    pub(super) vars: &'a [Data],
    /// A caught error, bound after the other names.
    pub(super) error: Option<&'a Val>,
    pub(super) task: &'a Task,
    pub(super) raw: &'a Val,
    pub(super) input: &'a Val,
    pub(super) output: Option<&'a Val>,
    pub(super) since: Timestamp,
}

impl Bindings for Scope<'_> {
    fn value(&self, var: Var) -> Result<Val, Error> {
        Ok(match var {
            Var::Context => self.context.clone(),
            Var::Input => self.input.clone(),
            Var::Output => self.output.cloned().unwrap_or_default(),
            Var::Task => data::object([
                ("name", data::text(&self.task.name)),
                ("reference", data::text(&self.task.pointer)),
                ("definition", self.task.definition.clone()),
                ("input", self.raw.clone()),
                ("output", self.output.cloned().unwrap_or_default()),
                ("startedAt", instant(self.since)),
            ]),
            Var::Workflow => workflow(self.definition, self.env, self.run_input),
            Var::Runtime => runtime(),
            Var::Secrets => secrets(self.definition, self.env)?,
            Var::Local(i) => match self.vars.get(i) {
                Some(value) => value.0.clone(),
                None => self.error.cloned().unwrap_or_default(),
            },
        })
    }

    fn field(&self, var: Var, name: &str) -> Option<Val> {
        match (var, name) {
            (Var::Workflow, "input") => Some(self.run_input.clone()),
            (Var::Workflow, "id") => Some(data::text(self.env.run_id)),
            (Var::Task, "name") => Some(data::text(&self.task.name)),
            _ => None,
        }
    }

    fn now(&self) -> Timestamp {
        self.env.now
    }
}

/// What expressions outside any task see: those of the run as a whole and of its metadata.
pub(crate) struct Outside<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) env: &'a Env<'a>,
    pub(crate) input: &'a Val,
    /// The run's context, once it has one.
    pub(crate) context: Option<&'a Val>,
}

impl Bindings for Outside<'_> {
    fn value(&self, var: Var) -> Result<Val, Error> {
        Ok(match var {
            Var::Input => self.input.clone(),
            Var::Workflow => workflow(self.definition, self.env, self.input),
            Var::Runtime => runtime(),
            Var::Secrets => secrets(self.definition, self.env)?,
            Var::Context => self.context.cloned().unwrap_or_default(),
            Var::Output | Var::Task | Var::Local(_) => Val::Null,
        })
    }

    fn now(&self) -> Timestamp {
        self.env.now
    }
}

fn workflow(definition: &Definition, env: &Env<'_>, input: &Val) -> Val {
    data::object([
        ("id", data::text(env.run_id)),
        ("definition", definition.document.clone()),
        ("input", input.clone()),
        ("startedAt", instant(env.started_at)),
    ])
}

fn runtime() -> Val {
    data::object([
        ("name", data::text("throughline")),
        ("version", data::text(env!("CARGO_PKG_VERSION"))),
        ("metadata", Val::obj(Map::default())),
    ])
}

fn instant(at: Timestamp) -> Val {
    let number = |n: i64| isize::try_from(n).map_or(Val::Null, Val::from);
    let epoch =
        data::object([("seconds", number(at.as_second())), ("milliseconds", number(at.as_millisecond()))]);
    data::object([("iso8601", data::text(&at.to_string())), ("epoch", epoch)])
}

fn secrets(definition: &Definition, env: &Env<'_>) -> Result<Val, Error> {
    let mut map = Map::default();
    for name in &definition.tasks.secrets {
        let value = (env.secrets)(name).ok_or_else(|| {
            Error::configuration(format!("secret {name:?} is declared, but has no value here"))
        })?;
        map.insert(data::text(name), data::from_json(&value));
    }
    Ok(Val::obj(map))
}
