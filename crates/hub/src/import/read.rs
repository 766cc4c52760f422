//! Reads a file record by record. Blocking: it runs beside the hub, not in it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Take};
use std::path::Path;

use serde_json::Value;
use throughline_model::{Event, Problem};

use super::split::{Piece, Splitter};
use super::{Format, ImportError, decp, fpds, ocds};

/// The longest record read, in bytes.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

/// A record and what it says: for each thing an event, or why there is none.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) raw: Vec<u8>,
    pub(super) says: Vec<Result<Event, Problem>>,
    /// How far into the file it reaches.
    pub(super) bytes: u64,
}

/// Reads a file; stops early when `hand` says so.
pub(super) fn read(
    format: Format,
    path: &Path,
    hand: &mut dyn FnMut(Record) -> bool,
) -> Result<(), ImportError> {
    let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    match format {
        Format::Fpds => fpds::read(file, hand).map_err(|failure| match failure {
            fpds::Failure::Io(source) => unreadable(source),
            fpds::Failure::Heading(reason) => ImportError::Format { path: path.to_owned(), reason },
        }),
        Format::Ocds => {
            json(file, lines_by_name(path), ocds::LISTS, &ocds::records, hand).map_err(unreadable)
        }
        Format::Decp => {
            json(file, lines_by_name(path), decp::LISTS, &decp::records, hand).map_err(unreadable)
        }
    }
}

fn lines_by_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    ["ndjson", "jsonl", "jsonlines"].iter().any(|e| e.eq_ignore_ascii_case(extension))
}

/// Makes records of one JSON object: itself, or what is nested in it.
type Expand = dyn Fn(Value) -> Vec<Part>;

/// A record within a JSON object.
pub(super) struct Part {
    /// The record; absent: the whole object.
    pub(super) value: Option<Value>,
    pub(super) says: Vec<Result<Event, Problem>>,
}

fn json(
    file: impl Read,
    by_line: bool,
    lists: &'static [&'static str],
    expand: &Expand,
    hand: &mut dyn FnMut(Record) -> bool,
) -> std::io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, file);
    let mut bytes = 0;
    let mut go_on = true;
    let mut first = Vec::new();
    bytes += line(&mut input, &mut first)? as u64;
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&first);
    let whole = first.ends_with(b"\n") && is_whole(text, lists);
    let mut splitter = Splitter::new(lists, RECORD_BYTES_MAX);
    let mut next = text.to_vec();
    while go_on && !next.is_empty() {
        let mut pieces = Vec::new();
        for byte in &next {
            splitter.feed(*byte, &mut |piece| pieces.push(piece));
        }
        if by_line || whole {
            // Each line stands for itself, so that a broken one spoils no other.
            let done = std::mem::replace(&mut splitter, Splitter::new(lists, RECORD_BYTES_MAX));
            done.finish(&mut |piece| pieces.push(piece));
        }
        go_on = pieces.into_iter().all(|piece| records(piece, expand, bytes, hand));
        next.clear();
        bytes += line(&mut input, &mut next)? as u64;
    }
    let mut pieces = Vec::new();
    splitter.finish(&mut |piece| pieces.push(piece));
    if go_on {
        let _ = pieces.into_iter().all(|piece| records(piece, expand, bytes, hand));
    }
    Ok(())
}

/// Reads a line, or as much of it as a record may have.
fn line(input: &mut BufReader<impl Read>, into: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut limited: Take<_> = input.take(RECORD_BYTES_MAX as u64);
    limited.read_until(b'\n', into)
}

/// Whether a line holds whole records, so that the file has one or more on each line.
fn is_whole(text: &[u8], lists: &'static [&'static str]) -> bool {
    let mut splitter = Splitter::new(lists, RECORD_BYTES_MAX);
    for byte in text {
        splitter.feed(*byte, &mut |_| {});
    }
    splitter.is_between() && text.iter().any(|b| !b.is_ascii_whitespace())
}

fn records(piece: Piece, expand: &Expand, bytes: u64, hand: &mut dyn FnMut(Record) -> bool) -> bool {
    let refuse =
        |raw: Vec<u8>, reason: String| Record { raw, says: vec![Err(Problem::new("", reason))], bytes };
    let raw = match piece {
        Piece::Record(raw) => raw,
        Piece::TooLong(raw) => {
            return hand(refuse(
                raw,
                format!("longer than {RECORD_BYTES_MAX} bytes, the most a record may have"),
            ));
        }
        Piece::Broken(raw, reason) => return hand(refuse(raw, reason.to_owned())),
    };
    if let Err(error) = std::str::from_utf8(&raw) {
        return hand(refuse(
            raw,
            format!("not UTF-8 from byte {} of the record on", error.valid_up_to() + 1),
        ));
    }
    let value: Value = match serde_json::from_slice(&raw) {
        Ok(value) => value,
        Err(error) => return hand(refuse(raw, format!("not JSON: {error}"))),
    };
    expand(value).into_iter().all(|Part { value, mut says }| {
        let raw = value.map_or_else(|| raw.clone(), |part| part.to_string().into_bytes());
        if says.is_empty() {
            says.push(Err(Problem::new("", "it says nothing that we keep")));
        }
        hand(Record { raw, says, bytes })
    })
}
