//! Who may use the listener, and how.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::{Certificate, Client, StatusCode};
use serde_json::{Value, json};

use crate::support::{Home, HostProcess};

const TOKEN: &str = "0123456789abcdef";

fn home(access: &Value) -> Home {
    let home = Home::new();
    std::fs::write(home.path("token"), format!("{TOKEN}\n")).unwrap();
    let mut config = home.config();
    config["access"] = access.clone();
    home.write_config(&config);
    home
}

async fn status(host: &HostProcess, path: &str, token: Option<&str>) -> StatusCode {
    let mut request = Client::new().get(format!("{}{path}", host.url()));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn a_token_opens_the_routes() {
    let home = home(&json!({ "token_file": "token" }));
    let host = home.start();
    assert_eq!(status(&host, "/total", None).await, 401);
    assert_eq!(status(&host, "/total", Some("0123456789abcdee")).await, 401);
    assert_eq!(status(&host, "/total", Some(TOKEN)).await, 200);
    assert_eq!(status(&host, "/nothing", Some(TOKEN)).await, 404);
    assert!(!home.log().contains(TOKEN), "the token is not logged");
}

#[tokio::test]
async fn a_token_can_guard_some_routes_only() {
    let home = home(&json!({ "token_file": "token", "prefixes": ["/total"] }));
    let host = home.start();
    assert_eq!(status(&host, "/total", None).await, 401);
    assert_eq!(status(&host, "/seen", None).await, 200);
}

#[tokio::test]
async fn networks_that_are_not_listed_are_refused() {
    let elsewhere = home(&json!({ "allow": ["10.0.0.0/8"] }));
    assert_eq!(status(&elsewhere.start(), "/total", None).await, 403);
    let here = home(&json!({ "allow": ["10.0.0.0/8", "127.0.0.0/8"] }));
    assert_eq!(status(&here.start(), "/total", None).await, 200);
}

#[test]
fn faults_of_the_edge_are_faults_of_the_config() {
    let home =
        home(&json!({ "token_file": "nowhere", "allow": ["10.0.0/8"], "prefixes": ["total"] }));
    let mut config: Value =
        serde_json::from_slice(&std::fs::read(home.path("config.json")).unwrap()).unwrap();
    std::fs::write(home.path("cert.pem"), "no certificate").unwrap();
    config["tls"] = json!({ "cert_file": "cert.pem", "key_file": "key.pem" });
    home.write_config(&config);
    let ran = home.tig_host(&["check", "config.json"]);
    assert_eq!(ran.code, Some(3));
    for part in [
        "access.token_file: cannot read ",
        "access.allow[0]: \"10.0.0/8\" is not a network",
        "access.prefixes[0]: \"total\" does not begin with /",
        "tls.cert_file: cannot read ",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in {}", ran.stdout);
    }
}

#[test]
fn an_open_listener_beyond_this_machine_is_warned_of() {
    let home = Home::new();
    let mut config = home.config();
    config["bind"] = json!("0.0.0.0");
    home.write_config(&config);
    let _host = home.start();
    home.wait_for_log(&["WARN", "set `access.allow` or `access.token_file`"]);
}

/// Writes a new certificate and its key, and returns the certificate.
pub(crate) fn new_certificate(home: &Home) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(home.path("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(home.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.pem()
}

/// Whether a client that trusts this certificate only gets an answer.
async fn trusts(certificate: &str, port: &str) -> bool {
    let client = Client::builder()
        .tls_built_in_root_certs(false)
        .add_root_certificate(Certificate::from_pem(certificate.as_bytes()).unwrap())
        .build()
        .unwrap();
    let answer = client.get(format!("https://localhost:{port}/total")).send();
    answer.await.is_ok_and(|answer| answer.status() == 200)
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_after_sighup() {
    let home = Home::new();
    let old = new_certificate(&home);
    let mut config = home.config();
    config["tls"] = json!({ "cert_file": "cert.pem", "key_file": "key.pem" });
    home.write_config(&config);
    let host = home.start();
    let port = host.url().rsplit_once(':').unwrap().1.to_owned();
    assert!(trusts(&old, &port).await);
    let new = new_certificate(&home);
    host.signal(rustix::process::Signal::HUP);
    home.wait_for_log(&["config and extensions were read again"]);
    assert!(trusts(&new, &port).await);
    assert!(!trusts(&old, &port).await);
}

#[tokio::test]
async fn tls_is_spoken_where_the_config_says_so() {
    let home = Home::new();
    let certificate = new_certificate(&home);
    let mut config = home.config();
    config["tls"] = json!({ "cert_file": "cert.pem", "key_file": "key.pem" });
    home.write_config(&config);
    let host = home.start();

    let address = host.url().trim_start_matches("https://");
    let port = address.rsplit_once(':').unwrap().1;
    // One who connects and stays silent, and one who does not speak TLS, keep nobody out.
    let _silent = TcpStream::connect(address).unwrap();
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET /total HTTP/1.1\r\n\r\n").unwrap();
    assert!(trusts(&certificate, port).await);
    let mut rest = Vec::new();
    // An alert or a reset, but no answer.
    let _ = plain.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP"));
}
