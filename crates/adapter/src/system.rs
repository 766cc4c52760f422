//! One configured system: where requests meet credentials, limits and faults.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use crate::address;
use crate::auth::{Authenticator, Context, Pass};
use crate::classify;
use crate::client::{Client, Outgoing};
use crate::fault::{EffectState, Fault, FaultClass};
use crate::message::{Request, Response};
use crate::metrics;
use crate::secret::{Credentials, Secret, SecretRef};
use crate::spec::{AdapterSpec, LimitsOverride};
use crate::throttle::{Gate, HOLD_MAX};

/// Tells the time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A system as `throughline.yaml` configures it.
#[derive(Debug, Clone)]
pub struct SystemConfig {
    /// Its name.
    pub name: String,
    /// Its adapter.
    pub adapter: String,
    /// The tenant it belongs to.
    pub tenant: String,
    /// Settings, as the adapter's schema describes them.
    pub settings: Value,
    /// Credentials by reference.
    pub credentials: BTreeMap<String, SecretRef>,
    /// Limits that differ from the adapter's.
    pub limits: Option<LimitsOverride>,
}

/// Why a system can't be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// A credential is not there.
    #[error("credential {name:?}: {reason}")]
    Credential {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// A setting is missing or wrong.
    #[error("{0}")]
    Setting(String),
}

/// One configured system.
#[derive(Debug)]
pub struct System {
    config: SystemConfig,
    spec: AdapterSpec,
    base_url: String,
    base: Url,
    headers: Vec<(HeaderName, HeaderValue)>,
    idempotency_header: Option<HeaderName>,
    credentials: Credentials,
    authenticator: Authenticator,
    gate: Gate,
    client: Client,
    now: Clock,
}

/// A [`Now`] that can be shown.
struct Clock(Now);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("clock")
    }
}

/// Pause before a request is sent again; doubled each time.
const PAUSE: Duration = Duration::from_millis(100);
/// How often one request may be signed in anew because its token was refused. Requests share a token, so one may meet
/// the refusals that others caused.
const TOKENS_MAX: u32 = 4;

