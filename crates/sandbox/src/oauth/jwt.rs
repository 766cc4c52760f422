//! JSON Web Tokens that clients sign with their own key: DocuSign's and Salesforce's grant, NetSuite's client assertion.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{self, KeyPair as _, UnparsedPublicKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not three dot-separated parts of base64url JSON.
    #[error("malformed token")]
    Malformed,
    /// Signed with another algorithm than the vendor takes.
    #[error("algorithm not accepted")]
    Algorithm,
    /// The signature does not match.
    #[error("signature does not match")]
    Signature,
    /// The test key cannot be read.
    #[error("test key")]
    Key,
}

/// A token's header and claims, its signature checked. Times and audience are for the caller to judge.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

/// Checks a token against the public half of a key.
///
/// # Errors
/// When it is malformed, of another algorithm, or not signed by this key.
pub fn verify(token: &str, key_pem: &str, algorithm: Algorithm) -> Result<Verified, Refused> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(Refused::Malformed)?;
    let (header, claims) = (json_part(header)?, json_part(claims)?);
    if header["alg"] != algorithm.name() {
        return Err(Refused::Algorithm);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refused::Malformed)?;
    let key = key(key_pem)?;
    let with: &dyn signature::VerificationAlgorithm = match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
    };
    UnparsedPublicKey::new(with, key.public_key().as_ref())
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| Refused::Signature)?;
    Ok(Verified { header, claims })
}

/// Signs claims, as a client would.
///
/// # Errors
/// When the key cannot be read.
pub fn sign(claims: &Value, key_id: &str, key_pem: &str, algorithm: Algorithm) -> Result<String, Refused> {
    let header = json!({"alg": algorithm.name(), "typ": "JWT", "kid": key_id});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let key = key(key_pem)?;
    let with: &'static dyn signature::RsaEncoding = match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
        Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
    };
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(with, &SystemRandom::new(), signed.as_bytes(), &mut signature).map_err(|_| Refused::Key)?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn json_part(part: &str) -> Result<Value, Refused> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Refused::Malformed)
}

fn key(pem: &str) -> Result<KeyPair, Refused> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| Refused::Key)?;
    KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| Refused::Key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::{DOCUSIGN_TEST_KEY, NETSUITE_TEST_KEY};

    #[test]
    fn only_the_right_key_and_algorithm_pass() {
        let claims = json!({"iss": "a"});
        for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
            let token = sign(&claims, "k", DOCUSIGN_TEST_KEY, algorithm).unwrap();
            let read = verify(&token, DOCUSIGN_TEST_KEY, algorithm).unwrap();
            assert_eq!((&read.claims, &read.header["kid"]), (&claims, &json!("k")));
            assert_eq!(verify(&token, NETSUITE_TEST_KEY, algorithm).unwrap_err(), Refused::Signature);
        }
        let token = sign(&claims, "k", DOCUSIGN_TEST_KEY, Algorithm::Rs256).unwrap();
        assert_eq!(verify(&token, DOCUSIGN_TEST_KEY, Algorithm::Ps256).unwrap_err(), Refused::Algorithm);
        assert_eq!(verify("a.b", DOCUSIGN_TEST_KEY, Algorithm::Rs256).unwrap_err(), Refused::Malformed);
    }
}
