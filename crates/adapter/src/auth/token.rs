//! Access tokens: fetched once however many requests wait for one, kept until shortly before they end, fetched anew when
//! the system refuses them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::assertion::{filled, sign};
use super::{Context, Pass, instance, missing};
use crate::address;
use crate::client::{Answer, Outgoing};
use crate::fault::{EffectState, Fault, FaultClass};
use crate::message::{Body, Request};
use crate::metrics;
use crate::plain::{basic, header_value};
use crate::spec::{Assertion, AuthSpec, ClientSecretIn, InstanceUrl, Template};

/// Lifetime of a token whose answer names none.
const LIFETIME: Duration = Duration::from_secs(3_600);
/// A token is fetched anew so long before it ends, or at a tenth of its lifetime if that is less.
const MARGIN: Duration = Duration::from_secs(60);
/// Time limit for fetching a token.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The longest token answer read, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// How often a token is asked for in one go.
const TRIES: u32 = 3;
/// Pause between them; doubled once.
const PAUSE: Duration = Duration::from_millis(200);

/// How a token is asked for.
#[derive(Debug)]
pub(super) struct Grant {
    token_url: Template,
    scope: Option<Template>,
    parameters: Map<String, Value>,
    instance_url: Option<InstanceUrl>,
    proof: Proof,
}

#[derive(Debug)]
enum Proof {
    Secret { client_id: Option<Template>, client_secret: Option<Template>, secret_in: ClientSecretIn },
    ClientAssertion(Assertion),
    BearerAssertion(Assertion),
}

impl Grant {
    /// The grant of one of the token schemes.
    pub(super) fn of(spec: &AuthSpec) -> Option<Self> {
        let (token_url, scope, parameters, instance_url, proof) = match spec.clone() {
            AuthSpec::Oauth2ClientCredentials {
                token_url,
                client_id,
                client_secret,
                secret_in,
                scope,
                parameters,
                instance_url,
            } => (
                token_url,
                scope,
                parameters,
                instance_url,
                Proof::Secret { client_id, client_secret, secret_in },
            ),
            AuthSpec::Oauth2PrivateKeyJwt { token_url, assertion, scope, parameters, instance_url } => {
                (token_url, scope, parameters, instance_url, Proof::ClientAssertion(assertion))
            }
            AuthSpec::Oauth2JwtBearer { token_url, assertion, scope, parameters, instance_url } => {
                (token_url, scope, parameters, instance_url, Proof::BearerAssertion(assertion))
            }
            AuthSpec::None | AuthSpec::Basic { .. } | AuthSpec::Bearer { .. } => return None,
        };
        Some(Self { token_url, scope, parameters, instance_url, proof })
    }

