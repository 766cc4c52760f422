//! Calls a capability of a system so that a repeat is safe.
//!
//! Each mutating function declares in `metadata.repeat` why repeating it does no harm: `native` (the system upserts by our
//! key), or `lookup` (naming the function that finds what an earlier try has made). Calls that change one record of a system
//! go one after the other, so that what a function looks at still holds when it writes. For `lookup`, the look-up always
//! comes first: on the first try because another contract may have brought the same customer, on a repeat because the
//! reply may have been lost after the effect.

use serde_json::Value;
use throughline_adapter::System;
use throughline_engine::{CallOutcome, CallRequest};
use throughline_flow as flow;
use throughline_store::Effect;

use super::Executor;
use super::function_run::{FunctionEnd, FunctionRun};
use crate::catalog::{AdapterFunction, Repeat};
use crate::metrics;

impl Executor {
    /// Routes the capability and carries it out.
    pub(super) async fn capability(&self, request: &CallRequest, name: &str, with: &Value) -> CallOutcome {
        let facts = request.metadata.get("route").unwrap_or(&Value::Null);
        let system_name = match self.catalog.routes.pick(name, &request.tenant, facts) {
            Ok(system) => system,
            Err(reason) => return CallOutcome::fault(flow::Error::configuration(reason)),
        };
        let Some(system) = self.systems.get(system_name) else {
            let detail = format!(
                "routes.yaml sends {name:?} to system {system_name:?}, which throughline.yaml does not configure"
            );
            return CallOutcome::fault(flow::Error::configuration(detail));
        };
        let Some(function) = self.catalog.function(system.adapter(), name) else {
            let detail = format!(
                "adapter {:?} of system {system_name:?} has no capability {name:?}",
                system.adapter()
            );
            return CallOutcome::fault(flow::Error::configuration(detail));
        };
        let outcome = self.run_capability(request, system_name, system, function, with).await;
        let word = match &outcome {
            CallOutcome::Known { result: Ok(_), .. } => "ok",
            CallOutcome::Known { result: Err(_), .. } => "fault",
            CallOutcome::Unknown { .. } => "unknown",
        };
        ::metrics::counter!(metrics::CAPABILITY_CALLS, "system" => system_name.to_owned(), "capability" => name.to_owned(), "outcome" => word)
            .increment(1);
        outcome
    }

    async fn run_capability(
        &self,
        request: &CallRequest,
        system_name: &str,
        system: &System,
        function: &AdapterFunction,
        with: &Value,
    ) -> CallOutcome {
        let run = FunctionRun::of(self, system, system_name, &request.idempotency_key);
        let record_key = function.record_key(with);
        let _serial = match (&function.repeat, &record_key) {
            (Repeat::Lookup(_) | Repeat::Native, Some(key)) => {
                Some(self.locks.lock(format!("{system_name}\u{1f}{}\u{1f}{key}", function.noun())).await)
            }
            _ => None,
        };
        if let Repeat::Lookup(finder) = &function.repeat {
            match run.call(finder, with.clone()).await {
                FunctionEnd::Returned(Value::Null) => {}
                FunctionEnd::Returned(found) => {
                    return known(request, system_name, function, with, found);
                }
                other => return other.into_outcome(),
            }
        }
        match run.call(&function.name, with.clone()).await {
            FunctionEnd::Returned(value) => known(request, system_name, function, with, value),
            other => other.into_outcome(),
        }
    }
}

/// The outcome of a capability that returned: its value, and the link between our record and the system's that it has made
/// or taken away.
fn known(
    request: &CallRequest,
    system: &str,
    function: &AdapterFunction,
    with: &Value,
    value: Value,
) -> CallOutcome {
    let link = function.link(with, &value).map(|link| Effect::Link {
        tenant: request.tenant.clone(),
        noun: link.noun,
        canonical_id: link.canonical_id,
        system: system.to_owned(),
        system_id: link.system_id,
        version: link.version,
        url: link.url,
    });
    let unlink = function.unlink(with, &value).map(|(noun, canonical_id)| Effect::Unlink {
        tenant: request.tenant.clone(),
        noun,
        canonical_id,
        system: system.to_owned(),
    });
    CallOutcome::Known { result: Ok(value), effects: link.into_iter().chain(unlink).collect() }
}
