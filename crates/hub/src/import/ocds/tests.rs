use super::*;
use serde_json::json;

/// The types of the events a release with these tags and sections becomes, shortened.
fn check(release: Value, want: &[&str]) {
    let got: Vec<String> = says(&release)
        .into_iter()
        .map(|says| match says {
            Ok(event) => {
                let kind = event.type_.trim_start_matches("throughline.").trim_end_matches(".v1").to_owned();
                let mark = event.data.pointer("/amendment/kind").or(event.data.pointer("/stageClass"));
                mark.and_then(Value::as_str).map_or_else(|| kind.clone(), |mark| format!("{kind} {mark}"))
            }
            Err(problem) => format!("! {}", problem.field),
        })
        .collect();
    assert_eq!(got, want, "{release}");
}

fn release(tags: Value, sections: Value) -> Value {
    let mut release = json!({ "ocid": "o", "id": "r", "date": "2024-05-01T00:00:00Z", "tag": tags });
    for (name, section) in sections.as_object().cloned().unwrap_or_default() {
        release[name] = section;
    }
    release
}

#[test]
fn tags_decide_what_a_release_says() {
    let contract = || json!({"contracts": [{"id": "C", "value": {"amount": 5, "currency": "EUR"}}]});
    let opportunity = |class: &str| format!("opportunity.changed {class}");
    check(release(json!(["tender"]), json!({"tender": {"title": "T"}})), &[&opportunity("open")]);
    check(
        release(json!(["tender"]), json!({"tender": {"title": "T", "status": "unsuccessful"}})),
        &[&opportunity("lost")],
    );
    check(release(json!(["tenderCancellation"]), json!({"tender": {"title": "T"}})), &[&opportunity("lost")]);
    check(release(json!(["award"]), json!({"awards": [{"id": "A"}]})), &[&opportunity("open")]);
    check(
        release(json!(["planning"]), json!({"planning": {"budget": {"project": "P"}}})),
        &[&opportunity("open")],
    );
    check(release(json!(["contract"]), contract()), &["contract.signed"]);
    check(release(json!("contract"), contract()), &["contract.signed"]);
    check(release(json!(null), contract()), &["contract.signed"]);
    check(release(json!(["compiled"]), contract()), &["contract.signed"]);
    check(release(json!(["contract", "contractAmendment"]), contract()), &["contract.amended amendment"]);
    check(release(json!(["contractUpdate"]), contract()), &["contract.amended correction"]);
    check(release(json!(["contractTermination"]), contract()), &["contract.amended amendment"]);
    check(release(json!(["implementation"]), contract()), &[]);
    check(release(json!([]), json!({})), &["! /tag"]);
    check(release(json!(["contract"]), json!({"contracts": [{"title": "no id"}]})), &["! /contracts/0/id"]);
}

#[test]
fn payments_and_milestones_of_the_work() {
    let work = |milestones: Value, transactions: Value| {
        let implementation = json!({ "milestones": milestones, "transactions": transactions });
        release(
            json!(["implementation"]),
            json!({"contracts": [{"id": "C", "implementation": implementation}]}),
        )
    };
    let paid = json!({"value": {"amount": 5, "currency": "EUR"}});
    check(work(json!([{"id": "m"}]), json!([paid])), &["contract.amended correction", "invoice.recorded"]);
    check(work(json!([]), json!([{"amount": {"amount": 5, "currency": "EUR"}}])), &["invoice.recorded"]);
    check(
        work(json!([]), json!([{"value": {"amount": 5}}])),
        &["! /contracts/0/implementation/transactions/0/value/currency"],
    );
    check(
        work(json!([]), json!([{"value": {"currency": "EUR"}}])),
        &["! /contracts/0/implementation/transactions/0/value/amount"],
    );
    let bad = "! /contracts/0/implementation/milestones/0/dueDate";
    check(work(json!([{"id": "m", "dueDate": "soon"}]), json!([paid])), &[bad, "invoice.recorded"]);
}

#[test]
fn payments_without_ids_are_told_apart_and_stay_the_same() {
    let same = json!({"value": {"amount": 5, "currency": "EUR"}});
    let value = release(
        json!(["implementation"]),
        json!({"contracts": [{"id": "C", "implementation": {"transactions": [same, same, {"value": {"amount": 6, "currency": "EUR"}}]}}]}),
    );
    let ids = |value: &Value| says(value).into_iter().map(|s| s.unwrap().id).collect::<Vec<_>>();
    let first = ids(&value);
    assert_eq!(first, ids(&value));
    assert_eq!(first.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
}

#[test]
fn milestones_keep_their_ids_or_get_one_of_their_own() {
    let value = json!([{"id": "a", "title": "A"}, {"id": "a"}, {"title": "C"}, null]);
    let all = milestone::all([At::of(&value)]).unwrap();
    let ids: Vec<_> = all.iter().map(|m| (m.id.as_str(), m.title.as_str())).collect();
    assert_eq!(ids, [("a", "A"), ("milestone-2", "milestone-2"), ("milestone-3", "C")]);
}

#[test]
fn garbage_of_any_shape_is_refused_not_feared() {
    let shapes = [
        json!(null),
        json!(1),
        json!("x"),
        json!([1]),
        json!([[]]),
        json!({"a": {}}),
        json!([{"id": []}]),
        json!([{"id": "C", "value": [], "period": "x", "implementation": [1]}]),
    ];
    for section in
        ["tender", "awards", "contracts", "parties", "buyer", "planning", "tag", "date", "id", "ocid"]
    {
        for shape in &shapes {
            for tag in ["contract", "award", "contractAmendment", "implementation", "planning"] {
                let mut value =
                    release(json!([tag]), json!({"contracts": [{"id": "C"}], "tender": {"title": "T"}}));
                value[section] = shape.clone();
                records(value);
            }
        }
    }
}
