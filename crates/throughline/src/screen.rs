//! The terminal: tables for people, JSON for programs.

use std::io::{ErrorKind, IsTerminal, Write};

use anyhow::Context;
use comfy_table::{Cell, ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde::Serialize;

use crate::failure::{Exit, Failure, Outcome};

/// Writes text to the output. A reader that has seen enough (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Outcome {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err(Failure::from(anyhow::Error::new(error).context("the output can't be written"))),
    }
}

/// Writes a line to the output.
pub(crate) fn line(text: &str) -> Outcome {
    print(&format!("{text}\n"))
}

/// Writes a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Outcome {
    let text = serde_json::to_string_pretty(value).context("the answer can't be written as JSON")?;
    line(&text)
}

/// A table with these headings.
pub(crate) fn table<const N: usize>(headings: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(headings.map(|h| Cell::new(h.to_uppercase())));
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

/// A table as text, without blanks at the ends of its lines.
pub(crate) fn text_of(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// An instant, to the second.
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// A length of time, as coarse as a person wants it.
pub(crate) fn duration(milliseconds: i64) -> String {
    match milliseconds {
        ..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{:.1} s", milliseconds as f64 / 1_000.0),
        60_000..3_600_000 => format!("{} min {} s", milliseconds / 60_000, milliseconds % 60_000 / 1_000),
        3_600_000..86_400_000 => {
            format!("{} h {} min", milliseconds / 3_600_000, milliseconds % 3_600_000 / 60_000)
        }
        _ => format!("{} d {} h", milliseconds / 86_400_000, milliseconds % 86_400_000 / 3_600_000),
    }
}

/// The first line of a text, shortened.
pub(crate) fn short(text: &str, characters_max: usize) -> String {
    let first = text.lines().next().unwrap_or_default();
    if first.chars().count() <= characters_max {
        return first.to_owned();
    }
    let cut: String = first.chars().take(characters_max.saturating_sub(1)).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let check = |ms, text: &str| assert_eq!(duration(ms), text);
        check(0, "0 ms");
        check(999, "999 ms");
        check(1_500, "1.5 s");
        check(61_000, "1 min 1 s");
        check(3_660_000, "1 h 1 min");
        check(90_000_000, "1 d 1 h");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(short("äöü", 3), "äöü");
        assert_eq!(short("äöüß", 3), "äö…");
        assert_eq!(short("a\nb", 9), "a");
    }
}
