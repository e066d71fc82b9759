//! Encrypted connections to the emulator, with certificates of an authority made for the test.
//!
//! Cases:
//!
//! * an authority that was added is trusted, over HTTP/1.1; everything works as without encryption;
//! * an unknown authority and a certificate for another name are refused with help, and nothing of the request leaves this machine;
//! * a plain HTTP server on the port of an encrypted one;
//! * plain HTTP to anything but this machine is refused before a connection is made;
//! * a redirect from an encrypted to a plain address is not followed.
//!
//! Not simulated: expired certificates, revocation, client certificates.
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use koofr_api::{KoofrRemote, auth::Credentials};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use remote_core::{
    error::{Effect, ErrorKind, report},
    http::HttpSettings,
    operation::WriteOptions,
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tests::{
    koofr::{Bench, path},
    patience::{client_with, impatient},
    raw::RawServer,
};
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// An encrypted front of a server that listens on a loopback address.
struct Front {
    port: u16,
    root: String,
    /// Bytes that came out of the encryption, in both directions of all connections.
    decrypted: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Front {
    async fn start(upstream: &str, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let decrypted = Arc::new(AtomicUsize::new(0));
        let (counter, upstream) = (
            Arc::clone(&decrypted),
            upstream.trim_start_matches("http://").to_owned(),
        );
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, counter, upstream) =
                    (acceptor.clone(), Arc::clone(&counter), upstream.clone());
                tokio::spawn(async move {
                    let Ok(mut inside) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut first = [0; 1];
                    if inside.read_exact(&mut first).await.is_err() {
                        return;
                    }
                    counter.fetch_add(1, Ordering::SeqCst);
                    let mut outside = TcpStream::connect(upstream).await.unwrap();
                    tokio::io::AsyncWriteExt::write_all(&mut outside, &first)
                        .await
                        .unwrap();
                    drop(tokio::io::copy_bidirectional(&mut inside, &mut outside).await);
                });
            }
        });
        Self {
            port,
            root: authority.pem(),
            decrypted,
            task,
        }
    }

    fn remote(&self, bench: &Bench, settings: &HttpSettings) -> KoofrRemote {
        let service = bench.service();
        let credentials = Credentials::basic(service.user(), service.password());
        let url = format!("https://localhost:{}", self.port);
        KoofrRemote::builder(client_with(&url, credentials, settings)).build()
    }

    fn got_requests(&self) -> bool {
        self.decrypted.load(Ordering::SeqCst) > 0
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_was_added_is_trusted() {
    let bench = Bench::start().await;
    let front = Front::start(bench.service().url(), "localhost").await;
    let settings = impatient().with_extra_root(front.root.clone());
    let remote = front.remote(&bench, &settings);
    let content = vec![7_u8; 1 << 20];
    remote
        .write_bytes(&path("d/f"), content.clone(), WriteOptions::default())
        .await
        .unwrap();
    assert_eq!(
        remote.read_bytes(&path("d/f"), 1 << 20).await.unwrap(),
        content
    );
    assert!(front.got_requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_authority_gets_no_request() {
    let bench = Bench::start().await;
    let front = Front::start(bench.service().url(), "localhost").await;
    let remote = front.remote(&bench, &impatient());
    let error = remote
        .write_bytes(&path("f"), "secret content", WriteOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Transport, Effect::NotMade)
    );
    let text = report(&error);
    assert!(
        text.contains("certificate") && text.contains("extra root"),
        "{text}"
    );
    assert!(
        text.contains(&format!("localhost:{}", front.port)),
        "{text}"
    );
    assert!(!front.got_requests());
    assert_eq!(bench.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_gets_no_request() {
    let bench = Bench::start().await;
    let front = Front::start(bench.service().url(), "other.example").await;
    let settings = impatient().with_extra_root(front.root.clone());
    let error = front
        .remote(&bench, &settings)
        .stat(&RemotePath::root())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(report(&error).contains("certificate"), "{}", report(&error));
    assert!(!front.got_requests());
}

#[tokio::test]
async fn a_server_without_encryption_is_told() {
    let bench = Bench::start().await;
    let url = bench.service().url().replace("http://", "https://");
    let client = client_with(&url, Credentials::basic("u", "p"), &impatient());
    let error = KoofrRemote::builder(client)
        .build()
        .stat(&RemotePath::root())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(bench.requests(), 0);
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_before_a_connection_is_made() {
    // A name that no resolver knows, and an address for documentation: neither is asked.
    for url in ["http://koofr.invalid", "http://192.0.2.1:1"] {
        let client = client_with(url, Credentials::basic("u", "p"), &impatient());
        let remote = KoofrRemote::builder(client).build();
        let error = remote.stat(&RemotePath::root()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{url}: {error:?}");
        assert!(report(&error).contains("https"), "{}", report(&error));
        assert_eq!(remote.request_count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_does_not_lead_out_of_the_encryption() {
    let plain = RawServer::serving(|_| panic!("nothing comes here")).await;
    let location = plain.url();
    let server = RawServer::serving(move |_| {
        format!("HTTP/1.1 302 Found\r\nlocation: {location}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
    })
    .await;
    let bench = Bench::start().await;
    let front = Front::start(&server.url(), "localhost").await;
    let settings = impatient().with_extra_root(front.root.clone());
    let error = front
        .remote(&bench, &settings)
        .stat(&RemotePath::root())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(plain.connections(), 0);
}
