//! The whole of a definition: `document`, `use`, `schedule`, and a function's single task.

use indexmap::IndexMap;
use serde_json::Value;

use super::check::{At, Check};
use crate::data;
use crate::definition::{Definition, Subscription};
use crate::expression::Template;
use crate::listen::{ListenMode, ReadAs};
use crate::source::Kind as NodeKind;
use crate::task::{ListId, Tasks};
use crate::undo::FaultRule;

/// What a definition is made from.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) hash: String,
}

/// `document`.
struct Header {
    namespace: String,
    name: String,
    version: String,
    metadata: Value,
    fields: IndexMap<String, Template>,
    on_fault: FaultRule,
}

pub(super) fn flow<'n>(check: &mut Check<'n>, at: &At<'n>, source: Source<'_>) -> Option<Definition> {
    check.object(
        at,
        "a flow",
        &["document", "input", "use", "do", "timeout", "output", "schedule", "evaluate"],
    )?;
    let header = check.required(at, "a flow", "document").and_then(|d| header(check, &d));
    check.use_ = at.get("use");
    if let Some(use_) = at.get("use") {
        reusables(check, &use_);
    }
    if let Some(evaluate) = at.get("evaluate") {
        evaluation(check, &evaluate);
    }
    let input = check.shape(at, "input", "from");
    let output = check.shape(at, "output", "as");
    let timeout = check.timeout(at);
    let subscription = at.get("schedule").and_then(|s| schedule(check, &s));
    let body = check.required(at, "a flow", "do").and_then(|d| check.list(&d));
    if let Some(use_) = at.get("use") {
        unused_retries(check, &use_);
    }
    let header = header?;
    Some(Definition {
        name: header.name,
        namespace: header.namespace,
        version: header.version,
        hash: source.hash,
        source: source.text.to_owned(),
        metadata: header.metadata,
        metadata_fields: header.fields,
        on_fault: header.on_fault,
        subscription,
        called: std::mem::take(&mut check.called),
        document: data::from_json(&at.node.to_json()),
        input,
        output,
        timeout,
        body: body?,
        tasks: std::mem::take(&mut check.tasks),
    })
}

pub(super) fn function<'n>(
    check: &mut Check<'n>,
    at: &At<'n>,
    source: Source<'_>,
    name: &str,
) -> Option<Definition> {
    if at.get("document").is_some() {
        check.problem(at, "this is a flow; a function is a single task, without `document`");
        return None;
    }
    let (metadata, fields) = metadata(check, at);
    check.root_metadata = Some(at.pointer.clone());
    let body = check.single(name, at);
    Some(Definition {
        name: name.to_owned(),
        namespace: "functions".to_owned(),
        version: "1.0.0".to_owned(),
        hash: source.hash,
        source: source.text.to_owned(),
        metadata,
        metadata_fields: fields,
        on_fault: FaultRule::default(),
        subscription: None,
        called: std::mem::take(&mut check.called),
        document: data::from_json(&at.node.to_json()),
        input: crate::task::Shape::default(),
        output: crate::task::Shape::default(),
        timeout: None,
        body: body?,
        tasks: std::mem::take(&mut check.tasks),
    })
}

fn header(check: &mut Check<'_>, at: &At<'_>) -> Option<Header> {
    let known = ["dsl", "namespace", "name", "version", "title", "summary", "tags", "metadata"];
    check.object(at, "`document`", &known)?;
    let dsl = check.required(at, "`document`", "dsl").and_then(|d| dsl(check, &d));
    let namespace = check.required(at, "`document`", "namespace").and_then(|n| label(check, &n));
    let name = check.required(at, "`document`", "name").and_then(|n| label(check, &n));
    let version = check.required(at, "`document`", "version").and_then(|v| version(check, &v));
    for field in ["title", "summary"] {
        if let Some(text) = at.get(field) {
            check.text(&text);
        }
    }
    if let Some(tags) = at.get("tags")
        && !matches!(tags.node.kind, NodeKind::Map(_))
    {
        let _: Option<()> = check.expected(&tags, "an object");
    }
    let (metadata, fields) = metadata(check, at);
    let on_fault = check.on_fault(at);
    dsl?;
    Some(Header { namespace: namespace?, name: name?, version: version?, metadata, fields, on_fault })
}

fn metadata(check: &mut Check<'_>, parent: &At<'_>) -> (Value, IndexMap<String, Template>) {
    let Some(at) = parent.get("metadata") else {
        return (Value::Object(serde_json::Map::new()), IndexMap::new());
    };
    if !matches!(at.node.kind, NodeKind::Map(_)) {
        let _: Option<()> = check.expected(&at, "an object");
    }
    // What becomes of a faulted run is said over the error, which nothing else here sees.
    let fields = at
        .members()
        .filter(|(m, _)| m.key != "onFault")
        .filter_map(|(m, value)| Some((m.key.clone(), check.template(&value)?)))
        .collect();
    (at.node.to_json(), fields)
}

fn dsl(check: &mut Check<'_>, at: &At<'_>) -> Option<()> {
    let text = version(check, at)?;
    if text.starts_with("1.0.") {
        return Some(());
    }
    check.problem(at, format!("DSL {text} is not read; this release reads 1.0.0 to 1.0.3"));
    None
}

