//! What `throughline check` says of broken catalogs and configurations: every problem at once, each with its place.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use throughline_hub::catalog::{Catalog, Files, report};
use throughline_hub::config::{Config, FILE_NAME};

/// A configuration that the built-in catalog has nothing against.
const CONFIG: &str = r#"data: data

systems:
  crm:
    adapter: salesforce
    settings: {baseUrl: 'https://firm.my.salesforce.com'}
    credentials: {clientId: {env: SALESFORCE_ID}, clientSecret: {env: SALESFORCE_SECRET}}
  clm:
    adapter: docusign
    settings:
      baseUrl: https://eu.docusign.net
      accountId: 7c2b8d7e
      signers:
        - {name: Managing Partner, email: partner@firm.example}
    credentials:
      integrationKey: {env: DOCUSIGN_KEY}
      userId: {env: DOCUSIGN_USER}
      privateKey: {file: secrets/docusign.pem}
      connectKey: {file: secrets/connect.txt}
  erp-americas:
    adapter: netsuite
    settings:
      baseUrl: https://1234567.suitetalk.api.netsuite.com
      subsidiaries: {US: "1", SG: "4"}
    credentials:
      clientId: {env: NETSUITE_ID}
      certificateId: {env: NETSUITE_CERTIFICATE}
      privateKey: {file: secrets/netsuite.pem}
  erp-emea:
    adapter: business-central
    settings:
      tenant: 6f1d3a52
      environment: Production
      companies: {DE: de-company, UK: uk-company}
      planningLinesApi: throughline/delivery/v1.0
    credentials: {clientId: {env: BC_ID}, clientSecret: {env: BC_SECRET}}
  psa:
    adapter: kantata
    credentials: {token: {env: KANTATA_TOKEN}}
  docs:
    adapter: graph
    settings: {tenantId: 6f1d3a52, driveId: b!drive}
    credentials: {clientId: {env: GRAPH_ID}, clientSecret: {env: GRAPH_SECRET}}
"#;

/// A text of the built-in catalog, or the configuration, with something replaced.
struct Edit(&'static str, &'static str, &'static str);

fn reported(edits: &[Edit]) -> String {
    let mut files = Files::embedded();
    let mut config_text = CONFIG.to_owned();
    for Edit(file, from, to) in edits {
        let text =
            if *file == FILE_NAME { config_text.as_str() } else { files.get(file).unwrap_or_default() };
        assert!(from.is_empty() || text.contains(from), "{file} does not hold {from:?}");
        let edited = if from.is_empty() { (*to).to_owned() } else { text.replacen(from, to, 1) };
        if *file == FILE_NAME {
            config_text = edited;
        } else {
            files = files.overlaid(Files::of([(*file, edited.as_str())]));
        }
    }
    let config: Config = serde_saphyr::from_str(&config_text).unwrap();
    let problems = match Catalog::from_files(&files) {
        Ok(catalog) => catalog.check(&config),
        Err(problems) => problems,
    };
    report::render(&problems, |file| {
        if file == FILE_NAME { Some(config_text.clone()) } else { files.get(file).map(str::to_owned) }
    })
}

fn check(name: &str, edits: &[Edit]) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, reported(edits));
    });
}

#[test]
fn nothing_is_wrong_with_the_built_in_catalog() {
    assert_eq!(reported(&[]), "0 problems in 0 files\n");
}

#[test]
fn unknown_function() {
    check(
        "unknown_function",
        &[
            Edit("flows/contract-activation.yaml", "call: contract.record", "call: contract.recrod"),
            Edit("flows/contract-activation.yaml", "call: erp.project.put", "call: erp.projects.put"),
            Edit("flows/invoice-recorded.yaml", "call: invoice.record", "call: ledger.post"),
        ],
    );
}

#[test]
fn expressions_that_are_not_jq() {
    check(
        "bad_jq",
        &[
            Edit("flows/contract-activation.yaml", "number: ${ .number }", "number: ${ .number | }"),
            Edit(
                "flows/contract-amendment.yaml",
                "${ $context.amended.status == \"same\" }",
                "${ $contxt.amended.status }",
            ),
            Edit("adapters/netsuite/functions/customer.put.yaml", "@uri", "uri_encoded"),
        ],
    );
}

