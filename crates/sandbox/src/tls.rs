//! A certificate authority for tests, and the certificate with which the simulators serve.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::Error;

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The file a client trusts.
pub(crate) fn ca_file(folder: &Path) -> PathBuf {
    folder.join("ca.pem")
}

/// The server's configuration, from the folder, where the certificates are made once and kept.
pub(crate) fn server(folder: &Path) -> Result<Arc<ServerConfig>, Error> {
    let (certificate, key) = (folder.join("server.pem"), folder.join("server-key.pem"));
    if !(ca_file(folder).exists() && certificate.exists() && key.exists()) {
        make(folder, &certificate, &key)?;
    }
    let damaged = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Pem { path, source }
    };
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(&certificate).map_err(damaged(&certificate))?.collect();
    let chain = chain.map_err(damaged(&certificate))?;
    let key = PrivateKeyDer::from_pem_file(&key).map_err(damaged(&key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

/// Long, so that a folder kept for years still serves.
fn limit(params: &mut CertificateParams) {
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 12, 31);
}

fn make(folder: &Path, certificate: &Path, key: &Path) -> Result<(), Error> {
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::new(Vec::<String>::new())?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    ca.distinguished_name.push(DnType::CommonName, "Throughline sandbox test authority");
    limit(&mut ca);
    let ca_certificate = ca.self_signed(&ca_key)?;
    let issuer = Issuer::new(ca, ca_key);

    let server_key = KeyPair::generate()?;
    let mut server = CertificateParams::new(NAMES.map(str::to_owned))?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.use_authority_key_identifier_extension = true;
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    limit(&mut server);
    let server_certificate = server.signed_by(&server_key, &issuer)?;

    let write = |path: &Path, text: String| {
        std::fs::write(path, text).map_err(|source| Error::File { path: path.to_owned(), source })
    };
    write(certificate, server_certificate.pem())?;
    write(key, server_key.serialize_pem())?;
    write(&ca_file(folder), ca_certificate.pem())
}

/// A client that trusts the sandbox's own authority.
pub(crate) fn client(folder: &Path) -> Result<rustls::ClientConfig, Error> {
    let path = ca_file(folder);
    let ca = CertificateDer::from_pem_file(&path).map_err(|source| Error::Pem { path, source })?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
