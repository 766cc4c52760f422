use super::*;
use crate::client::{Client, ClientOptions};
use crate::secret::SecretRef;
use crate::spec::AdapterSpec;
use crate::system::SystemConfig;
use std::sync::Arc;

const BODY: &[u8] = br#"{"value":[{"clientState":"s3cret"},{"clientState":"s3cret"}],"token":"s3cret"}"#;

fn system() -> System {
    let spec = AdapterSpec::parse("product: p\nkind: clm\nauth: {scheme: none}\n", "adapter.yaml").unwrap();
    let key = ("key".to_owned(), SecretRef::Value("s3cret".to_owned()));
    let config = SystemConfig {
        name: "clm".to_owned(),
        adapter: "p".to_owned(),
        tenant: "default".to_owned(),
        settings: serde_json::json!({ "baseUrl": "https://localhost:1" }),
        credentials: [key].into(),
        limits: None,
    };
    let client = Client::new(&ClientOptions::default()).unwrap();
    System::new(config, &spec, client, Arc::new(|| jiff::Timestamp::UNIX_EPOCH)).unwrap()
}

fn mac(body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

fn check(spec: &str, headers: &[(&'static str, String)], want: Result<(), VerifyError>) {
    let spec: VerifySpec = serde_saphyr::from_str(spec).unwrap();
    let headers =
        headers.iter().map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap())).collect();
    assert_eq!(verify(&spec, &system(), &headers, BODY), want, "{spec:?} {headers:?}");
}

#[test]
fn any_right_signature_will_do() {
    let spec = r"{scheme: hmac-sha256, headers: '^x-docusign-signature-\d+$', encoding: base64, secret: key}";
    let right = STANDARD.encode(mac(BODY));
    let wrong = STANDARD.encode(mac(b"other"));
    check(spec, &[("x-docusign-signature-1", right.clone())], Ok(()));
    check(
        spec,
        &[("x-docusign-signature-1", wrong.clone()), ("x-docusign-signature-2", right.clone())],
        Ok(()),
    );
    check(spec, &[("x-docusign-signature-1", wrong)], Err(VerifyError::Wrong));
    check(spec, &[("x-docusign-signature-1", "%%%".to_owned())], Err(VerifyError::Wrong));
    check(spec, &[("x-docusign-signature-1", right[..20].to_owned())], Err(VerifyError::Wrong));
    check(spec, &[("x-docusign-signature", right)], Err(VerifyError::Absent));
    check(spec, &[], Err(VerifyError::Absent));
}

#[test]
fn hexadecimal_with_a_prefix() {
    let spec = "{scheme: hmac-sha256, headers: '^x-hub-signature-256$', encoding: hex, prefix: sha256=, secret: key}";
    let hex: String = mac(BODY).iter().map(|b| format!("{b:02x}")).collect();
    check(spec, &[("x-hub-signature-256", format!("sha256={hex}"))], Ok(()));
    check(spec, &[("x-hub-signature-256", format!("sha256={}", hex.to_uppercase()))], Ok(()));
    check(spec, &[("x-hub-signature-256", hex.clone())], Err(VerifyError::Wrong));
    check(spec, &[("x-hub-signature-256", format!("sha256={}", &hex[1..]))], Err(VerifyError::Wrong));
    check(spec, &[("x-hub-signature-256", "sha256=+f".to_owned())], Err(VerifyError::Wrong));
}

#[test]
fn shared_tokens_stand_in_a_header_or_in_every_place_of_the_body() {
    check(
        "{scheme: shared-token, header: x-token, secret: key}",
        &[("x-token", "s3cret".to_owned())],
        Ok(()),
    );
    check(
        "{scheme: shared-token, header: x-token, secret: key}",
        &[("x-token", "s3cre".to_owned())],
        Err(VerifyError::Wrong),
    );
    check("{scheme: shared-token, header: x-token, secret: key}", &[], Err(VerifyError::Absent));
    check("{scheme: shared-token, field: /value/*/clientState, secret: key}", &[], Ok(()));
    check("{scheme: shared-token, field: /value, secret: key}", &[], Err(VerifyError::Wrong));
    check("{scheme: shared-token, field: /nowhere, secret: key}", &[], Err(VerifyError::Absent));
    check(
        "{scheme: shared-token, header: x-token, secret: other}",
        &[],
        Err(VerifyError::NoCredential("other".to_owned())),
    );
    check("{scheme: none}", &[], Ok(()));
}
