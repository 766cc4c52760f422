//! Binary mode: attributes in `ce-` headers, data in the body. It becomes structured JSON, which is what the log holds.

use base64::Engine;
use http::{HeaderMap, header};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use throughline_hub::Problem as Wrong;

use super::mode::is_json;

/// The same event in structured JSON.
pub(super) fn structured(headers: &HeaderMap, data: &[u8]) -> Result<Vec<u8>, Wrong> {
    let mut attributes = Map::new();
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else { continue };
        let wrong = |reason: &str| Wrong { field: name.as_str().to_owned(), reason: reason.to_owned() };
        let text = decode(value.as_bytes()).ok_or_else(|| wrong("not UTF-8 after percent-decoding"))?;
        if attribute == "datacontenttype" {
            return Err(wrong("in binary mode the content-type header says what the data is"));
        }
        if attributes.insert(attribute.to_owned(), Value::String(text)).is_some() {
            return Err(wrong("given twice"));
        }
    }
    let content_type = match headers.get(header::CONTENT_TYPE).map(|v| v.to_str()) {
        Some(Ok(text)) => Some(text),
        None => None,
        Some(Err(_)) => {
            return Err(Wrong { field: "content-type".to_owned(), reason: "not ASCII".to_owned() });
        }
    };
    if let Some(content_type) = content_type {
        attributes.insert("datacontenttype".to_owned(), Value::String(content_type.to_owned()));
    }
    if data.is_empty() {
        return Ok(bytes(&attributes));
    }
    // No content type means JSON.
    if content_type.is_none_or(is_json) {
        let valid: Result<&RawValue, _> = serde_json::from_slice(data);
        let data = valid.map_err(|e| Wrong { field: "data".to_owned(), reason: format!("not JSON: {e}") })?;
        return Ok(with_data(&attributes, data.get()));
    }
    match std::str::from_utf8(data) {
        Ok(text) if content_type.is_some_and(|t| t.starts_with("text/")) => {
            attributes.insert("data".to_owned(), Value::String(text.to_owned()));
        }
        _ => {
            let text = base64::engine::general_purpose::STANDARD.encode(data);
            attributes.insert("data_base64".to_owned(), Value::String(text));
        }
    }
    Ok(bytes(&attributes))
}

fn bytes(attributes: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(attributes).unwrap_or_default()
}

/// Puts the data in as it stands, so that no number is rewritten on the way.
fn with_data(attributes: &Map<String, Value>, data: &str) -> Vec<u8> {
    let mut body = bytes(attributes);
    body.pop();
    if !attributes.is_empty() {
        body.push(b',');
    }
    body.extend_from_slice(b"\"data\":");
    body.extend_from_slice(data.as_bytes());
    body.push(b'}');
    body
}

/// Header values are percent-encoded UTF-8; some senders also quote them.
fn decode(value: &[u8]) -> Option<String> {
    let value = unquote(value);
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value.as_slice();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = |b: &u8| char::from(*b).to_digit(16);
        match (byte, after) {
            (b'%', [high, low, tail @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                decoded.push((hex(high)? * 16 + hex(low)?) as u8);
                rest = tail;
            }
            _ => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(decoded).ok()
}

fn unquote(value: &[u8]) -> Vec<u8> {
    let [b'"', inner @ .., b'"'] = value else { return value.to_vec() };
    let mut plain = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => plain.extend(bytes.next()),
            _ => plain.push(byte),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(headers: &[(&str, &str)], data: &[u8], want: Result<Value, &str>) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(k, v)| (k.parse::<http::HeaderName>().unwrap(), v.parse::<http::HeaderValue>().unwrap()))
            .collect();
        match (structured(&headers, data), want) {
            (Ok(body), Ok(want)) => assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), want),
            (Err(wrong), Err(want)) => {
                assert!(format!("{}: {}", wrong.field, wrong.reason).contains(want), "{wrong:?}")
            }
            (got, want) => panic!("{got:?} is not {want:?}"),
        }
    }

    #[test]
    fn headers_and_data_become_one_event() {
        let json_type = ("content-type", "application/json");
        check(
            &[
                json_type,
                ("ce-id", "1"),
                ("ce-subject", "Euro%20%E2%82%AC%20%F0%9F%98%80"),
                ("ce-ext", "\"a \\\"b\\\"\""),
            ],
            b"{\"amount\":1234567890.10}",
            Ok(
                json!({"id": "1", "subject": "Euro € 😀", "ext": "a \"b\"", "datacontenttype": "application/json",
                      "data": {"amount": 1_234_567_890.10}}),
            ),
        );
        check(&[("ce-id", "100%")], b"", Ok(json!({"id": "100%"})));
        check(&[], b"7", Ok(json!({"data": 7})));
        let text = ("content-type", "text/plain");
        check(&[text], "ä".as_bytes(), Ok(json!({"datacontenttype": "text/plain", "data": "ä"})));
        check(&[text], b"\xff", Ok(json!({"datacontenttype": "text/plain", "data_base64": "/w=="})));
        let xml = ("content-type", "application/xml");
        check(&[xml], b"<a/>", Ok(json!({"datacontenttype": "application/xml", "data_base64": "PGEvPg=="})));
        check(&[json_type, ("ce-id", "1")], b"null,\"id\":\"2\"", Err("data: not JSON"));
        check(&[("ce-id", "%ff")], b"", Err("ce-id: not UTF-8"));
        check(&[("ce-id", "1"), ("ce-id", "2")], b"", Err("ce-id: given twice"));
        check(&[("ce-datacontenttype", "a/b")], b"", Err("content-type header"));
    }

    #[test]
    fn attributes_from_data_do_not_leak_into_the_envelope() {
        check(&[("ce-id", "1")], b"{\"id\":\"2\"}", Ok(json!({"id": "1", "data": {"id": "2"}})));
    }
}
