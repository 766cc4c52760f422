//! When a state is written out.
//!
//! A state costs its size to write, a journal its size to replay. A state is therefore written out once the journal after
//! the last one has grown as large: a run writes at most twice what it decides, however large its state, and loading
//! reads at most about two states. A loop over 100,000 items does not write 100,000 items for each of them.

use throughline_store::{Entry, Snapshot};

/// A running state is not written out before so many entries; a parked one is, so that it wakes without a replay.
const ENTRIES_MIN: usize = 128;

/// What a run's journal holds since its state was last written out.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Snapshots {
    entries: usize,
    bytes: usize,
    /// Bytes of the last state written out.
    last: usize,
}

impl Snapshots {
    /// Of a run as it is stored.
    pub(super) fn of_stored(snapshot: Option<&Snapshot>, after: &[Entry]) -> Self {
        let mut this = Self { last: snapshot.map_or(0, |s| s.body.len()), ..Self::default() };
        this.grew(after);
        this
    }

    /// Entries were added to the journal.
    pub(super) fn grew(&mut self, entries: &[Entry]) {
        self.entries += entries.len();
        self.bytes += entries.iter().map(|e| e.body.len()).sum::<usize>();
    }

    /// Whether the state is to be written out now.
    pub(super) fn due(&self, parks: bool) -> bool {
        (parks || self.entries >= ENTRIES_MIN) && self.bytes >= self.last
    }

    /// The state was written out.
    pub(super) fn written(&mut self, bytes: usize) {
        *self = Self { entries: 0, bytes: 0, last: bytes };
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use throughline_store::EntryKind;

    use super::*;

    fn entries(count: usize, bytes: usize) -> Vec<Entry> {
        vec![Entry { at: Timestamp::UNIX_EPOCH, kind: EntryKind::CallOutcome, body: vec![0; bytes] }; count]
    }

    #[test]
    fn a_state_is_written_when_the_journal_has_outgrown_it() {
        // Entries and their bytes since, bytes of the last state, and whether one is due: running, parking.
        let cases = [
            (1, 10, 0, (false, true)),
            (127, 10, 100, (false, true)),
            (128, 10, 100, (true, true)),
            (128, 10, 2_000, (false, false)),
            (200, 10, 2_000, (true, true)),
            (1, 10, 11, (false, false)),
        ];
        for (count, bytes, last, (running, parking)) in cases {
            let body = Snapshot { seq: 1, body: vec![0; last] };
            let snapshots = Snapshots::of_stored(Some(&body), &entries(count, bytes));
            assert_eq!((snapshots.due(false), snapshots.due(true)), (running, parking), "{snapshots:?}");
        }
    }

    #[test]
    fn what_is_written_stays_in_proportion_to_the_journal() {
        let (mut snapshots, mut journal, mut written) = (Snapshots::default(), 0, 0);
        for _ in 0..100_000 {
            snapshots.grew(&entries(1, 100));
            journal += 100;
            if snapshots.due(true) {
                written += 1_000_000;
                snapshots.written(1_000_000);
            }
        }
        assert!(written <= journal + 1_000_000, "{written} bytes for a journal of {journal}");
    }
}
