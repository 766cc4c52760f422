//! What can be typed, and how commands end.

use crate::installation::Installation;

#[test]
fn commands_end_as_help_says() {
    let installation = Installation::empty();
    let check = |arguments: &[&str], code: i32, said: &str| {
        let ended = installation.run(arguments).with(code);
        let all = format!("{}{}", ended.out, ended.err);
        assert!(all.contains(said), "{arguments:?}: {said} is not in {all}");
    };
    check(&["--help"], 0, "Exit codes:");
    check(&["--version"], 0, env!("CARGO_PKG_VERSION"));
    check(&["version", "--json"], 0, "\"version\"");
    check(&["completions", "bash"], 0, "_throughline");
    check(&["completions", "tcsh"], 2, "invalid value");
    check(&[], 2, "Usage:");
    check(&["rnus"], 2, "runs");
    check(&["replay", "x"], 2, "invalid value");
    check(&["check"], 1, "throughline init DIR");
    check(&["runs"], 1, "throughline.yaml");
    check(&["-C", "other.yaml", "runs"], 1, "other.yaml");
    check(&["--address", "nowhere", "runs"], 1, "HOST:PORT");
    // Port 9 is the discard service, which no one runs.
    check(&["--address", "127.0.0.1:9", "runs"], 1, "no hub answers at 127.0.0.1:9");
    check(&["sandbox", "--faults", "2"], 2, "from 0 to 1");
    installation.run(&["init", "."]).with(0);
    check(&["runs"], 3, "throughline up");
    check(&["flows"], 0, "contract-activation");
    check(&["systems", "--json"], 0, "[]");
}
