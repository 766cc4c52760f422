//! `metadata.compensate` of a task and `metadata.onFault` of a document.

use super::check::{At, Check};
use crate::expression::{Template, strip};
use crate::source::Kind as NodeKind;
use crate::task::ListId;
use crate::undo::{FaultRule, ON_FAULT};
use jaq_json::Val;

/// The field of a task's metadata that names its undo.
const COMPENSATE: &str = "compensate";
/// The name under which an undo sees what it undoes: `{input, output, outcome}`.
const ACTION: &str = "action";
/// Kinds of task that leave nothing behind.
const HARMLESS: [&str; 4] = ["set", "switch", "raise", "wait"];

impl Check<'_> {
    /// A task's undo: a task, or a list of tasks.
    pub(super) fn undo(&mut self, task: &At<'_>, kind: &str) -> Option<Option<ListId>> {
        let Some(at) = task.get("metadata").and_then(|m| m.get(COMPENSATE)) else { return Some(None) };
        if self.root_metadata.is_some() {
            self.problem(&at, "a function has no undo of its own; the flow that calls it names one");
            return None;
        }
        if self.undoing {
            self.problem(
                &at,
                "an undo has no undo of its own; it is tried again until it succeeds or a person decides",
            );
            return None;
        }
        if HARMLESS.contains(&kind) {
            self.problem(&at, format!("a `{kind}` task leaves nothing behind that could be undone"));
            return None;
        }
        self.undoing = true;
        let list = self.with_locals(vec![ACTION.into()], |check| match &at.node.kind {
            NodeKind::Map(_) => check.single(COMPENSATE, &at),
            NodeKind::List(tasks) if !tasks.is_empty() => check.list(&at),
            _ => check.expected(
                &at,
                "a task that undoes this one ({call: .., with: {..}}), or a list of named tasks",
            ),
        });
        self.undoing = false;
        self.tasks.undoes = true;
        list.map(Some)
    }

    /// A task's metadata but for its undo, which is not a value.
    pub(super) fn metadata(&mut self, parent: &At<'_>) -> Template {
        let Some(at) = parent.get("metadata") else { return Template::Fixed(Val::Null) };
        if !matches!(at.node.kind, NodeKind::Map(_)) {
            let _: Option<()> = self.expected(&at, "an object");
            return Template::Fixed(Val::Null);
        }
        let fields: Vec<_> = at
            .members()
            .filter(|(m, _)| m.key != COMPENSATE)
            .map(|(m, field)| Some((crate::data::text(&m.key), self.template(&field)?)))
            .collect();
        if fields.is_empty() && at.get(COMPENSATE).is_some() {
            return Template::Fixed(Val::Null);
        }
        let fields: Option<Vec<_>> = fields.into_iter().collect();
        fields.map_or(Template::Fixed(Val::Null), Template::object)
    }

    /// What becomes of what a run has done when it faults.
    pub(super) fn on_fault(&mut self, document: &At<'_>) -> FaultRule {
        let Some(at) = document.get("metadata").and_then(|m| m.get("onFault")) else {
            return FaultRule::default();
        };
        if at.node.as_text().is_some_and(|text| strip(text).is_some()) {
            let compiled = self.with_locals(vec!["error".into()], |check| check.expression(&at));
            return compiled.map_or_else(FaultRule::default, FaultRule::Expression);
        }
        self.word(&at, &ON_FAULT).map_or_else(FaultRule::default, FaultRule::Fixed)
    }
}
