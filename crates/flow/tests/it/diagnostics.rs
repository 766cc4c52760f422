//! What a broken definition is told: every problem at once, each with its place, like a good compiler.

use throughline_flow as flow;

fn check(file: &str) {
    let path = format!("{}/tests/it/broken/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let name = format!("{file}.yaml");
    let parsed = if file == "function" {
        flow::parse_function(&text, &name, "erp.record.put")
    } else {
        flow::parse(&text, &name)
    };
    let said: Vec<String> = parsed.unwrap_err().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(file, said.join("\n"));
}

#[test]
fn mistyped_names_and_values() {
    check("typing");
}

#[test]
fn broken_expressions() {
    check("expressions");
}

#[test]
fn parts_of_the_language_that_are_not_run() {
    check("unsupported");
}

#[test]
fn undos_that_undo_nothing() {
    check("undo");
}

#[test]
fn text_that_is_not_yaml() {
    check("not_yaml");
    check("anchors");
}

#[test]
fn a_broken_function() {
    check("function");
}

#[test]
fn limits_of_a_document() {
    let parse = |text: &str| flow::parse(text, "f.yaml").unwrap_err().remove(0).message;
    assert_eq!(parse(""), "the definition is empty");
    assert_eq!(parse(&"[".repeat(70)), "nested more than 64 deep");
    assert_eq!(parse(&"[".repeat(10_000)), "not YAML: recursion limit exceeded");
    assert!(parse(&" ".repeat(2 << 20)).contains("bytes long"));
    assert_eq!(parse("a: 1\n---\nb: 2\n"), "a second document; a file holds one definition");
    let twice = flow::parse("do: []\ndo: []\n", "f.yaml").unwrap_err();
    assert!(twice.iter().any(|p| p.message == "key \"do\" is given twice; first in line 1" && p.line == 2));
}
