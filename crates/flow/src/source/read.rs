//! Reads YAML, and so JSON, into nodes.
//!
//! Guarantees: bounded size, depth and number of nodes; no recursion deeper than the depth limit; duplicate keys are
//! errors. Anchors and aliases are refused: a definition gains nothing by them, and they make small files huge.

use std::borrow::Cow;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::Number;

use super::{Kind, Member, Node};
use crate::Diagnostic;

/// The largest definition.
pub(crate) const BYTES_MAX: usize = 1 << 20;
/// The deepest nesting of a definition.
pub(crate) const DEPTH_MAX: usize = 64;

/// A problem that ends the reading.
struct Broken {
    line: u32,
    column: u32,
    message: String,
    help: Option<String>,
}

/// Reads one document. Duplicate keys go to `problems`; anything worse ends the reading.
pub(crate) fn read(text: &str, file: &str, problems: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut reader = Reader { parser: Parser::new_from_str(text), file, problems };
    match reader.document(text) {
        Ok(node) => Some(node),
        Err(broken) => {
            problems.push(Diagnostic {
                file: file.to_owned(),
                line: broken.line,
                column: broken.column,
                pointer: String::new(),
                message: broken.message,
                help: broken.help,
            });
            None
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    file: &'a str,
    problems: &'a mut Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn document(&mut self, text: &str) -> Result<Node, Broken> {
        if text.len() > BYTES_MAX {
            return Err(broken(
                1,
                1,
                format!("the definition is {} bytes long; at most {BYTES_MAX} are read", text.len()),
            ));
        }
        let (event, span) = loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                other => break other,
            }
        };
        if matches!(event, Event::StreamEnd | Event::DocumentEnd) {
            return Err(broken(1, 1, "the definition is empty".to_owned()));
        }
        let node = self.node(event, span, 0)?;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(node),
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (_, span) => return Err(at(&span.start, "a second document; a file holds one definition")),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Broken> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(not_yaml(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Broken> {
        if depth > DEPTH_MAX {
            return Err(at(&span.start, &format!("nested more than {DEPTH_MAX} deep")));
        }
        let mut node = Node {
            line: line(&span.start),
            column: column(&span.start),
            text_column: None,
            kind: Kind::Null,
        };
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                self.refuse_anchor(anchor, &span)?;
                if tag.is_some() {
                    return Err(at(&span.start, "tags are not part of the DSL"));
                }
                let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
                let one_line = span.start.line() == span.end.line();
                let flow = quoted || style == ScalarStyle::Plain;
                node.text_column = (one_line && flow).then(|| node.column + u32::from(quoted));
                node.kind = scalar(value, style);
            }
            Event::SequenceStart(anchor, _) => {
                self.refuse_anchor(anchor, &span)?;
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                }
                node.kind = Kind::List(items);
            }
            Event::MappingStart(anchor, _) => {
                self.refuse_anchor(anchor, &span)?;
                node.kind = Kind::Map(self.members(depth)?);
            }
            Event::Alias(_) => {
                return Err(at(&span.start, "anchors and aliases are not read; write the value out"));
            }
            _ => return Err(at(&span.start, "a value was expected here")),
        }
        Ok(node)
    }

    fn members(&mut self, depth: usize) -> Result<Vec<Member>, Broken> {
        let mut members: Vec<Member> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(members),
                Event::Scalar(key, ..) => key.into_owned(),
                _ => return Err(at(&span.start, "a key has to be a string")),
            };
            let (event, value_span) = self.next()?;
            let value = self.node(event, value_span, depth + 1)?;
            if let Some(first) = members.iter().find(|m| m.key == key) {
                let message = format!("key {key:?} is given twice; first in line {}", first.line);
                self.problems.push(Diagnostic {
                    file: self.file.to_owned(),
                    line: line(&span.start),
                    column: column(&span.start),
                    pointer: String::new(),
                    message,
                    help: None,
                });
                continue;
            }
            members.push(Member { key, line: line(&span.start), column: column(&span.start), value });
        }
    }

    fn refuse_anchor(&self, anchor: usize, span: &Span) -> Result<(), Broken> {
        if anchor == 0 {
            return Ok(());
        }
        Err(at(&span.start, "anchors and aliases are not read; write the value out"))
    }
}

/// YAML's core schema: what an unquoted word means.
fn scalar(value: Cow<'_, str>, style: ScalarStyle) -> Kind {
    if style != ScalarStyle::Plain {
        return Kind::Text(value.into_owned());
    }
    match value.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        _ => {}
    }
    match number(&value) {
        Some(number) => Kind::Number(number),
        None => Kind::Text(value.into_owned()),
    }
}

fn number(word: &str) -> Option<Number> {
    let first = word.bytes().next()?;
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.'))
        || !word.bytes().any(|b| b.is_ascii_digit())
    {
        return None;
    }
    if let Some(hex) = word.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(Number::from);
    }
    if let Some(octal) = word.strip_prefix("0o") {
        return u64::from_str_radix(octal, 8).ok().map(Number::from);
    }
    let plain = word.strip_prefix('+').unwrap_or(word);
    if let Ok(i) = plain.parse::<i64>() {
        return Some(Number::from(i));
    }
    if let Ok(u) = plain.parse::<u64>() {
        return Some(Number::from(u));
    }
    Number::from_f64(plain.parse().ok()?)
}

fn not_yaml(error: &ScanError) -> Broken {
    let marker = error.marker();
    Broken {
        line: line(marker),
        column: column(marker),
        message: format!("not YAML: {}", error.info()),
        help: None,
    }
}

fn at(marker: &Marker, message: &str) -> Broken {
    broken(line(marker), column(marker), message.to_owned())
}

fn broken(line: u32, column: u32, message: String) -> Broken {
    Broken { line, column, message, help: None }
}

fn line(marker: &Marker) -> u32 {
    u32::try_from(marker.line()).unwrap_or(u32::MAX).max(1)
}

/// The scanner counts columns from 0.
fn column(marker: &Marker) -> u32 {
    u32::try_from(marker.col()).unwrap_or(u32::MAX).saturating_add(1)
}
