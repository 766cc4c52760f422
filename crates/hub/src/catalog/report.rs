//! Problems of a catalog and its configuration, as text for people: what is wrong, where it stands, the line itself with
//! the place marked, and what may be done about it.

use std::collections::HashMap;
use std::fmt::Write as _;

use throughline_flow::Diagnostic;

use super::places::Places;

/// Lines longer than this are shown around the place that matters.
const LINE_CHARS_MAX: usize = 140;

/// Problems in the order of their places, each once. Problems that know only their JSON pointer get line and column, as far
/// as `source` gives their file's text; without it they keep line 0.
pub fn located(mut problems: Vec<Diagnostic>, source: impl Fn(&str) -> Option<String>) -> Vec<Diagnostic> {
    let mut known: HashMap<String, Option<Places>> = HashMap::new();
    for problem in problems.iter_mut().filter(|p| p.line == 0) {
        if problem.pointer.is_empty() {
            (problem.line, problem.column) = (1, 1);
            continue;
        }
        let read = || source(&problem.file).map(|text| Places::of(&text));
        if let Some(places) = known.entry(problem.file.clone()).or_insert_with(read) {
            let place = places.find(&problem.pointer);
            (problem.line, problem.column) = place.map_or((1, 1), |p| (p.line, p.column));
            problem.pointer.truncate(problem.pointer.trim_end_matches('#').len());
        }
    }
    problems.sort_by(|a, b| {
        (&a.file, a.line, a.column, &a.message).cmp(&(&b.file, b.line, b.column, &b.message))
    });
    problems.dedup();
    problems
}

/// Every problem as a compiler would print it, and how many there are. `source` gives a file's text.
pub fn render(problems: &[Diagnostic], source: impl Fn(&str) -> Option<String>) -> String {
    let problems = located(problems.to_vec(), &source);
    let mut texts: HashMap<&str, Option<String>> = HashMap::new();
    let mut out = String::new();
    for problem in &problems {
        let text = texts.entry(&problem.file).or_insert_with(|| source(&problem.file));
        one(&mut out, problem, text.as_deref());
        out.push('\n');
    }
    let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let _ = writeln!(out, "{} in {}", count(problems.len(), "problem"), count(texts.len(), "file"));
    out
}

fn one(out: &mut String, problem: &Diagnostic, text: Option<&str>) {
    let _ = writeln!(out, "error: {}", problem.message);
    let number = problem.line.to_string();
    let margin = " ".repeat(number.len());
    match problem.line {
        0 => _ = writeln!(out, "{margin}--> {}", problem.file),
        _ => _ = writeln!(out, "{margin}--> {}:{}:{}", problem.file, problem.line, problem.column),
    }
    let line = problem.line.checked_sub(1).and_then(|n| text?.lines().nth(n as usize));
    if let Some(line) = line.filter(|l| !l.trim().is_empty()) {
        let (shown, begin, length) = excerpt(line, problem.column.saturating_sub(1) as usize);
        let _ = writeln!(out, "{margin} |");
        let _ = writeln!(out, "{number} | {shown}");
        let _ = writeln!(out, "{margin} | {}{}", " ".repeat(begin), "^".repeat(length));
    }
    if let Some(help) = &problem.help {
        let _ = writeln!(out, "{margin} = help: {help}");
    }
}

/// The line to show, and where in it the marks go.
fn excerpt(line: &str, column: usize) -> (String, usize, usize) {
    let chars: Vec<char> = line.chars().map(|c| if c == '\t' { ' ' } else { c }).collect();
    let column = column.min(chars.len());
    let length = marked(&chars[column..]);
    if chars.len() <= LINE_CHARS_MAX {
        return (chars.iter().collect(), column, length);
    }
    let from = column.saturating_sub(LINE_CHARS_MAX / 2);
    let to = (from + LINE_CHARS_MAX).min(chars.len());
    let lead = if from > 0 { "… " } else { "" };
    let tail = if to < chars.len() { " …" } else { "" };
    let shown = format!("{lead}{}{tail}", chars[from..to].iter().collect::<String>());
    (shown, column - from + lead.chars().count(), length.min(to - column).max(1))
}

/// How many characters are marked: a word, or a text in quotes.
fn marked(rest: &[char]) -> usize {
    match rest.first() {
        Some(quote @ ('\'' | '"')) => rest[1..].iter().position(|c| c == quote).map_or(1, |end| end + 2),
        _ => rest.iter().take_while(|c| c.is_alphanumeric() || "_-.$/*".contains(**c)).count().max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: u32, column: u32, pointer: &str, message: &str, help: Option<&str>) -> Diagnostic {
        Diagnostic {
            file: "routes.yaml".to_owned(),
            line,
            column,
            pointer: pointer.to_owned(),
            message: message.to_owned(),
            help: help.map(str::to_owned),
        }
    }

    #[test]
    fn a_report_marks_the_place_and_counts() {
        let text = "routes:\n  - {capability: 'erp.*', system: erpp}\n";
        let problems = [
            problem(0, 0, "/routes/0/system", "no system is named \"erpp\"", Some("did you mean \"erp\"?")),
            problem(0, 0, "/routes/0/capability", "no capability begins with \"erp.\"", None),
            problem(0, 0, "/routes/0/capability", "no capability begins with \"erp.\"", None),
            problem(1, 1, "", "the file says nothing of crm", None),
        ];
        let report = render(&problems, |file| (file == "routes.yaml").then(|| text.to_owned()));
        assert_eq!(
            report,
            "error: the file says nothing of crm\n --> routes.yaml:1:1\n  |\n1 | routes:\n  | ^^^^^^\n\n\
             error: no capability begins with \"erp.\"\n --> routes.yaml:2:18\n  |\n\
             2 |   - {capability: 'erp.*', system: erpp}\n  |                  ^^^^^^^\n\n\
             error: no system is named \"erpp\"\n --> routes.yaml:2:35\n  |\n\
             2 |   - {capability: 'erp.*', system: erpp}\n  |                                   ^^^^\n\
             \x20 = help: did you mean \"erp\"?\n\n3 problems in 1 file\n"
        );
    }

    #[test]
    fn without_the_text_the_place_remains() {
        let report = render(&[problem(7, 3, "", "gone", None)], |_| None);
        assert_eq!(report, "error: gone\n --> routes.yaml:7:3\n\n1 problem in 1 file\n");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let line = format!("{}name{}", "x ".repeat(200), " y".repeat(200));
        let (shown, begin, length) = excerpt(&line, 400);
        assert_eq!(shown.chars().skip(begin).take(length).collect::<String>(), "name");
        assert!(shown.chars().count() <= LINE_CHARS_MAX + 4);
        assert_eq!(excerpt("short", 99), ("short".to_owned(), 5, 1));
    }
}
