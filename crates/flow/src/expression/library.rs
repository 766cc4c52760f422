//! The functions an expression may call: jq's, less what reaches outside, plus guarded versions of what can grow.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use jaq_core::load::parse::Def;
use jaq_core::native::Fun;

use super::limits;
use super::rewrite::Uses;
use super::run::Jq;

/// Natives left out: they reach outside, end the process, or depend on the machine. Of these `now`, `range` and `tojson`
/// have replacements.
const NATIVES_OUT: [&str; 9] =
    ["env", "now", "halt", "debug_empty", "stderr_empty", "localtime", "strflocaltime", "range", "tojson"];
/// Definitions that rest on natives left out.
const DEFS_OUT: [&str; 4] = ["stderr", "debug", "halt", "halt_error"];

/// Why a name people may expect is not there.
pub(super) fn why_missing(name: &str) -> Option<&'static str> {
    Some(match name {
        "env" | "$ENV" | "$__prog_args" => {
            "expressions can't read the environment; declare a secret in use.secrets"
        }
        "input" | "inputs" | "input_filename" | "input_line_number" => {
            "an expression has one input, `.`; the task's input is $input"
        }
        "halt" | "halt_error" => "an expression can't end the process; use `error(..)`, or a raise task",
        "debug" | "stderr" => "expressions write no log",
        "localtime" | "strflocaltime" | "mklocaltime" => {
            "the machine's time zone is not available; use gmtime and strftime"
        }
        "get_search_list" | "modulemeta" | "import" | "include" => "expressions can't load modules",
        _ => return None,
    })
}

/// A definition, rewritten, and the functions it calls.
type Known = (Def<&'static str>, HashSet<(&'static str, usize)>);

struct Library {
    /// In order: a definition sees those before it.
    defs: Vec<Known>,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let all = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let defs = all
        .filter(|d| !DEFS_OUT.contains(&d.name))
        .map(|def| {
            let mut uses = Uses::default();
            let def = uses.def(def);
            (def, uses.calls)
        })
        .collect();
    Library { defs }
});

/// The part of the library that a program needs, directly or not.
pub(super) fn needed<'s>(calls: &HashSet<(&'s str, usize)>) -> (Vec<Def<&'s str>>, Vec<Fun<Jq>>) {
    let library = &*LIBRARY;
    let mut wanted: HashSet<(&str, usize)> = calls.clone();
    let mut taken = vec![false; library.defs.len()];
    loop {
        let mut grew = false;
        for (i, (def, uses)) in library.defs.iter().enumerate() {
            if !taken[i] && wanted.contains(&(def.name, def.args.len())) {
                taken[i] = true;
                grew = true;
                wanted.extend(uses);
            }
        }
        if !grew {
            break;
        }
    }
    let defs = library
        .defs
        .iter()
        .zip(&taken)
        .filter(|(_, taken)| **taken)
        .map(|((def, _), _)| def.clone())
        .collect();
    let natives = natives().filter(|(name, args, _)| wanted.contains(&(*name, args.len()))).collect();
    (defs, natives)
}

/// Names an expression may call, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let natives = natives().map(|(name, ..)| name);
    LIBRARY
        .defs
        .iter()
        .map(|(def, _)| def.name)
        .chain(natives)
        .filter(|n| !n.starts_with(['_', '@']) && !n.ends_with('_') && !n.ends_with("_empty"))
}

/// How many arguments a function takes, when there is one of that name.
pub(super) fn arities(name: &str) -> Option<String> {
    let defs = LIBRARY.defs.iter().map(|(def, _)| (def.name, def.args.len()));
    let natives = natives().map(|(name, args, _)| (name, args.len()));
    let found: BTreeSet<usize> =
        defs.chain(natives).filter(|(n, _)| *n == name).map(|(_, arity)| arity).collect();
    let arities: Vec<String> = found.iter().map(ToString::to_string).collect();
    (!arities.is_empty())
        .then(|| format!("`{name}` takes {} arguments, separated by `;`", arities.join(" or ")))
}

fn natives() -> impl Iterator<Item = Fun<Jq>> {
    let theirs = jaq_core::funs::<Jq>().chain(jaq_std::funs::<Jq>()).chain(jaq_json::funs::<Jq>());
    theirs.filter(|(name, ..)| !NATIVES_OUT.contains(name)).chain(limits::funs())
}
