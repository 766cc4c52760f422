//! `auth`: how a system is signed in to.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::pattern::Pointer;
use super::template::Template;

/// How a system is signed in to. `credentials.*` are those of `throughline.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "scheme", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum AuthSpec {
    /// Not at all.
    None,
    /// User name and password.
    Basic {
        /// User name; absent: the credential `username`.
        #[serde(default)]
        username: Option<Template>,
        /// Password; absent: the credential `password`.
        #[serde(default)]
        password: Option<Template>,
    },
    /// A token that does not change, in a header.
    Bearer {
        /// The token; absent: the credential `token`.
        #[serde(default)]
        token: Option<Template>,
        /// Header; absent: `Authorization`.
        #[serde(default)]
        header: Option<String>,
        /// Put before the token; absent: `Bearer ` in `Authorization`, nothing elsewhere.
        #[serde(default)]
        prefix: Option<String>,
    },
    /// OAuth 2 client credentials: id and secret for a token.
    Oauth2ClientCredentials {
        /// Token endpoint.
        token_url: Template,
        /// Client id; absent: the credential `clientId`.
        #[serde(default)]
        client_id: Option<Template>,
        /// Client secret; absent: the credential `clientSecret`.
        #[serde(default)]
        client_secret: Option<Template>,
        /// Where id and secret go.
        #[serde(default)]
        secret_in: ClientSecretIn,
        /// Scopes, space-separated.
        #[serde(default)]
        scope: Option<Template>,
        /// Further form fields.
        #[serde(default)]
        parameters: Map<String, Value>,
        /// The token answer may name the host to speak to.
        #[serde(default)]
        instance_url: Option<InstanceUrl>,
    },
    /// OAuth 2 client credentials with a signed assertion instead of a secret (RFC 7523, section 2.2).
    Oauth2PrivateKeyJwt {
        /// Token endpoint.
        token_url: Template,
        /// The assertion.
        assertion: Assertion,
        /// Scopes, space-separated.
        #[serde(default)]
        scope: Option<Template>,
        /// Further form fields.
        #[serde(default)]
        parameters: Map<String, Value>,
        /// The token answer may name the host to speak to.
        #[serde(default)]
        instance_url: Option<InstanceUrl>,
    },
    /// OAuth 2 with a signed assertion as the grant (RFC 7523, section 2.1).
    Oauth2JwtBearer {
        /// Token endpoint.
        token_url: Template,
        /// The assertion.
        assertion: Assertion,
        /// Scopes, space-separated.
        #[serde(default)]
        scope: Option<Template>,
        /// Further form fields.
        #[serde(default)]
        parameters: Map<String, Value>,
        /// The token answer may name the host to speak to.
        #[serde(default)]
        instance_url: Option<InstanceUrl>,
    },
}

/// Where a client puts its id and secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientSecretIn {
    /// In the form.
    #[default]
    Form,
    /// In an `Authorization: Basic` header.
    Basic,
}

/// A signed assertion. `iat`, `exp` and `jti` are added.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Assertion {
    /// How it is signed.
    pub algorithm: SigningAlgorithm,
    /// Private key in PEM (PKCS#8 or PKCS#1); absent: the credential `privateKey`.
    #[serde(default)]
    pub key: Option<Template>,
    /// Further header fields, such as `kid`. Strings are templates.
    #[serde(default)]
    pub header: Map<String, Value>,
    /// Claims. Strings are templates.
    pub claims: Map<String, Value>,
    /// How long it is valid.
    #[serde(default = "lifetime_seconds")]
    pub lifetime_seconds: u32,
}

fn lifetime_seconds() -> u32 {
    300
}

/// How an assertion is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SigningAlgorithm {
    /// RSA PKCS#1 v1.5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
}

/// The field of a token answer that names the host to speak to, and the hosts it may name.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceUrl {
    /// Where it stands.
    pub field: Pointer,
    /// Hosts it may name: `*.salesforce.com` or a whole name. The base URL's host is always allowed.
    pub hosts: Vec<String>,
}

impl AuthSpec {
    /// Credentials it can't do without.
    pub(super) fn credentials(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut of = |template: &Option<Template>, default: &str| match template {
            Some(template) => names.extend(template.credentials().map(str::to_owned)),
            None => names.push(default.to_owned()),
        };
        match self {
            Self::None => {}
            Self::Basic { username, password } => {
                of(username, "username");
                of(password, "password");
            }
            Self::Bearer { token, .. } => of(token, "token"),
            Self::Oauth2ClientCredentials { client_id, client_secret, .. } => {
                of(client_id, "clientId");
                of(client_secret, "clientSecret");
            }
            Self::Oauth2PrivateKeyJwt { assertion, .. } | Self::Oauth2JwtBearer { assertion, .. } => {
                of(&assertion.key, "privateKey");
                for value in assertion.header.values().chain(assertion.claims.values()) {
                    in_value(value, &mut names);
                }
            }
        }
        names
    }

    /// What is wrong with texts that become templates only when they are used.
    pub(super) fn check(&self) -> Result<(), String> {
        let maps: Vec<&Map<String, Value>> = match self {
            Self::Oauth2ClientCredentials { parameters, .. } => vec![parameters],
            Self::Oauth2PrivateKeyJwt { assertion, parameters, .. }
            | Self::Oauth2JwtBearer { assertion, parameters, .. } => {
                vec![&assertion.header, &assertion.claims, parameters]
            }
            _ => Vec::new(),
        };
        maps.into_iter().flat_map(Map::values).try_for_each(check_value)
    }
}

fn check_value(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) => Template::parse(text).map(|_| ()),
        Value::Array(items) => items.iter().try_for_each(check_value),
        Value::Object(fields) => fields.values().try_for_each(check_value),
        _ => Ok(()),
    }
}

fn in_value(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Ok(template) = Template::parse(text) {
                names.extend(template.credentials().map(str::to_owned));
            }
        }
        Value::Array(items) => items.iter().for_each(|v| in_value(v, names)),
        _ => {}
    }
}
