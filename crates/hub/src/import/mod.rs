//! Public contract registers as a source of events.
//!
//! A reader turns each record of a file into CloudEvents of the contract's own types; those go through the same intake and
//! the same flows as everything else. Readers are pure: from bytes to events or a reason.
//!
//! Guarantees
//! - Every record ends as accepted, duplicate, held or rejected, and the counts add up to the records of the file.
//! - Ids of events and contracts come from the records alone, so that a second import of a file changes nothing, and a
//!   record that says something else under the same id is refused.
//! - A record that can't be read does not keep the next one from being read. Files are streamed.
//!
//! Deliberately absent: judging whether a register is right. What it says is taken as said; screening comes later.

mod country;
mod decp;
mod event;
mod facts;
mod fpds;
mod hold;
mod ocds;
mod read;
mod report;
mod split;
mod take;

pub use read::RECORD_BYTES_MAX;
pub use report::{ImportReport, Outcome, Progress, Remark};

use std::path::{Path, PathBuf};

/// Kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Open Contracting Data Standard 1.1: release packages, record packages, releases one a line or in an array.
    Ocds,
    /// French public contracts, essential data: `{"marches": [...]}`.
    Decp,
    /// US federal contract actions, as a table with a heading row.
    Fpds,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ocds, Self::Decp, Self::Fpds];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ocds => "ocds",
            Self::Decp => "decp",
            Self::Fpds => "fpds",
        }
    }
}

/// Why an import stopped. What was taken before stays taken; a second import goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file can't be read.
    #[error("{}: can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not of the format.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What it lacks.
        reason: String,
    },
    /// Nothing could be stored.
    #[error("records can't be taken in")]
    Accept(#[from] crate::AcceptError),
    /// The store could not be read.
    #[error("records can't be looked up")]
    Store(#[from] throughline_store::Error),
    /// The hub is stopping.
    #[error("the hub is stopping; import the file again to go on")]
    Stopping,
}

impl crate::Hub {
    /// Takes in every record of a file. `progress` is told now and then.
    ///
    /// # Errors
    /// When the file can't be read, is of another format, or nothing can be stored.
    pub async fn import(
        &self,
        format: Format,
        file: &Path,
        tenant: &str,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<ImportReport, ImportError> {
        take::take(&self.inner, format, file, tenant, progress).await
    }
}

#[cfg(test)]
mod tests;
