//! Imports of public registers: small samples of every kind of dirt, and the whole of the shared data where it is there.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "the helpers of tests may fail and speak like tests"
)]

mod registers;
mod samples;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use throughline_hub::Hub;
use throughline_hub::catalog::{Catalog, Files};
use throughline_hub::config::Config;
use throughline_hub::engine::SystemClock;
use throughline_hub::import::{Format, ImportReport, Outcome};
use throughline_hub::store::{Position, StoredEvent};

/// A hub without flows: what comes in stays in the log.
pub(crate) struct Intake {
    hub: Hub,
    folder: tempfile::TempDir,
}

impl Intake {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let embedded = Files::embedded();
        let entities = embedded.get("legal-entities.yaml").unwrap();
        let files = Files::of([("legal-entities.yaml", entities), ("routes.yaml", "routes: []\n")]);
        let catalog = Catalog::from_files(&files).unwrap_or_else(|all| panic!("{all:?}"));
        let config = Config { data: folder.path().join("data"), ..Config::default() };
        let hub = Hub::start(config, catalog, Arc::new(SystemClock)).await.unwrap();
        Self { hub, folder }
    }

    /// Imports a file and checks that the counts add up.
    pub(crate) async fn import(&self, format: Format, file: &Path) -> ImportReport {
        let mut told = None;
        let report =
            self.hub.import(format, file, "default", |progress| told = Some(progress)).await.unwrap();
        let sum = report.accepted + report.duplicate + report.held + report.rejected;
        assert_eq!(sum, report.records, "{}", file.display());
        let told = told.expect("progress is told at the end at least");
        assert_eq!((told.records, told.bytes), (report.records, told.bytes_total), "{}", file.display());
        let with_remark = |outcome: Outcome| {
            report
                .remarks
                .iter()
                .filter(|r| r.outcome == outcome)
                .map(|r| r.record)
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(
            with_remark(Outcome::Rejected).len() as u64,
            report.rejected,
            "each rejection has its reason"
        );
        assert!(report.remarks.iter().all(|r| !r.reason.is_empty()));
        report
    }

    /// Imports a file given as text.
    pub(crate) async fn text(&self, format: Format, name: &str, text: impl AsRef<[u8]>) -> ImportReport {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        self.import(format, &path).await
    }

    /// The log.
    pub(crate) async fn events(&self) -> Vec<StoredEvent> {
        self.hub.store().events_after(Position(0), 100_000).await.unwrap()
    }

    /// How many rejections are stored.
    pub(crate) async fn rejections(&self) -> usize {
        self.hub.store().rejected(None, 100_000).await.unwrap().len()
    }

    pub(crate) async fn close(self) {
        self.hub.stop().await;
    }
}

/// Where the shared data lies, if it does.
pub(crate) fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("THROUGHLINE_SHARED").map_or_else(beside, PathBuf::from).join("data");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there; THROUGHLINE_SHARED may name the folder", folder.display());
    None
}