    /// The request for a token, and where it goes.
    fn request(&self, context: &Context<'_>) -> Result<(Url, Request), Fault> {
        let text = self.token_url.fill(context.value).map_err(|name| missing(&name))?;
        let url = match address::base(&text) {
            Ok(url) => url,
            Err(_) => address::resolve(context.base, &text, &[])?.url,
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let value = |name: &str| match name {
            "tokenUrl" => Some(url.to_string()),
            "tokenHost" => Some(host.clone()),
            other => (context.value)(other),
        };
        let refuse = |said: String| Fault::not_sent(FaultClass::Auth, said);
        let mut form: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: String| form.push((name.to_owned(), value));
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        match &self.proof {
            Proof::Secret { client_id, client_secret, secret_in } => {
                let id = context.fill(client_id.as_ref(), "clientId")?;
                let secret = context.fill(client_secret.as_ref(), "clientSecret")?;
                add("grant_type", "client_credentials".to_owned());
                match secret_in {
                    ClientSecretIn::Form => {
                        add("client_id", id);
                        add("client_secret", secret);
                    }
                    ClientSecretIn::Basic => headers.push((AUTHORIZATION.to_string(), basic(&id, &secret))),
                }
            }
            Proof::ClientAssertion(assertion) => {
                let key = context.fill(assertion.key.as_ref(), "privateKey")?;
                add("grant_type", "client_credentials".to_owned());
                add(
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
                );
                add("client_assertion", sign(assertion, &key, &value, (context.now)()).map_err(refuse)?);
            }
            Proof::BearerAssertion(assertion) => {
                let key = context.fill(assertion.key.as_ref(), "privateKey")?;
                add("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned());
                add("assertion", sign(assertion, &key, &value, (context.now)()).map_err(refuse)?);
            }
        }
        if let Some(scope) = &self.scope {
            add("scope", scope.fill(&value).map_err(|name| missing(&name))?);
        }
        for (name, given) in filled(&self.parameters, &value).map_err(refuse)? {
            add(&name, given.as_str().map_or_else(|| given.to_string(), str::to_owned));
        }
        let request =
            Request { method: "POST".to_owned(), headers, body: Body::Form(form), ..Request::default() };
        Ok((url, request))
    }
}

#[derive(Debug)]
struct Token {
    header: HeaderValue,
    base: Option<Url>,
    until: Timestamp,
    generation: u64,
}

/// The tokens of one system.
#[derive(Debug)]
pub(crate) struct TokenSource {
    grant: Option<Grant>,
    current: RwLock<Option<Arc<Token>>>,
    /// Held by whoever fetches; the others wait for what it gets.
    fetching: Mutex<Fetching>,
}

#[derive(Debug, Default)]
struct Fetching {
    generation: u64,
    failed: Option<(Instant, Fault)>,
}

impl TokenSource {
    pub(super) fn new(grant: Option<Grant>) -> Self {
        Self { grant, current: RwLock::new(None), fetching: Mutex::default() }
    }

    /// A valid token, fetched if need be.
    pub(super) async fn pass(&self, context: &Context<'_>) -> Result<Pass, Fault> {
        if let Some(pass) = self.valid(context) {
            return Ok(pass);
        }
        let asked = Instant::now();
        let mut fetching = self.fetching.lock().await;
        if let Some(pass) = self.valid(context) {
            return Ok(pass);
        }
        // Whoever waited while somebody else failed shares that failure; else a thousand runs would ask in turn.
        if let Some((at, fault)) = &fetching.failed
            && *at >= asked
        {
            return Err(fault.clone());
        }
        let fetched = self.fetch(context, fetching.generation + 1).await;
        let outcome = fetched.as_ref().err().map_or("ok", |fault| fault.class.as_str());
        ::metrics::counter!(metrics::TOKENS, "system" => context.system.to_owned(), "outcome" => outcome)
            .increment(1);
        match fetched {
            Ok(token) => {
                fetching.generation = token.generation;
                fetching.failed = None;
                let pass = token.pass();
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(token));
                Ok(pass)
            }
            Err(fault) => {
                tracing::warn!(
                    system = context.system,
                    fault.class = fault.class.as_str(),
                    fault.code,
                    "no access token"
                );
                fetching.failed = Some((Instant::now(), fault.clone()));
                Err(fault)
            }
        }
    }

    fn valid(&self, context: &Context<'_>) -> Option<Pass> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|token| token.until > (context.now)()).map(|token| token.pass())
    }

    /// The system refuses the token of that generation. A newer one stays.
    pub(super) fn forget(&self, generation: u64) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|token| token.generation == generation) {
            *current = None;
        }
    }

    /// Asks for a token; asking does no harm, so a failure that may pass is tried again.
    async fn fetch(&self, context: &Context<'_>, generation: u64) -> Result<Token, Fault> {
        let Some(grant) = &self.grant else {
            return Err(Fault::not_sent(FaultClass::Auth, "the adapter's scheme fetches no tokens"));
        };
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match fetch_once(grant, context, generation).await {
                Err(fault) if fault.class.resendable() => tokio::time::sleep(pause).await,
                ended => return ended,
            }
            pause *= 2;
        }
        fetch_once(grant, context, generation).await
    }
}

async fn fetch_once(grant: &Grant, context: &Context<'_>, generation: u64) -> Result<Token, Fault> {
    let (url, request) = grant.request(context)?;
    let outgoing = Outgoing::of(request, TIMEOUT, ANSWER_BYTES_MAX)?;
    // Whatever happens to the token, the request that needs it has not been sent.
    let unsent = |fault: Fault| Fault { effect: EffectState::NotSent, ..fault };
    let answer = context.client.exchange(url, &outgoing).await.map_err(unsent)?;
    token(grant, context, answer, generation)
}

fn token(grant: &Grant, context: &Context<'_>, answer: Answer, generation: u64) -> Result<Token, Fault> {
    let body: Value = serde_json::from_slice(&answer.bytes).unwrap_or(Value::Null);
    if !(200..300).contains(&answer.status) {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let class = match answer.status {
            429 => FaultClass::RateLimit,
            408 | 500.. => FaultClass::Intermittent,
            _ => FaultClass::Auth,
        };
        let said = text("error_description").unwrap_or_else(|| "the token endpoint refused".to_owned());
        let code = text("error").or_else(|| text("code"));
        return Err(Fault { status: Some(answer.status), code, ..Fault::not_sent(class, said) });
    }
    let unreadable =
        |said: &str| Fault { status: Some(answer.status), ..Fault::not_sent(FaultClass::Parse, said) };
    let text = body.get("access_token").and_then(Value::as_str).filter(|t| !t.is_empty());
    let text = text.ok_or_else(|| unreadable("the token endpoint's answer holds no access_token"))?;
    let seconds = match body.get("expires_in") {
        Some(Value::Number(n)) => n.as_f64(),
        Some(Value::String(s)) => s.parse().ok(),
        _ => None,
    };
    let lifetime = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()).unwrap_or(LIFETIME);
    let kept = lifetime.saturating_sub(MARGIN.min(lifetime / 10));
    let until = SignedDuration::try_from(kept).ok().and_then(|kept| (context.now)().checked_add(kept).ok());
    let base = match &grant.instance_url {
        Some(spec) => spec.field.text(&body).map(|named| instance(spec, &named, context.base)).transpose()?,
        None => None,
    };
    Ok(Token {
        header: header_value(&format!("Bearer {text}"))?,
        base,
        until: until.unwrap_or(Timestamp::MAX),
        generation,
    })
}

impl Token {
    fn pass(&self) -> Pass {
        Pass {
            header: Some((AUTHORIZATION, self.header.clone())),
            base: self.base.clone(),
            generation: self.generation,
        }
    }
}
