//! `init` and `check`.

use crate::installation::{Installation, read};

#[test]
fn what_init_writes_passes_check_and_is_never_overwritten() {
    let installation = Installation::empty();
    let first = installation.run(&["init", ".", "--json"]).with(0).json();
    assert!(first["written"].as_array().unwrap().len() > 10, "{first}");
    installation.write("throughline.yaml", "catalog: catalog\n");
    let again = installation.run(&["init", ".", "--json"]).with(0).json();
    assert_eq!(again["written"].as_array().unwrap().len(), 0);
    assert_eq!(read(&installation.path("throughline.yaml")), "catalog: catalog\n");
    let checked = installation.run(&["check"]).with(0);
    assert!(checked.out.ends_with("no problems\n"), "{}", checked.out);
    assert_eq!(
        installation.run(&["check", "--json"]).with(0).json()["problems"].as_array().unwrap().len(),
        0
    );
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let installation = Installation::new();
    installation.write("catalog/flows/broken.yaml", "document: {dsl: 1.0.3\n");
    installation.write(
        "catalog/flows/wrong.yaml",
        "document: {dsl: 1.0.3, namespace: test, name: wrong, version: 1.0.0}\ndo:\n  - a:\n      st: 1\n  - b:\n      set: '${ .a | }'\n",
    );
    let told = installation.run(&["check"]).with(4).out;
    for part in ["flows/broken.yaml:", "flows/wrong.yaml:", "--> ", "3 problems in 2 files\n"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let problems = installation.run(&["check", "--json"]).with(4).json();
    let of_wrong: Vec<u64> = problems["problems"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["file"].as_str().unwrap().ends_with("flows/wrong.yaml"))
        .map(|p| p["line"].as_u64().unwrap())
        .collect();
    assert!(of_wrong.iter().any(|l| (3..=4).contains(l)) && of_wrong.contains(&6), "{problems}");
    let failed = installation.run(&["up"]).with(4);
    assert!(failed.err.contains("throughline check"), "{}", failed.err);
}

#[test]
fn the_configuration_is_checked_too() {
    let installation = Installation::new();
    let check = |text: &str, said: &str| {
        installation.write("throughline.yaml", text);
        let told = installation.run(&["check"]).with(4).out;
        assert!(told.contains(said), "{said} is not in {told}");
    };
    check("lisen: 127.0.0.1:1\n", "lisen");
    check("listen: nowhere\n", "throughline.yaml");
    check("listen: 0.0.0.0:8700\n", "allowRemote");
    check("systems: {crm: {adapter: salesfroce}}\n", "salesfroce");
    installation.write("throughline.yaml", "listen: 0.0.0.0:0\nallowRemote: true\n");
    installation.run(&["check"]).with(0);
    installation.write("throughline.yaml", "listen: 0.0.0.0:0\n");
    assert!(installation.run(&["up"]).with(1).err.contains("allowRemote"));
}
