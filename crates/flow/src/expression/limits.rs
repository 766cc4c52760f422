//! Native functions that count or bound what they make.

use std::cmp::Ordering;

use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Cv, Error, Exn, RunPtr, ValXs};
use jaq_json::{Num, Val};

use super::rewrite::{ADD, MUL, TO_TEXT};
use super::run::{Jq, NODES_MAX, fits};

/// The longest text an operation may make, in bytes.
const TEXT_BYTES_MAX: usize = 16 << 20;
/// The longest list an operation may make.
const ITEMS_MAX: usize = 1_000_000;
/// The longest whole number an operation may make, in bits.
const INTEGER_BITS_MAX: u64 = 1 << 16;

type Outcome = Result<Val, Error<Val>>;

pub(super) fn funs() -> impl Iterator<Item = Fun<Jq>> {
    let funs: [(&'static str, usize, RunPtr<Jq>); 6] = [
        (ADD, 2, |cv| two(cv, add)),
        (MUL, 2, |cv| two(cv, mul)),
        (TO_TEXT, 0, |cv| bome(to_text(cv.1))),
        ("tojson", 0, |cv| bome(to_json(cv.1))),
        ("now", 0, |cv| bome(Ok(Val::from(cv.0.data().now())))),
        ("range", 3, range),
    ];
    funs.into_iter().map(|(name, arguments, f)| run::<Jq>((name, v(arguments), f)))
}

fn two<'a>(mut cv: Cv<'a, Jq>, f: fn(Val, Val) -> Outcome) -> ValXs<'a, Val> {
    let r = cv.0.pop_var();
    let l = cv.0.pop_var();
    bome(f(l, r))
}

fn too_large(what: &str) -> Error<Val> {
    Error::str(format_args!("the {what} would be larger than an expression may make"))
}

fn add(l: Val, r: Val) -> Outcome {
    match (&l, &r) {
        (Val::TStr(a) | Val::BStr(a), Val::TStr(b) | Val::BStr(b)) if a.len() + b.len() > TEXT_BYTES_MAX => {
            Err(too_large("text"))
        }
        (Val::Arr(a), Val::Arr(b)) if a.len() + b.len() > ITEMS_MAX => Err(too_large("list")),
        _ => l + r,
    }
}

fn mul(l: Val, r: Val) -> Outcome {
    match (&l, &r) {
        (Val::TStr(text) | Val::BStr(text), Val::Num(times))
        | (Val::Num(times), Val::TStr(text) | Val::BStr(text)) => {
            let times = whole(times);
            if times.is_none_or(|n| n.saturating_mul(text.len()) > TEXT_BYTES_MAX) {
                return Err(too_large("text"));
            }
        }
        (Val::Num(a), Val::Num(b)) if bits(a) + bits(b) > INTEGER_BITS_MAX => {
            return Err(too_large("number"));
        }
        _ => {}
    }
    l * r
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and negative means none"
)]
fn whole(n: &Num) -> Option<usize> {
    match n {
        Num::Int(i) => Some(usize::try_from(*i).unwrap_or(0)),
        Num::Float(f) => Some(f.ceil() as usize),
        Num::Dec(digits) => digits.parse::<f64>().ok().map(|f| f.ceil() as usize),
        Num::BigInt(_) => None,
    }
}

fn bits(n: &Num) -> u64 {
    match n {
        Num::BigInt(i) => i.bits(),
        _ => 64,
    }
}

fn to_json(value: Val) -> Outcome {
    if !fits(&value) {
        return Err(Error::str(format_args!(
            "the value has more than {NODES_MAX} nodes or is nested too deeply"
        )));
    }
    Ok(Val::from(value.to_string()))
}

fn to_text(value: Val) -> Outcome {
    match value {
        Val::TStr(bytes) | Val::BStr(bytes) => Ok(Val::TStr(bytes)),
        other => to_json(other),
    }
}

/// jq's `range($from; $to; $by)`; each number costs a step.
fn range<'a>(mut cv: Cv<'a, Jq>) -> ValXs<'a, Val> {
    let by = cv.0.pop_var();
    let to = cv.0.pop_var();
    let mut next = Some(cv.0.pop_var());
    let running = *cv.0.data();
    let direction = by.cmp(&Val::from(0isize));
    Box::new(std::iter::from_fn(move || {
        running.tick();
        let current = next.take()?;
        let within = match direction {
            Ordering::Greater => current < to,
            Ordering::Less => current > to,
            Ordering::Equal => current != to,
        };
        if !within {
            return None;
        }
        match current.clone() + by.clone() {
            Ok(following) => next = Some(following),
            Err(error) => return Some(Err(Exn::from(error))),
        }
        Some(Ok(current))
    }))
}
