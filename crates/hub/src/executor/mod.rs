//! Carries out the calls of runs.
//!
//! A call is one of three kinds: plain HTTP, one of the hub's own functions, or a capability (`erp.customer.put`) that
//! some configured system offers. Routes pick the system; the adapter's function says how; [`capability`] makes sure that
//! a repeat is safe.

mod capability;
mod function_run;
mod http;
mod locks;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use throughline_adapter::{Client, System};
use throughline_engine::{CallOutcome, CallRequest, Clock, Host};
use throughline_flow as flow;
use throughline_store::Store;

use crate::catalog::Catalog;
use crate::functions::Functions;
use function_run::FunctionRun;
use locks::KeyLocks;

pub(crate) use function_run::FunctionEnd;

/// The hub's side of the engine.
pub(crate) struct Executor {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) client: Client,
    pub(crate) systems: BTreeMap<String, Arc<System>>,
    pub(crate) functions: Functions,
    pub(crate) locks: KeyLocks,
    pub(crate) secrets: BTreeMap<String, Value>,
}

/// Handed to the engine.
pub(crate) struct EngineHost(pub(crate) Arc<Executor>);

impl Host for EngineHost {
    fn call(&self, request: Arc<CallRequest>) -> BoxFuture<'static, CallOutcome> {
        let executor = Arc::clone(&self.0);
        Box::pin(async move { executor.call(request).await })
    }

    fn secret(&self, name: &str) -> Option<Value> {
        self.0.secrets.get(name).cloned()
    }
}

impl Executor {
    async fn call(&self, request: Arc<CallRequest>) -> CallOutcome {
        match &request.call {
            flow::Call::Http(call) => http::plain(&self.client, call, &request.idempotency_key).await,
            flow::Call::Function { name, with, .. } => {
                if self.functions.knows(name) {
                    return self.functions.call(self, name, with, &request).await;
                }
                Box::pin(self.capability(&request, name, with)).await
            }
        }
    }

    /// Calls a function of a system outside any run: for polls and webhooks.
    pub(crate) async fn call_system(
        &self,
        system: &System,
        name: &str,
        function: &str,
        with: Value,
    ) -> FunctionEnd {
        FunctionRun::of(self, system, name, "").call(function, with).await
    }
}
