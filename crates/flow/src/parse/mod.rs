//! From text to a definition: reads, checks everything, compiles every expression, and reports every problem at once.

mod calls;
mod check;
mod control;
mod document;
mod events;
mod tasks;
mod undo;
mod values;

use sha2::{Digest, Sha256};

use crate::definition::Definition;
use crate::{Diagnostic, source};
use check::{At, Check};

/// Problems reported at once; a file with more is mostly one mistake repeated.
const PROBLEMS_MAX: usize = 100;

/// Parses a flow: a document in YAML or JSON. `file` is how problems name it.
///
/// # Errors
/// Every problem found, in order of lines.
pub fn parse(text: &str, file: &str) -> Result<Definition, Vec<Diagnostic>> {
    run(text, file, What::Flow)
}

/// Parses a function: a single task in YAML or JSON, as it would stand in `use.functions`. Its `metadata` is the
/// definition's and may use whatever input it is evaluated on; it is not evaluated when the function runs.
///
/// # Errors
/// Every problem found, in order of lines.
pub fn parse_function(text: &str, file: &str, name: &str) -> Result<Definition, Vec<Diagnostic>> {
    run(text, file, What::Function(name))
}

/// What a text is to be read as.
enum What<'a> {
    Flow,
    Function(&'a str),
}

fn run(text: &str, file: &str, what: What<'_>) -> Result<Definition, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let Some(root) = source::read(text, file, &mut problems) else { return Err(problems) };
    let mut check = Check::new(file, problems);
    let hash = Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    let at = At { node: &root, pointer: String::new() };
    let source = document::Source { text, hash };
    let definition = match what {
        What::Flow => document::flow(&mut check, &at, source),
        What::Function(name) => document::function(&mut check, &at, source, name),
    };
    let mut problems = check.into_problems();
    if let (Some(definition), true) = (definition, problems.is_empty()) {
        return Ok(definition);
    }
    problems.sort_by_key(|p| (p.line, p.column));
    problems.dedup_by(|a, b| (a.line, a.column, &a.message) == (b.line, b.column, &b.message));
    problems.truncate(PROBLEMS_MAX);
    Err(problems)
}
