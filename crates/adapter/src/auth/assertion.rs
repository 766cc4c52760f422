//! Signed assertions (RFC 7523): JSON Web Tokens made for one request for an access token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Map, Value, json};

use crate::spec::{Assertion, SigningAlgorithm, Template};

/// Makes and signs an assertion. `Err` says in words what is missing or wrong; it never holds the key.
pub(super) fn sign(
    spec: &Assertion,
    key_pem: &str,
    value: &dyn Fn(&str) -> Option<String>,
    now: Timestamp,
) -> Result<String, String> {
    let mut header = filled(&spec.header, value)?;
    let (name, encoding): (_, &'static dyn RsaEncoding) = match spec.algorithm {
        SigningAlgorithm::Rs256 => ("RS256", &RSA_PKCS1_SHA256),
        SigningAlgorithm::Ps256 => ("PS256", &RSA_PSS_SHA256),
    };
    header.insert("alg".to_owned(), json!(name));
    header.entry("typ").or_insert(json!("JWT"));
    let random = SystemRandom::new();
    let mut claims = filled(&spec.claims, value)?;
    let issued = now.as_second();
    claims.insert("iat".to_owned(), json!(issued));
    claims.insert("exp".to_owned(), json!(issued + i64::from(spec.lifetime_seconds)));
    let mut id = [0_u8; 16];
    random.fill(&mut id).map_err(|_| "no randomness is to be had".to_owned())?;
    claims.entry("jti").or_insert(json!(URL_SAFE_NO_PAD.encode(id)));
    let part = |map: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(map).to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let key = key_pair(key_pem)?;
    let mut signature = vec![0_u8; key.public().modulus_len()];
    key.sign(encoding, &random, signed.as_bytes(), &mut signature)
        .map_err(|_| "the private key can't sign".to_owned())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn key_pair(pem: &str) -> Result<RsaKeyPair, String> {
    let refuse = |_| "the private key is no RSA key of 2048 bits or more".to_owned();
    match PrivateKeyDer::from_pem_slice(pem.as_bytes()) {
        Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(refuse),
        Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()).map_err(refuse),
        _ => Err("the private key is not PEM with a PKCS#8 or PKCS#1 key".to_owned()),
    }
}

/// Fills every template in a map of claims or form fields.
pub(super) fn filled(
    map: &Map<String, Value>,
    value: &dyn Fn(&str) -> Option<String>,
) -> Result<Map<String, Value>, String> {
    map.iter().map(|(name, v)| Ok((name.clone(), filled_value(v, value)?))).collect()
}

fn filled_value(given: &Value, value: &dyn Fn(&str) -> Option<String>) -> Result<Value, String> {
    Ok(match given {
        Value::String(text) => {
            let filled = Template::parse(text)?.fill(value);
            Value::String(filled.map_err(|name| format!("signing in takes {name}, which is not configured"))?)
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|v| filled_value(v, value)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => Value::Object(filled(fields, value)?),
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};

    const KEY: &str = include_str!("../../tests/keys/rsa2048.pkcs8.pem");
    const KEY_PKCS1: &str = include_str!("../../tests/keys/rsa2048.pkcs1.pem");

    fn check(algorithm: &str, pem: &str, parameters: &'static ring::signature::RsaParameters) {
        let yaml = format!(
            "algorithm: {algorithm}
header: {{kid: '{{credentials.certificateId}}'}}
claims: {{iss: '{{credentials.clientId}}', aud: '{{tokenUrl}}', scope: [rest_webservices, 7]}}
"
        );
        let spec: Assertion = serde_saphyr::from_str(&yaml).unwrap();
        let value = |name: &str| match name {
            "credentials.certificateId" => Some("cert-1".to_owned()),
            "credentials.clientId" => Some("client".to_owned()),
            "tokenUrl" => Some("https://erp/token".to_owned()),
            _ => None,
        };
        let now: Timestamp = "2026-01-31T00:00:00Z".parse().unwrap();
        let jwt = sign(&spec, pem, &value, now).unwrap();
        let parts: Vec<&str> = jwt.split('.').collect();
        let decoded = |i: usize| URL_SAFE_NO_PAD.decode(parts[i]).unwrap();
        let header: Value = serde_json::from_slice(&decoded(0)).unwrap();
        assert_eq!(header, json!({"kid": "cert-1", "alg": algorithm, "typ": "JWT"}));
        let claims: Value = serde_json::from_slice(&decoded(1)).unwrap();
        let expected = json!({"iss": "client", "aud": "https://erp/token", "scope": ["rest_webservices", 7],
            "iat": now.as_second(), "exp": now.as_second() + 300, "jti": claims["jti"]});
        assert_eq!(claims, expected);
        assert_eq!(claims["jti"].as_str().map(str::len), Some(22));
        let pair = key_pair(pem).unwrap();
        let public = UnparsedPublicKey::new(parameters, pair.public().as_ref());
        let signed = format!("{}.{}", parts[0], parts[1]);
        public.verify(signed.as_bytes(), &decoded(2)).expect("the signature holds");
        let forged = signed.replacen(parts[0], parts[1], 1);
        assert!(public.verify(forged.as_bytes(), &decoded(2)).is_err());
    }

    #[test]
    fn assertions_are_signed_as_they_say() {
        check("RS256", KEY, &RSA_PKCS1_2048_8192_SHA256);
        check("PS256", KEY, &RSA_PSS_2048_8192_SHA256);
        check("PS256", KEY_PKCS1, &RSA_PSS_2048_8192_SHA256);
    }

    #[test]
    fn what_is_missing_is_said_without_the_key() {
        let spec: Assertion =
            serde_saphyr::from_str("{algorithm: RS256, claims: {iss: '{credentials.clientId}'}}").unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let none = |_: &str| None;
        assert_eq!(
            sign(&spec, KEY, &none, now).unwrap_err(),
            "signing in takes credentials.clientId, which is not configured"
        );
        let some = |_: &str| Some("x".to_owned());
        assert_eq!(
            sign(&spec, "not a key", &some, now).unwrap_err(),
            "the private key is not PEM with a PKCS#8 or PKCS#1 key"
        );
    }
}
