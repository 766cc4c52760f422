//! What senders are told about each event.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use throughline_hub::Intake;
use utoipa::ToSchema;

use super::taken;
use crate::{FieldProblem, Kind, Problem, Refusal};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventOutcome {
    /// Durable in the log, to be handed over.
    Accepted,
    /// The same event is in the log already; nothing was done.
    Duplicate,
    /// Another event with this source and id is in the log; this one is stored as rejected.
    Conflict,
    /// Not an event that can be taken; stored as rejected.
    Rejected,
}

/// The result for one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventResult {
    /// What became of it.
    pub outcome: EventOutcome,
    /// Its place in the log, or that of its first copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
    /// Its number among the rejected events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<i64>,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<FieldProblem>,
}

/// The answer to a batch. The four counts add up to the number of results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchAnswer {
    /// Events taken.
    pub accepted: usize,
    /// Events taken before.
    pub duplicates: usize,
    /// Events that contradict one taken before.
    pub conflicts: usize,
    /// Events that can't be taken.
    pub rejected: usize,
    /// One for each event, in the order sent.
    pub results: Vec<EventResult>,
}

/// The answer to one event, or to a batch of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum EventAnswer {
    /// To a batch.
    Batch(BatchAnswer),
    /// To one event.
    One(EventResult),
}

impl From<Intake> for EventResult {
    fn from(intake: Intake) -> Self {
        let none = |outcome| Self { outcome, position: None, rejected: None, problems: Vec::new() };
        match intake {
            Intake::Accepted { position } => {
                Self { position: Some(position.0), ..none(EventOutcome::Accepted) }
            }
            Intake::Duplicate { position } => {
                Self { position: Some(position.0), ..none(EventOutcome::Duplicate) }
            }
            Intake::Conflict { rejected, reason } => Self {
                rejected: Some(rejected),
                problems: vec![FieldProblem { field: "id".to_owned(), reason }],
                ..none(EventOutcome::Conflict)
            },
            Intake::Rejected { rejected, problems } => Self {
                rejected: Some(rejected),
                problems: problems
                    .into_iter()
                    .map(|p| FieldProblem { field: p.field, reason: p.reason })
                    .collect(),
                ..none(EventOutcome::Rejected)
            },
        }
    }
}

/// Answers for a single event.
pub(crate) fn of_one(result: EventResult) -> Result<Response, Refusal> {
    let kind = match result.outcome {
        EventOutcome::Accepted | EventOutcome::Duplicate => return Ok(taken(result)),
        EventOutcome::Conflict => Kind::Conflict,
        EventOutcome::Rejected => Kind::Rejected,
    };
    let detail = result.problems.first().map_or_else(String::new, |p| match p.field.as_str() {
        "" => p.reason.clone(),
        field => format!("{field}: {}", p.reason),
    });
    let mut problem = Problem::new(kind, detail);
    problem.rejected = result.rejected;
    problem.problems = result.problems;
    Err(problem)
}

/// Answers for a batch: 202 when all was taken, 200 when some was, 422 when nothing was.
pub(super) fn of_batch(results: Vec<EventResult>) -> Result<Response, Refusal> {
    let count = |outcome| results.iter().filter(|r| r.outcome == outcome).count();
    let (accepted, duplicates) = (count(EventOutcome::Accepted), count(EventOutcome::Duplicate));
    let (conflicts, rejected) = (count(EventOutcome::Conflict), count(EventOutcome::Rejected));
    if accepted + duplicates == 0 && !results.is_empty() {
        let detail = format!("none of {} events could be taken; each result says why", results.len());
        let mut problem = Problem::new(Kind::Rejected, detail);
        problem.results = results;
        return Err(problem);
    }
    let status = if conflicts + rejected == 0 { StatusCode::ACCEPTED } else { StatusCode::OK };
    let answer = BatchAnswer { accepted, duplicates, conflicts, rejected, results };
    Ok((status, axum::Json(answer)).into_response())
}
