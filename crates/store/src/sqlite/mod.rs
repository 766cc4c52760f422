//! The embedded backend: SQLite in WAL mode with `synchronous=FULL`.
//!
//! One thread writes, in group commits; a few connections read, on blocking threads. One process at a time has the data
//! folder, which a lock file makes sure of.

mod checkpoint;
mod listen;
mod open;
mod read;
mod write;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::identity::{Position, RunId};
use crate::types::{
    Appended, Committed, CrashPoint, Dispatch, Dispatched, Entry, InboxRow, LinkFilter, LinkRow, NewEvent,
    Record, RecordFilter, Rejected, RejectedRow, Run, RunFilter, StatusCount, StoredEvent, StoredRun,
    TimerRow, Transition, WaitRow,
};
use writer::Writer;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; made when it is not there.
    pub folder: PathBuf,
    /// Connections that read.
    pub readers: usize,
    /// Writes in one group commit.
    pub batch_writes_max: usize,
    /// Writes that may wait; callers beyond wait for a place.
    pub queued_writes_max: usize,
    /// A simulated crash, and the group commit it strikes, counted from 1.
    pub crash: Option<(CrashPoint, u64)>,
}

impl Options {
    /// The usual options for a data folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            readers: 2,
            batch_writes_max: 512,
            queued_writes_max: 4_096,
            crash: None,
        }
    }
}

/// Counters since the store was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Group commits, each one sync.
    pub commits: u64,
    /// Writes in them.
    pub writes: u64,
}

/// The store. Cheap to clone; closed when the last clone is dropped or [`Store::close`] is called.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
    places: Semaphore,
    folder: PathBuf,
    _lock: std::fs::File,
}

impl Store {
    /// Opens a data folder, makes it when it is not there, and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::Newer`], [`Error::Folder`], or what the database says.
    pub async fn open(options: Options) -> Result<Self, Error> {
        blocking(move || {
            let lock = open::lock(&options.folder)?;
            let path = open::database(&options.folder);
            let mut connection = open::connect(&path)?;
            open::migrate(&mut connection, &path)?;
            let readers = (0..options.readers.max(1))
                .map(|_| open::connect_reader(&path))
                .collect::<Result<Vec<_>, _>>()?;
            let places = Semaphore::new(readers.len());
            let writer = Writer::start(connection, path, &options)?;
            let readers = Mutex::new(readers);
            Ok(Self {
                inner: Arc::new(Inner { writer, readers, places, folder: options.folder, _lock: lock }),
            })
        })
        .await
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Counters since the store was opened.
    pub fn stats(&self) -> Stats {
        self.inner.writer.stats()
    }

    /// Finishes the writes that wait, then refuses more.
    pub async fn close(&self) {
        self.inner.writer.close().await;
    }

    async fn write<T: Send + 'static>(
        &self,
        write: impl Fn(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.inner.writer.write(write).await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = Arc::clone(&self.inner);
        // A task of its own takes and gives back the place. Were it the caller's future, one that is not polled for a while
        // (a call of a run that is busy with its own step) would keep the place, and one that is dropped would give it
        // back while its connection is still at work.
        let reading = tokio::spawn(async move {
            let _place = inner.places.acquire().await.map_err(|_| Error::Closed)?;
            let inner = Arc::clone(&inner);
            blocking(move || {
                let taken = inner.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let connection = taken.ok_or(Error::Closed)?;
                let result = read(&connection);
                inner.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                result
            })
            .await
        });
        reading.await.map_err(|_| Error::Closed)?
    }

    /// Appends events to the log.
    ///
    /// # Errors
    /// When nothing could be stored.
    pub async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>, Error> {
        self.write(move |c| write::append(c, &events)).await
    }

    /// Appends what a poll has brought and moves the poll's cursor, all or nothing.
    ///
    /// # Errors
    /// When nothing could be stored.
    pub async fn append_polled(
        &self,
        events: Vec<NewEvent>,
        cursor: String,
        value: String,
    ) -> Result<Vec<Appended>, Error> {
        self.write(move |c| {
            let appended = write::append(c, &events)?;
            write::set_cursor(c, &cursor, &value)?;
            Ok(appended)
        })
        .await
    }

    /// Stores something that could not be taken as an event; returns its number.
    ///
    /// # Errors
    /// When it could not be stored.
    pub async fn reject(&self, rejected: Rejected) -> Result<i64, Error> {
        self.write(move |c| write::reject(c, &rejected)).await
    }

    /// Notes the event that a rejected one has become.
    ///
    /// # Errors
    /// When it could not be stored.
    pub async fn mark_replayed(&self, number: i64, position: Position) -> Result<(), Error> {
        self.write(move |c| write::mark_replayed(c, number, position)).await
    }

    /// One step of a run.
    ///
    /// # Errors
    /// [`Error::Stale`] when the run has moved on, [`Error::Ended`] when it has ended, [`Error::NoRun`].
    pub async fn commit(&self, transition: Transition) -> Result<Committed, Error> {
        self.write(move |c| write::commit(c, &transition)).await
    }

    /// Hands events over.
    ///
    /// # Errors
    /// [`Error::Moved`] when the cursor has moved on.
    pub async fn dispatch(&self, dispatch: Dispatch) -> Result<Dispatched, Error> {
        self.write(move |c| write::dispatch(c, &dispatch)).await
    }

    /// Keeps a definition.
    ///
    /// # Errors
    /// When it could not be stored.
    pub async fn put_definition(&self, hash: &str, name: &str, source: &str) -> Result<(), Error> {
        let (hash, name, source) = (hash.to_owned(), name.to_owned(), source.to_owned());
        self.write(move |c| write::put_definition(c, &hash, &name, &source)).await
    }

    /// A definition by its hash.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn definition(&self, hash: &str) -> Result<Option<String>, Error> {
        let hash = hash.to_owned();
        self.read(move |c| read::definition(c, &hash)).await
    }

