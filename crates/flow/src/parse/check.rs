//! Walking a definition's nodes and noting what is wrong with them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::Diagnostic;
use crate::source::{Kind, Member, Node};
use crate::suggest::nearest;
use crate::task::{ListId, Task, TaskId, Tasks};

/// A node and its JSON pointer.
#[derive(Clone)]
pub(super) struct At<'n> {
    pub(super) node: &'n Node,
    pub(super) pointer: String,
}

impl<'n> At<'n> {
    /// A field's value.
    pub(super) fn get(&self, key: &str) -> Option<At<'n>> {
        self.node.get(key).map(|node| self.child(node, key))
    }

    /// Every field, with its own place.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'n Member, At<'n>)> + use<'n, '_> {
        let members: &'n [Member] = match &self.node.kind {
            Kind::Map(members) => members,
            _ => &[],
        };
        members.iter().map(|m| (m, self.child(&m.value, &m.key)))
    }

    /// Every item of a list.
    pub(super) fn items(&self) -> impl Iterator<Item = At<'n>> + use<'n, '_> {
        let items: &'n [Node] = match &self.node.kind {
            Kind::List(items) => items,
            _ => &[],
        };
        items.iter().enumerate().map(|(i, node)| self.child(node, &i.to_string()))
    }

    fn child(&self, node: &'n Node, key: &str) -> At<'n> {
        let key = key.replace('~', "~0").replace('/', "~1");
        At { node, pointer: format!("{}/{key}", self.pointer) }
    }
}

/// The compilation of one definition.
pub(super) struct Check<'n> {
    file: &'n str,
    problems: Vec<Diagnostic>,
    /// What has been compiled.
    pub(super) tasks: Tasks,
    /// Names the surrounding tasks bind, outermost first.
    pub(super) locals: Vec<Arc<str>>,
    /// The node of `use`.
    pub(super) use_: Option<At<'n>>,
    /// Functions called that the definition does not define.
    pub(super) called: Vec<(String, u32, String)>,
    /// Retry policies of `use` that a `try` refers to.
    pub(super) retries_used: HashSet<String>,
    /// The root task of a function: its metadata is the definition's.
    pub(super) root_metadata: Option<String>,
    /// What is compiled undoes something.
    pub(super) undoing: bool,
}

impl<'n> Check<'n> {
    pub(super) fn new(file: &'n str, problems: Vec<Diagnostic>) -> Self {
        Self {
            file,
            problems,
            tasks: Tasks::default(),
            locals: Vec::new(),
            use_: None,
            called: Vec::new(),
            retries_used: HashSet::new(),
            root_metadata: None,
            undoing: false,
        }
    }

    pub(super) fn into_problems(self) -> Vec<Diagnostic> {
        self.problems
    }

    /// Notes a problem of a node.
    pub(super) fn problem(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.note(at.node.line, at.node.column, &at.pointer, message.into(), None);
    }

    /// Notes a problem of a node and what may be done about it.
    pub(super) fn problem_with_help(
        &mut self,
        at: &At<'_>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.note(at.node.line, at.node.column, &at.pointer, message.into(), help);
    }

    /// Notes a problem of a key.
    pub(super) fn problem_of_key(
        &mut self,
        member: &Member,
        at: &At<'_>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.note(member.line, member.column, &at.pointer, message.into(), help);
    }

    pub(super) fn note(
        &mut self,
        line: u32,
        column: u32,
        pointer: &str,
        message: String,
        help: Option<String>,
    ) {
        self.problems.push(Diagnostic {
            file: self.file.to_owned(),
            line,
            column,
            pointer: pointer.to_owned(),
            message,
            help,
        });
    }

    /// Notes that something else was expected; always gives `None`.
    pub(super) fn expected<T>(&mut self, at: &At<'_>, what: &str) -> Option<T> {
        let found = at.node.describe();
        self.problem(at, format!("expected {what}, found {found}"));
        None
    }

    /// An object with no fields but the known ones.
    pub(super) fn object(&mut self, at: &At<'_>, what: &str, known: &[&str]) -> Option<()> {
        let Kind::Map(_) = at.node.kind else { return self.expected(at, &format!("an object, {what}")) };
        for (member, field) in at.members() {
            if !known.contains(&member.key.as_str()) {
                let help = nearest(&member.key, known.iter().copied())
                    .or_else(|| Some(format!("known here: {}", known.join(", "))));
                self.problem_of_key(member, &field, format!("{what} has no `{}`", member.key), help);
            }
        }
        Some(())
    }

    /// A field that has to be there.
    pub(super) fn required<'a>(&mut self, at: &At<'a>, what: &str, key: &str) -> Option<At<'a>> {
        let found = at.get(key);
        if found.is_none() && matches!(at.node.kind, Kind::Map(_)) {
            self.problem(at, format!("{what} needs `{key}`"));
        }
        found
    }

    pub(super) fn text<'a>(&mut self, at: &At<'a>) -> Option<&'a str> {
        match at.node.as_text() {
            Some(text) => Some(text),
            None => {
                let help = matches!(at.node.kind, Kind::Number(_) | Kind::Bool(_) | Kind::Null)
                    .then(|| "put it in quotes".to_owned());
                let found = at.node.describe();
                self.problem_with_help(at, format!("expected a string, found {found}"), help);
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, at: &At<'_>) -> Option<bool> {
        match at.node.kind {
            Kind::Bool(b) => Some(b),
            _ => self.expected(at, "true or false"),
        }
    }

    pub(super) fn whole(&mut self, at: &At<'_>) -> Option<u64> {
        match &at.node.kind {
            Kind::Number(n) if n.as_u64().is_some() => n.as_u64(),
            _ => self.expected(at, "a whole number"),
        }
    }

    /// One word of a few.
    pub(super) fn word<T: Copy>(&mut self, at: &At<'_>, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(at)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
        let help = nearest(text, known.iter().copied());
        self.problem_with_help(at, format!("expected one of {}, found `{text}`", known.join(", ")), help);
        None
    }

    /// Notes something of the DSL that this release does not run; always gives `None`.
    pub(super) fn unsupported<T>(&mut self, at: &At<'_>, what: &str) -> Option<T> {
        self.problem(at, format!("{what} is not supported in this release"));
        None
    }

    pub(super) fn add_list(&mut self, tasks: Vec<TaskId>) -> ListId {
        self.tasks.lists.push(tasks);
        ListId(u32::try_from(self.tasks.lists.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) fn add_task(&mut self, task: Task) -> TaskId {
        self.tasks.tasks.push(task);
        TaskId(u32::try_from(self.tasks.tasks.len() - 1).unwrap_or(u32::MAX))
    }

    /// Runs `f` with names bound for the tasks inside.
    pub(super) fn with_locals<T>(&mut self, names: Vec<Arc<str>>, f: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.locals.len();
        self.locals.extend(names);
        let result = f(self);
        self.locals.truncate(before);
        result
    }

    /// A reusable component: `use.<kind>.<name>`.
    pub(super) fn reusable(&mut self, at: &At<'_>, kind: &str, name: &str) -> Option<At<'n>> {
        let components = self.use_.as_ref().and_then(|u| u.get(kind));
        let found = components.as_ref().and_then(|c| c.get(name));
        if found.is_none() {
            let known: Vec<&str> =
                components.iter().flat_map(|c| c.members().map(|(m, _)| m.key.as_str())).collect();
            let help = nearest(name, known.iter().copied())
                .or_else(|| known.is_empty().then(|| format!("there is no use.{kind}")));
            self.problem_with_help(at, format!("no `{name}` in use.{kind}"), help);
        }
        found
    }
}
