//! Compiled tasks. Lists and tasks live in two arenas, so that a state can name them by number.

use std::collections::BTreeMap;
use std::sync::Arc;

use jaq_json::Val;

use crate::HttpOutput;
use crate::duration::Duration;
use crate::expression::{Expression, Template};
use crate::listen::{ListenMode, ReadAs};
use crate::schema::Schema;

/// A task's place in [`Tasks::tasks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskId(pub(crate) u32);

/// A list's place in [`Tasks::lists`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListId(pub(crate) u32);

/// Every task of a definition.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    pub(crate) tasks: Vec<Task>,
    /// Tasks that run one after the other.
    pub(crate) lists: Vec<Vec<TaskId>>,
    /// `use.functions`: each a list of one task.
    pub(crate) functions: BTreeMap<String, ListId>,
    /// `use.secrets`.
    pub(crate) secrets: Vec<String>,
    /// Some task has an undo.
    pub(crate) undoes: bool,
}

impl Tasks {
    pub(crate) fn task(&self, id: TaskId) -> &Task {
        &self.tasks[id.0 as usize]
    }

    pub(crate) fn list(&self, id: ListId) -> &[TaskId] {
        &self.lists[id.0 as usize]
    }
}

/// One task.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) name: Arc<str>,
    /// JSON pointer.
    pub(crate) pointer: Arc<str>,
    /// As written, for `$task.definition`.
    pub(crate) definition: Val,
    pub(crate) condition: Option<Expression>,
    pub(crate) input: Shape,
    pub(crate) output: Shape,
    pub(crate) export: Shape,
    pub(crate) timeout: Option<Duration>,
    pub(crate) then: Then,
    pub(crate) metadata: Template,
    /// `metadata.compensate`: the tasks that undo it.
    pub(crate) undo: Option<ListId>,
    pub(crate) kind: Kind,
}

/// `input`, `output` or `export`: a schema, and how the data are made.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) schema: Option<Schema>,
    /// `from` or `as`.
    pub(crate) make: Option<Template>,
}

/// Where to go next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Then {
    /// The next task of the list.
    #[default]
    Continue,
    /// Out of the list.
    Exit,
    /// End the run.
    End,
    /// A task of the same list.
    Task(u32),
}

/// What a task does.
#[derive(Debug)]
pub(crate) enum Kind {
    Do(ListId),
    Http(Box<Http>),
    /// A function of the surroundings.
    Function {
        name: String,
        with: Template,
    },
    /// A function of `use.functions`.
    Local {
        list: ListId,
        with: Option<Template>,
    },
    Set(Template),
    Switch(Vec<Case>),
    For(Box<For>),
    Fork {
        branches: Vec<ListId>,
        compete: bool,
    },
    Try(Box<Try>),
    Raise(Box<Raised>),
    Emit(Template),
    Wait(Duration),
    Listen(Box<Listener>),
}

/// `call: http`.
#[derive(Debug)]
pub(crate) struct Http {
    pub(crate) method: String,
    pub(crate) uri: Uri,
    pub(crate) headers: Template,
    pub(crate) query: Template,
    pub(crate) body: Option<Template>,
    pub(crate) authentication: Option<Template>,
    pub(crate) output: HttpOutput,
    pub(crate) redirect: bool,
}

/// An endpoint's URI.
#[derive(Debug)]
pub(crate) enum Uri {
    Expression(Expression),
    Template(Vec<UriPart>),
}

/// A part of a URI template.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UriPart {
    Text(String),
    /// `{name}`: a top-level field of the task's input.
    Field(String),
}

/// A case of a switch; without a condition it always matches.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) when: Option<Expression>,
    pub(crate) then: Then,
}

/// `for`.
#[derive(Debug)]
pub(crate) struct For {
    pub(crate) items: Template,
    pub(crate) while_: Option<Expression>,
    pub(crate) body: ListId,
}

/// `try`.
#[derive(Debug)]
pub(crate) struct Try {
    pub(crate) body: ListId,
    pub(crate) filter: ErrorFilter,
    pub(crate) when: Option<Expression>,
    pub(crate) except_when: Option<Expression>,
    pub(crate) retry: Option<Retry>,
    pub(crate) handler: Option<ListId>,
    pub(crate) then: Option<Then>,
}

/// `catch.errors.with`: what is given has to be equal.
#[derive(Debug, Default)]
pub(crate) struct ErrorFilter {
    pub(crate) type_: Option<String>,
    pub(crate) status: Option<u64>,
    pub(crate) title: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) instance: Option<String>,
}

/// A retry policy.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    pub(crate) when: Option<Expression>,
    pub(crate) except_when: Option<Expression>,
    pub(crate) delay: Option<Duration>,
    pub(crate) backoff: Backoff,
    /// Retries after the first attempt.
    pub(crate) count: Option<u64>,
    /// How long one attempt may take.
    pub(crate) attempt: Option<Duration>,
    /// How long all attempts together may take.
    pub(crate) total: Option<Duration>,
    pub(crate) jitter: Option<(Duration, Duration)>,
}

/// How the delay grows from one retry to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Backoff {
    #[default]
    Constant,
    Linear,
    Exponential,
}

/// The error a `raise` raises.
#[derive(Debug)]
pub(crate) struct Raised {
    pub(crate) type_: Template,
    pub(crate) status: u16,
    pub(crate) title: Option<Template>,
    pub(crate) detail: Option<Template>,
    pub(crate) instance: Option<Template>,
}

/// `listen`.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) mode: ListenMode,
    pub(crate) filters: Vec<Filter>,
    pub(crate) read: ReadAs,
}

/// An event filter before its expectations are known.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) with: Vec<(String, Attribute)>,
    pub(crate) correlate: Vec<(String, Correlate)>,
}

/// What an attribute of an event has to be.
#[derive(Debug)]
pub(crate) enum Attribute {
    /// Equal to this.
    Is(Val),
    /// Such that this holds.
    Holds(Expression),
}

/// A correlation: what is read from the event, and what it has to be.
#[derive(Debug)]
pub(crate) struct Correlate {
    pub(crate) from: Expression,
    pub(crate) expect: Option<Template>,
}
