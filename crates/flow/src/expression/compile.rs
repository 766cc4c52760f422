//! From an expression's text to a program.

use std::fmt;
use std::sync::Arc;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{Def, Term};
use jaq_core::load::{self, Arena, File, Lexer, Loader, Parser};
use jaq_core::path::{Opt, Part, Path};
use jaq_core::{Compiler, Filter, ValT as _};
use jaq_json::Val;

use super::rewrite::Uses;
use super::run::{self, Bindings, Jq};
use super::{TEXT_MAX, library};
use crate::suggest::nearest;
use crate::{Error, data};

/// Brackets an expression may open within each other.
const NESTING_MAX: usize = 64;
/// Stack the parser may need per byte of an expression.
const STACK_PER_BYTE: usize = 4 << 10;
/// Name under which an expression joins the library's definitions.
const MAIN: &str = "_main";

/// What an expression may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Var {
    Context,
    Input,
    Output,
    Task,
    Workflow,
    Runtime,
    Secrets,
    /// A name the surrounding tasks bind: loop items and indexes, caught errors.
    Local(usize),
}

const VARS: [(&str, Var); 7] = [
    ("$context", Var::Context),
    ("$input", Var::Input),
    ("$output", Var::Output),
    ("$task", Var::Task),
    ("$workflow", Var::Workflow),
    ("$runtime", Var::Runtime),
    ("$secrets", Var::Secrets),
];

/// Why an expression can't be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Byte at which the problem stands.
    pub(crate) offset: usize,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// A compiled expression.
pub(crate) struct Expression {
    text: Arc<str>,
    vars: Vec<Var>,
    /// Names of the locals among `vars`.
    locals: Vec<(usize, Arc<str>)>,
    program: Program,
}

enum Program {
    /// `.a.b` or `$x.a.b`: looked up without jq.
    Lookup {
        var: Option<usize>,
        path: Vec<Val>,
    },
    Jq(Box<Filter<Jq>>),
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.text)
    }
}

/// The text between `${` and `}`, and where it begins.
pub(crate) fn strip(text: &str) -> Option<(&str, usize)> {
    let inner = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    let begin = text.find("${").map_or(0, |i| i + 2);
    (!inner.trim().is_empty()).then_some((inner, begin))
}

impl Expression {
    /// Compiles jq text. `locals` are the names, without `$`, that the surrounding tasks bind.
    pub(crate) fn compile(text: &str, locals: &[Arc<str>]) -> Result<Self, Refused> {
        if text.len() > TEXT_MAX {
            let message = format!("the expression is {} bytes long; at most {TEXT_MAX} are read", text.len());
            return Err(Refused { offset: 0, message, help: None });
        }
        refuse_nesting(text)?;
        let stack = text.len() * STACK_PER_BYTE + (512 << 10);
        stacker::maybe_grow(stack, stack * 2, || Self::compile_within(text, locals))
    }

    fn compile_within(text: &str, locals: &[Arc<str>]) -> Result<Self, Refused> {
        let term = parse(text)?;
        let mut uses = Uses::default();
        let term = uses.term(term);
        let names: Vec<String> = locals.iter().map(|n| format!("${n}")).collect();
        let mut bound: Vec<(&str, Var)> = VARS.into_iter().filter(|(n, _)| uses.vars.contains(n)).collect();
        // The innermost of two locals of one name is meant.
        for (i, name) in names.iter().enumerate().rev() {
            if uses.vars.contains(name.as_str()) && !bound.iter().any(|(n, _)| n == name) {
                bound.push((name, Var::Local(i)));
            }
        }
        let vars = bound.iter().map(|(_, v)| *v).collect();
        let program = match lookup(&term, &bound) {
            Some(program) => program,
            None => Program::Jq(Box::new(program(text, term, &uses, &bound, &names)?)),
        };
        let used = bound.iter().filter_map(|(_, v)| match v {
            Var::Local(i) => Some((*i, Arc::clone(&locals[*i]))),
            _ => None,
        });
        let used = used.collect();
        Ok(Self { text: text.into(), vars, locals: used, program })
    }

    /// The expression as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The variables it refers to.
    pub(crate) fn vars(&self) -> &[Var] {
        &self.vars
    }

    /// The name of a local it refers to.
    pub(crate) fn local_name(&self, index: usize) -> &str {
        self.locals.iter().find(|(i, _)| *i == index).map_or("", |(_, name)| name)
    }

    /// The first output on `input`; null when there is none.
    pub(crate) fn eval(&self, input: &Val, bindings: &dyn Bindings) -> Result<Val, Error> {
        match &self.program {
            Program::Lookup { var, path } => self.look_up(*var, path, input, bindings),
            Program::Jq(filter) => {
                let vars = self.vars.iter().map(|v| bindings.value(*v)).collect::<Result<Vec<_>, _>>()?;
                let result = run::run(filter, input, &vars, bindings.now());
                result.map(Option::unwrap_or_default).map_err(|message| self.failed(&message))
            }
        }
    }

    fn look_up(
        &self,
        var: Option<usize>,
        path: &[Val],
        input: &Val,
        bindings: &dyn Bindings,
    ) -> Result<Val, Error> {
        let (mut value, path) = match (var.map(|i| self.vars[i]), path) {
            (None, path) => (input.clone(), path),
            (Some(var), [first, rest @ ..]) => {
                match data::as_text(first).and_then(|name| bindings.field(var, name)) {
                    Some(value) => (value, rest),
                    None => (bindings.value(var)?, path),
                }
            }
            (Some(var), []) => (bindings.value(var)?, path),
        };
        for key in path {
            value = value.index(key).map_err(|e| self.failed(&run::shortened(&e)))?;
        }
        Ok(value)
    }