/// A DNS label.
fn label(check: &mut Check<'_>, at: &At<'_>) -> Option<String> {
    let text = check.text(at)?;
    let inner = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if text.is_empty() || text.len() > 63 || !inner || text.starts_with('-') || text.ends_with('-') {
        check.problem(at, format!("{text:?} is not a name: letters, digits and inner hyphens, at most 63"));
        return None;
    }
    Some(text.to_owned())
}

/// A semantic version.
fn version(check: &mut Check<'_>, at: &At<'_>) -> Option<String> {
    let text = check.text(at)?;
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    let number = |p: &&str| {
        !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()) && (p.len() == 1 || !p.starts_with('0'))
    };
    let rest = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'));
    if parts.len() != 3 || !parts.iter().all(number) || !rest || text.ends_with(['-', '+', '.']) {
        check.problem(at, format!("{text:?} is not a semantic version such as 1.0.0"));
        return None;
    }
    Some(text.to_owned())
}

fn evaluation(check: &mut Check<'_>, at: &At<'_>) {
    if check.object(at, "`evaluate`", &["language", "mode"]).is_none() {
        return;
    }
    if let Some(language) = at.get("language") {
        check.word(&language, &[("jq", ())]);
    }
    if let Some(mode) = at.get("mode")
        && check.word(&mode, &[("strict", false), ("loose", true)]) == Some(true)
    {
        let _: Option<()> = check.unsupported(&mode, "expression mode `loose`");
    }
}

/// `use`: declares functions and secrets, and checks every component, whether it is used or not.
fn reusables(check: &mut Check<'_>, at: &At<'_>) {
    let known = [
        "authentications",
        "errors",
        "extensions",
        "functions",
        "retries",
        "secrets",
        "timeouts",
        "catalogs",
    ];
    if check.object(at, "`use`", &known).is_none() {
        return;
    }
    for kind in ["extensions", "catalogs"] {
        if let Some(component) = at.get(kind) {
            let _: Option<()> = check.unsupported(&component, &format!("`use.{kind}`"));
        }
    }
    if let Some(secrets) = at.get("secrets") {
        if matches!(secrets.node.kind, NodeKind::List(_)) {
            let names: Vec<String> =
                secrets.items().filter_map(|s| check.text(&s).map(str::to_owned)).collect();
            check.tasks.secrets = names;
        } else {
            let _: Option<()> = check.expected(&secrets, "a list of names");
        }
    }
    for (_, error) in components(check, at, "errors") {
        check.error(&error);
    }
    for (_, timeout) in components(check, at, "timeouts") {
        check.timeout_of(&timeout);
    }
    for (_, policy) in components(check, at, "authentications") {
        check.policy(&policy);
    }
    functions(check, at);
}

/// Policies nobody refers to. The others are compiled where they are used: there the caught error has its name.
fn unused_retries(check: &mut Check<'_>, at: &At<'_>) {
    for (name, retry) in components(check, at, "retries") {
        if !check.retries_used.contains(&name) {
            check.with_locals(vec!["error".into()], |check| check.retry_policy(&retry));
        }
    }
}

fn components<'a>(check: &mut Check<'_>, at: &At<'a>, kind: &str) -> Vec<(String, At<'a>)> {
    let Some(found) = at.get(kind) else { return Vec::new() };
    if !matches!(found.node.kind, NodeKind::Map(_)) {
        let _: Option<()> = check.expected(&found, "an object of components by name");
    }
    found.members().map(|(m, at)| (m.key.clone(), at)).collect()
}

/// All names are declared before any body is compiled: functions may call each other.
fn functions(check: &mut Check<'_>, at: &At<'_>) {
    let found = components(check, at, "functions");
    for (name, _) in &found {
        let list = check.add_list(Vec::new());
        check.tasks.functions.insert(name.clone(), list);
    }
    for (name, body) in &found {
        let Some(ListId(made)) = check.single(name, body) else { continue };
        if let Some(&ListId(declared)) = check.tasks.functions.get(name) {
            let Tasks { lists, .. } = &mut check.tasks;
            lists.swap(made as usize, declared as usize);
        }
    }
}

fn schedule(check: &mut Check<'_>, at: &At<'_>) -> Option<Subscription> {
    check.object(at, "`schedule`", &["every", "cron", "after", "on", "read"])?;
    let unsupported: Vec<_> =
        ["every", "cron", "after"].into_iter().filter_map(|k| Some((k, at.get(k)?))).collect();
    for (kind, found) in &unsupported {
        let _: Option<()> = check.unsupported(found, &format!("`schedule.{kind}`"));
    }
    if !unsupported.is_empty() {
        return None;
    }
    let read = at.get("read").map(|r| check.read_as(&r)).unwrap_or(Some(ReadAs::Data));
    let on = check.required(at, "`schedule`", "on")?;
    let (mode, filters) = check.strategy(&on)?;
    if mode == ListenMode::All {
        return check.unsupported(&on, "starting a flow on `all` of several events");
    }
    let filters: Vec<_> = filters.iter().map(|f| check.subscription(&on, f)).collect();
    Some(Subscription { filters: filters.into_iter().collect::<Option<_>>()?, read: read? })
}
