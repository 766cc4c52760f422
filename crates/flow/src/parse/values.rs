//! Expressions, values with expressions in them, durations, schemas.

use std::sync::Arc;

use jiff::Span;

use super::check::{At, Check};
use crate::data;
use crate::duration::{self, Duration};
use crate::expression::{Expression, Refused, Template, strip};
use crate::schema::Schema;
use crate::source::Kind;
use crate::task::Shape;

impl Check<'_> {
    /// A field that is an expression by nature: `${ .. }` or bare.
    pub(super) fn expression(&mut self, at: &At<'_>) -> Option<Expression> {
        let text = self.text(at)?;
        let (inner, offset) = strip(text).unwrap_or((text, 0));
        self.compile(at, inner, offset)
    }

    fn compile(&mut self, at: &At<'_>, text: &str, offset: usize) -> Option<Expression> {
        let compiled = Expression::compile(text, &self.locals);
        compiled.map_err(|refused| self.refuse(at, text, offset, refused)).ok()
    }

    fn refuse(&mut self, at: &At<'_>, text: &str, offset: usize, refused: Refused) {
        let cut = text.get(..refused.offset).unwrap_or(text);
        let column = match at.node.text_column {
            Some(column) => column + u32::try_from(offset + cut.chars().count()).unwrap_or(0),
            None => at.node.column,
        };
        let message = format!("expression: {}", refused.message);
        self.note(at.node.line, column, &at.pointer, message, refused.help);
    }

    /// A value: strings of the form `${ .. }` in it are expressions.
    pub(super) fn template(&mut self, at: &At<'_>) -> Option<Template> {
        Some(match &at.node.kind {
            Kind::Text(text) => match strip(text) {
                Some((inner, offset)) => Template::Expression(self.compile(at, inner, offset)?),
                None => Template::Fixed(data::text(text)),
            },
            Kind::List(_) => {
                let items: Vec<_> = at.items().map(|item| self.template(&item)).collect();
                Template::list(items.into_iter().collect::<Option<_>>()?)
            }
            Kind::Map(_) => {
                let fields: Vec<_> = at
                    .members()
                    .map(|(m, field)| Some((data::text(&m.key), self.template(&field)?)))
                    .collect();
                Template::object(fields.into_iter().collect::<Option<_>>()?)
            }
            _ => Template::Fixed(data::from_json(&at.node.to_json())),
        })
    }

    /// A string or an expression.
    pub(super) fn text_template(&mut self, at: &At<'_>) -> Option<Template> {
        self.text(at)?;
        self.template(at)
    }

    /// An object of strings, or an expression that gives one.
    pub(super) fn texts(&mut self, at: &At<'_>) -> Option<Template> {
        match &at.node.kind {
            Kind::Text(text) if strip(text).is_some() => self.template(at),
            Kind::Map(_) => {
                let wrong: Vec<_> = at.members().map(|(_, field)| self.text(&field).is_none()).collect();
                if wrong.contains(&true) {
                    return None;
                }
                self.template(at)
            }
            _ => self.expected(at, "an object of strings or an expression"),
        }
    }

    /// `input`, `output` or `export`; `make` is the name of its second field, `from` or `as`.
    pub(super) fn shape(&mut self, parent: &At<'_>, name: &str, make: &str) -> Shape {
        let Some(at) = parent.get(name) else { return Shape::default() };
        if self.object(&at, &format!("`{name}`"), &["schema", make]).is_none() {
            return Shape::default();
        }
        let schema = at.get("schema").and_then(|s| self.schema(&s));
        let make = at.get(make).and_then(|m| match &m.node.kind {
            Kind::Text(_) => self.expression(&m).map(Template::Expression),
            Kind::Map(_) => self.template(&m),
            _ => self.expected(&m, "an expression or an object"),
        });
        Shape { schema, make }
    }

    fn schema(&mut self, at: &At<'_>) -> Option<Schema> {
        self.object(at, "a schema", &["format", "document", "resource"])?;
        if let Some(format) = at.get("format") {
            let text = self.text(&format)?;
            if text.split(':').next() != Some("json") {
                return self.unsupported(&format, &format!("schema format `{text}`"));
            }
        }
        if let Some(resource) = at.get("resource") {
            return self.unsupported(&resource, "an external schema (`resource`)");
        }
        let document = self.required(at, "a schema", "document")?;
        match Schema::compile(&document.node.to_json()) {
            Ok(schema) => Some(schema),
            Err(why) => {
                self.problem(&document, format!("not a JSON Schema: {why}"));
                None
            }
        }
    }

    /// An object of parts, an ISO 8601 text, or an expression.
    pub(super) fn duration(&mut self, at: &At<'_>) -> Option<Duration> {
        match &at.node.kind {
            Kind::Text(text) => {
                if let Some((inner, offset)) = strip(text) {
                    return self.compile(at, inner, offset).map(Duration::Expression);
                }
                match duration::parse(text) {
                    Ok(span) => Some(Duration::Fixed(span)),
                    Err(why) => {
                        self.problem(at, why);
                        None
                    }
                }
            }
            Kind::Map(members) => {
                let known: Vec<&str> = duration::parts().collect();
                self.object(at, "a duration", &known)?;
                if members.is_empty() {
                    return self.expected(at, "at least one part of a duration");
                }
                let mut span = Span::new();
                for (member, part) in at.members().filter(|(m, _)| known.contains(&m.key.as_str())) {
                    let amount = i64::try_from(self.whole(&part)?).unwrap_or(i64::MAX);
                    match duration::with_part(span, &member.key, amount) {
                        Ok(with) => span = with,
                        Err(why) => {
                            self.problem(&part, why);
                            return None;
                        }
                    }
                }
                Some(Duration::Fixed(span))
            }
            _ => self.expected(at, "a duration such as {minutes: 15} or PT15M"),
        }
    }

    /// `timeout`: inline or the name of one in `use.timeouts`.
    pub(super) fn timeout(&mut self, parent: &At<'_>) -> Option<Duration> {
        let at = parent.get("timeout")?;
        if let Some(name) = at.node.as_text() {
            let found = self.reusable(&at, "timeouts", name)?;
            return self.timeout_of(&found);
        }
        self.timeout_of(&at)
    }

    pub(super) fn timeout_of(&mut self, at: &At<'_>) -> Option<Duration> {
        self.object(at, "a timeout", &["after"])?;
        let after = self.required(at, "a timeout", "after")?;
        self.duration(&after)
    }

    /// The name of a variable that a task binds.
    pub(super) fn variable(&mut self, at: Option<At<'_>>, default: &str) -> Arc<str> {
        const TAKEN: [&str; 7] = ["context", "input", "output", "task", "workflow", "runtime", "secrets"];
        let Some(at) = at else { return default.into() };
        let Some(name) = self.text(&at) else { return default.into() };
        let mut bytes = name.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if !first || !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            self.problem(&at, format!("{name:?} is not a name; expressions could not refer to it"));
        } else if TAKEN.contains(&name) {
            self.problem(&at, format!("${name} has a meaning of its own; choose another name"));
        }
        name.into()
    }
}
