//! `adapters/<product>/`: what a system can do and how it is asked.

use std::collections::BTreeMap;

use serde_json::Value;
use throughline_adapter::AdapterSpec;
use throughline_flow::{self as flow, Definition, Diagnostic};

use super::files::{self, Files};

/// An adapter folder, read.
pub struct Adapter {
    /// `adapter.yaml`.
    pub spec: AdapterSpec,
    /// Capabilities by name, such as `erp.customer.put`.
    pub functions: BTreeMap<String, AdapterFunction>,
    pub(super) settings: Option<jsonschema::Validator>,
}

/// Why repeating a function does no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// It only reads.
    Safe,
    /// The system upserts by a key of ours.
    Native,
    /// The named function finds what an earlier try has made.
    Lookup(String),
}

/// One function of an adapter.
pub struct AdapterFunction {
    /// Capability name.
    pub name: String,
    /// File, relative to the catalog.
    pub file: String,
    /// The compiled task.
    pub definition: Definition,
    /// Why repeating it does no harm.
    pub repeat: Repeat,
}

/// A link a function's result makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionLink {
    /// Kind of record.
    pub noun: String,
    /// Our id.
    pub canonical_id: String,
    /// The system's id.
    pub system_id: String,
    /// Contract version the system now holds, if the function says so.
    pub version: Option<i64>,
    /// The record's page in the system.
    pub url: Option<String>,
}

impl AdapterFunction {
    /// The kind of record it makes, for serialising creations.
    pub fn noun(&self) -> &str {
        let metadata = self.definition.metadata();
        let noun = metadata.pointer("/link/noun").or_else(|| metadata.pointer("/unlink/noun"));
        noun.and_then(Value::as_str).unwrap_or(&self.name)
    }

    /// The record a call is about: `metadata.key` evaluated on the arguments.
    pub fn record_key(&self, with: &Value) -> Option<String> {
        self.evaluated("key", with).and_then(|v| as_text(&v))
    }

    /// The link a result takes away: noun and our id, `metadata.unlink` evaluated on `{with, result}`.
    pub fn unlink(&self, with: &Value, result: &Value) -> Option<(String, String)> {
        let unlink = self.evaluated("unlink", &serde_json::json!({ "with": with, "result": result }))?;
        Some((as_text(unlink.get("noun")?)?, as_text(unlink.get("canonicalId")?)?))
    }

    /// The link a result makes: `metadata.link` evaluated on `{with, result}`.
    pub fn link(&self, with: &Value, result: &Value) -> Option<FunctionLink> {
        let link = self.evaluated("link", &serde_json::json!({ "with": with, "result": result }))?;
        Some(FunctionLink {
            noun: as_text(link.get("noun")?)?,
            canonical_id: as_text(link.get("canonicalId")?)?,
            system_id: as_text(link.get("systemId")?)?,
            version: link.get("version").and_then(Value::as_i64),
            url: link.get("url").and_then(as_text),
        })
    }

    fn evaluated(&self, name: &str, input: &Value) -> Option<Value> {
        self.definition.metadata().get(name)?;
        let none = |_: &str| None;
        let at = jiff::Timestamp::UNIX_EPOCH;
        let env = flow::Env { now: at, seed: 0, run_id: "", started_at: at, secrets: &none };
        match self.definition.metadata_value(name, input, &env) {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(function = %self.name, metadata = name, %error, "a function's metadata can't be evaluated");
                None
            }
        }
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) if !s.is_empty() => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// Reads every adapter folder.
pub(super) fn read(files: &Files, problems: &mut Vec<Diagnostic>) -> BTreeMap<String, Adapter> {
    let mut products: Vec<&str> = files
        .under("adapters")
        .filter_map(|(p, _)| Some(p.strip_prefix("adapters/")?.split_once('/')?.0))
        .collect();
    products.dedup();
    let read = |product: &&str| Some(((*product).to_owned(), adapter(files, product, problems)?));
    products.iter().filter_map(read).collect()
}

