//! Where in a YAML file the value at a JSON pointer stands. A pointer followed by `#` stands for the key, as in relative JSON
//! pointers.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, Span, StrInput};

/// Files nested deeper are placed at their outermost levels only.
const DEPTH_MAX: usize = 64;

/// Line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// The places of a file's values.
#[derive(Debug, Default)]
pub(super) struct Places {
    values: HashMap<String, Place>,
}

impl Places {
    /// The places of a file, as far as it can be read.
    pub(super) fn of(text: &str) -> Self {
        let mut reader = Reader { parser: Parser::new_from_str(text), places: Self::default() };
        while let Some((event, span)) = reader.next() {
            if matches!(event, Event::StreamStart | Event::DocumentStart(_) | Event::Nothing) {
                continue;
            }
            reader.node(event, span, String::new(), 0);
            break;
        }
        reader.places
    }

    /// Where the value at a pointer stands, or else the innermost value around it.
    pub(super) fn find(&self, pointer: &str) -> Option<Place> {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.values.get(pointer) {
                return Some(*place);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }
}

/// A pointer's token for a key.
pub(super) fn token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    places: Places,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        self.parser.next_event().and_then(Result::ok)
    }

    /// Takes in one node. `None`: the file ends here, or can't be read on.
    fn node(&mut self, event: Event<'a>, span: Span, pointer: String, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        match event {
            Event::SequenceStart(..) => {
                self.places.values.insert(pointer.clone(), place(&span));
                for index in 0.. {
                    match self.next()? {
                        (Event::SequenceEnd, _) => return Some(()),
                        (event, span) => self.node(event, span, format!("{pointer}/{index}"), depth + 1)?,
                    }
                }
                None
            }
            Event::MappingStart(..) => {
                self.places.values.insert(pointer.clone(), place(&span));
                loop {
                    let (key, key_span) = self.next()?;
                    let below = match key {
                        Event::MappingEnd => return Some(()),
                        Event::Scalar(key, ..) => format!("{pointer}/{}", token(&key)),
                        _ => return None,
                    };
                    self.places.values.insert(format!("{below}#"), place(&key_span));
                    let (event, span) = self.next()?;
                    self.node(event, span, below, depth + 1)?;
                }
            }
            Event::Scalar(..) | Event::Alias(_) => {
                self.places.values.insert(pointer, place(&span));
                Some(())
            }
            _ => None,
        }
    }
}

/// The scanner counts columns from 0.
fn place(span: &Span) -> Place {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place { line: number(span.start.line()).max(1), column: number(span.start.col()).saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_places_and_what_is_missing_has_its_parents() {
        let places = Places::of("# a comment\na: 1\nlist:\n  - name: x\n    sub/key: 'y'\n  - {name: z}\n");
        let check = |pointer: &str, want: Option<(u32, u32)>| {
            assert_eq!(places.find(pointer).map(|p| (p.line, p.column)), want, "{pointer}");
        };
        check("/a", Some((2, 4)));
        check("/list/0/name", Some((4, 11)));
        check("/list/0/sub~1key", Some((5, 14)));
        check("/list/1/name", Some((6, 12)));
        check("/list/1/other", Some((6, 5)));
        check("/list/1/name#", Some((6, 6)));
        check("/nothing/here", Some((2, 1)));
        check("", Some((2, 1)));
    }

    #[test]
    fn a_broken_file_is_placed_as_far_as_it_reads() {
        let places = Places::of("a: 1\nb: [1, 2\n");
        assert_eq!(places.find("/a"), Some(Place { line: 1, column: 4 }));
        assert!(Places::of("").find("/a").is_none());
    }
}
