//! `sandbox`: the simulated vendors, and a configuration that joins them.

use crate::installation::Installation;

#[test]
fn the_configuration_it_writes_joins_all_vendors() {
    let installation = Installation::empty();
    let sandbox =
        installation.start(&["sandbox", "--write", "throughline.yaml", "--json"], "throughline.yaml");
    let checked = installation.run(&["check"]).with(0).out;
    assert!(checked.contains("6 systems"), "{checked}");
    let systems = installation.run(&["systems", "--json"]).with(0).json();
    let mut products: Vec<&str> =
        systems["systems"].as_array().unwrap().iter().map(|s| s["adapter"].as_str().unwrap()).collect();
    products.sort_unstable();
    assert_eq!(products, ["business-central", "docusign", "graph", "kantata", "netsuite", "salesforce"]);
    // Somebody's configuration is not written over, and a folder in use is not used twice.
    installation.run(&["sandbox", "--data", "other", "--write", "throughline.yaml"]).with(1);
    let up = installation.up();
    assert_eq!(up.stop(), 0);
    assert_eq!(sandbox.stop(), 0);
}
