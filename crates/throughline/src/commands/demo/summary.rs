//! The demo's summary as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::figures::{Figures, Held, Quantiles};

/// Reasons shown of a kind; the rest is counted.
const REASONS_SHOWN: usize = 8;
/// Width of the column of names.
const NAME_WIDTH: usize = 30;

/// The collections of the vendors that are shown, and what they hold.
const SHOWN: [(&str, &str); 12] = [
    ("salesforce/Opportunity", "Salesforce opportunities"),
    ("docusign/envelopes", "DocuSign envelopes"),
    ("netsuite/customer", "NetSuite customers"),
    ("netsuite/job", "NetSuite projects"),
    ("netsuite/billingSchedule", "NetSuite billing schedules"),
    ("business-central/customers", "Business Central customers"),
    ("business-central/projects", "Business Central projects"),
    ("business-central/jobPlanningLines", "Business Central billing lines"),
    ("kantata/workspaces", "Kantata workspaces"),
    ("kantata/stories", "Kantata stories"),
    ("graph/driveItems", "Graph folders and files"),
    ("salesforce/Account", "Salesforce accounts"),
];

/// The summary a person reads.
pub(super) fn text(figures: &Figures, seconds: f64) -> String {
    let mut text = String::new();
    business(&mut text, figures);
    runs(&mut text, figures);
    reasons(&mut text, "waiting, each for a stated reason", &figures.waiting);
    reasons(&mut text, "failed", &figures.failed);
    activation(&mut text, &figures.activation);
    vendors(&mut text, figures);
    verdict(&mut text, figures, seconds);
    text
}

fn heading(text: &mut String, title: &str) {
    let _ = writeln!(text, "\n{title}");
}

fn row(text: &mut String, name: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "  {name:<NAME_WIDTH$} {value:>9}");
}

fn business(text: &mut String, figures: &Figures) {
    heading(text, "The firm's year, as the hub recorded it");
    let kinds = [
        ("opportunity", "opportunities"),
        ("contract", "contracts drafted"),
        ("contract-version", "contract versions signed"),
        ("customer", "customers"),
        ("project", "projects planned"),
        ("billing-schedule", "billing schedules"),
        ("document-reference", "document references"),
        ("activation", "contracts activated"),
    ];
    for (noun, name) in kinds {
        row(text, name, figures.records.get(noun).copied().unwrap_or_default());
    }
}

fn runs(text: &mut String, figures: &Figures) {
    heading(text, "Runs");
    let statuses = ["completed", "waiting", "faulted", "running", "pending", "cancelled"];
    for (flow, counts) in &figures.runs {
        let said: Vec<String> =
            statuses.iter().filter_map(|s| counts.get(*s).map(|n| format!("{n} {}", word(s)))).collect();
        let _ = writeln!(text, "  {flow:<NAME_WIDTH$} {}", said.join(", "));
    }
}

fn word(status: &str) -> &str {
    if status == "faulted" { "failed" } else { status }
}

fn reasons(text: &mut String, what: &str, reasons: &BTreeMap<String, usize>) {
    if reasons.is_empty() {
        return;
    }
    let all: usize = reasons.values().sum();
    heading(text, &format!("{all} {what}"));
    let mut sorted: Vec<_> = reasons.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (reason, count) in sorted.iter().take(REASONS_SHOWN) {
        let _ = writeln!(text, "  {count:>4} × {reason}");
    }
    if sorted.len() > REASONS_SHOWN {
        let rest: usize = sorted[REASONS_SHOWN..].iter().map(|(_, count)| **count).sum();
        let _ = writeln!(text, "  {rest:>4} more, for other reasons");
    }
}

fn activation(text: &mut String, activation: &Quantiles) {
    heading(text, "From the signature's arrival to the last target's confirmation");
    let Quantiles { count, p50, p99 } = activation;
    let _ = writeln!(text, "  {count} activations: p50 {p50:.2} s, p99 {p99:.2} s");
}

fn vendors(text: &mut String, figures: &Figures) {
    heading(text, "What the vendors hold, by their own ledgers");
    for (collection, name) in SHOWN {
        let Held { objects, .. } = figures.held.get(collection).copied().unwrap_or_default();
        row(text, name, objects);
    }
    let injected: u64 = figures.faults.values().sum();
    heading(
        text,
        &format!(
            "{injected} faults injected into {} requests and {} webhooks",
            figures.requests, figures.webhooks
        ),
    );
    for (kind, count) in &figures.faults {
        row(text, kind, count);
    }
}

fn verdict(text: &mut String, figures: &Figures, seconds: f64) {
    heading(text, &format!("In {seconds:.1} s"));
    let held: usize = figures.held.values().map(|h| h.keys).sum();
    match figures.duplicated.as_slice() {
        [] => {
            let _ = writeln!(text, "  nothing was duplicated: {held} business keys, each held once");
        }
        keys => {
            let _ = writeln!(text, "  DUPLICATED: {}", keys.join(", "));
        }
    }
    match figures.lost.as_slice() {
        [] => {
            let _ = writeln!(text, "  nothing was lost: all that was confirmed is there");
        }
        lost => {
            let _ = writeln!(text, "  LOST: {}", lost.join("; "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let map = |pairs: &[(&str, usize)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect();
        Figures {
            records: BTreeMap::from([("opportunity".to_owned(), 3)]),
            runs: BTreeMap::from([(
                "contract-activation".to_owned(),
                BTreeMap::from([("faulted".to_owned(), 1), ("completed".to_owned(), 2)]),
            )]),
            waiting: (0..10).map(|n| (format!("flow: reason {n}"), n + 1)).collect(),
            failed: map(&[("flow: refused", 1)]),
            activation: Quantiles { count: 2, p50: 0.5, p99: 1.0 },
            held: BTreeMap::from([("erp/job".to_owned(), Held { objects: 2, keys: 2 })]),
            requests: 10,
            webhooks: 4,
            faults: BTreeMap::from([("lost-reply".to_owned(), 2)]),
            duplicated: Vec::new(),
            lost: Vec::new(),
        }
    }

    #[test]
    fn the_summary_reads_well() {
        let text = text(&figures(), 12.34);
        for said in [
            "opportunities                          3",
            "contract-activation            2 completed, 1 failed",
            "55 waiting, each for a stated reason",
            "  10 × flow: reason 9",
            "   3 more, for other reasons",
            "2 activations: p50 0.50 s, p99 1.00 s",
            "2 faults injected into 10 requests and 4 webhooks",
            "nothing was duplicated: 2 business keys, each held once",
        ] {
            assert!(text.contains(said), "{said:?} is missing from\n{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_shouted() {
        let wrong = Figures {
            duplicated: vec!["erp/job/PJ-1".to_owned()],
            lost: vec!["one".to_owned()],
            ..figures()
        };
        assert!(!wrong.exact());
        let text = text(&wrong, 1.0);
        assert!(text.contains("DUPLICATED: erp/job/PJ-1") && text.contains("LOST: one"));
    }
}
