//! Changes a parsed program so that what could grow without bound goes through guarded functions, and collects what it
//! calls.

use std::collections::HashSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

/// Guarded `+`.
pub(super) const ADD: &str = "_add";
/// Guarded `*`.
pub(super) const MUL: &str = "_mul";
/// Guarded `tostring`.
pub(super) const TO_TEXT: &str = "_text";
/// Holds the right-hand side of `+=` and `*=`.
const RIGHT: &str = "$_right";

/// Functions called and variables named by a program.
#[derive(Default)]
pub(super) struct Uses<'s> {
    /// Name and number of arguments.
    pub(super) calls: HashSet<(&'s str, usize)>,
    pub(super) vars: HashSet<&'s str>,
}

impl<'s> Uses<'s> {
    fn call(&mut self, name: &'s str, args: Vec<Term<&'s str>>) -> Term<&'s str> {
        self.calls.insert((name, args.len()));
        Term::Call(name, args)
    }

    pub(super) fn def(&mut self, def: Def<&'s str>) -> Def<&'s str> {
        Def { name: def.name, args: def.args, body: self.term(def.body) }
    }

    pub(super) fn term(&mut self, term: Term<&'s str>) -> Term<&'s str> {
        match term {
            Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) => term,
            Term::Var(name) => {
                self.vars.insert(name);
                term
            }
            Term::Str(format, parts) => self.text(format, parts),
            Term::Arr(inner) => Term::Arr(inner.map(|t| self.boxed(*t))),
            Term::Obj(entries) => Term::Obj(
                entries
                    .into_iter()
                    .map(|(k, v)| {
                        if v.is_none()
                            && let Term::Var(name) = k
                        {
                            self.vars.insert(name);
                            return (k, v);
                        }
                        (self.object_key(k), v.map(|v| self.term(v)))
                    })
                    .collect(),
            ),
            Term::Neg(inner) => Term::Neg(self.boxed(*inner)),
            Term::BinOp(l, op, r) => self.operation(*l, op, *r),
            Term::Label(name, inner) => Term::Label(name, self.boxed(*inner)),
            Term::Fold(name, xs, pattern, args) => {
                let pattern = self.pattern(pattern);
                let xs = self.boxed(*xs);
                Term::Fold(name, xs, pattern, self.terms(args))
            }
            Term::TryCatch(body, catch) => Term::TryCatch(self.boxed(*body), catch.map(|t| self.boxed(*t))),
            Term::IfThenElse(arms, otherwise) => Term::IfThenElse(
                arms.into_iter().map(|(c, t)| (self.term(c), self.term(t))).collect(),
                otherwise.map(|t| self.boxed(*t)),
            ),
            Term::Def(defs, body) => {
                let defs = defs.into_iter().map(|d| self.def(d)).collect();
                Term::Def(defs, self.boxed(*body))
            }
            Term::Call(name, args) => {
                let args = self.terms(args);
                self.call(name, args)
            }
            Term::Path(base, Path(parts)) => {
                let base = self.boxed(*base);
                let parts = parts.into_iter().map(|(part, opt)| (self.part(part), opt)).collect();
                Term::Path(base, Path(parts))
            }
        }
    }

    /// An object's key keeps its form when it is a plain text, which the compiler knows how to use.
    fn object_key(&mut self, key: Term<&'s str>) -> Term<&'s str> {
        match key {
            Term::Str(None, parts) if parts.iter().all(|p| !matches!(p, StrPart::Term(_))) => {
                Term::Str(None, parts)
            }
            key => self.term(key),
        }
    }

    fn boxed(&mut self, term: Term<&'s str>) -> Box<Term<&'s str>> {
        Box::new(self.term(term))
    }

    fn terms(&mut self, terms: Vec<Term<&'s str>>) -> Vec<Term<&'s str>> {
        terms.into_iter().map(|t| self.term(t)).collect()
    }

    fn part(&mut self, part: Part<Term<&'s str>>) -> Part<Term<&'s str>> {
        match part {
            Part::Index(i) => Part::Index(self.object_key(i)),
            Part::Range(from, to) => Part::Range(from.map(|t| self.term(t)), to.map(|t| self.term(t))),
        }
    }

    fn pattern(&mut self, pattern: Pattern<&'s str>) -> Pattern<&'s str> {
        match pattern {
            Pattern::Var(_) => pattern,
            Pattern::Arr(parts) => Pattern::Arr(parts.into_iter().map(|p| self.pattern(p)).collect()),
            Pattern::Obj(parts) => {
                Pattern::Obj(parts.into_iter().map(|(k, p)| (self.object_key(k), self.pattern(p))).collect())
            }
        }
    }

    fn operation(&mut self, l: Term<&'s str>, op: BinaryOp<&'s str>, r: Term<&'s str>) -> Term<&'s str> {
        let op = match op {
            BinaryOp::Pipe(Some(pattern)) => BinaryOp::Pipe(Some(self.pattern(pattern))),
            other => other,
        };
        let (l, r) = (self.term(l), self.term(r));
        match op {
            BinaryOp::Math(Math::Add) => self.call(ADD, vec![l, r]),
            BinaryOp::Math(Math::Mul) => self.call(MUL, vec![l, r]),
            BinaryOp::UpdateMath(math @ (Math::Add | Math::Mul)) => {
                // `l += r` is `r as $x | l |= . + $x`.
                let guarded = if matches!(math, Math::Add) { ADD } else { MUL };
                let sum = self.call(guarded, vec![Term::Id, Term::Var(RIGHT)]);
                let update = Term::BinOp(Box::new(l), BinaryOp::Update, Box::new(sum));
                Term::BinOp(Box::new(r), BinaryOp::Pipe(Some(Pattern::Var(RIGHT))), Box::new(update))
            }
            op => Term::BinOp(Box::new(l), op, Box::new(r)),
        }
    }

    /// An interpolated text is a guarded sum of its parts.
    fn text(
        &mut self,
        format: Option<&'s str>,
        parts: Vec<StrPart<&'s str, Term<&'s str>>>,
    ) -> Term<&'s str> {
        if parts.iter().all(|p| !matches!(p, StrPart::Term(_))) {
            return Term::Str(None, parts);
        }
        let mut sum: Option<Term<&'s str>> = None;
        for part in parts {
            let part = match part {
                StrPart::Term(term) => {
                    let term = self.term(term);
                    let text = self.call(format.unwrap_or(TO_TEXT), Vec::new());
                    Term::BinOp(Box::new(term), BinaryOp::Pipe(None), Box::new(text))
                }
                fixed => Term::Str(None, vec![fixed]),
            };
            sum = Some(match sum {
                Some(before) => self.call(ADD, vec![before, part]),
                None => part,
            });
        }
        sum.unwrap_or(Term::Str(None, Vec::new()))
    }
}
