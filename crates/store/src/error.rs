//! What can go wrong in the store.

use std::path::PathBuf;

/// A failed operation. Nothing of it has taken effect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The run's journal has moved on: someone else acts for it.
    #[error("run {run} is at another step than {expected}; someone else has moved it on")]
    Stale {
        /// The run.
        run: String,
        /// The step the caller thought it was at.
        expected: i64,
    },
    /// A cursor has moved on.
    #[error("cursor {name:?} is no longer at {expected}")]
    Moved {
        /// The cursor.
        name: String,
        /// Where the caller thought it was.
        expected: i64,
    },
    /// The run has ended; nothing can be added to it.
    #[error("run {0} has ended")]
    Ended(String),
    /// The group commit that held the write failed; nothing of it has taken effect.
    #[error("the commit failed, nothing of it is stored: {reason}")]
    NotCommitted {
        /// What the database said.
        reason: String,
    },
    /// No such run.
    #[error("no run {0} is stored")]
    NoRun(String),
    /// Another process has the data folder open.
    #[error("the data folder {} is in use by another process; stop it, or give this one a folder of its own", .0.display())]
    InUse(PathBuf),
    /// The data folder was written by a newer release.
    #[error("the data folder {} has schema version {found}, this release knows up to {known}; run the newer release", path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The highest version known here.
        known: i64,
    },
    /// The data folder can't be prepared.
    #[error("the data folder {} can't be used", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The disk is full.
    #[error(
        "the disk that holds the data folder is full; free some space, nothing acknowledged has been lost"
    )]
    DiskFull,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// A stored value does not read back.
    #[error("a stored {what} does not read back")]
    Corrupt {
        /// What it should be.
        what: &'static str,
    },
    /// SQLite refused.
    #[error("the database refused")]
    Sqlite(#[source] rusqlite::Error),
    /// A simulated crash point was reached.
    #[error("simulated crash")]
    Crash,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Sqlite(error),
        }
    }
}
