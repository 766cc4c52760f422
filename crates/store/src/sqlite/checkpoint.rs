//! Keeps the write-ahead log short without making commits wait.
//!
//! A thread of its own copies the log's pages into the database while writing goes on. Only when the log has become long
//! in spite of that does the writer stop for a moment and start it afresh; little is left to copy by then.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::Connection;

use super::open;
use crate::error::Error;

/// The background copy starts when the log is longer than this.
const LOG_BYTES_COPY: u64 = 16 << 20;
/// The writer starts the log afresh when it is longer than this.
const LOG_BYTES_MAX: u64 = 96 << 20;
/// The log's length is looked at once in so many commits.
const COMMITS_PER_LOOK: u32 = 64;

pub(super) struct Checkpointer {
    log: PathBuf,
    copy: SyncSender<()>,
    commits: u32,
}

impl Checkpointer {
    pub(super) fn start(path: PathBuf) -> Result<Self, Error> {
        let (copy, asked) = sync_channel(1);
        let log = PathBuf::from(format!("{}-wal", path.display()));
        let connection = open::connect(&path)?;
        std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || work(&connection, &asked))
            .map_err(|source| Error::Folder { path, source })?;
        Ok(Self { log, copy, commits: 0 })
    }

    /// Called by the writer between two commits.
    pub(super) fn after_commit(&mut self, connection: &Connection) {
        self.commits += 1;
        if self.commits < COMMITS_PER_LOOK {
            return;
        }
        self.commits = 0;
        let bytes = std::fs::metadata(&self.log).map_or(0, |m| m.len());
        if bytes > LOG_BYTES_MAX {
            let _ = connection.busy_timeout(Duration::from_millis(50));
            checkpoint(connection, "TRUNCATE");
            let _ = connection.busy_timeout(Duration::from_secs(10));
        } else if bytes > LOG_BYTES_COPY {
            let _ = self.copy.try_send(());
        }
    }
}

fn work(connection: &Connection, asked: &Receiver<()>) {
    while asked.recv().is_ok() {
        checkpoint(connection, "PASSIVE");
    }
}

fn checkpoint(connection: &Connection, mode: &str) {
    let done = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
    if let Err(error) = done {
        tracing::debug!(%error, mode, "checkpoint put off");
    }
}
