//! Holds the parts of a catalog against each other, and against a configuration.
//!
//! Pure: no file is read and no system asked. Every problem is found in one go.

use serde_json::Value;
use throughline_flow::Diagnostic;

use super::places::token;
use super::{Adapter, Catalog, Route, files};
use crate::config::{Config, FILE_NAME, SystemEntry};
use crate::functions::Functions;

/// The file with the routes.
const ROUTES: &str = "routes.yaml";
/// The file with our legal entities.
const LEGAL_ENTITIES: &str = "legal-entities.yaml";

impl Catalog {
    /// Everything that is wrong with the catalog for this configuration.
    pub fn check(&self, config: &Config) -> Vec<Diagnostic> {
        let mut problems = self.check_parts();
        self.check_systems(config, &mut problems);
        self.check_routes_to_systems(config, &mut problems);
        super::report::located(problems, |file| self.files.get(file).map(str::to_owned))
    }

    /// What needs no configuration: calls, routes, legal entities.
    fn check_parts(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        self.check_calls(&mut problems);
        self.check_routes(&mut problems);
        self.check_legal_entities(&mut problems);
        problems
    }

    /// Every function a flow calls is one of the hub's own, or a capability that some adapter has and some route takes.
    fn check_calls(&self, problems: &mut Vec<Diagnostic>) {
        let own = Functions::names();
        for (file, name, pointer) in self.flow_calls() {
            if own.contains(&name.as_str()) {
                continue;
            }
            if !self.capabilities().any(|c| c == name) {
                let help = files::nearest(&name, own.iter().copied().chain(self.capabilities()));
                let said = format!("no function or capability is named {name:?}");
                problems.push(Diagnostic { help, ..files::problem_at(file, &pointer, said) });
            } else if !self.routes.routes.iter().any(|r| r.takes(&name)) {
                let help = Some(format!("add a route for it to {ROUTES}"));
                let said = format!("no route takes {name:?}, so no system answers it");
                problems.push(Diagnostic { help, ..files::problem_at(file, &pointer, said) });
            }
        }
    }

    /// The functions that flows call: file, name and pointer of the task's `call`.
    fn flow_calls(&self) -> impl Iterator<Item = (&str, String, String)> {
        self.flows.values().flat_map(|loaded| {
            let calls = loaded.definition.called_functions();
            calls.into_iter().map(|(name, _, pointer)| (loaded.file.as_str(), name, pointer))
        })
    }

    /// Each route takes something, and names legal entities that are there.
    fn check_routes(&self, problems: &mut Vec<Diagnostic>) {
        for (i, route) in self.routes.routes.iter().enumerate() {
            if !self.capabilities().any(|c| route.takes(c)) {
                let said = format!("no adapter has a capability {:?}", route.capability);
                let help = files::nearest(&route.capability, self.capabilities())
                    .or_else(|| files::nearest(&route.capability, self.kinds().iter().map(String::as_str)));
                let at = format!("/routes/{i}/capability");
                problems.push(Diagnostic { help, ..files::problem_at(ROUTES, &at, said) });
            }
            let entities = route.when.get("legalEntity").map(super::OneOrMany::values).unwrap_or_default();
            let many = entities.len() > 1;
            for (j, code) in entities.iter().enumerate() {
                if self.legal_entities.get(code).is_none() {
                    let at = format!(
                        "/routes/{i}/when/legalEntity{}",
                        if many { format!("/{j}") } else { String::new() }
                    );
                    problems.push(self.no_entity(ROUTES, &at, code));
                }
            }
        }
    }

    /// `erp.*` and the like, for suggestions.
    fn kinds(&self) -> Vec<String> {
        let mut kinds: Vec<String> =
            self.adapters.values().map(|a| format!("{}.*", a.spec.kind.as_str())).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }

    fn check_legal_entities(&self, problems: &mut Vec<Diagnostic>) {
        let entities = &self.legal_entities.entities;
        for (i, entity) in entities.iter().enumerate() {
            if entities[..i].iter().any(|e| e.code == entity.code) {
                let said = format!("legal entity {:?} is there twice", entity.code);
                problems.push(files::problem_at(LEGAL_ENTITIES, &format!("/entities/{i}/code"), said));
            }
        }
        for (i, rule) in self.legal_entities.rules.iter().enumerate() {
            if self.legal_entities.get(&rule.entity).is_none() {
                problems.push(self.no_entity(LEGAL_ENTITIES, &format!("/rules/{i}/entity"), &rule.entity));
            }
        }
    }

    fn no_entity(&self, file: &str, pointer: &str, code: &str) -> Diagnostic {
        let codes: Vec<&str> = self.legal_entities.entities.iter().map(|e| e.code.as_str()).collect();
        let help = files::nearest(code, codes.iter().copied())
            .or_else(|| Some(format!("there are {}", codes.join(", "))));
        Diagnostic { help, ..files::problem_at(file, pointer, format!("no legal entity has code {code:?}")) }
    }

