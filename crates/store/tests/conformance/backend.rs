//! The backends under test.

use tempfile::TempDir;
use throughline_store::{CrashPoint, Options, Store};

/// A durable place of one backend; what is opened in it again is the same store.
pub(crate) struct Place {
    folder: TempDir,
}

/// A data folder of the embedded backend.
pub(crate) fn sqlite() -> Place {
    Place { folder: TempDir::new().unwrap() }
}

impl Place {
    /// Opens the place.
    pub(crate) async fn open(&self) -> Store {
        Store::open(self.options()).await.unwrap()
    }

    /// Opens the place with a crash at the `at`th group commit.
    pub(crate) async fn open_to_crash(&self, point: CrashPoint, at: u64) -> Store {
        Store::open(Options { crash: Some((point, at)), ..self.options() }).await.unwrap()
    }

    /// Opens the place so that group commits are small.
    pub(crate) async fn open_with_batches_of(&self, batch_writes_max: usize) -> Store {
        Store::open(Options { batch_writes_max, ..self.options() }).await.unwrap()
    }

    fn options(&self) -> Options {
        Options::new(self.folder.path())
    }
}
