//! The hub under test, in a process and a data folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use crate::client::Connection;
use crate::{Program, flows};

/// The longest a hub may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);
/// Runs it holds in memory at once.
const RUNS_ACTIVE_MAX: usize = 16_384;

/// A running hub; killed when it is dropped.
pub(crate) struct Hub {
    child: Child,
    pub(crate) port: u16,
    program: PathBuf,
    folder: TempDir,
}

impl Hub {
    /// Starts a hub whose flows call the stub at `stub_port`.
    pub(crate) async fn start(program: &Program, stub_port: u16) -> anyhow::Result<Self> {
        let folder = match &program.folder {
            Some(folder) => TempDir::new_in(folder),
            None => TempDir::new(),
        }
        .context("no data folder can be made")?;
        flows::write(&folder.path().join("catalog"), stub_port)?;
        let config = format!(
            "data: data\ncatalog: catalog\nlisten: 127.0.0.1:0\nengine: {{ runsActiveMax: {RUNS_ACTIVE_MAX} }}\n"
        );
        std::fs::write(folder.path().join("throughline.yaml"), config)?;
        let program = match &program.throughline {
            Some(program) => program.clone(),
            None => std::env::current_exe()?.with_file_name("throughline"),
        };
        ensure!(
            program.is_file(),
            "{} is not there; build it, or name one with --throughline",
            program.display()
        );
        let port = free_port()?;
        let child = spawn(&program, folder.path(), port)?;
        let mut hub = Self { child, port, program, folder };
        hub.ready().await?;
        Ok(hub)
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Pulls the plug.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts again in the same folder.
    pub(crate) async fn start_again(&mut self) -> anyhow::Result<()> {
        self.child = spawn(&self.program, self.folder.path(), self.port)?;
        self.ready().await
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                bail!("the hub ended at once: {status}");
            }
            if let Ok(mut connection) = Connection::open(self.port).await
                && connection.get("/readyz").await.is_ok_and(|(status, _)| status.is_success())
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bail!("the hub was not ready within {PATIENCE:?}")
    }

    /// A number from its metrics; 0 when it is not there. Series with labels are added up.
    pub(crate) async fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let (_, body) = Connection::open(self.port).await?.get("/metrics").await?;
        let text = String::from_utf8_lossy(&body);
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let value = rest.rsplit(' ').next()?;
            rest.starts_with([' ', '{']).then(|| value.parse::<f64>().ok()).flatten()
        });
        Ok(values.sum())
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn spawn(program: &Path, folder: &Path, port: u16) -> anyhow::Result<Child> {
    Command::new(program)
        .args(["up", "--config"])
        .arg(folder.join("throughline.yaml"))
        .arg("--listen")
        .arg(format!("127.0.0.1:{port}"))
        .env("THROUGHLINE_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("the hub can't be started")
}

/// A port nobody listens on at this moment; kept the same when a hub starts again.
fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
