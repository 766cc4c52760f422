//! How commands end.

use std::io::Write;
use std::process::ExitCode;

/// Ends that `--help` documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// What was asked for failed.
    Failed = 1,
    /// The command line can't be read.
    Usage = 2,
    /// There is no such thing.
    NotFound = 3,
    /// `check` found problems.
    Problems = 4,
    /// Some of what was given was not taken.
    Partly = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command's result.
pub(crate) type Outcome = Result<Exit, Failure>;

/// Why a command failed: one sentence, its causes, and what can be done.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
    advice: Option<String>,
}

impl Failure {
    /// A failure of which nothing more is known than a sentence.
    pub(crate) fn said(sentence: impl std::fmt::Display) -> Self {
        Self::from(anyhow::anyhow!("{sentence}"))
    }

    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The problem document a hub refused with, if that is the cause.
    pub(crate) fn problem(&self) -> Option<&throughline_api::Problem> {
        self.error.downcast_ref()
    }

    /// Tells the person at the terminal.
    pub(crate) fn report(&self) -> ExitCode {
        let mut text = format!("error: {}\n", self.error);
        for cause in self.error.chain().skip(1) {
            text.push_str(&format!("  because: {cause}\n"));
        }
        if let Some(advice) = &self.advice {
            text.push_str(&format!("  help: {advice}\n"));
        }
        // The error output may be closed; there is nobody left to tell then.
        let _ = std::io::stderr().write_all(text.as_bytes());
        self.exit.into()
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { exit: Exit::Failed, error, advice: None }
    }
}
