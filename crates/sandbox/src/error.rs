//! What can go wrong while a sandbox is started or its folder is written.

use std::path::PathBuf;

/// A sandbox that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder, or a file in it, could not be read or written.
    #[error("sandbox file {}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A line of a journal is not what this version writes.
    #[error("journal {} line {line}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// Why it cannot be read.
        source: serde_json::Error,
    },
    /// The file that holds ports and seed is not what this version writes.
    #[error("sandbox settings {}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: serde_json::Error,
    },
    /// The test certificate authority could not be made.
    #[error("test certificate authority")]
    Certificate(#[from] rcgen::Error),
    /// The certificate in the folder does not serve.
    #[error("server certificate")]
    Tls(#[from] rustls::Error),
    /// A certificate file in the folder is damaged.
    #[error("certificate file {}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls_pki_types::pem::Error,
    },
    /// A port is taken by someone else.
    #[error("port {port} for {product}")]
    Port {
        /// The port asked for.
        port: u16,
        /// The simulator it was meant for.
        product: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The CRM refused what the firm's people entered.
    #[error("play: {0}")]
    Play(String),
    /// The client for webhooks could not be built.
    #[error("webhook client")]
    Webhooks(#[from] reqwest::Error),
}
