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

/// A write, and whoever waits for it.
trait Write: Send {
    /// Does its work inside the open transaction; says whether it succeeded. Done again when the batch has to be.
    fn work(&mut self, connection: &Connection) -> bool;
    /// Tells the caller how it ended, once the batch is durable or has failed.
    fn tell(self: Box<Self>, durable: Result<(), Error>);
}

struct Waited<T, W> {
    work: W,
    result: Result<T, Error>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T: Send, W: Fn(&Connection) -> Result<T, Error> + Send> Write for Waited<T, W> {
    fn work(&mut self, connection: &Connection) -> bool {
        self.result = (self.work)(connection);
        self.result.is_ok()
    }

    fn tell(self: Box<Self>, durable: Result<(), Error>) {
        let Self { result, reply, .. } = *self;
        let _ = reply.send(durable.and(result));
    }
}

type Batch = Vec<Box<dyn Write>>;

enum Order {
    Write(Box<dyn Write>),
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
        work: impl Fn(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let result = Err(lost("its batch was given up"));
        let order = Order::Write(Box::new(Waited { work, result, reply }));
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

    fn take(&self, order: Order, batch: &mut Batch) -> Option<oneshot::Sender<()>> {
        match order {
            Order::Write(write) => {
                batch.push(write);
                None
            }
            Order::Close(reply) => Some(reply),
        }
    }

    /// Makes a batch durable. `false`: a simulated crash has struck.
    fn commit(&self, batch: &mut Batch) -> bool {
        let writes = batch.len() as u64;
        let number = self.counters.commits.load(Ordering::Relaxed) + 1;
        let crash = self.crash.filter(|(_, at)| *at == number).map(|(point, _)| point);
        let worked = match self.together(batch) {
            Ok(true) => Ok(()),
            Ok(false) => self.one_by_one(batch),
            Err(error) => Err(error),
        };
        if crash == Some(CrashPoint::BeforeCommit) {
            let _ = self.run("ROLLBACK");
            return self.crashed(batch);
        }
        let durable = worked.and_then(|()| self.run("COMMIT"));
        if crash == Some(CrashPoint::AfterCommit) {
            return self.crashed(batch);
        }
        match durable {
            Ok(()) => {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                self.counters.writes.fetch_add(writes, Ordering::Relaxed);
                batch.drain(..).for_each(|write| write.tell(Ok(())));
            }
            Err(error) => {
                if !self.connection.is_autocommit() {
                    let _ = self.run("ROLLBACK");
                }
                tracing::error!(%error, writes, "a group commit failed; nothing of it is acknowledged");
                let full = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
                for write in batch.drain(..) {
                    write.tell(Err(if full { Error::DiskFull } else { lost(&error.to_string()) }));
                }
            }
        }
        true
    }

    /// Does the work of all in one transaction. `false`: one has failed, and nothing is done.
    fn together(&self, batch: &mut Batch) -> Result<bool, rusqlite::Error> {
        self.run("BEGIN IMMEDIATE")?;
        let done = batch.iter_mut().all(|write| write.work(&self.connection));
        if !done && !self.connection.is_autocommit() {
            self.run("ROLLBACK")?;
        }
        Ok(done)
    }

    /// Does the work of all in one transaction, each within bounds of its own: one that fails is undone alone.
    fn one_by_one(&self, batch: &mut Batch) -> Result<(), rusqlite::Error> {
        self.run("BEGIN IMMEDIATE")?;
        for write in batch.iter_mut() {
            self.run("SAVEPOINT one")?;
            let done = write.work(&self.connection);
            if !done {
                // Fails when SQLite has given up the whole transaction (disk full, I/O error): the others must not go
                // on outside it.
                self.run("ROLLBACK TO one")?;
            }
            self.run("RELEASE one")?;
        }
        Ok(())
    }

    fn crashed(&self, batch: &mut Batch) -> bool {
        self.counters.crashed.store(true, Ordering::Relaxed);
        batch.drain(..).for_each(|write| write.tell(Err(Error::Crash)));
        false
    }

    fn run(&self, sql: &str) -> Result<(), rusqlite::Error> {
        self.connection.prepare_cached(sql)?.execute([]).map(|_| ())
    }
}
