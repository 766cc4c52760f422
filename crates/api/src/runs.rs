//! `GET /v1/runs` and `GET /v1/runs/{id}`.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use throughline_hub::store::{Run, RunFilter, RunId, RunStatus, Store, Waiting};
use throughline_hub::timeline;
use utoipa::{IntoParams, ToSchema};

use crate::page;
use crate::params::{Params, Segments};
use crate::{FaultView, Kind, Problem, Refusal, StepView};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// pending, running, waiting, suspended, cancelled, faulted or completed
    status: Option<String>,
    /// Flow name
    flow: Option<String>,
    /// Business key; those of its parts, written `key/part`, are found with it
    key: Option<String>,
    /// A system the run has linked a record to
    system: Option<String>,
    /// Tenant
    tenant: Option<String>,
    /// Place in the log of the event that started it
    trigger: Option<i64>,
    /// Entries of a page, 1 to 500; 50 when absent
    limit: Option<usize>,
    /// `next` of the page before
    cursor: Option<String>,
}

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitingView {
    /// `event <type>`, `time <instant>` or `retry at <instant>`.
    #[serde(rename = "for")]
    pub for_: String,
    /// Why, as the flow states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Until when at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// JSON pointer of the task that waits.
    pub task: String,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    /// Its id.
    pub id: String,
    /// Flow name.
    pub flow: String,
    /// Flow version.
    pub version: String,
    /// Tenant.
    pub tenant: String,
    /// Business key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// pending, running, waiting, suspended, cancelled, faulted or completed.
    pub status: String,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingView>,
    /// The run of the same business key whose end it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<String>,
    /// Place in the log of the event that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<i64>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// The error it ended with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<FaultView>,
}

/// A page of runs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunList {
    /// The runs.
    pub runs: Vec<RunView>,
    /// Cursor of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A run with everything known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunDetail {
    /// The run.
    #[serde(flatten)]
    pub run: RunView,
    /// Hash of the definition it is pinned to.
    pub definition: String,
    /// What it was given.
    pub input: Value,
    /// What it has given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// What happened, in order.
    pub timeline: Vec<StepView>,
}

impl From<Waiting> for WaitingView {
    fn from(waiting: Waiting) -> Self {
        let Waiting { for_, reason, since, until, task } = waiting;
        Self { for_, reason, since, until, task }
    }
}

impl From<&Run> for RunView {
    fn from(run: &Run) -> Self {
        let error: Option<Value> = run.error.as_deref().and_then(|e| serde_json::from_slice(e).ok());
        Self {
            id: run.id.to_string(),
            flow: run.flow.clone(),
            version: run.version.clone(),
            tenant: run.tenant.clone(),
            key: run.business_key.clone(),
            status: run.status.as_str().to_owned(),
            waiting: run.waiting.clone().map(Into::into),
            blocked_by: run.blocked_by.map(|r| r.to_string()),
            trigger: run.trigger.map(|p| p.0),
            created_at: run.created_at,
            ended_at: run.ended_at,
            duration_ms: run.ended_at.map(|e| e.as_millisecond() - run.created_at.as_millisecond()),
            error: error.map(|e| timeline::fault_of(&e).into()),
        }
    }
}

impl RunQuery {
    fn filter(self, limit: usize) -> Result<RunFilter, Refusal> {
        let malformed = |detail| Problem::new(Kind::Malformed, detail);
        let status =
            self.status.map(|word| RunStatus::parse(&word).ok_or(word)).transpose().map_err(|word| {
                let known: Vec<_> = RunStatus::ALL.iter().map(|s| s.as_str()).collect();
                malformed(format!("status {word:?} is not one of {}", known.join(", ")))
            })?;
        let before = match self.cursor {
            None => None,
            Some(cursor) => Some(cursor.parse::<RunId>().map_err(|e| malformed(format!("cursor: {e}")))?),
        };
        Ok(RunFilter {
            status,
            flow: self.flow,
            business_key: self.key,
            tenant: self.tenant,
            system: self.system,
            trigger: self.trigger.map(throughline_hub::store::Position),
            before,
            limit,
        })
    }
}

/// List runs, newest first.
#[utoipa::path(
    get,
    operation_id = "listRuns", path = "/v1/runs",
    tag = "runs",
    params(RunQuery),
    responses(
        (status = 200, description = "A page of runs", body = RunList),
        (status = 400, description = "A parameter can't be read", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(store): State<Store>,
    Params(query): Params<RunQuery>,
) -> Result<Json<RunList>, Refusal> {
    let limit = page::limit(query.limit)?;
    let mut rows = store.runs(query.filter(limit + 1)?).await?;
    let next = page::cut(&mut rows, limit, |run| run.id.to_string());
    Ok(Json(RunList { runs: rows.iter().map(RunView::from).collect(), next }))
}

/// Show a run with its timeline.
#[utoipa::path(
    get,
    operation_id = "showRun", path = "/v1/runs/{id}",
    tag = "runs",
    params(("id" = String, Path, description = "Id of the run")),
    responses(
        (status = 200, description = "The run", body = RunDetail),
        (status = 404, description = "There is no such run", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(store): State<Store>,
    Segments(id): Segments<String>,
) -> Result<Json<RunDetail>, Refusal> {
    let run: RunId = id.parse().map_err(|e| Problem::new(Kind::NotFound, format!("{e}")))?;
    let row = store.run(run).await?.ok_or_else(|| Problem::no("run", run))?;
    let told = timeline::tell(&store.journal(run).await?);
    let steps = told.steps.into_iter().map(StepView::from);
    let timeline =
        if row.status.is_ended() { steps.map(StepView::of_ended).collect() } else { steps.collect() };
    Ok(Json(RunDetail {
        run: RunView::from(&row),
        definition: row.definition,
        input: told.input,
        output: row.output.as_deref().and_then(|o| serde_json::from_slice(o).ok()),
        timeline,
    }))
}
