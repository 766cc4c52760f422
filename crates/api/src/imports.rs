//! `POST /v1/imports/{format}`: a file of a public contract register, taken in by a hub that is running.
//!
//! The file is kept in the data folder while it is read and removed afterwards, however that ends.

use std::path::PathBuf;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use throughline_hub::import::{Format, ImportError, ImportReport, Outcome};
use tokio::io::AsyncWriteExt;
use utoipa::{IntoParams, ToSchema};

use crate::params::{Params, Segments};
use crate::problem::chain;
use crate::tenant::Tenant;
use crate::{Api, Kind, Problem, Refusal};

/// The largest file taken, in bytes.
const FILE_BYTES_MAX: u64 = 8 << 30;
/// Folder in the data folder that holds files while they are read.
const FOLDER: &str = "imports";
/// Characters of a file's name.
const NAME_CHARACTERS_MAX: usize = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// Name of the file, by which rejected records are found again
    file: Option<String>,
}

/// Why a record is held or rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportRemark {
    /// Number of the record in the file, from 1.
    pub record: u64,
    /// `held` or `rejected`.
    pub outcome: String,
    /// Field; empty for the record as a whole.
    pub field: String,
    /// In words.
    pub reason: String,
}

/// What became of the records of a file. The four counts add up to the records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportView {
    /// The file.
    pub file: String,
    /// Its format.
    pub format: String,
    /// Records in it.
    pub records: u64,
    /// New, with all the facts they need.
    pub accepted: u64,
    /// Known already.
    pub duplicate: u64,
    /// New, and waiting for facts or for an earlier version.
    pub held: u64,
    /// Not taken; stored as rejected.
    pub rejected: u64,
    /// Events that were new.
    pub events: u64,
    /// Why records are held or rejected, in order.
    pub remarks: Vec<ImportRemark>,
}

impl From<ImportReport> for ImportView {
    fn from(report: ImportReport) -> Self {
        let remarks = report.remarks.into_iter().map(|remark| ImportRemark {
            record: remark.record,
            outcome: word(remark.outcome).to_owned(),
            field: remark.field,
            reason: remark.reason,
        });
        Self {
            file: report.file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
            format: report.format.as_str().to_owned(),
            records: report.records,
            accepted: report.accepted,
            duplicate: report.duplicate,
            held: report.held,
            rejected: report.rejected,
            events: report.events,
            remarks: remarks.collect(),
        }
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Duplicate => "duplicate",
        Outcome::Accepted => "accepted",
        Outcome::Held => "held",
        Outcome::Rejected => "rejected",
    }
}

/// Take a file of a public contract register in.
///
/// The answer comes when every record of the file has been taken or refused. Importing a file again changes nothing.
#[utoipa::path(
    post,
    operation_id = "importFile", path = "/v1/imports/{format}",
    tag = "events",
    params(
        ("format" = String, Path, description = "`ocds`, `decp` or `fpds`"),
        ImportQuery,
        ("throughline-tenant" = Option<String>, Header, description = "Tenant; absent: the installation's own"),
    ),
    request_body(content(("application/octet-stream")), description = "The file"),
    responses(
        (status = 200, description = "Every record has been taken or refused", body = ImportView),
        (status = 400, description = "The file is not of this format", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such format", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Larger than 8 GiB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Stopping", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take(
    State(api): State<Api>,
    Segments(format): Segments<String>,
    Params(query): Params<ImportQuery>,
    Tenant(tenant): Tenant,
    request: Request,
) -> Result<Json<ImportView>, Refusal> {
    let known = Format::ALL.into_iter().find(|f| f.as_str() == format);
    let format = known.ok_or_else(|| Problem::no("import format", format_args!("is named {format:?}")))?;
    let upload = Upload::new(api.hub.store().folder().join(FOLDER), &query.file.unwrap_or_default()).await?;
    upload.fill(request.into_body()).await?;
    match api.hub.import(format, &upload.file, &tenant, |_| {}).await {
        Ok(report) => Ok(Json(report.into())),
        Err(error) => Err(refusal(error)),
    }
}

fn refusal(error: ImportError) -> Refusal {
    match error {
        // The sender knows nothing of the folder that the file stands in for the moment.
        ImportError::Format { reason, .. } => Problem::new(Kind::Malformed, reason),
        ImportError::Accept(error) => error.into(),
        ImportError::Store(error) => error.into(),
        ImportError::Stopping => Problem::new(Kind::Unavailable, error.to_string()),
        other => Problem::new(Kind::Store, chain(&other)),
    }
}

/// A file under way, removed with its folder when it is done with.
struct Upload {
    folder: PathBuf,
    file: PathBuf,
}

impl Upload {
    async fn new(parent: PathBuf, name: &str) -> Result<Self, Refusal> {
        tokio::fs::create_dir_all(&parent).await.map_err(|e| kept(&e))?;
        // A folder of its own for each, so that files of one name don't meet.
        let mut number = 0_u32;
        loop {
            let folder = parent.join(number.to_string());
            match tokio::fs::create_dir(&folder).await {
                Ok(()) => return Ok(Self { file: folder.join(plain(name)), folder }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(kept(&error)),
            }
        }
    }

    async fn fill(&self, mut body: Body) -> Result<(), Refusal> {
        let mut file = tokio::fs::File::create(&self.file).await.map_err(|e| kept(&e))?;
        let mut length = 0_u64;
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|e| Problem::new(Kind::Malformed, format!("the file broke off: {e}")))?;
            let Ok(data) = frame.into_data() else { continue };
            length += data.len() as u64;
            if length > FILE_BYTES_MAX {
                return Err(Problem::new(
                    Kind::TooLarge,
                    format!("the file is larger than {FILE_BYTES_MAX} bytes"),
                ));
            }
            file.write_all(&data).await.map_err(|e| kept(&e))?;
        }
        file.flush().await.map_err(|e| kept(&e))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "an imported file could not be removed");
        }
    }
}

fn kept(error: &std::io::Error) -> Refusal {
    Problem::new(Kind::Store, format!("the file can't be kept while it is read: {error}"))
}

/// A file name that stays in its folder.
fn plain(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last
        .chars()
        .take(NAME_CHARACTERS_MAX)
        .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
        .collect();
    if plain.chars().all(|c| c == '.') { "file".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_stay_in_their_folder() {
        let check = |name: &str, want: &str| assert_eq!(super::plain(name), want);
        check("releases.ndjson", "releases.ndjson");
        check("../../etc/passwd", "passwd");
        check("a\\b\0c", "b_c");
        check("..", "file");
        check("", "file");
    }
}