#[test]
fn unknown_task_kind() {
    check(
        "unknown_task_kind",
        &[
            Edit("flows/invoice-recorded.yaml", "      call: invoice.record", "      invoke: invoice.record"),
            Edit("flows/opportunity-recorded.yaml", "summary:", "sumary:"),
            Edit("flows/contract-amendment.yaml", "then: end", "then: nowhere"),
        ],
    );
}

#[test]
fn bad_routes() {
    check(
        "bad_routes",
        &[
            Edit("routes.yaml", "capability: 'psa.*', system: psa", "capability: 'pas.*', system: psaa"),
            Edit("routes.yaml", "[US, SG]", "[US, SN]"),
            Edit("routes.yaml", "{capability: 'crm.*', system: crm}", "{capability: 'crm.*', system: docs}"),
            Edit("legal-entities.yaml", "{entity: US}", "{entity: USA}"),
        ],
    );
}

#[test]
fn missing_adapters() {
    check(
        "missing_adapters",
        &[
            Edit(FILE_NAME, "adapter: netsuite", "adapter: netsuit"),
            Edit(FILE_NAME, "adapter: graph", "adapter: sharepoint"),
        ],
    );
    check("missing_adapter_file", &[Edit("adapters/oracle/functions/customer.put.yaml", "", "call: x.y\n")]);
}

#[test]
fn wrong_settings() {
    check(
        "wrong_settings",
        &[
            Edit(FILE_NAME, "accountId: 7c2b8d7e", "acountId: 7c2b8d7e"),
            Edit(FILE_NAME, "email: partner@firm.example", "mail: partner@firm.example"),
            Edit(FILE_NAME, "planningLinesApi: throughline/delivery/v1.0", "planningLinesApi: delivery"),
        ],
    );
}

#[test]
fn missing_credentials() {
    check(
        "missing_credentials",
        &[
            Edit(FILE_NAME, "      connectKey: {file: secrets/connect.txt}\n", ""),
            Edit(FILE_NAME, "{clientId: {env: BC_ID}", "{clientID: {env: BC_ID}"),
        ],
    );
}

#[test]
fn bad_yaml() {
    check(
        "bad_yaml",
        &[
            Edit("routes.yaml", "{capability: 'clm.*', system: clm}", "{capability: 'clm.*', system: clm"),
            Edit("flows/invoice-recorded.yaml", "schedule:\n  on:", "schedule:\n on:\n\t- x"),
            Edit("adapters/graph/adapter.yaml", "concurrency: 8", "concurrency: eight"),
            Edit("legal-entities.yaml", "region: APAC", "regoin: APAC"),
        ],
    );
}

#[test]
fn functions_that_do_not_say_why_a_repeat_is_safe() {
    check(
        "unsafe_functions",
        &[
            Edit("adapters/kantata/functions/project.put.yaml", "repeat: lookup", "repeat: maybe"),
            Edit(
                "adapters/graph/functions/folder.put.yaml",
                "lookup: docs.folder.find",
                "lookup: docs.folder.fnd",
            ),
            Edit("adapters/docusign/adapter.yaml", "events: clm.envelope.events", "events: clm.envelopes"),
        ],
    );
}

#[test]
fn a_route_to_a_system_that_lacks_what_flows_call() {
    let files = Files::embedded();
    let without = "adapters/business-central/functions/billing-schedule.put.yaml";
    let kept: Vec<(&str, &str)> = ["adapters", "flows"]
        .into_iter()
        .flat_map(|folder| files.under(folder))
        .filter(|(path, _)| *path != without)
        .chain(["routes.yaml", "legal-entities.yaml"].map(|path| (path, files.get(path).unwrap())))
        .collect();
    let catalog = Catalog::from_files(&Files::of(kept)).unwrap();
    let config: Config = serde_saphyr::from_str(CONFIG).unwrap();
    let report = report::render(&catalog.check(&config), |file| catalog.text(file).map(str::to_owned));
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("lacking_capability", report);
    });
}
