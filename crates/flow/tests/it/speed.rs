//! The machine must not be what a run waits for: eight calls in a row cost microseconds. Run with `--ignored` to measure.

use std::time::Instant;

use serde_json::{Value, json};
use throughline_flow::{self as flow, Command, Env, Input};

#[test]
#[ignore = "measures; run it alone"]
fn eight_calls_in_a_row() {
    let task = |i: usize| {
        json!({ format!("c{i}"): {
            "call": "http",
            "with": {
                "method": "post",
                "endpoint": "https://localhost/echo",
                "body": { "order": "${ $workflow.input.order }", "last": "${ .n }", "text": "${ \"step \\(.n)\" }" },
            },
        } })
    };
    let document = json!({
        "document": { "dsl": "1.0.3", "namespace": "t", "name": "t", "version": "1.0.0" },
        "do": (0..8).map(task).collect::<Vec<_>>(),
    });
    let begun = Instant::now();
    let definition = flow::parse(&document.to_string(), "f").unwrap();
    let parsed = begun.elapsed();
    let none = |_: &str| None;
    let at = "2026-01-31T08:00:00Z".parse().unwrap();
    let env = Env { now: at, seed: 1, run_id: "r", started_at: at, secrets: &none };
    let input = json!({ "n": 0, "order": { "id": "o-1", "note": "x".repeat(900) } });
    let answer = json!({ "n": 1, "note": "y".repeat(170) });
    const RUNS: u32 = 2_000;
    let begun = Instant::now();
    for _ in 0..RUNS {
        let (mut state, mut commands) = flow::start(&definition, input.clone(), Value::Null, &env);
        let mut steps = 0;
        while let Some(Command::Call { activation, .. }) =
            commands.iter().find(|c| matches!(c, Command::Call { .. }))
        {
            let input = Input::CallEnded { activation: *activation, result: Ok(answer.clone()) };
            commands = flow::step(&definition, &mut state, input, &env);
            steps += 1;
        }
        assert_eq!(steps, 8);
    }
    let each = begun.elapsed() / (RUNS * 8);
    eprintln!("{each:?} a step of {RUNS} flows of eight calls; the definition took {parsed:?} to compile");
}
