//! The catalog's files as text: built in, or read from a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};
use serde::de::DeserializeOwned;
use throughline_flow::Diagnostic;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../catalog");

/// The largest file of a catalog.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Files by path relative to the catalog, `/` between folders.
#[derive(Debug, Clone, Default)]
pub struct Files {
    files: BTreeMap<String, String>,
}

impl Files {
    /// The catalog built into the binary.
    pub fn embedded() -> Self {
        let mut files = BTreeMap::new();
        collect(&EMBEDDED, &mut files);
        Self { files }
    }

    /// Files given as text, for tests and generated catalogs.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self { files: files.into_iter().map(|(p, t)| (p.to_owned(), t.to_owned())).collect() }
    }

    /// These files with others laid over them.
    pub fn overlaid(mut self, over: Self) -> Self {
        self.files.extend(over.files);
        self
    }

    /// The files of a folder.
    ///
    /// # Errors
    /// When the folder or a file can't be read, or a file is too large or not UTF-8; the message names it.
    pub fn read(folder: &Path) -> std::io::Result<Self> {
        let mut files = BTreeMap::new();
        let mut open = vec![folder.to_owned()];
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(&dir)? {
                let entry = entry?;
                let path = entry.path();
                if entry.file_type()?.is_dir() {
                    open.push(path);
                    continue;
                }
                let relative = path.strip_prefix(folder).unwrap_or(&path);
                let name = relative
                    .components()
                    .map(|c| c.as_os_str().to_string_lossy())
                    .collect::<Vec<_>>()
                    .join("/");
                let wrong = |why: String| std::io::Error::other(format!("{name}: {why}"));
                if entry.metadata()?.len() > FILE_BYTES_MAX {
                    return Err(wrong(format!("larger than {FILE_BYTES_MAX} bytes")));
                }
                let bytes = std::fs::read(&path).map_err(|e| wrong(e.to_string()))?;
                let text = String::from_utf8(bytes).map_err(|e| wrong(format!("not UTF-8 ({e})")))?;
                files.insert(name, text);
            }
        }
        Ok(Self { files })
    }

    /// One file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The files below a folder, in order of their paths.
    pub fn under<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let prefix = format!("{folder}/");
        self.files
            .iter()
            .filter(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Parses a YAML file; a missing or wrong one becomes a problem.
    pub(crate) fn parse<T: DeserializeOwned>(&self, path: &str, problems: &mut Vec<Diagnostic>) -> Option<T> {
        let Some(text) = self.get(path) else {
            problems.push(problem(path, "the file is missing from the catalog"));
            return None;
        };
        parse(path, text, problems)
    }

    /// Writes the files into a folder; files that exist are left as they are. Returns what was written.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn write(&self, folder: &Path) -> std::io::Result<Vec<PathBuf>> {
        let mut written = Vec::new();
        for (name, text) in &self.files {
            let path = folder.join(name);
            if path.exists() {
                continue;
            }
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&path, text)?;
            written.push(path);
        }
        Ok(written)
    }
}

fn collect(dir: &Dir<'_>, files: &mut BTreeMap<String, String>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(dir) => collect(dir, files),
            DirEntry::File(file) => {
                if let Some(text) = file.contents_utf8() {
                    files.insert(file.path().to_string_lossy().replace('\\', "/"), text.to_owned());
                }
            }
        }
    }
}

/// Whether a file holds a definition.
pub(crate) fn is_document(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

/// Parses YAML text; what is wrong becomes a problem with line and column.
pub(crate) fn parse<T: DeserializeOwned>(
    path: &str,
    text: &str,
    problems: &mut Vec<Diagnostic>,
) -> Option<T> {
    match serde_saphyr::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(unreadable(path, &error));
            None
        }
    }
}

/// What keeps a YAML file from being read.
pub(crate) fn unreadable(path: &str, error: &serde_saphyr::Error) -> Diagnostic {
    let number = |n: u64| u32::try_from(n).unwrap_or(1).max(1);
    let at = error.location();
    Diagnostic {
        file: path.to_owned(),
        line: at.map_or(1, |l| number(l.line())),
        column: at.map_or(1, |l| number(l.column())),
        pointer: String::new(),
        message: without_place(&error.without_snippet().to_string()).to_owned(),
        help: None,
    }
}

/// A YAML reader's message without the place it ends in, which the report shows in its own way.
pub(crate) fn without_place(message: &str) -> &str {
    match message.rsplit_once(" at line ") {
        Some((said, place)) if place.chars().all(|c| c.is_ascii_digit() || ", column".contains(c)) => said,
        _ => message,
    }
}

/// A problem of a whole file.
pub(crate) fn problem(file: &str, message: impl Into<String>) -> Diagnostic {
    problem_at(file, "", message)
}

/// A problem of the value at a JSON pointer; the report finds its line and column.
pub(crate) fn problem_at(file: &str, pointer: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic {
        file: file.to_owned(),
        line: 0,
        column: 0,
        pointer: pointer.to_owned(),
        message: message.into(),
        help: None,
    }
}

/// "did you mean" for a name, when one of the known ones is close: the longer the name, the more may differ.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let far = (1 + name.chars().count() / 4).min(3);
    known
        .map(|k| (distance(name, k), k))
        .filter(|(d, _)| *d <= far)
        .min()
        .map(|(_, k)| format!("did you mean {k:?}?"))
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_at_the_end_of_a_message_is_cut() {
        assert_eq!(without_place("invalid u32 at line 38, column 16"), "invalid u32");
        assert_eq!(without_place("look at line endings"), "look at line endings");
        assert_eq!(without_place("not YAML"), "not YAML");
    }

    #[test]
    fn suggestions_are_near() {
        let known = ["contract.record", "contract.draft", "erp.customer.put"];
        let nearest = |name: &str| nearest(name, known.into_iter());
        assert_eq!(nearest("contract.recrod").as_deref(), Some("did you mean \"contract.record\"?"));
        assert_eq!(nearest("ledger.post"), None);
        assert_eq!(super::nearest("psa", ["crm", "erp"].into_iter()), None);
        assert_eq!(super::nearest("USA", ["DE", "US"].into_iter()).as_deref(), Some("did you mean \"US\"?"));
    }
}
