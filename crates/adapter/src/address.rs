//! Where a request goes. Credentials must not leak, so a URI that leads elsewhere than the adapter allows is refused.

use url::Url;

use crate::fault::{Fault, FaultClass};
use crate::spec::HostSpec;

/// An address a request may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) url: Url,
    /// The system's credentials go along.
    pub(crate) trusted: bool,
}

/// Reads a base URL: absolute, http or https, without query or fragment.
pub(crate) fn base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{text:?} is no URL: {error}"))?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
        Ok(url)
    } else {
        Err(format!("{text:?} is no base URL: it is http(s)://host[:port][/path]"))
    }
}

/// Resolves a request's URI. A relative one is put behind the base URL as it is, path and all, so that a system behind a
/// gateway's prefix works.
pub(crate) fn resolve(base: &Url, uri: &str, hosts: &[HostSpec]) -> Result<Address, Fault> {
    let refuse = |said: String| Fault::not_sent(FaultClass::Value, said);
    let lower = uri.get(..8).unwrap_or(uri).to_ascii_lowercase();
    let absolute = lower.starts_with("http://") || lower.starts_with("https://");
    let text = if absolute {
        uri.to_owned()
    } else {
        format!("{}/{}", base.as_str().trim_end_matches('/'), uri.trim_start_matches('/'))
    };
    let url = Url::parse(&text).map_err(|error| refuse(format!("the URI can't be read: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("the URI holds credentials; those belong to the system".to_owned()));
    }
    if url.origin() == base.origin() {
        return Ok(Address { url, trusted: true });
    }
    let host = url.host_str().unwrap_or_default();
    let secure = url.scheme() == "https" || base.scheme() == "http";
    match hosts.iter().find(|spec| secure && host_matches(&spec.host, host)) {
        Some(spec) => Ok(Address { trusted: spec.credentials, url }),
        None => Err(refuse(format!(
            "the URI leads to {}, which is neither the system's host nor one its adapter allows",
            url.origin().ascii_serialization()
        ))),
    }
}

/// Whether a host is the named one, or lies under `*.domain`.
pub(crate) fn host_matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => host.len().checked_sub(domain.len() + 1).is_some_and(|dot| {
            host.as_bytes().get(dot) == Some(&b'.') && host[dot + 1..].eq_ignore_ascii_case(domain)
        }),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, want: Result<(&str, bool), &str>) {
        let base = base("https://erp.example.com/gateway/").unwrap();
        let hosts = [
            HostSpec { host: "*.files.example.net".to_owned(), credentials: false },
            HostSpec { host: "login.example.com".to_owned(), credentials: true },
        ];
        match (resolve(&base, uri, &hosts), want) {
            (Ok(got), Ok((url, trusted))) => assert_eq!((got.url.as_str(), got.trusted), (url, trusted)),
            (Err(got), Err(said)) => assert!(got.message.contains(said), "{uri}: {}", got.message),
            (got, want) => panic!("{uri}: {got:?}, not {want:?}"),
        }
    }

    #[test]
    fn addresses_stay_with_the_system() {
        check(
            "/record/v1/customer?x=1",
            Ok(("https://erp.example.com/gateway/record/v1/customer?x=1", true)),
        );
        check("record v1", Ok(("https://erp.example.com/gateway/record%20v1", true)));
        check("https://erp.example.com/next?page=2", Ok(("https://erp.example.com/next?page=2", true)));
        check("HTTPS://ERP.EXAMPLE.COM/x", Ok(("https://erp.example.com/x", true)));
        check("https://login.example.com/t", Ok(("https://login.example.com/t", true)));
        check("https://a.files.example.net/up", Ok(("https://a.files.example.net/up", false)));
        check("//evil.example/x", Ok(("https://erp.example.com/gateway/evil.example/x", true)));
        check("http://erp.example.com/x", Err("leads to http://erp.example.com"));
        check("https://erp.example.com:8443/x", Err("leads to"));
        check("https://erp.example.com.evil.example/x", Err("leads to"));
        check("https://evilfiles.example.net/x", Err("leads to"));
        check("http://a.files.example.net/x", Err("leads to"));
        check("https://user:pw@erp.example.com/x", Err("holds credentials"));
        check("https://[::1", Err("can't be read"));
    }

    #[test]
    fn a_base_url_is_absolute_and_bare() {
        for bad in ["erp.example.com", "ftp://x", "https://x?y=1", "https://u@x", "https://x#f", "mailto:a@b"]
        {
            assert!(base(bad).is_err(), "{bad}");
        }
        assert!(base("https://localhost:1234").is_ok());
    }
}
