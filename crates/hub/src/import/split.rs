//! Cuts JSON text into records without parsing it, so that a broken record spoils nothing but itself and no file has to
//! fit into memory.
//!
//! Records are the elements of a top-level array, the elements of named arrays of a top-level object (a package), or
//! top-level objects that hold none of those arrays. Whether a record is sound JSON is for its reader to find out.

/// A piece of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A record.
    Record(Vec<u8>),
    /// A record longer than allowed; its beginning.
    TooLong(Vec<u8>),
    /// Something that is no record, or a record the text ends in; its beginning.
    Broken(Vec<u8>, &'static str),
}

/// Cuts text that comes byte by byte.
pub(super) struct Splitter {
    lists: &'static [&'static str],
    bytes_max: usize,
    depth: usize,
    /// Depth of a record, while one of its lists is open.
    list: Option<usize>,
    text: bool,
    escaped: bool,
    /// A scalar stands where a record should.
    scalar: bool,
    /// The top-level object has one of the lists: it is a package, not a record.
    package: bool,
    /// The last text at the top-level object's own depth, and whether a colon has made it a key.
    last: Vec<u8>,
    key: bool,
    record: Option<Vec<u8>>,
    too_long: bool,
}

/// No key of a list is longer.
const KEY_BYTES_MAX: usize = 64;

