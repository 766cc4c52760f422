//! Open Contracting Data Standard 1.1.
//!
//! The unit is the release. What it says depends on its tags: a tender is an opportunity; a contract is a signature; a
//! contract amendment is a new version, a contract update a correction of the record (rule A6); milestones published while
//! the work goes on correct the record as well; a transaction is an invoice. The buyer is the customer, the supplier is our
//! side; which of our legal entities that is, the rules decide.
//!
//! Contracts carry no opportunity id: the opportunity stands in no CRM of ours that could be told.

mod contract;
mod milestone;
mod party;
mod tender;
mod transaction;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use throughline_model::{Event, Problem};

use super::facts::At;
use super::read::Part;

/// Arrays of a package that hold records.
pub(super) const LISTS: &[&str] = &["releases", "records"];
/// Name of the source in events.
const SOURCE: &str = "ocds";
/// Packages may be nested so deep.
const NESTING_MAX: usize = 4;

/// The releases of an object: itself, those embedded in a record, or those of a nested package.
pub(super) fn records(value: Value) -> Vec<Part> {
    let mut parts = Vec::new();
    expand(value, 0, &mut parts);
    parts
}

fn expand(value: Value, depth: usize, parts: &mut Vec<Part>) {
    if let Some(list) = LISTS.iter().find(|l| value.get(**l).is_some_and(Value::is_array))
        && value.get("tag").is_none()
        && depth < NESTING_MAX
    {
        let embedded: Vec<Value> = elements(&value, list).filter(|r| is_embedded(r)).cloned().collect();
        if !embedded.is_empty() {
            let mut releases = embedded;
            releases.sort_by_key(|release| {
                release.get("date").and_then(Value::as_str).unwrap_or_default().to_owned()
            });
            return releases.into_iter().for_each(|release| expand(release, depth + 1, parts));
        }
        let says = match value.get("compiledRelease") {
            Some(compiled) => says(compiled),
            None => vec![Err(Problem::new(
                format!("/{list}"),
                "holds no release, only references; fetch them and import those",
            ))],
        };
        return parts.push(Part { value: None, says });
    }
    let says = says(&value);
    // The whole object is its own record unless it was taken out of another.
    parts.push(Part { value: (depth > 0).then_some(value), says });
}

fn elements<'v>(value: &'v Value, list: &str) -> impl Iterator<Item = &'v Value> {
    value.get(list).and_then(Value::as_array).into_iter().flatten()
}

/// A release that stands there whole, rather than as a reference with `url`, `date` and `tag`.
fn is_embedded(release: &Value) -> bool {
    release.get("ocid").is_some() || LISTS.iter().any(|l| release.get(*l).is_some())
}

/// A release and what every part of it needs.
struct Release<'v> {
    at: At<'v>,
    ocid: String,
    id: String,
    tags: BTreeSet<String>,
    time: Option<Timestamp>,
}

fn says(value: &Value) -> Vec<Result<Event, Problem>> {
    let release = match Release::of(value) {
        Ok(release) => release,
        Err(problem) => return vec![Err(problem)],
    };
    let mut says = Vec::new();
    says.extend(tender::says(&release));
    for contract in release.at.get("contracts").each() {
        says.extend(contract::says(&release, &contract));
    }
    says
}

impl<'v> Release<'v> {
    fn of(value: &'v Value) -> Result<Self, Problem> {
        let at = At::of(value);
        let ocid = at.get("ocid").needed("the process a release belongs to is known by it")?;
        let id = at.get("id").needed("a release is known by it")?;
        let time = at.get("date").text().and_then(|t| t.parse().ok());
        let tags: BTreeSet<String> = match at.get("tag").value() {
            Value::String(tag) => [tag.clone()].into(),
            _ => at.get("tag").each().filter_map(|t| t.text()).collect(),
        };
        let tags = if tags.is_empty() { implied(&at) } else { tags };
        if tags.is_empty() {
            return Err(at.get("tag").problem("missing, and nothing in the release tells what it is about"));
        }
        Ok(Self { at, ocid, id, tags, time })
    }

    fn is(&self, tag: &str) -> bool {
        self.tags.contains(tag)
    }
}

/// What a release without tags is about.
fn implied(at: &At<'_>) -> BTreeSet<String> {
    let sections =
        [("contracts", "contract"), ("awards", "award"), ("tender", "tender"), ("planning", "planning")];
    let found = sections.into_iter().find(|(section, _)| at.get(section).is_there());
    found.map(|(_, tag)| tag.to_owned()).into_iter().collect()
}

#[cfg(test)]
mod tests;
