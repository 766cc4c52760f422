//! What the system says of a process: memory and processor time.

use std::time::{Duration, Instant};

/// Clock ticks in a second, as `/proc` counts them on Linux.
const TICKS: u64 = 100;

/// Memory of a process in megabytes: now, and the most there has been.
pub(crate) fn memory_mb(process: u32) -> (f64, f64) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        number.unwrap_or(f64::NAN)
    };
    (kilobytes("VmRSS:") / 1024.0, kilobytes("VmHWM:") / 1024.0)
}

/// Processor time a process has taken.
fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<u64>().ok()).unwrap_or_default();
    Duration::from_millis((ticks(11) + ticks(12)) * 1000 / TICKS)
}

/// Measures the share of one processor that a process takes.
pub(crate) struct Busy {
    process: u32,
    since: Instant,
    taken: Duration,
}

impl Busy {
    pub(crate) fn of(process: u32) -> Self {
        Self { process, since: Instant::now(), taken: processor_time(process) }
    }

    /// Percent of one processor since the beginning.
    pub(crate) fn percent(&self) -> f64 {
        let taken = processor_time(self.process).saturating_sub(self.taken);
        taken.as_secs_f64() / self.since.elapsed().as_secs_f64() * 100.0
    }
}