impl Splitter {
    pub(super) fn new(lists: &'static [&'static str], bytes_max: usize) -> Self {
        Self {
            lists,
            bytes_max,
            depth: 0,
            list: None,
            text: false,
            escaped: false,
            scalar: false,
            package: false,
            last: Vec::new(),
            key: false,
            record: None,
            too_long: false,
        }
    }

    /// Takes the next byte; a record that ends with it is handed over.
    pub(super) fn feed(&mut self, byte: u8, hand: &mut impl FnMut(Piece)) {
        if self.text {
            return self.in_text(byte);
        }
        if self.scalar {
            let at_top = self.list.is_none();
            if (at_top && byte == b'\n') || (!at_top && matches!(byte, b',' | b']')) {
                self.scalar = false;
                self.end(hand);
            } else {
                return self.keep(byte);
            }
        }
        let outside = self.record.is_none() && self.depth == self.list.unwrap_or(0);
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' if outside => {}
            b'{' | b'[' => self.open(byte, outside),
            b'}' | b']' => self.close(byte, hand),
            _ if outside => {
                self.record = Some(Vec::new());
                self.scalar = true;
                self.keep(byte);
            }
            b'"' => {
                self.text = true;
                self.last.clear();
                self.keep(byte);
            }
            b':' => {
                self.key = self.depth == 1;
                self.keep(byte);
            }
            b',' => {
                self.key = false;
                self.keep(byte);
            }
            _ => self.keep(byte),
        }
    }

    /// The text ends here.
    pub(super) fn finish(mut self, hand: &mut impl FnMut(Piece)) {
        let unfinished = self.text || self.depth > 0;
        if self.scalar && !unfinished {
            return self.end(hand);
        }
        if unfinished {
            hand(Piece::Broken(
                self.record.take().unwrap_or_default(),
                "the text ends in the middle of a record",
            ));
        }
    }

    /// Nothing is open: what follows is a new top-level value.
    pub(super) fn is_between(&self) -> bool {
        self.depth == 0 && !self.text && !self.scalar
    }

    fn in_text(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.text = false,
            _ if self.depth == 1 && self.list.is_none() && self.last.len() < KEY_BYTES_MAX => {
                self.last.push(byte)
            }
            _ => {}
        }
        self.keep(byte);
    }

    fn open(&mut self, byte: u8, outside: bool) {
        let is_list = byte == b'['
            && self.list.is_none()
            && (self.depth == 0
                || (self.depth == 1 && self.key && self.lists.iter().any(|l| l.as_bytes() == self.last)));
        self.depth += 1;
        if is_list {
            self.list = Some(self.depth);
            self.package = self.depth > 1;
            self.record = None;
            self.too_long = false;
            return;
        }
        if outside {
            self.record = Some(Vec::new());
        }
        self.keep(byte);
    }

    fn close(&mut self, byte: u8, hand: &mut impl FnMut(Piece)) {
        if self.record.is_none() && self.list == Some(self.depth) {
            self.list = None;
            self.depth -= 1;
            self.key = false;
            return;
        }
        self.keep(byte);
        self.depth = self.depth.saturating_sub(1);
        if self.depth == self.list.unwrap_or(0) {
            if self.depth == 0 && self.package {
                self.package = false;
                self.record = None;
            } else {
                self.end(hand);
            }
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.package && self.list.is_none() {
            return;
        }
        if let Some(record) = &mut self.record {
            if record.len() < self.bytes_max {
                record.push(byte);
            } else {
                self.too_long = true;
            }
        }
    }

    fn end(&mut self, hand: &mut impl FnMut(Piece)) {
        let Some(record) = self.record.take() else { return };
        let too_long = std::mem::take(&mut self.too_long);
        if too_long {
            hand(Piece::TooLong(record));
        } else if record.starts_with(b"{") {
            hand(Piece::Record(record));
        } else {
            hand(Piece::Broken(record, "not a JSON object; a record is one"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &[u8], bytes_max: usize) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut splitter = Splitter::new(&["releases", "records"], bytes_max);
        for byte in text {
            splitter.feed(*byte, &mut |piece| pieces.push(piece));
        }
        splitter.finish(&mut |piece| pieces.push(piece));
        pieces
    }

    fn check(text: &str, want: &[&str]) {
        let got: Vec<String> = split(text.as_bytes(), 1_000)
            .into_iter()
            .map(|piece| match piece {
                Piece::Record(bytes) => String::from_utf8(bytes).unwrap(),
                Piece::TooLong(_) => "too long".to_owned(),
                Piece::Broken(_, reason) => format!("! {reason}"),
            })
            .collect();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn records_are_found_where_they_stand() {
        const NO_OBJECT: &str = "! not a JSON object; a record is one";
        const CUT: &str = "! the text ends in the middle of a record";
        check("", &[]);
        check(" \n", &[]);
        check(r#"{"a":1}"#, &[r#"{"a":1}"#]);
        check("{\"a\":1}\n{\"a\":2}\n", &[r#"{"a":1}"#, r#"{"a":2}"#]);
        check(r#"[{"a":[1,{"b":"]}"}]}, {"a":2}]"#, &[r#"{"a":[1,{"b":"]}"}]}"#, r#"{"a":2}"#]);
        check(
            r#"{"uri":"x","releases":[{"a":1},{"a":2}],"z":{"releases":[{"no":1}]}}"#,
            &[r#"{"a":1}"#, r#"{"a":2}"#],
        );
        check(r#"{"x":["releases"],"releases" : [ {"a":1} ] }"#, &[r#"{"a":1}"#]);
        check(r#"{"releases":[]}{"b":1}"#, &[r#"{"b":1}"#]);
        check(r#"{"releases":[],"records":[{"c":1}]}"#, &[r#"{"c":1}"#]);
        check(r#"{"releases":"none"}"#, &[r#"{"releases":"none"}"#]);
        check(r#"{"note":"\"releases\":[","a":1}"#, &[r#"{"note":"\"releases\":[","a":1}"#]);
        check(
            r#"[1,"two, three",{"a":1},[{"a":2}]]"#,
            &[NO_OBJECT, NO_OBJECT, NO_OBJECT, r#"{"a":1}"#, NO_OBJECT],
        );
        check("nonsense\n{\"a\":1}", &[NO_OBJECT, r#"{"a":1}"#]);
        check(r#"[{"a":1},{"b":"#, &[r#"{"a":1}"#, CUT]);
        check(r#"{"a":"#, &[CUT]);
    }

    #[test]
    fn a_record_that_is_too_long_is_cut_and_the_next_one_read() {
        let text = format!(r#"[{{"a":"{}"}},{{"b":1}}]"#, "x".repeat(100));
        assert!(matches!(&split(text.as_bytes(), 20)[..], [Piece::TooLong(_), Piece::Record(_)]));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            split(&text, 50);
        }

        #[test]
        fn nor_does_text_of_brackets(text in "[\\[\\]{}\",:a\\\\\n ]{0,60}") {
            split(text.as_bytes(), 50);
        }
    }
}
