//! The HTTPS proxy, as a program with compiled-in addresses sees it.

use std::sync::Arc;

use remote_emulator::Emulator;
use remote_emulator::jotta::JottaConfig;
use remote_emulator::proxy::ProxyHandle;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::client::{Request, Server, order};
use crate::wire::{self, Response};

async fn start() -> Server {
    let loopback = "127.0.0.1:0".parse().unwrap();
    Server::build(
        Emulator::builder()
            .jotta(JottaConfig::default())
            .proxy(loopback),
    )
    .await
}

async fn ask(proxy: &ProxyHandle, head: &str) -> (TcpStream, Response) {
    let address = proxy.url().strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // An established tunnel has no body, which is what the reader makes of a HEAD request.
    let method = if head.starts_with("CONNECT") {
        "HEAD"
    } else {
        "GET"
    };
    let response = wire::read(&mut stream, method).await.unwrap();
    (stream, response)
}

async fn tunnel(proxy: &ProxyHandle, host: &str, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
    let (stream, response) = ask(
        proxy,
        &format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n"),
    )
    .await;
    assert_eq!(response.status, 200, "{host}");
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(proxy.authority_pem().as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap()
}

async fn send(server: &Server, host: &str, request: Request) -> Response {
    let mut stream = tunnel(server.emulator.proxy(), host, &[]).await;
    let request = server.signed(request);
    stream.write_all(&request.bytes(host)).await.unwrap();
    wire::read(&mut stream, &request.method).await.unwrap()
}

#[tokio::test]
async fn every_real_host_is_answered_for_with_a_certificate_that_holds() {
    let server = start().await;
    for host in [
        "jfs.jottacloud.com",
        "api.jottacloud.com",
        "id.jottacloud.com",
        "www.jottacloud.com",
        "up-no-001.jottacloud.com",
        "mediamarkt.jottacloud.com",
        "jottacloud.com",
        "cloud.elkjop.no",
        "letsgo.jotta.cloud",
        "mittcloud-auth.tele2.se",
    ] {
        let answer = send(&server, host, Request::new("GET", "/account/v1/customer")).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    // The same log as that of the plain address.
    assert_eq!(server.jotta().log().count("GET", "account/customer"), 10);
}

#[tokio::test]
async fn upload_addresses_are_on_the_host_the_client_knows() {
    let server = start().await;
    let wanted = order("/Jotta/Archive/a", b"hello");
    let request = Request::new("POST", "/files/v1/allocate").body(wanted.to_string());
    let allocated = send(&server, "api.jottacloud.com", request).await.json();
    let url = allocated["upload_url"].as_str().unwrap();
    let path = url
        .strip_prefix("https://up-no-001.jottacloud.com")
        .unwrap();
    let upload = Request::new("POST", path).body("hello");
    assert_eq!(
        send(&server, "up-no-001.jottacloud.com", upload)
            .await
            .status,
        200
    );
    assert_eq!(server.get("/Jotta/Archive/a?mode=bin").await.body, b"hello");
    let discovery = Request::new(
        "GET",
        "/auth/realms/jottacloud/.well-known/openid-configuration",
    );
    let discovery = send(&server, "id.jottacloud.com", discovery).await.json();
    let endpoint = discovery["token_endpoint"].as_str().unwrap();
    assert!(
        endpoint.starts_with("https://id.jottacloud.com/"),
        "{endpoint}"
    );
}

#[tokio::test]
async fn nothing_leads_outside() {
    let server = start().await;
    let proxy = server.emulator.proxy();
    for (head, status) in [
        ("CONNECT example.com:443 HTTP/1.1\r\n\r\n", 502),
        ("CONNECT jfs.jottacloud.com:80 HTTP/1.1\r\n\r\n", 502),
        ("CONNECT jfs.jottacloud.com HTTP/1.1\r\n\r\n", 400),
        ("GET http://jfs.jottacloud.com/jfs/ HTTP/1.1\r\n\r\n", 405),
        ("nonsense\r\n\r\n", 400),
    ] {
        assert_eq!(ask(proxy, head).await.1.status, status, "{head}");
    }
    assert_eq!(proxy.refused_hosts(), ["example.com"]);
}

#[tokio::test]
async fn a_head_without_end_is_not_read_for_ever() {
    let server = start().await;
    let head = format!(
        "CONNECT jfs.jottacloud.com:443 HTTP/1.1\r\nX: {}",
        "x".repeat(20_000)
    );
    assert_eq!(ask(server.emulator.proxy(), &head).await.1.status, 400);
}

const BOTH: [&[u8]; 2] = [b"h2", b"http/1.1"];

#[tokio::test]
async fn http_2_is_spoken_when_it_is_offered() {
    let loopback = "127.0.0.1:0".parse().unwrap();
    let builder = Emulator::builder().jotta(JottaConfig::default());
    let server = Server::build(builder.proxy(loopback).proxy_http2(true)).await;
    let stream = tunnel(server.emulator.proxy(), "api.jottacloud.com", &BOTH).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(BOTH[0]));
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let wanted = order("/Jotta/Archive/a", b"hello").to_string();
    let request = http::Request::post("https://api.jottacloud.com/files/v1/allocate")
        .header("authorization", format!("Bearer {}", server.token))
        .body(())
        .unwrap();
    let (answer, mut body) = client.send_request(request, false).unwrap();
    body.send_data(wanted.into(), true).unwrap();
    let mut answer = answer.await.unwrap().into_body();
    let allocated = answer.data().await.unwrap().unwrap();
    let allocated: serde_json::Value = serde_json::from_slice(&allocated).unwrap();
    // The host came with the address.
    let url = allocated["upload_url"].as_str().unwrap();
    assert!(
        url.starts_with("https://up-no-001.jottacloud.com/"),
        "{url}"
    );
    connection.abort();
}

#[tokio::test]
async fn http_2_is_not_offered_unless_asked_for() {
    let server = start().await;
    let stream = tunnel(server.emulator.proxy(), "api.jottacloud.com", &BOTH).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(BOTH[1]));
}