    /// Whether the result is true: anything but false and null.
    pub(crate) fn holds(&self, input: &Val, bindings: &dyn Bindings) -> Result<bool, Error> {
        self.eval(input, bindings).map(|v| v.as_bool())
    }

    fn failed(&self, message: &str) -> Error {
        // A message quotes the values it is about; those of secrets must not end in a journal.
        let message = if self.vars.contains(&Var::Secrets) {
            "it fails on what it reads from $secrets"
        } else {
            message
        };

        const SHOWN_MAX: usize = 120;
        let text = self.text.trim();
        let cut = text.char_indices().nth(SHOWN_MAX).map(|(i, _)| &text[..i]);
        match cut {
            Some(cut) => Error::expression(format!("{message}, in ${{ {cut}… }}")),
            None => Error::expression(format!("{message}, in ${{ {text} }}")),
        }
    }
}

/// The parser recurses; brackets are what makes it do so cheaply.
fn refuse_nesting(text: &str) -> Result<(), Refused> {
    let mut depth = 0usize;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > NESTING_MAX {
            let message = format!("brackets are nested more than {NESTING_MAX} deep");
            return Err(Refused { offset, message, help: None });
        }
    }
    Ok(())
}

fn parse(text: &str) -> Result<Term<&str>, Refused> {
    let tokens = Lexer::new(text).lex().map_err(|errors| {
        let Some((expected, found)) = errors.into_iter().next() else {
            return refused(0, "not jq".to_owned());
        };
        let offset = load::span(text, found).start;
        refused(offset, format!("expected {}, found {}", expected.as_str(), shown(found)))
    })?;
    Parser::new(&tokens).parse(|p| p.term()).map_err(|errors| {
        let Some((expected, found)) = errors.into_iter().next() else {
            return refused(0, "not jq".to_owned());
        };
        let found = found.map_or(&text[text.len()..], load::lex::Token::as_str);
        let offset = load::span(text, found).start;
        let expected = match expected.as_str() {
            "nothing" => "the end",
            "term" => "a term",
            other => other,
        };
        let mut refused = refused(offset, format!("expected {expected}, found {}", shown(found)));
        let first = text.split_whitespace().next().unwrap_or_default();
        refused.help = library::why_missing(first).map(str::to_owned);
        refused
    })
}

fn refused(offset: usize, message: String) -> Refused {
    Refused { offset, message, help: None }
}

fn shown(found: &str) -> String {
    let word: String = found.chars().take(20).collect();
    if word.is_empty() { "the end".to_owned() } else { format!("`{word}`") }
}

/// A plain path is looked up without jq.
fn lookup(term: &Term<&str>, bound: &[(&str, Var)]) -> Option<Program> {
    let (base, parts) = match term {
        Term::Path(base, Path(parts)) => (base.as_ref(), parts.as_slice()),
        other => (other, [].as_slice()),
    };
    let var = match base {
        Term::Id => None,
        Term::Var(name) => Some(bound.iter().position(|(n, _)| n == name)?),
        _ => return None,
    };
    let mut path = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            (Part::Index(Term::Str(None, text)), Opt::Essential) => match text.as_slice() {
                [StrPart::Str(key)] => path.push(data::text(key)),
                _ => return None,
            },
            _ => return None,
        }
    }
    Some(Program::Lookup { var, path })
}

fn program(
    text: &str,
    term: Term<&str>,
    uses: &Uses<'_>,
    bound: &[(&str, Var)],
    locals: &[String],
) -> Result<Filter<Jq>, Refused> {
    let (defs, natives) = library::needed(&uses.calls);
    let main = Def { name: MAIN, args: Vec::new(), body: term };
    let arena = Arena::default();
    let loader = Loader::new(defs.into_iter().chain([main]));
    let modules = loader
        .load(&arena, File { code: MAIN, path: () })
        .map_err(|_| refused(0, "the expression can't be loaded".to_owned()))?;
    Compiler::default()
        .with_funs(natives)
        .with_global_vars(bound.iter().map(|(name, _)| *name))
        .compile(modules)
        .map_err(|errors| undefined(text, errors, locals))
}

fn undefined(text: &str, errors: jaq_core::compile::Errors<&str, ()>, locals: &[String]) -> Refused {
    let Some((name, kind)) = errors.into_iter().flat_map(|(_, errors)| errors).next() else {
        return refused(0, "the expression can't be compiled".to_owned());
    };
    let within = text.as_bytes().as_ptr_range().contains(&name.as_ptr());
    let offset = if within { load::span(text, name).start } else { text.find(name).unwrap_or(0) };
    let (message, similar) = match kind {
        jaq_core::compile::Undefined::Var => {
            let known = VARS.iter().map(|(n, _)| *n).chain(locals.iter().map(String::as_str));
            (format!("no variable {name} here"), nearest(name, known))
        }
        jaq_core::compile::Undefined::Filter(arity) => {
            let message = match arity {
                0 => format!("no function {name}"),
                1 => format!("no function {name} of one argument"),
                n => format!("no function {name} of {n} arguments"),
            };
            (message, library::arities(name).or_else(|| nearest(name, library::names())))
        }
        other => (format!("no {} {name}", other.as_str()), None),
    };
    let help = library::why_missing(name).map(str::to_owned).or(similar);
    Refused { offset, message, help }
}
