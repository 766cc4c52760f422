//! The writer thread: takes whatever waits, makes it one transaction, one sync, and tells everyone.
//!
//! Nothing is delayed to make batches larger: while one batch is being synced, the next one gathers.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Checkpointer;
use super::{Options, Stats};
use crate::error::Error;
use crate::types::CrashPoint;

/// Tells a caller how its write ended, once the batch is durable or has failed.
type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Does its work inside the open transaction; says whether it succeeded.
type Write = Box<dyn FnOnce(&Connection) -> (bool, Answer) + Send>;

enum Order {
    Write(Write),
    Close(oneshot::Sender<()>),
}

pub(super) struct Writer {
    orders: mpsc::Sender<Order>,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counters {
    commits: AtomicU64,
    writes: AtomicU64,
    crashed: AtomicBool,
}

impl Writer {
    pub(super) fn start(connection: Connection, path: PathBuf, options: &Options) -> Result<Self, Error> {
        let (orders, queue) = mpsc::channel(options.queued_writes_max.max(1));
        let counters = Arc::new(Counters::default());
        let checkpointer = Checkpointer::start(path)?;
        let desk = Desk {
            connection,
            queue,
            counters: Arc::clone(&counters),
            checkpointer,
            batch_max: options.batch_writes_max.max(1),
            crash: options.crash,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || desk.work())
            .map_err(|source| Error::Folder { path: options.folder.clone(), source })?;
        Ok(Self { orders, counters, thread: Some(thread) })
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            commits: self.counters.commits.load(Ordering::Relaxed),
            writes: self.counters.writes.load(Ordering::Relaxed),
        }
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let order = Order::Write(Box::new(move |connection| {
            let result = write(connection);
            let done = result.is_ok();
            let answer: Answer = Box::new(move |durable| {
                let _ = reply.send(durable.and(result));
            });
            (done, answer)
        }));
        self.orders.send(order).await.map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())?
    }

    fn gone(&self) -> Error {
        if self.counters.crashed.load(Ordering::Relaxed) {
            Error::Crash
        } else if self.orders.is_closed() {
            Error::Closed
        } else {
            lost("its batch was given up")
        }
    }

    pub(super) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.orders.send(Order::Close(reply)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the channel ends the thread; what waits is written first.
        let (orders, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.orders, orders));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lost(reason: &str) -> Error {
    Error::NotCommitted { reason: reason.to_owned() }
}

struct Desk {
    connection: Connection,
    queue: mpsc::Receiver<Order>,
    counters: Arc<Counters>,
    checkpointer: Checkpointer,
    batch_max: usize,
    crash: Option<(CrashPoint, u64)>,
}

impl Desk {
    fn work(mut self) {
        let mut batch = Vec::with_capacity(self.batch_max);
        while let Some(order) = self.queue.blocking_recv() {
            let mut closing = self.take(order, &mut batch);
            while closing.is_none() && batch.len() < self.batch_max {
                let Ok(order) = self.queue.try_recv() else { break };
                closing = self.take(order, &mut batch);
            }
            if !batch.is_empty() && !self.commit(&mut batch) {
                return;
            }
            if let Some(reply) = closing {
                self.queue.close();
                let _ = reply.send(());
            }
            self.checkpointer.after_commit(&self.connection);
        }
    }

    fn take(&self, order: Order, batch: &mut Vec<Write>) -> Option<oneshot::Sender<()>> {
        match order {
            Order::Write(write) => {
                batch.push(write);
                None
            }
            Order::Close(reply) => Some(reply),
        }
    }

    /// Makes a batch durable. `false`: a simulated crash has struck.
    fn commit(&self, batch: &mut Vec<Write>) -> bool {
        let writes = batch.len() as u64;
        let number = self.counters.commits.load(Ordering::Relaxed) + 1;
        let crash = self.crash.filter(|(_, at)| *at == number).map(|(point, _)| point);
        let begun = self.run("BEGIN IMMEDIATE");
        let mut answers = Vec::with_capacity(batch.len());
        for write in batch.drain(..) {
            // A write that fails is undone alone: what it did up to then is rolled back to here.
            let guarded = begun.is_ok() && self.run("SAVEPOINT one").is_ok();
            if !guarded {
                drop(write);
                continue;
            }
            let (done, answer) = write(&self.connection);
            answers.push(answer);
            if self.connection.is_autocommit() {
                // SQLite has given up the whole transaction (disk full, I/O error): the others must not go on outside it.
                answers.into_iter().for_each(|tell| tell(Err(lost("the transaction was given up"))));
                return true;
            }
            if !done {
                let _ = self.run("ROLLBACK TO one");
            }
            let _ = self.run("RELEASE one");
        }
        if crash == Some(CrashPoint::BeforeCommit) {
            let _ = self.run("ROLLBACK");
            self.counters.crashed.store(true, Ordering::Relaxed);
            answers.into_iter().for_each(|tell| tell(Err(Error::Crash)));
            return false;
        }
        let durable = begun.and_then(|()| self.run("COMMIT"));
        if crash == Some(CrashPoint::AfterCommit) {
            self.counters.crashed.store(true, Ordering::Relaxed);
            answers.into_iter().for_each(|tell| tell(Err(Error::Crash)));
            return false;
        }
        match durable {
            Ok(()) => {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                self.counters.writes.fetch_add(writes, Ordering::Relaxed);
                answers.into_iter().for_each(|tell| tell(Ok(())));
            }
            Err(error) => {
                let _ = self.run("ROLLBACK");
                tracing::error!(%error, writes, "a group commit failed; nothing of it is acknowledged");
                let full = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
                for tell in answers {
                    tell(Err(if full { Error::DiskFull } else { lost(&error.to_string()) }));
                }
            }
        }
        true
    }

    fn run(&self, sql: &str) -> Result<(), rusqlite::Error> {
        self.connection.prepare_cached(sql)?.execute([]).map(|_| ())
    }
}