    /// Each system is of an adapter that is there, with settings and credentials that fit it.
    fn check_systems(&self, config: &Config, problems: &mut Vec<Diagnostic>) {
        for (name, entry) in &config.systems {
            let at = format!("/systems/{}", token(name));
            match self.adapters.get(&entry.adapter) {
                Some(adapter) => {
                    check_settings(&at, name, entry, adapter, problems);
                    check_credentials(&at, name, entry, adapter, problems);
                }
                None => {
                    let known: Vec<&str> = self.adapters.keys().map(String::as_str).collect();
                    let help = files::nearest(&entry.adapter, known.iter().copied())
                        .or_else(|| Some(format!("there are {}", known.join(", "))));
                    let said =
                        format!("system {name:?} names adapter {:?}, which the catalog lacks", entry.adapter);
                    problems.push(Diagnostic {
                        help,
                        ..files::problem_at(FILE_NAME, &format!("{at}/adapter"), said)
                    });
                }
            }
        }
    }

    /// Each route leads to a system that is configured and can do what the flows ask of it.
    fn check_routes_to_systems(&self, config: &Config, problems: &mut Vec<Diagnostic>) {
        // Without systems the catalog is looked at on its own.
        if config.systems.is_empty() {
            return;
        }
        for (i, route) in self.routes.routes.iter().enumerate() {
            let at = format!("/routes/{i}/system");
            match config.systems.get(&route.system) {
                Some(entry) => self.check_route_to_system(&at, route, entry, problems),
                None => {
                    let help = files::nearest(&route.system, config.systems.keys().map(String::as_str));
                    let said = format!("no system is named {:?} in {FILE_NAME}", route.system);
                    problems.push(Diagnostic { help, ..files::problem_at(ROUTES, &at, said) });
                }
            }
        }
    }

    fn check_route_to_system(
        &self,
        at: &str,
        route: &Route,
        entry: &SystemEntry,
        problems: &mut Vec<Diagnostic>,
    ) {
        let Some(adapter) = self.adapters.get(&entry.adapter) else { return };
        let own = Functions::names();
        let mut asked: Vec<String> = self.flow_calls().map(|(_, name, _)| name).collect();
        asked.retain(|name| route.takes(name) && !own.contains(&name.as_str()));
        asked.sort();
        asked.dedup();
        for name in asked.iter().filter(|name| !adapter.functions.contains_key(*name)) {
            let said = format!(
                "system {:?} can't do {name:?}, which flows call: adapter {:?} has no such function",
                route.system, entry.adapter
            );
            problems.push(files::problem_at(ROUTES, at, said));
        }
    }
}

fn check_settings(
    at: &str,
    name: &str,
    entry: &SystemEntry,
    adapter: &Adapter,
    problems: &mut Vec<Diagnostic>,
) {
    let Some(validator) = &adapter.settings else { return };
    let none = Value::Object(serde_json::Map::new());
    let settings = if entry.settings.is_null() { &none } else { &entry.settings };
    for error in validator.iter_errors(settings) {
        use jsonschema::error::ValidationErrorKind as Kind;
        let pointer = format!("{at}/settings{}", error.instance_path());
        match error.kind() {
            Kind::AdditionalProperties { unexpected } => problems.extend(unexpected.iter().map(|extra| {
                let known = adapter.spec.settings["properties"].as_object();
                let help =
                    files::nearest(extra, known.into_iter().flat_map(|p| p.keys()).map(String::as_str));
                let said = format!("adapter {:?} has no setting {extra:?}", entry.adapter);
                Diagnostic {
                    help,
                    ..files::problem_at(FILE_NAME, &format!("{pointer}/{}#", token(extra)), said)
                }
            })),
            Kind::Required { property } => {
                let property = property.as_str().unwrap_or_default();
                let about = &adapter.spec.settings["properties"][property]["description"];
                let help = about.as_str().map(str::to_owned);
                let said = format!(
                    "system {name:?} lacks setting {property:?}, which adapter {:?} needs",
                    entry.adapter
                );
                problems.push(Diagnostic { help, ..files::problem_at(FILE_NAME, &pointer, said) });
            }
            _ => {
                let setting = error.instance_path().as_str().trim_start_matches('/').replace('/', ".");
                let about = &adapter.spec.settings["properties"][&setting]["description"];
                let help = about.as_str().map(str::to_owned);
                let said = format!("setting {setting:?} of system {name:?}: {error}");
                problems.push(Diagnostic { help, ..files::problem_at(FILE_NAME, &pointer, said) });
            }
        }
    }
}

/// Every credential that the adapter needs is there.
fn check_credentials(
    at: &str,
    name: &str,
    entry: &SystemEntry,
    adapter: &Adapter,
    problems: &mut Vec<Diagnostic>,
) {
    let needed = adapter.spec.required_credentials();
    for missing in needed.iter().filter(|name| !entry.credentials.contains_key(*name)) {
        let said = format!(
            "system {name:?} lacks credential {missing:?}, which adapter {:?} signs in with",
            entry.adapter
        );
        let others = entry.credentials.keys().filter(|given| !needed.contains(given)).map(String::as_str);
        let near = files::nearest(missing, others).map(|_| format!("it is written {missing:?}"));
        let help = near.or_else(|| {
            Some(format!("write {missing}: {{env: NAME}} or {missing}: {{file: PATH}} under its credentials"))
        });
        problems
            .push(Diagnostic { help, ..files::problem_at(FILE_NAME, &format!("{at}/credentials"), said) });
    }
}