impl System {
    /// Sets a system up: fills in default settings, fetches its credentials.
    ///
    /// # Errors
    /// When a credential is not there, or a setting that an address or header takes.
    pub fn new(
        mut config: SystemConfig,
        spec: &AdapterSpec,
        client: Client,
        now: Now,
    ) -> Result<Self, SystemError> {
        config.settings = with_defaults(config.settings, &spec.settings);
        let credentials = Credentials::read(config.credentials.clone())
            .map_err(|(name, error)| SystemError::Credential { name, reason: causes(&error) })?;
        let value = |name: &str| look_up(name, &config, &credentials, None);
        let missing = |place: &str, name: String| {
            SystemError::Setting(format!("{place} takes {name}, which is not configured"))
        };
        let base_url = match &spec.base_url {
            Some(template) => template.fill(&value).map_err(|name| missing("baseUrl", name))?,
            None => value("settings.baseUrl")
                .ok_or_else(|| missing("the base URL", "settings.baseUrl".to_owned()))?,
        };
        let base = address::base(&base_url).map_err(SystemError::Setting)?;
        let mut headers = Vec::new();
        for (name, template) in &spec.headers {
            let refuse = |said: &str| SystemError::Setting(format!("header {name}: {said}"));
            let text =
                template.fill(&value).map_err(|setting| missing(&format!("header {name}"), setting))?;
            let key = HeaderName::try_from(name.as_str()).map_err(|_| refuse("no header name"))?;
            headers.push((
                key,
                HeaderValue::try_from(text).map_err(|_| refuse("its value can't be a header's"))?,
            ));
        }
        let idempotency_header = spec
            .idempotency_header
            .as_deref()
            .map(|name| {
                HeaderName::try_from(name)
                    .map_err(|_| SystemError::Setting(format!("{name:?} is no header name")))
            })
            .transpose()?;
        let limits = spec.limits.clone().with(config.limits.as_ref());
        limits.check().map_err(SystemError::Setting)?;
        Ok(Self {
            authenticator: Authenticator::of(&spec.auth).map_err(SystemError::Setting)?,
            gate: Gate::new(&limits, spec.throttle.clone()),
            spec: AdapterSpec { limits, ..spec.clone() },
            config,
            base_url: base_url.trim_end_matches('/').to_owned(),
            base,
            headers,
            idempotency_header,
            credentials,
            client,
            now: Clock(now),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Its adapter.
    pub fn adapter(&self) -> &str {
        &self.config.adapter
    }

    /// The tenant it belongs to.
    pub fn tenant(&self) -> &str {
        &self.config.tenant
    }

    /// Where it is.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Its settings, defaults filled in.
    pub fn settings(&self) -> &Value {
        &self.config.settings
    }

    pub(crate) fn credential(&self, name: &str) -> Option<Secret> {
        self.credentials.get(name)
    }

    /// Sends a request, signed in and within the system's limits. Sends it again only while that is certainly harmless:
    /// the fault says that nothing has happened, and may pass.
    ///
    /// # Errors
    /// Any answer that is a fault by the adapter's rules, and no answer. [`Fault::effect`] says whether the effect may
    /// have happened.
    pub async fn send(&self, request: Request) -> Result<Response, Fault> {
        let uri = request.url.clone();
        let outgoing = self.outgoing(request)?;
        let (mut tries, mut tokens, mut pause) = (1, 0, PAUSE);
        loop {
            let fault = match self.send_once(&uri, &outgoing).await {
                Ok(response) => return Ok(response),
                Err((fault, Some(pass))) if fault.status == Some(401) && tokens < TOKENS_MAX => {
                    // The credentials may have been rotated, and the token may have been called back.
                    let rotated = self.credentials.reload();
                    if self.authenticator.refused(&pass) || rotated {
                        tokens += 1;
                        continue;
                    }
                    fault
                }
                Err((fault, _)) => fault,
            };
            let wait = fault.retry_after.unwrap_or(pause);
            let harmless = fault.effect != EffectState::Unknown && fault.class.resendable();
            if !harmless || tries >= self.spec.limits.tries || wait > HOLD_MAX {
                return Err(fault);
            }
            ::metrics::counter!(metrics::RESENT, "system" => self.config.name.clone(), "class" => fault.class.as_str()).increment(1);
            // A rate limit has shut the gate already; waiting there keeps the order.
            if fault.class != FaultClass::RateLimit {
                tokio::time::sleep(wait).await;
            }
            tries += 1;
            pause *= 2;
        }
    }

    async fn send_once(&self, uri: &str, outgoing: &Outgoing) -> Result<Response, (Fault, Option<Pass>)> {
        let place = self.gate.enter().await.map_err(|fault| (fault, None))?;
        let value = |name: &str| look_up(name, &self.config, &self.credentials, Some(&self.base_url));
        let credential = |name: &str| self.credentials.get(name);
        let context = Context {
            client: &self.client,
            base: &self.base,
            system: &self.config.name,
            value: &value,
            credential: &credential,
            now: self.now.0.as_ref(),
        };
        let pass = self.authenticator.pass(&context).await.map_err(|fault| (fault, None))?;
        let base = pass.base.as_ref().unwrap_or(&self.base);
        let address = match address::resolve(base, uri, &self.spec.hosts) {
            // Links the system gave before it named another host may still lead to the configured one.
            Err(_) if pass.base.is_some() => address::resolve(&self.base, uri, &self.spec.hosts),
            resolved => resolved,
        };
        let address = address.map_err(|fault| (fault, None))?;
        let mut outgoing = outgoing.clone();
        if address.trusted {
            pass.put_on(&mut outgoing);
        }
        let began = tokio::time::Instant::now();
        let result = self.exchange(address.url, &outgoing).await;
        drop(place);
        self.count(&outgoing, began.elapsed(), &result);
        result.map_err(|fault| (fault, address.trusted.then_some(pass)))
    }

    async fn exchange(&self, url: Url, outgoing: &Outgoing) -> Result<Response, Fault> {
        let answer = self.client.exchange(url, outgoing).await?;
        let now = (self.now.0)();
        let (status, headers) = (answer.status, answer.headers.clone());
        let result =
            classify::response(&self.spec.faults, outgoing, answer, &|headers| self.gate.wait(headers, now));
        let class = result.as_ref().err().map(|fault| fault.class);
        if self.gate.heed(status, &headers, class, now) {
            ::metrics::counter!(metrics::PAUSES, "system" => self.config.name.clone()).increment(1);
        }
        result
    }

    fn count(&self, outgoing: &Outgoing, took: Duration, result: &Result<Response, Fault>) {
        let outcome = result.as_ref().err().map_or("ok", |fault| fault.class.as_str());
        let system = self.config.name.clone();
        ::metrics::histogram!(metrics::REQUEST_SECONDS, "system" => system.clone())
            .record(took.as_secs_f64());
        ::metrics::counter!(metrics::REQUESTS, "system" => system, "outcome" => outcome).increment(1);
        tracing::debug!(system = %self.config.name, http.method = %outgoing.method, outcome, took_ms = took.as_millis(), "request");
    }

    fn outgoing(&self, request: Request) -> Result<Outgoing, Fault> {
        let key = request.idempotency_key.clone();
        let limits = &self.spec.limits;
        let mut outgoing = Outgoing::of(request, limits.timeout, limits.body_bytes_max)?;
        for (name, value) in &self.headers {
            if !outgoing.headers.contains_key(name) {
                outgoing.headers.insert(name.clone(), value.clone());
            }
        }
        if let (Some(name), Some(key)) = (&self.idempotency_header, key)
            && let Ok(value) = HeaderValue::try_from(key)
        {
            outgoing.headers.insert(name.clone(), value);
        }
        Ok(outgoing)
    }
}

/// The value of a name in a template.
fn look_up(
    name: &str,
    config: &SystemConfig,
    credentials: &Credentials,
    base_url: Option<&str>,
) -> Option<String> {
    if let Some(name) = name.strip_prefix("credentials.") {
        return credentials.get(name).map(|secret| secret.reveal().to_owned());
    }
    if let Some(path) = name.strip_prefix("settings.") {
        return match path.split('.').try_fold(&config.settings, |value, key| value.get(key))? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        };
    }
    match name {
        "system" => Some(config.name.clone()),
        "baseUrl" => base_url.map(str::to_owned),
        _ => None,
    }
}

/// Fills in the defaults that a settings schema states for its properties.
fn with_defaults(settings: Value, schema: &Value) -> Value {
    let mut settings = match settings {
        Value::Null => Value::Object(serde_json::Map::new()),
        other => other,
    };
    if let (Some(fields), Some(properties)) =
        (settings.as_object_mut(), schema.get("properties").and_then(Value::as_object))
    {
        for (name, property) in properties {
            if let Some(default) = property.get("default")
                && !fields.contains_key(name)
            {
                fields.insert(name.clone(), default.clone());
            }
        }
    }
    settings
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}