fn adapter(files: &Files, product: &str, problems: &mut Vec<Diagnostic>) -> Option<Adapter> {
    let path = format!("adapters/{product}/adapter.yaml");
    let Some(text) = files.get(&path) else {
        problems.push(files::problem(&path, "an adapter folder needs an adapter.yaml"));
        return None;
    };
    let spec = match AdapterSpec::parse(text, &path) {
        Ok(spec) => spec,
        Err(error) => {
            problems.push(Diagnostic {
                file: path,
                line: u32::try_from(error.line).unwrap_or(1),
                column: u32::try_from(error.column).unwrap_or(1),
                pointer: String::new(),
                message: files::without_place(&error.message).to_owned(),
                help: None,
            });
            return None;
        }
    };
    if spec.product != product {
        let said = format!(
            "product is {:?}, but the folder is named {product:?}; the two have to agree",
            spec.product
        );
        problems.push(files::problem_at(&path, "/product", said));
    }
    let settings = match jsonschema::draft202012::new(&spec.settings) {
        Ok(validator) => Some(validator),
        Err(error) => {
            let said = format!("settings is not a JSON Schema: {error}");
            problems.push(files::problem_at(&path, &format!("/settings{}", error.instance_path()), said));
            None
        }
    };
    let functions = functions(files, product, &spec, problems);
    let adapter = Adapter { spec, functions, settings };
    adapter.check_references(&path, problems);
    Some(adapter)
}

fn functions(
    files: &Files,
    product: &str,
    spec: &AdapterSpec,
    problems: &mut Vec<Diagnostic>,
) -> BTreeMap<String, AdapterFunction> {
    let mut functions = BTreeMap::new();
    for (path, text) in files.under(&format!("adapters/{product}/functions")) {
        if !files::is_document(path) {
            continue;
        }
        let stem = path.rsplit('/').next().unwrap_or(path).rsplit_once('.').map_or(path, |(stem, _)| stem);
        let name = format!("{}.{stem}", spec.kind.as_str());
        match flow::parse_function(text, path, &name) {
            Ok(definition) => match repeat(&definition) {
                Ok(repeat) => {
                    let function =
                        AdapterFunction { name: name.clone(), file: path.to_owned(), definition, repeat };
                    functions.insert(name, function);
                }
                Err((pointer, said)) => problems.push(files::problem_at(path, pointer, said)),
            },
            Err(all) => problems.extend(all),
        }
    }
    functions
}

fn repeat(definition: &Definition) -> Result<Repeat, (&'static str, String)> {
    let metadata = definition.metadata();
    match metadata.get("repeat").and_then(Value::as_str) {
        Some("safe") => Ok(Repeat::Safe),
        Some("native") => Ok(Repeat::Native),
        Some("lookup") => match metadata.get("lookup").and_then(Value::as_str) {
            Some(finder) => Ok(Repeat::Lookup(finder.to_owned())),
            None => {
                let said =
                    "metadata.repeat is lookup, so metadata.lookup has to name the function that finds";
                Err(("/metadata/repeat", said.to_owned()))
            }
        },
        _ => {
            let said = "metadata.repeat has to say why a repeat does no harm: safe (it only reads), native (the system \
                        upserts by our key), or lookup (metadata.lookup names the function that finds)";
            Err(("/metadata/repeat", said.to_owned()))
        }
    }
}

impl Adapter {
    /// Every function that is named is there.
    fn check_references(&self, path: &str, problems: &mut Vec<Diagnostic>) {
        let mut check = |file: &str, pointer: &str, name: &str, what: &str| {
            if !self.functions.contains_key(name) {
                let said = format!("{what} {name:?}, which adapter {:?} lacks", self.spec.product);
                let help = files::nearest(name, self.functions.keys().map(String::as_str));
                problems.push(Diagnostic { help, ..files::problem_at(file, pointer, said) });
            }
        };
        for function in self.functions.values() {
            if let Repeat::Lookup(finder) = &function.repeat {
                check(&function.file, "/metadata/lookup", finder, "metadata.lookup names");
            }
            for (name, _, pointer) in function.definition.called_functions() {
                check(&function.file, &pointer, &name, "the function calls");
            }
        }
        for (i, poll) in self.spec.polls.iter().enumerate() {
            check(path, &format!("/polls/{i}/function"), &poll.function, "the poll takes function");
        }
        for (i, webhook) in self.spec.webhooks.iter().enumerate() {
            check(path, &format!("/webhooks/{i}/events"), &webhook.events, "the webhook takes function");
        }
    }
}
