//! Lists of tasks, and what all tasks have in common.

use std::collections::HashMap;

use jaq_json::Val;

use super::check::{At, Check};
use crate::data;
use crate::expression::Template;
use crate::source::Kind as NodeKind;
use crate::suggest::nearest;
use crate::task::{Kind, ListId, Task, TaskId, Then};

/// Fields every task may have.
const BASE: [&str; 7] = ["if", "input", "output", "export", "timeout", "then", "metadata"];

/// The kinds of task: the field that makes a task one of it, and its other fields. Of two that fit, the first is meant.
const KINDS: [(&str, &[&str]); 12] = [
    ("for", &["for", "while", "do"]),
    ("listen", &["listen", "foreach"]),
    ("try", &["try", "catch"]),
    ("call", &["call", "with"]),
    ("emit", &["emit"]),
    ("fork", &["fork"]),
    ("raise", &["raise"]),
    ("run", &["run"]),
    ("set", &["set"]),
    ("switch", &["switch"]),
    ("wait", &["wait"]),
    ("do", &["do"]),
];

/// Names of the tasks of a list, and their places.
pub(super) type Siblings = HashMap<String, u32>;

impl Check<'_> {
    /// A list of named tasks.
    pub(super) fn list(&mut self, at: &At<'_>) -> Option<ListId> {
        let entries = self.entries(at)?;
        let siblings = names(&entries);
        let tasks: Vec<Option<TaskId>> =
            entries.iter().map(|(name, task)| self.task(name, task, &siblings)).collect();
        let tasks = tasks.into_iter().collect::<Option<_>>()?;
        Some(self.add_list(tasks))
    }

    /// The branches of a fork: each a list of its own.
    pub(super) fn branches(&mut self, at: &At<'_>) -> Option<Vec<ListId>> {
        let entries = self.entries(at)?;
        if entries.is_empty() {
            return self.expected(at, "at least one branch");
        }
        let branches: Vec<Option<ListId>> =
            entries.iter().map(|(name, task)| self.single(name, task)).collect();
        branches.into_iter().collect()
    }

    /// A list of one task.
    pub(super) fn single(&mut self, name: &str, at: &At<'_>) -> Option<ListId> {
        let siblings = Siblings::from([(name.to_owned(), 0)]);
        let task = self.task(name, at, &siblings)?;
        Some(self.add_list(vec![task]))
    }

    /// The entries of a list: objects of one field each.
    pub(super) fn entries<'a>(&mut self, at: &At<'a>) -> Option<Vec<(&'a str, At<'a>)>> {
        let NodeKind::List(_) = at.node.kind else {
            return self.expected(at, "a list of named tasks (- name: {..})");
        };
        let mut entries: Vec<(&'a str, At<'a>)> = Vec::new();
        for item in at.items() {
            let mut members = item.members();
            match (members.next(), members.next()) {
                (Some((member, task)), None) => {
                    if entries.iter().any(|(name, _)| *name == member.key) {
                        let message = format!("two entries of this list are named `{}`", member.key);
                        self.problem_of_key(member, &task, message, None);
                    }
                    entries.push((&member.key, task));
                }
                (Some(_), Some((second, place))) => {
                    let message = format!("an entry has one name; `{}` is a second", second.key);
                    let help = Some("begin it with `- ` if it is an entry of its own, or indent it if it belongs to the first".to_owned());
                    self.problem_of_key(second, &place, message, help);
                }
                (None, _) => {
                    let _: Option<()> = self.expected(&item, "an object of one field, the name");
                }
            }
        }
        Some(entries)
    }

    fn task(&mut self, name: &str, at: &At<'_>, siblings: &Siblings) -> Option<TaskId> {
        let NodeKind::Map(members) = &at.node.kind else { return self.expected(at, "a task") };
        let Some((kind, fields)) = KINDS.iter().find(|(kind, _)| members.iter().any(|m| m.key == *kind))
        else {
            let known = || KINDS.iter().map(|(kind, _)| *kind);
            let help = members
                .iter()
                .filter(|m| !BASE.contains(&m.key.as_str()))
                .find_map(|m| nearest(&m.key, known()));
            let kinds: Vec<&str> = known().collect();
            self.problem_with_help(
                at,
                format!("task `{name}` does nothing: it needs one of {}", kinds.join(", ")),
                help,
            );
            return None;
        };
        let known: Vec<&str> = fields.iter().chain(&BASE).copied().collect();
        self.object(at, &format!("a `{kind}` task"), &known)?;
        let condition = at.get("if").and_then(|c| self.expression(&c));
        let input = self.shape(at, "input", "from");
        let output = self.shape(at, "output", "as");
        let export = self.shape(at, "export", "as");
        let timeout = self.timeout(at);
        let then = at.get("then").map(|t| self.then(&t, siblings)).unwrap_or_default();
        let metadata = if self.root_metadata.as_deref() == Some(&at.pointer) {
            Template::Fixed(Val::Null)
        } else {
            self.metadata(at)
        };
        let undo = self.undo(at, kind);
        let kind = self.kind(kind, at, siblings)?;
        let undo = undo?;
        Some(self.add_task(Task {
            name: name.into(),
            pointer: at.pointer.as_str().into(),
            definition: data::from_json(&at.node.to_json()),
            condition,
            input,
            output,
            export,
            timeout,
            then,
            metadata,
            undo,
            kind,
        }))
    }

    fn kind(&mut self, kind: &str, at: &At<'_>, siblings: &Siblings) -> Option<Kind> {
        let body = at.get(kind)?;
        match kind {
            "do" => self.list(&body).map(Kind::Do),
            "call" => self.call(at, &body),
            "set" => match &body.node.kind {
                NodeKind::Map(fields) if !fields.is_empty() => self.template(&body).map(Kind::Set),
                NodeKind::Text(_) => self.text_expression(&body).map(Kind::Set),
                _ => self.expected(&body, "an object of at least one field, or an expression"),
            },
            "switch" => self.switch(&body, siblings),
            "for" => self.for_(at, &body),
            "fork" => self.fork(&body),
            "try" => self.try_(at, &body, siblings),
            "raise" => self.raise(&body),
            "emit" => self.emit(&body),
            "wait" => self.duration(&body).map(Kind::Wait),
            "listen" => self.listen(at, &body),
            _ => self.unsupported(&body, &format!("a `{kind}` task")),
        }
    }

    fn text_expression(&mut self, at: &At<'_>) -> Option<Template> {
        match self.template(at)? {
            Template::Fixed(_) => self.expected(at, "an object or an expression (${ .. })"),
            template => Some(template),
        }
    }

    /// A flow directive.
    pub(super) fn then(&mut self, at: &At<'_>, siblings: &Siblings) -> Then {
        match self.text(at) {
            None | Some("continue") => Then::Continue,
            Some("exit") => Then::Exit,
            Some("end") if self.undoing => {
                self.problem(at, "an undo can't end the run; `exit` ends the undo");
                Then::Exit
            }
            Some("end") => Then::End,
            Some(name) => match siblings.get(name) {
                Some(&place) => Then::Task(place),
                None => {
                    let help =
                        nearest(name, siblings.keys().map(String::as_str).chain(["continue", "exit", "end"]))
                            .or_else(|| {
                                Some(
                                    "`then` names a task of the same list, or is continue, exit or end"
                                        .to_owned(),
                                )
                            });
                    self.problem_with_help(at, format!("no task of this list is named `{name}`"), help);
                    Then::Continue
                }
            },
        }
    }
}

/// Names of a list's entries, and their places.
pub(super) fn names(entries: &[(&str, At<'_>)]) -> Siblings {
    (0..).zip(entries).map(|(place, (name, _))| ((*name).to_owned(), place)).collect()
}
