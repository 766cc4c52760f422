//! Runs a compiled program within its budget.
//!
//! jaq evaluates by recursion over lazy iterators and has no hook for interruption, but it asks its data for the look-up
//! table at every term; that is where steps are counted. A program over its budget is unwound from there and the unwinding
//! is caught here: nothing of the evaluation survives but shared, immutable values.
//!
//! Most programs take a few steps and run on the caller's stack. One that takes many is begun again on a large stack, on
//! which even a value nested as deep as the whole budget allows can be built and dropped.

use std::any::Any;
use std::cell::Cell;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jaq_core::{Ctx, DataT, Filter, Lut, Vars, data::HasLut};
use jaq_json::Val;
use jiff::Timestamp;

use super::compile::Var;
use crate::Error;

#[cfg(not(panic = "unwind"))]
compile_error!("programs over their budget are stopped by unwinding; build with panic = \"unwind\"");

/// Steps one evaluation may take.
pub(crate) const STEPS_MAX: u32 = 1_000_000;
/// Nodes the result of an evaluation may have.
pub(crate) const NODES_MAX: usize = 1_000_000;
/// How deep the result of an evaluation may be nested.
pub(crate) const DEPTH_MAX: usize = 200;

/// Steps taken on the caller's stack before the program is begun again on a large one.
const STEPS_SMALL: u32 = 4_000;
/// Stack that has to be left for running on the caller's.
const STACK_SMALL: usize = 640 << 10;
/// The large stack. Only pages that are touched cost memory.
const STACK_LARGE: usize = 256 << 20;
/// Stack that has to be left at every step.
const STACK_RESERVE: usize = 256 << 10;
/// Steps between two looks at the stack.
const STEPS_PER_LOOK: u32 = 8;
/// Longest error message of a program.
const MESSAGE_MAX: usize = 300;

/// What an expression may refer to.
pub(crate) trait Bindings {
    /// The value of a variable.
    fn value(&self, var: Var) -> Result<Val, Error>;
    /// A field of a variable, where it can be had without making the whole.
    fn field(&self, _var: Var, _name: &str) -> Option<Val> {
        None
    }
    /// The step's instant.
    fn now(&self) -> Timestamp;
}

/// The types a program works on.
pub(super) struct Jq;

impl DataT for Jq {
    type V<'a> = Val;
    type Data<'a> = &'a Running<'a>;
}

/// One evaluation under way.
pub(super) struct Running<'a> {
    lut: &'a Lut<Jq>,
    left: Cell<u32>,
    now: f64,
}

/// Why an evaluation was unwound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interrupt {
    Steps,
    Stack,
}

impl Running<'_> {
    pub(super) fn now(&self) -> f64 {
        self.now
    }

    /// Counts a step; unwinds when the budget or the stack is used up.
    pub(super) fn tick(&self) {
        let left = self.left.get();
        if left == 0 {
            resume_unwind(Box::new(Interrupt::Steps));
        }
        self.left.set(left - 1);
        if left.is_multiple_of(STEPS_PER_LOOK)
            && stacker::remaining_stack().is_some_and(|s| s < STACK_RESERVE)
        {
            resume_unwind(Box::new(Interrupt::Stack));
        }
    }
}

impl<'a> HasLut<'a, Jq> for &'a Running<'a> {
    fn lut(&self) -> &'a Lut<Jq> {
        self.tick();
        self.lut
    }
}

/// The first output of a program, if any.
pub(super) fn run(
    filter: &Filter<Jq>,
    input: &Val,
    vars: &[Val],
    now: Timestamp,
) -> Result<Option<Val>, String> {
    if stacker::remaining_stack().is_none_or(|s| s > STACK_SMALL) {
        match attempt(filter, input, vars, now, STEPS_SMALL) {
            Ok(result) => return result,
            Err(Interrupt::Steps | Interrupt::Stack) => {}
        }
    }
    match stacker::grow(STACK_LARGE, || attempt(filter, input, vars, now, STEPS_MAX)) {
        Ok(result) => result,
        Err(Interrupt::Steps) => Err(format!("it takes more than {STEPS_MAX} steps")),
        Err(Interrupt::Stack) => Err("it recurses too deeply".to_owned()),
    }
}

fn attempt(
    filter: &Filter<Jq>,
    input: &Val,
    vars: &[Val],
    now: Timestamp,
    steps: u32,
) -> Result<Result<Option<Val>, String>, Interrupt> {
    let seconds = now.as_duration().as_secs_f64();
    let running = Running { lut: &filter.lut, left: Cell::new(steps), now: seconds };
    let evaluate = || {
        let ctx = Ctx::<Jq>::new(&running, Vars::new(vars.iter().cloned()));
        match filter.id.run::<Jq>((ctx, input.clone())).next() {
            None => Ok(None),
            Some(Ok(value)) if fits(&value) => Ok(Some(value)),
            Some(Ok(_)) => Err(format!(
                "its result has more than {NODES_MAX} nodes, or is nested more than {DEPTH_MAX} deep"
            )),
            Some(Err(exception)) => Err(match exception.get_err() {
                Ok(error) => shortened(&error),
                Err(_) => "it breaks out of a label that is not there".to_owned(),
            }),
        }
    };
    catch_unwind(AssertUnwindSafe(evaluate)).or_else(|payload| stopped(payload.as_ref()))
}

fn stopped(payload: &(dyn Any + Send)) -> Result<Result<Option<Val>, String>, Interrupt> {
    match payload.downcast_ref::<Interrupt>() {
        Some(interrupt) => Err(*interrupt),
        None => Ok(Err("the evaluator failed".to_owned())),
    }
}

/// Whether a value is within the limits of a result.
pub(super) fn fits(value: &Val) -> bool {
    let mut budget = NODES_MAX;
    count(value, 0, &mut budget)
}

fn count(value: &Val, depth: usize, budget: &mut usize) -> bool {
    if depth > DEPTH_MAX || *budget == 0 {
        return false;
    }
    *budget -= 1;
    match value {
        Val::Arr(items) => items.iter().all(|v| count(v, depth + 1, budget)),
        Val::Obj(fields) => fields.values().all(|v| count(v, depth + 1, budget)),
        _ => true,
    }
}

/// An error may quote the value it is about, which may be long.
pub(super) fn shortened(error: &dyn std::fmt::Display) -> String {
    struct Short(String);
    impl std::fmt::Write for Short {
        fn write_str(&mut self, s: &str) -> std::fmt::Result {
            let room = MESSAGE_MAX.saturating_sub(self.0.len());
            if s.len() <= room {
                self.0.push_str(s);
                return Ok(());
            }
            let cut = (0..=room).rev().find(|&i| s.is_char_boundary(i)).unwrap_or(0);
            self.0.push_str(&s[..cut]);
            self.0.push('…');
            Err(std::fmt::Error)
        }
    }
    let mut short = Short(String::new());
    // An error of the writer only says that the message was cut.
    let _ = write!(short, "{error}");
    short.0
}
