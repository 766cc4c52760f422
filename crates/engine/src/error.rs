//! What can go wrong when the engine is asked for something.

/// A request the engine could not carry out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No flow of that name is loaded.
    #[error("no flow is named {0:?}; `throughline check` lists the flows of the catalog")]
    UnknownFlow(String),
    /// The definition a stored run is pinned to is neither loaded nor stored.
    #[error("the definition {0} that this run is pinned to is not stored")]
    UnknownDefinition(String),
    /// A stored definition can no longer be read.
    #[error("the stored definition {hash} does not parse: {reason}")]
    BrokenDefinition {
        /// Hash of the definition.
        hash: String,
        /// First diagnostic.
        reason: String,
    },
    /// A stored journal entry or snapshot can't be read.
    #[error("the journal of run {run} does not read back at {at}")]
    BrokenJournal {
        /// The run.
        run: String,
        /// Which entry.
        at: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A flow's `metadata.businessKey` gives no usable key for this input.
    #[error("metadata.businessKey of flow {flow:?} gives no key for this input: {reason}")]
    BusinessKey {
        /// The flow.
        flow: String,
        /// What is wrong.
        reason: String,
    },
    /// Too many runs are active; the caller may try again.
    #[error("{limit} runs are active, which is the configured most; try again shortly")]
    Busy {
        /// The limit in force.
        limit: usize,
    },
    /// The engine is stopping.
    #[error("the engine is shutting down")]
    Stopping,
    /// No such run.
    #[error("no run {0}")]
    NoRun(String),
    /// The run's code panicked.
    #[error("run {run} panicked")]
    Panicked {
        /// The run.
        run: String,
    },
    /// The store refused.
    #[error("the store failed")]
    Store(#[from] throughline_store::Error),
}

impl Error {
    /// Whether a run that met this can't be read by this release, however often it is tried.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(
            self,
            Self::BrokenJournal { .. } | Self::BrokenDefinition { .. } | Self::UnknownDefinition(_)
        )
    }
}
