//! The life of a contract: drafted, screened, signed, completed, amended.
//!
//! Records: `contract` is where it stands now; `contract-version` holds every version and correction, immutable, under
//! `<contract>/v<version>.<correction>`.

mod amend;
mod chain;
mod draft;
mod record;
mod screen;
#[cfg(test)]
mod tests;

pub(super) use amend::amend;
pub(super) use draft::draft;
pub(super) use record::{record, supply};
pub(super) use screen::screen;

const CONTRACT: &str = "contract";
const VERSION: &str = "contract-version";
