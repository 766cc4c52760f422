//! An installation for one test, and the binary run in it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_throughline");
/// How long a hub may take to come up or down on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A flow that ends at once, started by an event or by a call.
const GREET: &str = "\
document: {dsl: 1.0.3, namespace: test, name: greet, version: 1.0.0, metadata: {businessKey: '${ .[0].name }'}}
schedule:
  on:
    one:
      with:
        type: test.guest.v1
input:
  from: ${ .[0] }
do:
  - greet:
      set: '${ {greeting: (\"hello \" + .name)} }'
";

pub(crate) struct Installation {
    folder: tempfile::TempDir,
}

/// What a command did.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("{e}\nout: {}\nerr: {}", self.out, self.err))
    }
}

impl Installation {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// What `init` writes, with a flow of the test's own.
    pub(crate) fn new() -> Self {
        let installation = Self::empty();
        installation.run(&["init", "."]).with(0);
        installation.write("catalog/flows/greet.yaml", GREET);
        installation
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["THROUGHLINE_CONFIG", "THROUGHLINE_ADDRESS", "THROUGHLINE_LOG", "THROUGHLINE_LOG_FORMAT"]
        {
            command.env_remove(name);
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs `throughline up` on a free port until it answers.
    pub(crate) fn up(&self) -> Up {
        self.start(&["up", "--listen", "127.0.0.1:0", "--log-format", "json"], "data/address")
    }

    /// Runs a command that stays, until it has written a file.
    pub(crate) fn start(&self, arguments: &[&str], file: &str) -> Up {
        let log = self.path(&format!("{}.log", arguments[0]));
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
        let mut up = Up { child: command.spawn().unwrap() };
        let began = Instant::now();
        while !self.path(file).exists() {
            let ended = up.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "{arguments:?} is not up: {}", read(&log));
            std::thread::sleep(Duration::from_millis(50));
        }
        up
    }

    /// Runs a command until its answer holds.
    pub(crate) fn until(&self, arguments: &[&str], holds: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let value = self.run(arguments).with(0).json();
            if holds(&value) {
                return value;
            }
            assert!(began.elapsed() < PATIENCE, "{arguments:?} did not come to hold: {value}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A running hub, ended with the test.
pub(crate) struct Up {
    child: Child,
}

impl Up {
    /// Asks it to stop, and waits for its end.
    pub(crate) fn stop(mut self) -> i32 {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(began.elapsed() < PATIENCE, "it does not stop");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
