//! An authority and a certificate for all hosts, made anew at every start.

use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PublicKeyData,
};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What can be spoken inside the tunnels.
pub(crate) const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

pub(crate) struct Certificates {
    pub(crate) authority_pem: String,
    pub(crate) acceptor: TlsAcceptor,
    /// The SHA-256 of the public key the hosts' certificate is for, in base64.
    pub(crate) key_pin: String,
}

/// Makes an authority, and a certificate of it for all these names.
pub(crate) fn make<'n>(
    names: impl Iterator<Item = &'n str>,
    http2: bool,
) -> io::Result<Certificates> {
    let names: Vec<String> = names.map(str::to_owned).collect();
    let authority = authority().map_err(io::Error::other)?;
    let authority_pem = authority.pem();
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut config = server_config(names, &key, &authority)?;
    let offered = [http2.then_some(HTTP2), Some(HTTP1)];
    config.alpn_protocols = offered.into_iter().flatten().map(<[u8]>::to_vec).collect();
    Ok(Certificates {
        authority_pem,
        key_pin: STANDARD.encode(Sha256::digest(key.subject_public_key_info())),
        acceptor: TlsAcceptor::from(Arc::new(config)),
    })
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let name = "remote-emulator authority";
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn server_config(
    names: Vec<String>,
    key: &KeyPair,
    authority: &CertifiedIssuer<'_, KeyPair>,
) -> io::Result<ServerConfig> {
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let name = "remote-emulator";
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.signed_by(key, authority).map_err(io::Error::other)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .map_err(io::Error::other)
}
