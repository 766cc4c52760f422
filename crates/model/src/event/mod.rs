//! The CloudEvents 1.0 envelope in structured JSON.
//!
//! Guarantees: whatever [`Event::parse`] lets through has the required attributes, well-formed names and values, bounded
//! sizes and depth; every problem is reported at once, each with its field. Deliberately absent: the rules of `data`,
//! which belong to the event's type.

mod attribute;
mod depth;
pub mod limits;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

/// One thing that is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Attribute name, or JSON pointer into the value; empty for the whole of it.
    pub field: String,
    /// What is wrong and what is expected.
    pub reason: String,
}

impl Problem {
    /// A problem of one field.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Who says it: a URI reference.
    pub source: String,
    /// Unique per source.
    pub id: String,
    /// What kind of thing happened.
    pub type_: String,
    /// What it happened to.
    pub subject: Option<String>,
    /// When it happened.
    pub time: Option<Timestamp>,
    /// Media type of the data.
    pub data_content_type: Option<String>,
    /// Schema the sender says the data has.
    pub data_schema: Option<String>,
    /// The data; `null` when there is none or it is binary.
    pub data: Value,
    /// Binary data, as it was sent.
    pub data_base64: Option<String>,
    extensions: BTreeMap<String, Value>,
}

impl Event {
    /// An event of that source, id and type, with data.
    pub fn new(
        source: impl Into<String>,
        id: impl Into<String>,
        type_: impl Into<String>,
        data: Value,
    ) -> Self {
        Self {
            source: source.into(),
            id: id.into(),
            type_: type_.into(),
            subject: None,
            time: None,
            data_content_type: None,
            data_schema: None,
            data,
            data_base64: None,
            extensions: BTreeMap::new(),
        }
    }

    /// The same event with an extension attribute.
    #[must_use]
    pub fn with_extension(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extensions.insert(name.to_owned(), value.into());
        self
    }

    /// Reads an event.
    ///
    /// # Errors
    /// Everything that is wrong with its envelope.
    pub fn parse(value: Value) -> Result<Self, Vec<Problem>> {
        let Value::Object(mut fields) = value else {
            return Err(vec![Problem::new("", "not a JSON object; a CloudEvent in structured JSON is one")]);
        };
        let mut problems = Vec::new();
        attribute::check_names(&fields, &mut problems);
        attribute::check_version(fields.shift_remove("specversion"), &mut problems);
        let source = attribute::required(&mut fields, "source", &mut problems);
        let id = attribute::required(&mut fields, "id", &mut problems);
        let type_ = attribute::required(&mut fields, "type", &mut problems);
        attribute::check_source(&source, &mut problems);
        let event = Self {
            source,
            id,
            type_,
            subject: attribute::optional(&mut fields, "subject", &mut problems),
            time: attribute::time(&mut fields, &mut problems),
            data_content_type: attribute::media_type(&mut fields, &mut problems),
            data_schema: attribute::schema_uri(&mut fields, &mut problems),
            data: data(&mut fields, &mut problems),
            data_base64: attribute::base64(&mut fields, &mut problems),
            extensions: attribute::extensions(fields, &mut problems),
        };
        if event.data_base64.is_some() && !event.data.is_null() {
            problems.push(Problem::new("data_base64", "stands beside data; an event has one of the two"));
        }
        if problems.is_empty() { Ok(event) } else { Err(problems) }
    }

    /// An extension attribute that is text.
    pub fn extension(&self, name: &str) -> Option<&str> {
        self.extensions.get(name)?.as_str()
    }

    /// All extension attributes.
    pub fn extensions(&self) -> &BTreeMap<String, Value> {
        &self.extensions
    }
}

fn data(fields: &mut Map<String, Value>, problems: &mut Vec<Problem>) -> Value {
    let data = fields.shift_remove("data").unwrap_or(Value::Null);
    if depth::exceeds(&data, limits::DATA_DEPTH_MAX) {
        let reason = format!("nested deeper than {} levels", limits::DATA_DEPTH_MAX);
        problems.push(Problem::new("data", reason));
        depth::take_apart(data);
        return Value::Null;
    }
    data
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("type", &self.type_)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("id", &self.id)?;
        for (name, value) in [("subject", &self.subject), ("datacontenttype", &self.data_content_type)] {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        if let Some(schema) = &self.data_schema {
            map.serialize_entry("dataschema", schema)?;
        }
        if let Some(time) = &self.time {
            map.serialize_entry("time", time)?;
        }
        for (name, value) in &self.extensions {
            map.serialize_entry(name, value)?;
        }
        if let Some(binary) = &self.data_base64 {
            map.serialize_entry("data_base64", binary)?;
        } else if !self.data.is_null() {
            map.serialize_entry("data", &self.data)?;
        }
        map.end()
    }
}
