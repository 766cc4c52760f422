//! The demo's progress bars.

use std::time::Duration;

use anyhow::Context;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use throughline_hub::Hub;
use throughline_hub::store::RunStatus;
use throughline_sandbox::firm::{DAYS, Progress};

/// How often a bar that waits shows that it is alive.
const TICK: Duration = Duration::from_millis(200);

/// The year, the contracts and the projects.
pub(super) struct Bars {
    all: MultiProgress,
    year: ProgressBar,
    contracts: ProgressBar,
    projects: ProgressBar,
}

impl Bars {
    /// Bars on the error output; none when a program reads along.
    pub(super) fn new(hidden: bool) -> Self {
        let all = MultiProgress::new();
        if hidden {
            all.set_draw_target(ProgressDrawTarget::hidden());
        }
        let add = |name: &'static str, length: u64| {
            let style = ProgressStyle::with_template("  {prefix:10} {bar:32} {pos:>5}/{len:<5} {msg}");
            let bar = all.add(ProgressBar::new(length)).with_prefix(name);
            if let Ok(style) = style {
                bar.set_style(style.progress_chars("━╸ "));
            }
            bar.enable_steady_tick(TICK);
            bar
        };
        let (year, contracts, projects) =
            (add("the year", u64::from(DAYS)), add("contracts", 0), add("projects", 0));
        Self { all, year, contracts, projects }
    }

    /// A day has passed.
    pub(super) fn year(&self, progress: &Progress) {
        self.year.set_position(u64::from(progress.day));
        self.year.set_message(format!(
            "{} of {} opportunities, {} won, {} lost",
            progress.opportunities, progress.opportunities_planned, progress.won, progress.lost
        ));
        self.contracts.set_length(progress.won as u64);
        self.contracts.set_message(format!("{} declined, {} amended", progress.declined, progress.amended));
    }

    /// The year is over; people are still at work on some envelopes.
    pub(super) fn settling(&self, unsettled: usize) {
        if unsettled > 0 {
            self.year.set_message(format!("over; {unsettled} envelopes are still with people"));
        }
    }

    /// Looks at how far the hub is.
    pub(super) async fn hub(&self, hub: &Hub) -> anyhow::Result<()> {
        let (mut projects, mut activated, mut waiting, mut failed) = (0, 0, 0, 0);
        for count in hub.store().run_counts().await.context("runs can't be counted")? {
            let runs = u64::try_from(count.runs).unwrap_or_default();
            match count.status {
                RunStatus::Waiting => waiting += runs,
                RunStatus::Faulted => failed += runs,
                _ => {}
            }
            match (count.flow.as_str(), count.status) {
                ("contract-activation", RunStatus::Completed) => {
                    (activated, projects) = (activated + runs, projects + runs)
                }
                ("contract-activation", _) => projects += runs,
                _ => {}
            }
        }
        let records = hub.store().record_counts().await.context("records can't be counted")?;
        let drafted = records.iter().find(|(noun, _)| noun == "contract").map_or(0, |(_, count)| *count);
        self.contracts.set_position(u64::try_from(drafted).unwrap_or_default());
        self.projects.set_length(projects);
        self.projects.set_position(activated);
        self.projects.set_message(format!("{waiting} runs waiting, {failed} failed"));
        Ok(())
    }

    /// All is done.
    pub(super) fn end(&self) {
        for bar in [&self.year, &self.contracts, &self.projects] {
            bar.abandon();
        }
        let _ = self.all.clear();
    }
}
