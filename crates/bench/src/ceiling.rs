//! `activation8` beside a bare loop that makes the same calls and the same syncs, so that the hub is measured against what
//! the machine gives at that moment.

use tempfile::TempDir;

use crate::activation8::{self, Figures};
use crate::bare::Bare;
use crate::hub::Hub;
use crate::stub::Stub;
use crate::{Measure, table};

pub(crate) async fn run(in_flight: &[usize], measure: &Measure) -> anyhow::Result<()> {
    let stub = Stub::start()?;
    let mut rows = Vec::new();
    for senders in in_flight {
        let bare = bare(&stub, *senders, measure).await?;
        let hub = Hub::start(&measure.program, stub.port).await?;
        let hub = activation8::figures(hub.port, hub.process(), &stub, *senders, measure).await?;
        rows.push(vec![
            senders.to_string(),
            format!("{:.0}", bare.outcome.per_second),
            format!("{:.2}", bare.outcome.p50_ms),
            format!("{:.2}", bare.milliseconds_per_flow()),
            format!("{:.0}", hub.outcome.per_second),
            format!("{:.2}", hub.outcome.p50_ms),
            format!("{:.2}", hub.milliseconds_per_flow()),
            format!("{:.0}", hub.outcome.per_second / bare.outcome.per_second * 100.0),
        ]);
    }
    let columns = [
        "in flight",
        "bare/s",
        "bare p50 ms",
        "bare CPU ms/flow",
        "hub/s",
        "hub p50 ms",
        "hub CPU ms/flow",
        "hub in % of bare",
    ];
    table::print("ceiling: a bare loop of the same calls and syncs, and the hub", &columns, rows);
    Ok(())
}

async fn bare(stub: &Stub, senders: usize, measure: &Measure) -> anyhow::Result<Figures> {
    let folder = match &measure.program.folder {
        Some(folder) => TempDir::new_in(folder)?,
        None => TempDir::new()?,
    };
    let bare = Bare::start(stub.port, folder.path())?;
    activation8::figures(bare.port, bare.process(), stub, senders, measure).await
}