    /// A dispatch cursor.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn cursor(&self, name: &str) -> Result<Option<Position>, Error> {
        let value = self.cursor_text(name).await?;
        value.map(|v| v.parse().map(Position).map_err(|_| Error::Corrupt { what: "cursor" })).transpose()
    }

    /// A poll cursor.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn cursor_text(&self, name: &str) -> Result<Option<String>, Error> {
        let name = name.to_owned();
        self.read(move |c| read::cursor(c, &name)).await
    }

    /// Events after a place, in order.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn events_after(&self, after: Position, limit: usize) -> Result<Vec<StoredEvent>, Error> {
        self.read(move |c| read::events_after(c, after, limit)).await
    }

    /// An event of the log.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn event(&self, position: Position) -> Result<Option<StoredEvent>, Error> {
        let before = Position(position.0 - 1);
        let events = self.read(move |c| read::events_after(c, before, 1)).await?;
        Ok(events.into_iter().find(|e| e.position == position))
    }

    /// A run.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn run(&self, run: RunId) -> Result<Option<Run>, Error> {
        self.read(move |c| read::run(c, run)).await
    }

    /// Runs, newest first.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn runs(&self, filter: RunFilter) -> Result<Vec<Run>, Error> {
        self.read(move |c| read::runs(c, &filter)).await
    }

    /// Number of runs by flow and status.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn run_counts(&self) -> Result<Vec<StatusCount>, Error> {
        self.read(read::run_counts).await
    }

    /// A run's journal, from its first entry.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn journal(&self, run: RunId) -> Result<Vec<Entry>, Error> {
        self.read(move |c| read::journal_after(c, run, 0)).await
    }

    /// A run with all it takes to go on.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn load_run(&self, run: RunId) -> Result<Option<StoredRun>, Error> {
        self.read(move |c| read::load_run(c, run)).await
    }

    /// Events given to a run that it has not handled yet, in the order of the log.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn inbox(&self, run: RunId) -> Result<Vec<InboxRow>, Error> {
        self.read(move |c| read::inbox(c, run)).await
    }

    /// Runs that have to be taken up at start: those running, those whose turn has come, those with undelivered events.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn open_runs(&self, after: Option<RunId>, limit: usize) -> Result<Vec<RunId>, Error> {
        self.read(move |c| read::open_runs(c, after, limit)).await
    }

    /// Timers that are due, earliest first.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn due_timers(&self, now: jiff::Timestamp, limit: usize) -> Result<Vec<TimerRow>, Error> {
        self.read(move |c| read::due_timers(c, now, limit)).await
    }

    /// When the first timer after `now` is due.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn next_due(&self, now: jiff::Timestamp) -> Result<Option<jiff::Timestamp>, Error> {
        self.read(move |c| read::next_due(c, now)).await
    }

    /// The runs that wait for events of these (tenant, type) pairs, or of any type, without correlating them.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn uncorrelated_waits(&self, kinds: Vec<(String, String)>) -> Result<Vec<WaitRow>, Error> {
        self.read(move |c| read::uncorrelated_waits(c, &kinds)).await
    }

    /// Hashes of the definitions that runs not ended are pinned to.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn definitions_in_use(&self) -> Result<Vec<String>, Error> {
        self.read(read::definitions_in_use).await
    }

    /// A record.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn record(&self, tenant: &str, noun: &str, id: &str) -> Result<Option<Record>, Error> {
        let (tenant, noun, id) = (tenant.to_owned(), noun.to_owned(), id.to_owned());
        self.read(move |c| read::record(c, &tenant, &noun, &id)).await
    }

    /// Every version of a record, oldest first.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn record_history(&self, tenant: &str, noun: &str, id: &str) -> Result<Vec<Record>, Error> {
        let (tenant, noun, id) = (tenant.to_owned(), noun.to_owned(), id.to_owned());
        self.read(move |c| read::record_history(c, &tenant, &noun, &id)).await
    }

    /// Records of a kind, in order of their ids.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn records(&self, filter: RecordFilter) -> Result<Vec<Record>, Error> {
        self.read(move |c| read::records(c, &filter)).await
    }

    /// Number of records by kind.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn record_counts(&self) -> Result<Vec<(String, i64)>, Error> {
        self.read(read::record_counts).await
    }

    /// Links.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn links(&self, filter: LinkFilter) -> Result<Vec<LinkRow>, Error> {
        self.read(move |c| read::links(c, &filter)).await
    }

    /// Rejected events, newest first.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn rejected(&self, before: Option<i64>, limit: usize) -> Result<Vec<RejectedRow>, Error> {
        self.read(move |c| read::rejected(c, before, limit)).await
    }

    /// The number under which a record of a file was rejected before, for the same reason and with the same content.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn rejected_before(&self, rejected: Rejected) -> Result<Option<i64>, Error> {
        self.read(move |c| read::rejected_before(c, &rejected)).await
    }

    /// A rejected event.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn rejected_event(&self, number: i64) -> Result<Option<RejectedRow>, Error> {
        let found = self.read(move |c| read::rejected(c, Some(number + 1), 1)).await?;
        Ok(found.into_iter().find(|r| r.number == number))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(Error::Closed),
    }
}
