//! A hub's life as seen from the command line: up, events, runs, a stop, a look at the folder, a crash.

use serde_json::json;

use crate::installation::{Installation, read};

fn guest(id: &str, name: &str) -> serde_json::Value {
    json!({"specversion": "1.0", "source": "/cli", "id": id, "type": "test.guest.v1", "data": {"name": name}})
}

#[test]
fn events_become_runs_that_outlive_the_process() {
    let installation = Installation::new();
    let up = installation.up();

    installation.write("one.json", &guest("1", "Ada").to_string());
    let sent = installation.run(&["event", "send", "one.json", "--json"]).with(0).json();
    assert_eq!(sent["accepted"], 1);
    // One a line, in an array, with mistakes among them: counts add up, and the exit code says that not all was taken.
    let lines = format!("{}\n{}\n{}\n", guest("1", "Ada"), guest("2", "Bo"), json!({"id": "3"}));
    installation.write("lines.jsonl", &lines);
    let sent = installation.run(&["event", "send", "lines.jsonl"]).with(5).out;
    assert!(sent.ends_with("3 events: 1 accepted, 1 duplicates, 0 conflicts, 1 rejected\n"), "{sent}");
    installation.write("wrong.json", "[{}]");
    installation.run(&["event", "send", "wrong.json"]).with(1);
    installation.run(&["event", "send", "nothing.json"]).with(1);

    let completed = ["runs", "--flow", "greet", "--status", "completed", "--json"];
    let runs = installation.until(&completed, |list| list["runs"].as_array().unwrap().len() == 2);
    let ada = runs["runs"].as_array().unwrap().iter().find(|r| r["key"] == "Ada").unwrap()["id"].clone();
    let ada = ada.as_str().unwrap();
    let shown = installation.run(&["run", "show", ada]).with(0).out;
    assert!(
        shown.contains("completed") && shown.contains("greet 1.0.0") && shown.contains("begun"),
        "{shown}"
    );

    // Mend the rejected one and take it in.
    let list = installation.run(&["rejected", "list", "--json"]).with(0).json();
    let first = list["rejected"].as_array().unwrap().last().unwrap();
    assert_eq!(first["id"], "3");
    let number = first["number"].to_string();
    assert!(installation.run(&["rejected", "show", &number]).with(0).out.contains("source"));
    installation.run(&["replay", &number]).with(1);
    installation.write("mended.json", &guest("3", "Cy").to_string());
    installation.run(&["replay", &number, "--edit", "mended.json"]).with(0);
    installation.until(&completed, |list| list["runs"].as_array().unwrap().len() == 3);
    installation.run(&["replay", "99"]).with(3);

    assert_eq!(up.stop(), 0, "{}", read(&installation.path("up.log")));
    assert!(!installation.path("data/address").exists());
    let log = read(&installation.path("up.log"));
    let said: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(said.iter().any(|line| line["message"] == "stopped"), "{log}");

    // Nobody has the folder now: the same commands read it, and those that need a hub say so.
    let list = installation.run(&completed).with(0).json();
    assert_eq!(list["runs"].as_array().unwrap().len(), 3);
    assert_eq!(installation.run(&["run", "show", ada]).with(0).out, shown);
    assert!(installation.run(&["runs"]).with(0).out.starts_with("RUN"));
    installation.run(&["run", "show", "0000000000001"]).with(3);
    installation.run(&["run", "show", "nonsense"]).with(3);
    installation.run(&["runs", "--status", "done"]).with(1);
    installation.run(&["records", "show", "customer", "CU-1"]).with(3);
    installation.run(&["records", "list"]).with(0);
    installation.run(&["records", "list", "customer"]).with(0);
    installation.run(&["links"]).with(0);
    assert!(installation.run(&["event", "send", "one.json"]).with(1).err.contains("throughline up"));
}

#[test]
fn a_crash_loses_nothing_that_was_acknowledged() {
    let installation = Installation::new();
    let up = installation.up();
    let events: Vec<String> = (0..50).map(|n| guest(&n.to_string(), &format!("G{n}")).to_string()).collect();
    installation.write("events.jsonl", &events.join("\n"));
    installation.run(&["event", "send", "events.jsonl"]).with(0);
    up.kill();
    std::fs::remove_file(installation.path("data/address")).unwrap();
    let up = installation.up();
    let runs = ["runs", "--status", "completed", "--limit", "1000", "--json"];
    installation.until(&runs, |list| list["runs"].as_array().unwrap().len() == 50);
    let sent = installation.run(&["event", "send", "events.jsonl", "--json"]).with(0).json();
    assert_eq!((&sent["duplicates"], &sent["accepted"]), (&json!(50), &json!(0)));
    // A second hub on the same folder is refused.
    let second = installation.run(&["up", "--listen", "127.0.0.1:0"]).with(1);
    assert!(second.err.contains("in use"), "{}", second.err);
    assert_eq!(up.stop(), 0);
}
