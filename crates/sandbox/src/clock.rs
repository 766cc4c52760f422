//! The time a simulator stamps on its objects.

use jiff::{SignedDuration, Timestamp};

/// The wall clock, or the wall clock shifted: token lifetimes are tested without waiting for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    ahead: SignedDuration,
}

impl Clock {
    /// The machine's own time.
    #[must_use]
    pub fn wall() -> Self {
        Self::default()
    }

    /// The machine's time, put forward.
    #[must_use]
    pub fn ahead_by(ahead: SignedDuration) -> Self {
        Self { ahead }
    }

    /// The present instant.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the sandbox asks the machine for the time"
    )]
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + self.ahead
    }
}
