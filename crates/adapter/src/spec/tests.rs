use super::*;

const SALESFORCE_LIKE: &str = r#"
product: crmish
title: A CRM
kind: crm
settings:
  type: object
  required: [baseUrl]
  properties:
    baseUrl: {type: string}
    apiVersion: {type: string, default: v62.0}
auth:
  scheme: oauth2-client-credentials
  tokenUrl: /services/oauth2/token
  instanceUrl: {field: /instance_url, hosts: ['*.crmish.example']}
headers: {accept: application/json, x-tenant: '{credentials.orgId}'}
limits: {concurrency: 25, rate: {requests: 100, seconds: 20}, timeout: 90s}
throttle:
  usage: {header: Sforce-Limit-Info, pattern: 'api-usage=(\d+)/(\d+)'}
faults:
  code: [/0/errorCode, /error]
  message: [/0/message]
  rules:
    - {status: 403, code: REQUEST_LIMIT_EXCEEDED, class: rate-limit}
    - {code: [UNABLE_TO_LOCK_ROW], class: intermittent, effect: not-done}
webhooks:
  - name: connect
    verify: {scheme: hmac-sha256, headers: '^x-signature-\d+$', encoding: base64, secret: connectKey}
    handshake: {queryParameter: validationToken}
    events: crm.connect.events
polls:
  - {name: opportunities, function: crm.opportunity.poll, every: 30s}
"#;

#[test]
fn a_whole_file_is_read() {
    let spec = AdapterSpec::parse(SALESFORCE_LIKE, "adapter.yaml").unwrap();
    assert_eq!((spec.kind.as_str(), spec.limits.concurrency, spec.limits.timeout.as_secs()), ("crm", 25, 90));
    assert_eq!(spec.required_credentials(), ["clientId", "clientSecret", "orgId"]);
    assert_eq!(spec.polls[0].every().as_secs(), 30);
    assert_eq!(
        spec.webhooks[0].handshake.as_ref().map(|h| h.query_parameter.as_str()),
        Some("validationToken")
    );
}

/// One line of the file above is replaced; the error has to name that line and say `said`.
fn check(line: &str, broken: &str, said: &str) {
    let at =
        SALESFORCE_LIKE.lines().position(|l| l.trim_start().starts_with(line)).expect("the line is there");
    let text = SALESFORCE_LIKE.replacen(SALESFORCE_LIKE.lines().nth(at).unwrap(), broken, 1);
    let error = AdapterSpec::parse(&text, "adapter.yaml").expect_err(broken);
    assert!(error.message.contains(said), "{broken}: {}", error.message);
    assert_eq!(error.line, at + 1, "{broken}: {error}");
    assert!(error.to_string().starts_with(&format!("line {}, column ", at + 1)), "{error}");
}

#[test]
fn errors_name_their_line() {
    check("kind:", "kind: erpp", "unknown variant");
    check("title:", "titel: A CRM", "titel");
    check("limits:", "limits: {concurrency: many}", "invalid");
    check("limits:", "limits: {concurrency: 0}", "1 or more");
    check("limits:", "limits: {timeout: soon}", "no duration");
    check("headers:", "headers: {x-tenant: '{credential.orgId}'}", "nothing is named");
    check("headers:", "headers: {'x tenant': a}", "no header name");
    check("- {status: 403", "    - {status: 7xx, class: rate-limit}", "no status");
    check("- {status: 403", "    - {status: 403, class: rate-limits}", "unknown variant");
    check("- {name: opp", "  - {name: o, function: f, every: 0s}", "never rest");
}

#[test]
fn errors_within_a_scheme_are_said() {
    let check = |auth: &str, said: &str| {
        let text = format!("product: p\nkind: erp\nauth: {auth}\n");
        let error = AdapterSpec::parse(&text, "adapter.yaml").expect_err(auth);
        assert!(error.message.contains(said), "{auth}: {}", error.message);
        assert_eq!(error.line, 3, "{auth}: {error}");
    };
    check("{scheme: oauth1}", "unknown variant");
    check("{scheme: oauth2-jwt-bearer, tokenUrl: /t}", "assertion");
    check("{scheme: basic, user: x}", "user");
    check("{scheme: oauth2-client-credentials, tokenUrl: '{x}'}", "nothing is named");
    let claims =
        "{scheme: oauth2-jwt-bearer, tokenUrl: /t, assertion: {algorithm: RS256, claims: {iss: '{nobody}'}}}";
    check(claims, "nothing is named");
    check("{scheme: oauth2-jwt-bearer, tokenUrl: /t, assertion: {algorithm: HS256, claims: {}}}", "HS256");
}

#[test]
fn no_text_makes_the_parser_panic() {
    for cut in 0..SALESFORCE_LIKE.len() {
        let _ = AdapterSpec::parse(&SALESFORCE_LIKE[..cut], "adapter.yaml");
    }
    for bad in ["", "[]", "\u{0}", "&a [*a]", "{{{{{{", "product: [", "- - - -", "? : ?"] {
        assert!(AdapterSpec::parse(bad, "adapter.yaml").is_err(), "{bad}");
    }
}
