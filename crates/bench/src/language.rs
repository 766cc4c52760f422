//! What the flow language costs by itself: reading large definitions, and looping over many items without a call.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{anyhow, ensure};
use serde_json::{Value, json};
use throughline_flow::{self as flow, Command, End, Env};

use crate::process::memory_mb;
use crate::table;

/// Tasks of the definitions that are read.
const TASKS: [usize; 3] = [10, 100, 1_000];
/// Items of the loops.
const ITEMS: [usize; 3] = [1_000, 10_000, 100_000];
/// Readings whose middle one is told.
const READINGS: usize = 9;

pub(crate) fn run() -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for tasks in TASKS {
        let text = definition(tasks);
        let mut times = Vec::with_capacity(READINGS);
        for _ in 0..READINGS {
            let begun = Instant::now();
            flow::parse(&text, "bench.yaml").map_err(|found| anyhow!("{found:?}"))?;
            times.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
        times.sort_by(f64::total_cmp);
        let middle = times[READINGS / 2];
        rows.push(vec![
            tasks.to_string(),
            format!("{:.0}", text.len() as f64 / 1e3),
            format!("{middle:.2}"),
            format!("{:.1}", middle * 1_000.0 / tasks as f64),
        ]);
    }
    table::print("language: definitions of many tasks read", &["tasks", "KB", "ms", "µs a task"], rows);
    let looping = flow::parse(LOOP, "loop.yaml").map_err(|found| anyhow!("{found:?}"))?;
    let mut rows = Vec::new();
    for items in ITEMS {
        let secrets = |_: &str| None;
        let now = jiff::Timestamp::UNIX_EPOCH;
        let env = Env { now, seed: 1, run_id: "bench", started_at: now, secrets: &secrets };
        let begun = Instant::now();
        let (_, commands) = flow::start(&looping, json!({ "items": items }), Value::Null, &env);
        let took = begun.elapsed();
        let Some(Command::End(End::Completed { output })) = commands.last() else {
            return Err(anyhow!("the loop did not complete: {:?}", commands.last()));
        };
        ensure!(output["sum"] == items * (items - 1) / 2, "{output}");
        rows.push(vec![
            items.to_string(),
            format!("{:.1}", took.as_secs_f64() * 1_000.0),
            format!("{:.2}", took.as_secs_f64() * 1e6 / items as f64),
            format!("{:.0}", memory_mb(std::process::id()).1),
        ]);
    }
    table::print("language: loops over many items", &["items", "ms", "µs an item", "peak MB"], rows);
    Ok(())
}

/// Tasks of several kinds, with expressions.
fn definition(tasks: usize) -> String {
    let mut text = head("large");
    for number in 0..tasks {
        let _ = match number % 4 {
            0 => write!(
                text,
                "  - t{number}:\n      set: {{ n: '${{ .n + 1 }}', order: '${{ $workflow.input.order }}' }}\n"
            ),
            1 => write!(
                text,
                "  - t{number}:\n      call: erp.customer.put\n      with: {{ customer: '${{ .order.customer }}', n: '${{ .n }}' }}\n"
            ),
            2 => write!(
                text,
                "  - t{number}:\n      if: ${{ .n > 10 and (.order.lines | length) > 2 }}\n      wait: {{ seconds: 1 }}\n"
            ),
            _ => write!(
                text,
                "  - t{number}:\n      call: http\n      with: {{ method: post, endpoint: 'http://127.0.0.1:1/step', body: '${{ {{ n, order }} }}' }}\n"
            ),
        };
    }
    text
}

fn head(name: &str) -> String {
    format!("document: {{ dsl: 1.0.3, namespace: bench, name: {name}, version: 1.0.0 }}\ndo:\n")
}

const LOOP: &str = "document: { dsl: 1.0.3, namespace: bench, name: loop, version: 1.0.0 }
do:
  - start: { set: { sum: 0, items: '${ [range(.items)] }' } }
  - each:
      for: { each: item, in: '${ .items }' }
      do:
        - add: { set: { sum: '${ .sum + $item }', items: '${ .items }' } }
";
