//! The file that keeps a world: one line a request, each line all the changes of that request.
//!
//! Lines are written whole and unsynced before the answer leaves, so a killed process loses nothing; a torn last line
//! belongs to a request that was never answered and is cut off at the next start.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Change {
    #[serde(rename = "p")]
    Put {
        #[serde(rename = "c")]
        collection: String,
        #[serde(rename = "i")]
        id: String,
        #[serde(rename = "o")]
        object: Value,
    },
    #[serde(rename = "g")]
    Gone {
        #[serde(rename = "c")]
        collection: String,
        #[serde(rename = "i")]
        id: String,
    },
    #[serde(rename = "n")]
    Counter {
        #[serde(rename = "c")]
        name: String,
        #[serde(rename = "v")]
        value: u64,
    },
}

pub(super) struct Journal {
    path: PathBuf,
    file: Option<File>,
}

impl Journal {
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None }
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::File { path: self.path.clone(), source }
    }

    /// Reads every change in order; answers how many there were.
    pub(super) fn replay(&self, mut apply: impl FnMut(Change)) -> Result<usize, Error> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(self.failed(error)),
        };
        let mut reader = BufReader::new(file);
        let (mut count, mut kept_bytes, mut line, mut number) = (0, 0u64, Vec::new(), 0);
        loop {
            line.clear();
            number += 1;
            let read = reader.read_until(b'\n', &mut line).map_err(|error| self.failed(error))?;
            if read == 0 {
                return Ok(count);
            }
            if line.last() != Some(&b'\n') {
                self.cut(kept_bytes)?;
                return Ok(count);
            }
            kept_bytes += read as u64;
            let changes: Vec<Change> = serde_json::from_slice(&line).map_err(|source| Error::Journal {
                path: self.path.clone(),
                line: number,
                source,
            })?;
            count += changes.len();
            changes.into_iter().for_each(&mut apply);
        }
    }

    fn cut(&self, length: u64) -> Result<(), Error> {
        let file = OpenOptions::new().write(true).open(&self.path).map_err(|error| self.failed(error))?;
        file.set_len(length).map_err(|error| self.failed(error))
    }

    /// Puts a shorter journal in place of one that has grown long.
    pub(super) fn rewrite(&self, changes: &[Change]) -> Result<(), Error> {
        let beside = self.path.with_extension("rewritten");
        let write = || -> std::io::Result<()> {
            let mut out = BufWriter::new(File::create(&beside)?);
            for change in changes {
                serde_json::to_writer(&mut out, &[change])?;
                out.write_all(b"\n")?;
            }
            out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
            std::fs::rename(&beside, &self.path)
        };
        write().map_err(|error| self.failed(error))
    }

    pub(super) fn open(&mut self) -> Result<(), Error> {
        let opened = OpenOptions::new().create(true).append(true).open(&self.path);
        self.file = Some(opened.map_err(|error| self.failed(error))?);
        Ok(())
    }

    pub(super) fn append(&mut self, changes: &[Change]) -> Result<(), Error> {
        let Some(file) = self.file.as_mut().filter(|_| !changes.is_empty()) else { return Ok(()) };
        let path = &self.path;
        let mut line = serde_json::to_vec(changes)
            .map_err(|source| Error::File { path: path.clone(), source: source.into() })?;
        line.push(b'\n');
        file.write_all(&line).map_err(|source| Error::File { path: path.clone(), source })
    }
}
