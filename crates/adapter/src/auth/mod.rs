//! Signs requests in, by the scheme the adapter names.

mod assertion;
mod token;

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use jiff::Timestamp;
use url::Url;

use crate::address;
use crate::client::{Client, Outgoing};
use crate::fault::{Fault, FaultClass};
use crate::plain::{basic, header_value};
use crate::secret::Secret;
use crate::spec::{AuthSpec, Template};
use token::{Grant, TokenSource};

/// What an authenticator may ask its system for.
pub(crate) struct Context<'a> {
    pub(crate) client: &'a Client,
    pub(crate) base: &'a Url,
    pub(crate) system: &'a str,
    /// Settings and credentials by their names in templates.
    pub(crate) value: &'a (dyn Fn(&str) -> Option<String> + Sync),
    pub(crate) credential: &'a (dyn Fn(&str) -> Option<Secret> + Sync),
    pub(crate) now: &'a (dyn Fn() -> Timestamp + Sync),
}

impl Context<'_> {
    /// Fills a template, or takes the credential that stands in for it.
    fn fill(&self, template: Option<&Template>, default: &str) -> Result<String, Fault> {
        match template {
            Some(template) => template.fill(self.value).map_err(|name| missing(&name)),
            None => {
                let credential = (self.credential)(default);
                credential
                    .map(|s| s.reveal().to_owned())
                    .ok_or_else(|| missing(&format!("credentials.{default}")))
            }
        }
    }
}

fn missing(name: &str) -> Fault {
    Fault::not_sent(FaultClass::Auth, format!("signing in takes {name}, which is not configured"))
}

/// Signs the requests of one system in.
#[derive(Debug)]
pub(crate) enum Authenticator {
    None,
    Basic { username: Option<Template>, password: Option<Template> },
    Bearer { token: Option<Template>, header: HeaderName, prefix: String },
    Token(Box<TokenSource>),
}

/// What signs one request in.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    header: Option<(HeaderName, HeaderValue)>,
    /// Host to speak to instead of the base URL's.
    pub(crate) base: Option<Url>,
    generation: u64,
}

impl Pass {
    pub(crate) fn put_on(&self, outgoing: &mut Outgoing) {
        if let Some((name, value)) = &self.header {
            outgoing.headers.insert(name.clone(), value.clone());
        }
    }
}

impl Authenticator {
    /// Sets an authenticator up.
    ///
    /// # Errors
    /// In words, when a name is no header's.
    pub(crate) fn of(spec: &AuthSpec) -> Result<Self, String> {
        Ok(match spec {
            AuthSpec::None => Self::None,
            AuthSpec::Basic { username, password } => {
                Self::Basic { username: username.clone(), password: password.clone() }
            }
            AuthSpec::Bearer { token, header, prefix } => {
                let name = header.as_deref().unwrap_or("authorization");
                let header = HeaderName::try_from(name)
                    .map_err(|_| format!("auth.header: {name:?} is no header name"))?;
                let usual = if header == AUTHORIZATION { "Bearer " } else { "" };
                Self::Bearer {
                    token: token.clone(),
                    header,
                    prefix: prefix.as_deref().unwrap_or(usual).to_owned(),
                }
            }
            AuthSpec::Oauth2ClientCredentials { .. }
            | AuthSpec::Oauth2PrivateKeyJwt { .. }
            | AuthSpec::Oauth2JwtBearer { .. } => Self::Token(Box::new(TokenSource::new(Grant::of(spec)))),
        })
    }

    /// What signs the next request in.
    pub(crate) async fn pass(&self, context: &Context<'_>) -> Result<Pass, Fault> {
        let header = |name: HeaderName, text: String| {
            Ok(Pass { header: Some((name, header_value(&text)?)), base: None, generation: 0 })
        };
        match self {
            Self::None => Ok(Pass { header: None, base: None, generation: 0 }),
            Self::Basic { username, password } => {
                let username = context.fill(username.as_ref(), "username")?;
                let password = context.fill(password.as_ref(), "password")?;
                header(AUTHORIZATION, basic(&username, &password))
            }
            Self::Bearer { token, header: name, prefix } => {
                let token = context.fill(token.as_ref(), "token")?;
                header(name.clone(), format!("{prefix}{token}"))
            }
            Self::Token(source) => source.pass(context).await,
        }
    }

    /// The system has refused a pass. `true`: there is another to be had.
    pub(crate) fn refused(&self, pass: &Pass) -> bool {
        match self {
            Self::Token(source) => {
                source.forget(pass.generation);
                true
            }
            _ => false,
        }
    }
}

/// The host a token answer names, if the adapter allows it.
fn instance(spec: &crate::spec::InstanceUrl, named: &str, base: &Url) -> Result<Url, Fault> {
    let refuse = |said: String| Fault::not_sent(FaultClass::Auth, said);
    let url = address::base(named)
        .map_err(|_| refuse("the token answer's instance URL is no base URL".to_owned()))?;
    let host = url.host_str().unwrap_or_default();
    let secure = url.scheme() == "https" || base.scheme() == "http";
    if secure
        && (url.host_str() == base.host_str() || spec.hosts.iter().any(|h| address::host_matches(h, host)))
    {
        Ok(url)
    } else {
        Err(refuse(format!(
            "the token answer names {host}, which is not among auth.instanceUrl.hosts of the adapter"
        )))
    }
}
