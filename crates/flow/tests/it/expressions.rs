//! The sandbox of expressions: what is computed, and how a program that would run away is stopped.

use crate::driver::Driver;
use serde_json::{Value, json};
use throughline_flow as flow;

/// What `set: { x: ${ expression } }` gives, or the error's text.
fn evaluated(expression: &str, input: &Value) -> Result<Value, String> {
    let document = json!({
        "document": { "dsl": "1.0.3", "namespace": "t", "name": "t", "version": "1.0.0" },
        "do": [ { "a": { "set": { "x": format!("${{{expression}}}") } } } ],
    });
    let definition =
        flow::parse(&document.to_string(), "f").map_err(|problems| problems[0].message.clone())?;
    let mut driver = Driver::new(&definition);
    driver.run(input, &mut |_| None);
    match driver.end {
        Some(flow::End::Completed { output }) => Ok(output["x"].clone()),
        Some(flow::End::Faulted { error }) => Err(error.detail),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_library_works_rewritten() {
    let input = json!({ "a": [3, 1, 2], "s": "x,y", "o": { "b": 1 }, "date": "2026-01-31T08:00:00Z" });
    for (expression, expected) in [
        (".a | add", json!(6)),
        ("[.a[] * 2]", json!([6, 2, 4])),
        (".a | sort | map(tostring) | join(\"-\")", json!("1-2-3")),
        ("\"n=\\(.a[0] + 1) o=\\(.o)\"", json!("n=4 o={\"b\":1}")),
        ("@base64 \"<\\(.s)>\"", json!("<eCx5>")),
        (".s | split(\",\")", json!(["x", "y"])),
        (".s | gsub(\"(?<l>[a-z])\"; \"\\(.l)\\(.l)\")", json!("xx,yy")),
        (".a[0] += 10 | .a", json!([13, 1, 2])),
        (".o * { c: 2 } + { d: 3 }", json!({ "b": 1, "c": 2, "d": 3 })),
        ("reduce range(5) as $i (0; . + $i)", json!(10)),
        ("[range(0; 10; 3)]", json!([0, 3, 6, 9])),
        ("[range(3; 0; -1)]", json!([3, 2, 1])),
        ("[limit(3; repeat(1))]", json!([1, 1, 1])),
        ("def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; 10 | fac", json!(3_628_800)),
        (".o | to_entries", json!([{ "key": "b", "value": 1 }])),
        ("with_entries(select(.key == \"s\"))", json!({ "s": "x,y" })),
        (".date | fromdate | todate", json!("2026-01-31T08:00:00Z")),
        (".date | strptime(\"%Y-%m-%dT%H:%M:%SZ\") | mktime", json!(1_769_846_400)),
        (".a | tojson | fromjson", json!([3, 1, 2])),
        ("[paths]", json!([["a"], ["a", 0], ["a", 1], ["a", 2], ["s"], ["o"], ["o", "b"], ["date"]])),
        (".a as [$x, $y] | {$x, $y}", json!({ "x": 3, "y": 1 })),
        ("try error(\"no\") catch .", json!("no")),
        (".missing.deeper // \"default\"", json!("default")),
        ("10 / 4, 1", json!(2.5)),
        ("10 / 2", json!(5)),
        ("[.a[] | select(. > 1)] | length", json!(2)),
        ("first(.a[] | select(. < 3))", json!(1)),
        ("\"ab\" * 3", json!("ababab")),
        (".a | min, max", json!(1)),
        (".a | unique | group_by(. % 2) | length", json!(2)),
        ("{ \"k\\(1 + 1)\": 1, (\"a\" + \"b\"): 2 }", json!({ "k2": 1, "ab": 2 })),
        ("ascii_downcase? // \"not text\"", json!("not text")),
        (".s | test(\"x\")", json!(true)),
        (".a | any(. == 2), all", json!(true)),
        (".a | del(.[0])", json!([1, 2])),
        ("[.[] | numbers], (.s | ascii_upcase)", json!([])),
        ("@uri \"q=\\(\"a b\")\"", json!("q=a%20b")),
    ] {
        let got = evaluated(expression, &input);
        assert_eq!(got, Ok(expected), "{expression}");
    }
}

#[test]
fn programs_that_run_away_are_stopped() {
    for (expression, because) in [
        ("def f: f; f", "steps"),
        ("def f: 1 + f; f", "recurses too deeply"),
        ("[range(1e12)]", "steps"),
        ("last(range(1e15))", "steps"),
        ("[repeat(1)]", "steps"),
        ("until(false; . + 1)", "steps"),
        ("reduce range(100) as $i (\"x\"; . + .)", "larger than an expression may make"),
        ("reduce range(100) as $i (\"x\"; \"\\(.)\\(.)\")", "larger than an expression may make"),
        ("reduce range(100) as $i ({ a: \"x\" }; .a += .a)", "larger than an expression may make"),
        ("reduce range(100) as $i ([1]; . + .)", "larger than an expression may make"),
        ("reduce range(100) as $i (3; . * .)", "larger than an expression may make"),
        ("\"x\" * 1e9", "larger than an expression may make"),
        ("reduce range(60) as $i (1; [., .])", "its result has more than"),
        ("reduce range(60) as $i (1; [., .]) | tojson", "more than"),
        ("reduce range(60) as $i (1; [., .]) | tostring", "more than"),
        ("reduce range(100000) as $i (0; [.])", "nested more than"),
        ("reduce range(1000000) as $i (0; [.])", "steps"),
        ("[recurse([.])]", "steps"),
        ("error(reduce range(100000) as $i (\"\"; . + \"long\"))", "longlong"),
    ] {
        let got = evaluated(expression, &Value::Null);
        assert!(got.as_ref().is_err_and(|e| e.contains(because) && e.len() < 600), "{expression}: {got:?}");
    }
}

#[test]
fn nothing_outside_is_reached() {
    for expression in [
        "env",
        "$ENV",
        "input",
        "inputs",
        "halt",
        "1 | halt_error",
        "debug",
        "stderr",
        "localtime",
        "now | strflocaltime(\"%Z\")",
        "input_filename",
        "get_search_list",
        "$__prog_args",
        "include \"x\"; 1",
    ] {
        let got = evaluated(expression, &Value::Null);
        assert!(got.as_ref().is_err_and(|e| e.starts_with("expression: ")), "{expression}: {got:?}");
    }
}

#[test]
fn a_long_or_deep_program_is_refused() {
    let nested = format!("{}1{}", "(".repeat(100), ")".repeat(100));
    assert!(evaluated(&nested, &Value::Null).unwrap_err().contains("nested more than"));
    let long = "1 + ".repeat(5_000) + "1";
    assert!(evaluated(&long, &Value::Null).unwrap_err().contains("bytes long"));
    let signs = format!("{}1", "-".repeat(5_000));
    let _ = evaluated(&signs, &Value::Null);
    let chain = "if . then ".repeat(1_000);
    assert!(evaluated(&chain, &Value::Null).is_err());
}
