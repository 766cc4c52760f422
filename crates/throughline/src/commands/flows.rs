//! `throughline flows`.

use throughline_api::FlowList;

use crate::arguments::Global;
use crate::failure::Outcome;
use crate::{screen, settings};

pub(crate) fn run(global: &Global) -> Outcome {
    let config = settings::config(global)?;
    let list = FlowList::of(&settings::catalog(&config)?);
    if global.json {
        return screen::json(&list);
    }
    let mut table = screen::table(["flow", "version", "started by", "file"]);
    for flow in list.flows {
        table.add_row([flow.name, flow.version, flow.started_by.join(", "), flow.file]);
    }
    screen::print(&screen::text_of(&table))
}
