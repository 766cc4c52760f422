//! `call: http`: from the task to a request with everything evaluated.

use indexmap::IndexMap;
use jaq_json::Val;

use crate::data::{self, Data};
use crate::expression::Bindings;
use crate::task::{Http, Uri, UriPart};
use crate::{Body, Error, HttpCall};

/// Evaluates the call on a task's input.
pub(super) fn call(http: &Http, input: &Val, bindings: &dyn Bindings) -> Result<HttpCall, Error> {
    let body = http.body.as_ref().map(|b| b.eval(input, bindings)).transpose()?;
    let authentication = http.authentication.as_ref().map(|a| a.eval(input, bindings)).transpose()?;
    Ok(HttpCall {
        method: http.method.clone(),
        uri: uri(&http.uri, input, bindings)?,
        headers: headers(&http.headers.eval(input, bindings)?)?,
        query: query(&http.query.eval(input, bindings)?)?,
        body: body.map(|b| Body(Data(b))),
        authentication: authentication.map(|a| data::to_json(&a)),
        output: http.output,
        redirect: http.redirect,
    })
}

fn uri(uri: &Uri, input: &Val, bindings: &dyn Bindings) -> Result<String, Error> {
    let made = match uri {
        Uri::Expression(expression) => {
            let value = expression.eval(input, bindings)?;
            data::as_text(&value).map(str::to_owned).ok_or_else(|| {
                Error::expression(format!("the URI is not a text, in ${{ {} }}", expression.text()))
            })?
        }
        Uri::Template(parts) => expanded(parts, input)?,
    };
    let known = made.starts_with('/') || made.starts_with("https://") || made.starts_with("http://");
    if !known || made.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::configuration(format!(
            "{made:?} is neither an http or https URI nor an absolute path"
        )));
    }
    Ok(made)
}

fn expanded(parts: &[UriPart], input: &Val) -> Result<String, Error> {
    let mut made = String::new();
    for part in parts {
        match part {
            UriPart::Text(text) => made.push_str(text),
            UriPart::Field(name) => {
                let value = data::field(input, name).and_then(plain);
                let value = value.ok_or_else(|| {
                    Error::expression(format!(
                        "the URI needs `{name}`, which the task's input has not, or not as a plain value"
                    ))
                })?;
                encode(&value, &mut made);
            }
        }
    }
    Ok(made)
}

/// Percent-encodes all but unreserved characters.
fn encode(text: &str, to: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            to.push(char::from(byte));
        } else {
            to.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// A text, number or boolean as text.
fn plain(value: &Val) -> Option<String> {
    match value {
        Val::TStr(_) | Val::BStr(_) => data::as_text(value).map(str::to_owned),
        Val::Num(_) | Val::Bool(_) => Some(data::to_json(value).to_string()),
        Val::Null | Val::Arr(_) | Val::Obj(_) => None,
    }
}

/// A null header is left out.
fn headers(value: &Val) -> Result<IndexMap<String, String>, Error> {
    let mut headers = IndexMap::new();
    for (name, value) in fields(value, "headers")? {
        if matches!(value, Val::Null) {
            continue;
        }
        let text =
            plain(value).ok_or_else(|| Error::expression(format!("header `{name}` is not a plain value")))?;
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(Error::expression(format!("header `{name}` holds a control character")));
        }
        headers.insert(name, text);
    }
    Ok(headers)
}

/// A null parameter is left out; a list is the parameter repeated.
fn query(value: &Val) -> Result<Vec<(String, String)>, Error> {
    let mut query = Vec::new();
    for (name, value) in fields(value, "query")? {
        let wrong = || {
            Error::expression(format!("query parameter `{name}` is neither a plain value nor a list of them"))
        };
        match value {
            Val::Null => {}
            Val::Arr(items) => {
                for item in items.iter() {
                    query.push((name.clone(), plain(item).ok_or_else(wrong)?));
                }
            }
            value => {
                let text = plain(value).ok_or_else(wrong)?;
                query.push((name, text));
            }
        }
    }
    Ok(query)
}

fn fields<'a>(value: &'a Val, what: &str) -> Result<Vec<(String, &'a Val)>, Error> {
    match value {
        Val::Null => Ok(Vec::new()),
        Val::Obj(fields) => {
            Ok(fields.iter().map(|(k, v)| (data::as_text(k).unwrap_or_default().to_owned(), v)).collect())
        }
        _ => Err(Error::expression(format!("{what} do not evaluate to an object"))),
    }
}
