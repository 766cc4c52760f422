//! Run identifiers: 63 bits, rising with time, unique per node.
//!
//! 42 bits of milliseconds since 2020-01-01, 6 bits of node, 15 bits of counter. Rising ids keep the newest runs together
//! in every index. They rise across restarts, too, and when the clock is set back.

use std::sync::Mutex;

use jiff::Timestamp;
use throughline_store::RunId;

/// 2020-01-01T00:00:00Z in milliseconds since 1970.
const EPOCH_MS: i64 = 1_577_836_800_000;
const COUNTER_BITS: u32 = 15;
const NODE_BITS: u32 = 6;
const COUNTER_MAX: i64 = (1 << COUNTER_BITS) - 1;

pub(crate) struct RunIds {
    node: i64,
    last: Mutex<(i64, i64)>,
}

impl RunIds {
    /// Ids after `newest`, whatever the clock says.
    pub(crate) fn after(newest: Option<RunId>, node: u8) -> Self {
        let last = newest.map_or(0, |run| run.0 >> (COUNTER_BITS + NODE_BITS));
        Self { node: i64::from(node) & ((1 << NODE_BITS) - 1), last: Mutex::new((last, COUNTER_MAX)) }
    }

    /// The next id. When a millisecond's counter is used up, the next millisecond is borrowed.
    pub(crate) fn next(&self, now: Timestamp) -> RunId {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ms = (now.as_millisecond() - EPOCH_MS).max(1);
        let (mut at, mut count) = *last;
        if ms > at {
            (at, count) = (ms, 0);
        } else {
            count += 1;
            if count > COUNTER_MAX {
                (at, count) = (at + 1, 0);
            }
        }
        *last = (at, count);
        RunId((at << (COUNTER_BITS + NODE_BITS)) | (self.node << COUNTER_BITS) | count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_even_when_the_clock_stands() {
        let ids = RunIds::after(None, 3);
        let now = Timestamp::from_millisecond(EPOCH_MS + 10_000).unwrap();
        let mut made: Vec<i64> = (0..100_000).map(|_| ids.next(now).0).collect();
        let ids = RunIds::after(made.last().copied().map(RunId), 3);
        let earlier = Timestamp::from_millisecond(EPOCH_MS + 5_000).unwrap();
        made.extend((0..100_000).map(|_| ids.next(earlier).0));
        assert!(made.windows(2).all(|w| w[0] < w[1]));
    }
}
