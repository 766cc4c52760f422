//! Attempts of a `try`.

use std::sync::Arc;

use jaq_json::Val;
use jiff::{SignedDuration, Timestamp};

use super::bindings::Scope;
use super::frame::Doing;
use super::work::{Machine, Work};
use crate::duration::after;
use crate::task::{Backoff, Kind, Retry};
use crate::{ActivationId, Command, Error, TimerKind};

/// The longest delay between two attempts, whatever the backoff makes of it.
const DELAY_MAX: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Doublings after which exponential backoff no longer grows.
const DOUBLINGS_MAX: u32 = 30;

impl Machine<'_> {
    /// Begins the next attempt.
    pub(super) fn attempt(&mut self, id: ActivationId) -> Result<(), Error> {
        let Some(under) = self.under(id) else { return Ok(()) };
        let Kind::Try(try_) = &under.task.kind else { return Ok(()) };
        let input = under.task_frame.input(&under.list.data.0).clone();
        let limit = try_.retry.as_ref().and_then(|r| r.attempt.as_ref());
        let due = limit.map(|l| l.due(&input, &self.scope(&under))).transpose()?;
        let (body, pointer) = (try_.body, Arc::clone(&under.task.pointer));
        // What ran in an earlier attempt of a try around this one may run again, which whoever calls has to know.
        let before = under.list.attempt - 1;
        let Some(task) = self.state.task_mut(id) else { return Ok(()) };
        let Doing::Try(trying) = &mut task.doing else { return Ok(()) };
        trying.attempt += 1;
        trying.due = None;
        let attempt = trying.attempt;
        let list = ActivationId(self.state.next_id);
        self.open(id, body, input, |frame| frame.attempt = before + attempt);
        if let Some(due) = due {
            self.set_timeout(list, format!("{pointer}/try").into(), due);
        }
        Ok(())
    }

    /// When the next attempt is to begin; `None` when the policy wants no other.
    pub(super) fn next_attempt(
        &self,
        id: ActivationId,
        retry: &Retry,
        input: &Val,
        scope: &Scope<'_>,
    ) -> Result<Option<Timestamp>, Error> {
        let Some(under) = self.under(id) else { return Ok(None) };
        let Doing::Try(trying) = &under.task_frame.doing else { return Ok(None) };
        let holds = |e: &Option<crate::expression::Expression>, default| match e {
            Some(e) => e.holds(input, scope),
            None => Ok(default),
        };
        if !holds(&retry.when, true)? || holds(&retry.except_when, false)? {
            return Ok(None);
        }
        if retry.count.is_some_and(|most| u64::from(trying.attempt) > most) {
            return Ok(None);
        }
        let length = |d: &crate::duration::Duration| d.length(input, scope);
        let base = retry.delay.as_ref().map_or(Ok(SignedDuration::ZERO), length)?;
        let factor = match retry.backoff {
            Backoff::Constant => 1,
            Backoff::Linear => i32::try_from(trying.attempt).unwrap_or(i32::MAX),
            Backoff::Exponential => 1i32 << (trying.attempt - 1).min(DOUBLINGS_MAX),
        };
        let mut delay = base.saturating_mul(factor).min(DELAY_MAX);
        if let Some((from, to)) = &retry.jitter {
            delay = delay.saturating_add(jitter(length(from)?, length(to)?, self.env.seed ^ id.0));
        }
        let due = after(self.env.now, delay)?;
        if let Some(total) = &retry.total {
            let end = after(under.task_frame.since, length(total)?)?;
            if due > end {
                return Ok(None);
            }
        }
        Ok(Some(due))
    }

    /// Waits for the next attempt, or begins it at once.
    pub(super) fn retry_at(&mut self, id: ActivationId, due: Timestamp) {
        if due <= self.env.now {
            if let Err(error) = self.attempt(id) {
                self.work.push_back(Work::Raise { task: id, error });
            }
            return;
        }
        let Some(pointer) = self.under(id).map(|u| Arc::clone(&u.task.pointer)) else { return };
        let Some(task) = self.state.task_mut(id) else { return };
        let Doing::Try(trying) = &mut task.doing else { return };
        trying.due = Some(due);
        self.commands.push(Command::SetTimer { activation: id, task: pointer, timer: TimerKind::Retry, due });
    }
}

/// A duration between two, by the step's seed.
fn jitter(from: SignedDuration, to: SignedDuration, seed: u64) -> SignedDuration {
    let (from, to) = (from.as_millis(), to.as_millis());
    let width = u64::try_from(to.saturating_sub(from)).unwrap_or(0);
    let drawn = if width == 0 { 0 } else { mix(seed) % (width + 1) };
    let millis =
        i64::try_from(from).unwrap_or(i64::MAX).saturating_add(i64::try_from(drawn).unwrap_or(i64::MAX));
    SignedDuration::from_millis(millis)
}

/// SplitMix64: spreads a seed over all bits.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
