//! `call` tasks and authentication.

use super::check::{At, Check};
use crate::HttpOutput;
use crate::data;
use crate::expression::{Expression, Template, strip};
use crate::source::Kind as NodeKind;
use crate::suggest::nearest;
use crate::task::{Http, Kind, Uri, UriPart};

/// Kinds of call of the DSL that are not run.
const NOT_RUN: [&str; 5] = ["asyncapi", "grpc", "openapi", "a2a", "mcp"];
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Authentication schemes, and the fields of each. `use` names a secret that holds them.
const SCHEMES: [(&str, &[&str], &[&str]); 5] = [
    ("basic", &["username", "password"], &["use", "username", "password"]),
    ("bearer", &["token"], &["use", "token"]),
    ("digest", &["username", "password"], &["use", "username", "password"]),
    ("oauth2", &["authority", "grant"], OAUTH),
    ("oidc", &["authority", "grant"], OAUTH),
];
const OAUTH: &[&str] = &[
    "use",
    "authority",
    "grant",
    "client",
    "request",
    "issuers",
    "scopes",
    "audiences",
    "username",
    "password",
    "subject",
    "actor",
    "endpoints",
];

impl Check<'_> {
    pub(super) fn call(&mut self, at: &At<'_>, body: &At<'_>) -> Option<Kind> {
        let name = self.text(body)?;
        if name == "http" {
            return self.http(at);
        }
        if NOT_RUN.contains(&name) {
            return self.unsupported(body, &format!("`call: {name}`"));
        }
        if name.contains('@') {
            return self.unsupported(body, "a function of a catalog (`name@catalog`)");
        }
        let with = match at.get("with") {
            None => None,
            Some(with) if matches!(with.node.kind, NodeKind::Map(_)) => Some(self.template(&with)?),
            Some(with) => return self.expected(&with, "an object, the function's arguments"),
        };
        if let Some(&list) = self.tasks.functions.get(name) {
            return Some(Kind::Local { list, with });
        }
        self.called.push((name.to_owned(), body.node.line, body.pointer.clone()));
        let with = with.unwrap_or_else(|| Template::object(Vec::new()));
        Some(Kind::Function { name: name.to_owned(), with })
    }

    fn http(&mut self, at: &At<'_>) -> Option<Kind> {
        let with = self.required(at, "`call: http`", "with")?;
        self.object(
            &with,
            "`call: http`",
            &["method", "endpoint", "headers", "body", "query", "output", "redirect"],
        )?;
        let method = self.required(&with, "`call: http`", "method").and_then(|m| self.method(&m));
        let endpoint = self.required(&with, "`call: http`", "endpoint").and_then(|e| self.endpoint(&e));
        let headers = with.get("headers").map(|h| self.texts(&h));
        let query = with.get("query").map(|q| self.texts(&q));
        let body = with.get("body").map(|b| self.template(&b));
        let output = with.get("output").map(|o| {
            let words = [
                ("content", HttpOutput::Content),
                ("raw", HttpOutput::Raw),
                ("response", HttpOutput::Response),
            ];
            self.word(&o, &words)
        });
        let redirect = with.get("redirect").map(|r| self.boolean(&r));
        let (uri, authentication) = endpoint?;
        let none = || Template::object(Vec::new());
        let http = Http {
            method: method?,
            uri,
            headers: headers.unwrap_or_else(|| Some(none()))?,
            query: query.unwrap_or_else(|| Some(none()))?,
            body: body.map_or(Some(None), |b| b.map(Some))?,
            authentication,
            output: output.unwrap_or(Some(HttpOutput::Content))?,
            redirect: redirect.unwrap_or(Some(false))?,
        };
        Some(Kind::Http(Box::new(http)))
    }

    fn method(&mut self, at: &At<'_>) -> Option<String> {
        let text = self.text(at)?;
        let method = text.to_ascii_uppercase();
        if METHODS.contains(&method.as_str()) {
            return Some(method);
        }
        let help = nearest(&method, METHODS.into_iter());
        self.problem_with_help(at, format!("`{text}` is not an HTTP method that can be sent"), help);
        None
    }

    /// A URI, or an object with a URI and authentication.
    fn endpoint(&mut self, at: &At<'_>) -> Option<(Uri, Option<Template>)> {
        if let NodeKind::Text(_) = at.node.kind {
            return Some((self.uri(at)?, None));
        }
        self.object(at, "an endpoint", &["uri", "authentication"])?;
        let uri = self.required(at, "an endpoint", "uri").and_then(|u| self.uri(&u));
        let authentication = at.get("authentication").map(|a| self.authentication(&a));
        Some((uri?, authentication.map_or(Some(None), |a| a.map(Some))?))
    }

    fn uri(&mut self, at: &At<'_>) -> Option<Uri> {
        let text = self.text(at)?;
        if strip(text).is_some() {
            return self.expression(at).map(Uri::Expression);
        }
        if text.trim().is_empty() || text.contains(char::is_whitespace) {
            return self.expected(at, "a URI without spaces");
        }
        match uri_template(text) {
            Ok(parts) => Some(Uri::Template(parts)),
            Err(why) => {
                self.problem(at, why);
                None
            }
        }
    }

    /// A policy, or the name of one in `use.authentications`.
    fn authentication(&mut self, at: &At<'_>) -> Option<Template> {
        if let Some(name) = at.get("use") {
            self.object(at, "an authentication by reference", &["use"])?;
            let text = self.text(&name)?;
            let found = self.reusable(&name, "authentications", text)?;
            return self.policy(&found);
        }
        self.policy(at)
    }

    /// An authentication policy; values held by a secret become an expression that reads it.
    pub(super) fn policy(&mut self, at: &At<'_>) -> Option<Template> {
        let known: Vec<&str> = SCHEMES.iter().map(|(scheme, ..)| *scheme).collect();
        self.object(at, "an authentication", &known)?;
        let mut given = at.members();
        let (Some((member, body)), None) = (given.next(), given.next()) else {
            return self.expected(at, &format!("one of {}", known.join(", ")));
        };
        let (scheme, needed, fields) = SCHEMES.iter().find(|(scheme, ..)| *scheme == member.key)?;
        self.object(&body, &format!("`{scheme}` authentication"), fields)?;
        let policy = match body.get("use") {
            Some(secret) => self.secret(&secret)?,
            None => {
                for field in *needed {
                    self.required(&body, &format!("`{scheme}` authentication"), field);
                }
                self.template(&body)?
            }
        };
        Some(Template::object(vec![(data::text(scheme), policy)]))
    }

    fn secret(&mut self, at: &At<'_>) -> Option<Template> {
        let name = self.text(at)?;
        if !self.tasks.secrets.iter().any(|s| s == name) {
            let help = nearest(name, self.tasks.secrets.iter().map(String::as_str));
            self.problem_with_help(at, format!("secret `{name}` is not declared in use.secrets"), help);
            return None;
        }
        let text = format!("$secrets[{}]", serde_json::Value::from(name));
        Expression::compile(&text, &[]).ok().map(Template::Expression)
    }
}

/// Splits `https://host/{name}` into text and fields.
fn uri_template(text: &str) -> Result<Vec<UriPart>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err("`{` without `}` in the URI".to_owned());
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(format!(
                "{{{name}}} in the URI: only the name of a field of the task's input can stand there; use an expression for more"
            ));
        }
        if !before.is_empty() {
            parts.push(UriPart::Text(before.to_owned()));
        }
        parts.push(UriPart::Field(name.to_owned()));
        rest = after;
    }
    if rest.contains('}') {
        return Err("`}` without `{` in the URI".to_owned());
    }
    if !rest.is_empty() {
        parts.push(UriPart::Text(rest.to_owned()));
    }
    Ok(parts)
}
