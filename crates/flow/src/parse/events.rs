//! `emit`, `listen` and the events that start a flow.

use super::check::{At, Check};
use crate::data;
use crate::expression::Template;
use crate::listen::{ListenMode, ReadAs};
use crate::source::Kind as NodeKind;
use crate::task::{Attribute, Correlate, Filter, Kind, Listener};

/// Attributes whose values are strings.
const TEXTS: [&str; 7] = ["id", "source", "type", "time", "subject", "datacontenttype", "dataschema"];

impl Check<'_> {
    pub(super) fn emit(&mut self, body: &At<'_>) -> Option<Kind> {
        self.object(body, "`emit`", &["event"])?;
        let event = self.required(body, "`emit`", "event")?;
        self.object(&event, "an event", &["with"])?;
        let with = self.required(&event, "an event", "with")?;
        if !matches!(with.node.kind, NodeKind::Map(_)) {
            return self.expected(&with, "an object, the event's attributes");
        }
        self.required(&with, "an event", "type");
        self.attribute_names(&with);
        self.template(&with).map(Kind::Emit)
    }

    /// CloudEvents attribute names are lower-case letters and digits.
    fn attribute_names(&mut self, at: &At<'_>) {
        for (member, value) in at.members() {
            if member.key.is_empty()
                || !member.key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            {
                let message = format!(
                    "`{}` can't be an attribute: CloudEvents names are lower-case letters and digits",
                    member.key
                );
                self.problem_of_key(member, &value, message, None);
            }
            if TEXTS.contains(&member.key.as_str()) {
                self.text(&value);
            }
        }
    }

    pub(super) fn listen(&mut self, at: &At<'_>, body: &At<'_>) -> Option<Kind> {
        if let Some(foreach) = at.get("foreach") {
            return self.unsupported(&foreach, "`foreach` of a `listen` task");
        }
        self.object(body, "`listen`", &["to", "read"])?;
        let read = body.get("read").map(|r| self.read_as(&r)).unwrap_or(Some(ReadAs::Data));
        let to = self.required(body, "`listen`", "to").and_then(|t| self.strategy(&t));
        let (mode, filters) = to?;
        Some(Kind::Listen(Box::new(Listener { mode, filters, read: read? })))
    }

    pub(super) fn read_as(&mut self, at: &At<'_>) -> Option<ReadAs> {
        self.word(at, &[("data", ReadAs::Data), ("envelope", ReadAs::Envelope), ("raw", ReadAs::Raw)])
    }

    /// `one`, `any` or `all`.
    pub(super) fn strategy(&mut self, at: &At<'_>) -> Option<(ListenMode, Vec<Filter>)> {
        self.object(at, "an event strategy", &["one", "any", "all", "until"])?;
        if let Some(until) = at.get("until") {
            return self.unsupported(&until, "`until` of an event strategy");
        }
        let mut given = at.members();
        let (Some((member, body)), None) = (given.next(), given.next()) else {
            return self.expected(at, "exactly one of one, any, all");
        };
        let mode = match member.key.as_str() {
            "one" => return Some((ListenMode::One, vec![self.filter(&body)?])),
            "any" => ListenMode::Any,
            "all" => ListenMode::All,
            _ => return None,
        };
        let NodeKind::List(items) = &body.node.kind else {
            return self.expected(&body, "a list of event filters");
        };
        if items.is_empty() {
            return self.expected(&body, "at least one event filter");
        }
        let filters: Vec<Option<Filter>> = body.items().map(|item| self.filter(&item)).collect();
        Some((mode, filters.into_iter().collect::<Option<_>>()?))
    }

    fn filter(&mut self, at: &At<'_>) -> Option<Filter> {
        self.object(at, "an event filter", &["with", "correlate"])?;
        let with = self.required(at, "an event filter", "with")?;
        match &with.node.kind {
            NodeKind::Map(attributes) if !attributes.is_empty() => self.attribute_names(&with),
            _ => return self.expected(&with, "an object of at least one attribute"),
        }
        let attributes: Vec<Option<(String, Attribute)>> = with
            .members()
            .map(|(member, value)| {
                let attribute = match self.template(&value)? {
                    Template::Fixed(value) => Attribute::Is(value),
                    Template::Expression(expression) => Attribute::Holds(expression),
                    _ => return self.expected(&value, "a value or one expression"),
                };
                Some((member.key.clone(), attribute))
            })
            .collect();
        let correlate = at.get("correlate").map(|c| self.correlate(&c)).unwrap_or_else(|| Some(Vec::new()));
        Some(Filter { with: attributes.into_iter().collect::<Option<_>>()?, correlate: correlate? })
    }

    fn correlate(&mut self, at: &At<'_>) -> Option<Vec<(String, Correlate)>> {
        if !matches!(at.node.kind, NodeKind::Map(_)) {
            return self.expected(at, "an object of correlations by name");
        }
        let correlations: Vec<Option<(String, Correlate)>> = at
            .members()
            .map(|(member, body)| {
                self.object(&body, "a correlation", &["from", "expect"])?;
                let from = self.required(&body, "a correlation", "from").and_then(|f| self.expression(&f))?;
                if !from.vars().is_empty() {
                    let from = body.get("from")?;
                    self.problem(
                        &from,
                        "`from` is evaluated on the event alone; a variable has no value there",
                    );
                    return None;
                }
                let expect = match body.get("expect") {
                    Some(expect) => Some(self.text_template(&expect)?),
                    None => None,
                };
                Some((member.key.clone(), Correlate { from, expect }))
            })
            .collect();
        let mut correlations: Vec<_> = correlations.into_iter().collect::<Option<_>>()?;
        correlations.sort_by(|(a, _), (b, _)| a.cmp(b));
        Some(correlations)
    }

    /// A filter whose expectations do not depend on a run: one that starts a flow.
    pub(super) fn subscription(&mut self, at: &At<'_>, filter: &Filter) -> Option<crate::EventFilter> {
        let mut with = indexmap::IndexMap::new();
        for (name, attribute) in &filter.with {
            let expected = match attribute {
                Attribute::Is(value) => crate::listen::Expected::Is(data::to_json(value)),
                Attribute::Holds(expression) if expression.vars().is_empty() => {
                    crate::listen::Expected::Holds {
                        expression: expression.text().to_owned(),
                        variables: std::collections::BTreeMap::new(),
                    }
                }
                Attribute::Holds(_) => {
                    self.problem(
                        at,
                        format!("`{name}` uses a variable; before a flow has started there are none"),
                    );
                    return None;
                }
            };
            with.insert(name.clone(), expected);
        }
        let mut correlate = std::collections::BTreeMap::new();
        for (name, correlation) in &filter.correlate {
            let expect = match correlation.expect.as_ref().map(Template::as_fixed) {
                None => None,
                Some(Some(value)) => Some(data::to_json(&value)),
                Some(None) => {
                    self.problem(at, format!("correlation `{name}` expects an expression; before a flow has started there is nothing to evaluate it on"));
                    return None;
                }
            };
            let from = correlation.from.text().to_owned();
            correlate.insert(name.clone(), crate::listen::Correlation { from, expect });
        }
        Some(crate::EventFilter { with, correlate })
    }
}
