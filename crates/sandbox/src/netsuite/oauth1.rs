//! Token-based authentication: OAuth 1.0a with HMAC-SHA256, which accounts made before 2027.1 still use.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;

use super::problem::Problem;
use super::{ACCOUNT, CONSUMER_KEY, CONSUMER_SECRET, TOKEN_ID, TOKEN_SECRET};
use crate::exchange::Request;
use crate::world::World;

const NONCES: &str = "_nonces";
const CLOCK_SKEW_MAX_S: i64 = 300;

/// Checks the signature, the time and that the nonce is new.
pub(super) fn check(world: &mut World, request: &Request) -> Result<(), Problem> {
    let sent = header_parameters(request);
    let field = |name: &str| sent.get(name).map_or("", String::as_str);
    let known = field("realm") == ACCOUNT
        && field("oauth_consumer_key") == CONSUMER_KEY
        && field("oauth_token") == TOKEN_ID
        && field("oauth_signature_method") == "HMAC-SHA256";
    let now = world.now().as_second();
    let sent_at = field("oauth_timestamp").parse::<i64>().unwrap_or(0);
    if !known || (now - sent_at).abs() > CLOCK_SKEW_MAX_S || !signed_rightly(request, &sent) {
        return Err(Problem::login());
    }
    let nonce = format!("{sent_at}:{}", field("oauth_nonce"));
    if world.get(NONCES, &nonce).is_some() {
        return Err(Problem::login());
    }
    let outdated: Vec<String> = world
        .all(NONCES)
        .take_while(|(_, seen)| seen["at"].as_i64().unwrap_or(0) < now - 2 * CLOCK_SKEW_MAX_S)
        .map(|(nonce, _)| nonce.to_owned())
        .collect();
    for nonce in outdated {
        world.remove(NONCES, &nonce);
    }
    world.put(NONCES, &nonce, json!({"at": sent_at}));
    Ok(())
}

fn header_parameters(request: &Request) -> BTreeMap<String, String> {
    let header = request.header("authorization").and_then(|value| value.strip_prefix("OAuth ")).unwrap_or("");
    header
        .split(',')
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), unescape(value.trim_matches('"'))))
        .collect()
}

fn signed_rightly(request: &Request, sent: &BTreeMap<String, String>) -> bool {
    let Ok(signature) = STANDARD.decode(sent.get("oauth_signature").map_or("", String::as_str)) else {
        return false;
    };
    let key = format!("{}&{}", escape(CONSUMER_SECRET), escape(TOKEN_SECRET));
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return false };
    mac.update(base_string(request, sent).as_bytes());
    mac.verify_slice(&signature).is_ok()
}

/// RFC 5849, section 3.4.1.
fn base_string(request: &Request, sent: &BTreeMap<String, String>) -> String {
    let mut parameters: Vec<(String, String)> = sent
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "realm" | "oauth_signature"))
        .map(|(name, value)| (escape(name), escape(value)))
        .chain(request.pairs().iter().map(|(name, value)| (escape(name), escape(value))))
        .collect();
    parameters.sort();
    let joined: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let address = format!("{}{}", request.base_url, request.path);
    format!("{}&{}&{}", request.method, escape(&address), escape(&joined.join("&")))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn unescape(text: &str) -> String {
    let kept = text.replace('+', "%2B").replace('=', "%3D").replace('&', "%26");
    url::form_urlencoded::parse(kept.as_bytes())
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_that_of_rfc_5849() {
        assert_eq!(escape("a b/c~é"), "a%20b%2Fc~%C3%A9");
        assert_eq!(unescape("a%20b%2Fc+d%3D"), "a b/c+d=");
    }
}
