//! A reverse proxy on the host's machine: what it forwards comes from loopback, and does not count as of this machine.

use tig_system_tests::request;

use crate::support::LoneHost;

const PARDON: &[u8] = br#"{"slave":"nobody"}"#;

/// As nginx, Caddy, Apache, Envoy and others name the client.
const FORWARDING_HEADERS: [(&str, &str); 6] = [
    ("X-Forwarded-For", "203.0.113.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Real-IP", "203.0.113.7"),
    ("Forwarded", "for=203.0.113.7;proto=https"),
    ("Via", "1.1 proxy"),
    // A client can spoil the header, but not remove it.
    ("X-Forwarded-For", "\u{ff}\u{fe}, 203.0.113.7"),
];

#[test]
fn forwarded_requests_do_not_count_as_local() {
    let host = LoneHost::start(|_| {});
    for header in FORWARDING_HEADERS {
        let status = |method, path, body| {
            let answer = request(&host.address, method, path, &[header], body);
            answer.unwrap().status
        };
        assert_eq!(status("GET", "/metrics", &[]), 403, "{header:?}");
        assert_eq!(status("POST", "/pardon-slave", PARDON), 403, "{header:?}");
        // What is for everybody is for clients of a proxy too.
        assert_eq!(status("GET", "/jobs", &[]), 200, "{header:?}");
        assert_ne!(status("GET", "/get-batches", &[]), 403, "{header:?}");
    }
}

#[test]
fn listed_networks_read_metrics_through_a_proxy() {
    let host = LoneHost::start(|config| {
        config["metrics"] = serde_json::json!({ "allow": ["127.0.0.0/8"] });
    });
    let headers = [("X-Forwarded-For", "203.0.113.7")];
    let answer = request(&host.address, "GET", "/metrics", &headers, &[]).unwrap();
    assert_eq!(answer.status, 200);
}
