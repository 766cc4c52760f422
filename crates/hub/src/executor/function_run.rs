//! Runs an adapter's function to its end, in memory: the same step machine as a flow's, with the system at its edge.
//!
//! Nothing of it is journalled. The caller's intent is durable, and the function as a whole is safe to repeat; so a fault
//! that may pass ends it as unknown, and the engine asks again.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;
use throughline_adapter::System;
use throughline_engine::CallOutcome;
use throughline_flow::{self as flow, Command, Definition, Input};

use super::{Executor, http};

/// Steps one function may take.
const STEPS_MAX: usize = 10_000;
/// How deep functions of one adapter may call each other.
const DEPTH_MAX: usize = 4;

/// How a function ended.
pub(crate) enum FunctionEnd {
    /// With a value.
    Returned(Value),
    /// With an error that a repeat would not mend.
    Raised(flow::Error),
    /// A fault that may pass, or a lost reply.
    Unknown { reason: String, retry_after: Option<Duration> },
}

impl FunctionEnd {
    pub(crate) fn into_outcome(self) -> CallOutcome {
        match self {
            Self::Returned(value) => CallOutcome::value(value),
            Self::Raised(error) => CallOutcome::fault(error),
            Self::Unknown { reason, retry_after } => CallOutcome::Unknown { reason, retry_after },
        }
    }
}

/// What the functions of one capability call share.
pub(crate) struct FunctionRun<'a> {
    pub(crate) executor: &'a Executor,
    pub(crate) system: &'a System,
    pub(crate) run_id: &'a str,
    /// `$context` of the function: the system's settings and the idempotency key.
    pub(crate) context: Value,
}

impl<'a> FunctionRun<'a> {
    /// Prepares calls of a system's functions under one idempotency key.
    pub(crate) fn of(executor: &'a Executor, system: &'a System, name: &str, key: &'a str) -> Self {
        let context = serde_json::json!({
            "system": { "name": name, "baseUrl": system.base_url(), "settings": system.settings() },
            "key": key,
        });
        Self { executor, system, run_id: key, context }
    }

    /// Calls a function of the system's adapter by its capability name.
    pub(crate) async fn call(&self, name: &str, with: Value) -> FunctionEnd {
        self.nested(name, with, 0).await
    }

    fn nested<'b>(&'b self, name: &'b str, with: Value, depth: usize) -> BoxFuture<'b, FunctionEnd> {
        Box::pin(async move {
            let adapter = self.system.adapter();
            if depth >= DEPTH_MAX {
                let detail =
                    format!("functions of adapter {adapter:?} call each other more than {DEPTH_MAX} deep");
                return FunctionEnd::Raised(flow::Error::configuration(detail));
            }
            match self.executor.catalog.function(adapter, name) {
                Some(function) => self.drive(&function.definition, with, depth).await,
                None => {
                    let detail = format!("adapter {adapter:?} has no function {name:?}");
                    FunctionEnd::Raised(flow::Error::configuration(detail))
                }
            }
        })
    }

    async fn drive(&self, definition: &Definition, with: Value, depth: usize) -> FunctionEnd {
        let (mut state, commands) = self.env(|env| flow::start(definition, with, self.context.clone(), env));
        let mut queue: std::collections::VecDeque<Command> = commands.into();
        for _ in 0..STEPS_MAX {
            let Some(command) = queue.pop_front() else {
                let detail = "the function waits for something that can't happen inside a function";
                return FunctionEnd::Raised(flow::Error::configuration(detail.to_owned()));
            };
            let input = match self.carry_out(command, depth).await {
                Carried::Nothing => continue,
                Carried::Input(input) => input,
                Carried::End(end) => return end,
            };
            queue.extend(self.env(|env| flow::step(definition, &mut state, input, env)));
        }
        let detail = format!("the function took more than {STEPS_MAX} steps");
        FunctionEnd::Raised(flow::Error::configuration(detail))
    }

    async fn carry_out(&self, command: Command, depth: usize) -> Carried {
        match command {
            Command::Call { activation, call: flow::Call::Http(call), .. } => match self.send(&call).await {
                Ok(result) => Carried::Input(Input::CallEnded { activation, result }),
                Err(end) => Carried::End(end),
            },
            Command::Call { activation, call: flow::Call::Function { name, with, .. }, .. } => {
                match self.nested(&name, with, depth + 1).await {
                    FunctionEnd::Returned(value) => {
                        Carried::Input(Input::CallEnded { activation, result: Ok(value) })
                    }
                    FunctionEnd::Raised(error) => {
                        Carried::Input(Input::CallEnded { activation, result: Err(error) })
                    }
                    unknown @ FunctionEnd::Unknown { .. } => Carried::End(unknown),
                }
            }
            Command::SetTimer { activation, timer, due, .. } => {
                if matches!(timer, flow::TimerKind::Timeout) {
                    return Carried::Nothing;
                }
                self.executor.clock.sleep_until(due).await;
                Carried::Input(Input::TimerFired { activation, timer })
            }
            Command::Listen { .. } | Command::Emit { .. } => {
                let detail = "an adapter function may not listen or emit; do that in the flow";
                Carried::End(FunctionEnd::Raised(flow::Error::configuration(detail.to_owned())))
            }
            Command::End(flow::End::Completed { output }) => Carried::End(FunctionEnd::Returned(output)),
            Command::End(flow::End::Faulted { error }) => Carried::End(FunctionEnd::Raised(error)),
            Command::End(flow::End::Cancelled { reason }) => {
                Carried::End(FunctionEnd::Raised(flow::Error::runtime(500, reason)))
            }
            Command::CancelCall { .. }
            | Command::CancelTimer { .. }
            | Command::StopListening { .. }
            | Command::Undo(_)
            | Command::Trace(_) => Carried::Nothing,
        }
    }

    /// Sends one request. `Err`: the fault may pass, or the reply was lost; the whole function is to be repeated.
    async fn send(&self, call: &flow::HttpCall) -> Result<Result<Value, flow::Error>, FunctionEnd> {
        match self.system.send(http::request(call)).await {
            Ok(response) => Ok(Ok(http::shape(call, response))),
            Err(fault) if fault.class.retryable() => {
                Err(FunctionEnd::Unknown { reason: fault.to_string(), retry_after: fault.retry_after })
            }
            Err(fault) => Ok(Err(http::error(&fault))),
        }
    }

    fn env<T>(&self, f: impl FnOnce(&flow::Env<'_>) -> T) -> T {
        let now = self.executor.clock.now();
        let none = |_: &str| None;
        f(&flow::Env { now, seed: 0, run_id: self.run_id, started_at: now, secrets: &none })
    }
}

enum Carried {
    Nothing,
    Input(Input),
    End(FunctionEnd),
}
