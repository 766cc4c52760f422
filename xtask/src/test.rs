//! `cargo xtask test`: installs what the tests need, then runs all of them.

use crate::clients;
use crate::shell::{cargo, has};

pub(crate) fn run(without_clients: bool, arguments: &[String]) -> anyhow::Result<()> {
    let runner = if has("cargo-nextest") {
        cargo(["nextest", "run", "--workspace", "--locked"])
    } else {
        println!("cargo-nextest is not installed; cargo test runs the same tests, slower");
        cargo(["test", "--workspace", "--locked"])
    };
    let runner = runner.args(arguments);
    if without_clients {
        println!("left out: the vendors' own client libraries against the simulators");
        return runner.run();
    }
    let clients = clients::prepare()?;
    runner
        .env("THROUGHLINE_CLIENTS_PYTHON", clients.python)
        .env("THROUGHLINE_CLIENTS_NODE", clients.node)
        .run()
}
