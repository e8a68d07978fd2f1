//! Pages in the browser of an operator: they reach the host from its own machine, and may not use it.

use tig_system_tests::request;

use crate::support::LoneHost;

const PARDON: &[u8] = br#"{"slave":"nobody"}"#;

/// A page of another site, of another port of this machine, and one that hides where it is from.
const PAGES: [&[(&str, &str)]; 4] = [
    &[
        ("Origin", "https://evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
    ],
    &[
        ("Origin", "http://127.0.0.1:3000"),
        ("Sec-Fetch-Site", "same-site"),
    ],
    &[("Origin", "null")],
    &[
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "no-cors"),
    ],
];

#[test]
fn pages_of_other_sites_change_nothing() {
    let host = LoneHost::start(|_| {});
    for headers in PAGES {
        for (method, path, body) in [
            ("POST", "/pardon-slave", PARDON),
            ("POST", "/submit-batch-error/1_0", b"{}"),
            ("GET", "/get-batches", b""),
            ("GET", "/metrics", b""),
        ] {
            let answer = request(&host.address, method, path, headers, body).unwrap();
            assert_eq!(answer.status, 403, "{headers:?} {path}");
        }
    }
}

/// The page's own name was made to point to this machine, so that to the browser nothing is foreign.
#[test]
fn a_rebound_name_gives_no_orders() {
    let host = LoneHost::start(|_| {});
    let port = host.address.rsplit_once(':').unwrap().1;
    let (name, origin) = (
        format!("evil.example:{port}"),
        format!("http://evil.example:{port}"),
    );
    let headers = [
        ("Host", name.as_str()),
        ("Origin", &origin),
        ("Sec-Fetch-Site", "same-origin"),
    ];
    let status = |method, path, body| {
        let answer = request(&host.address, method, path, &headers, body);
        answer.unwrap().status
    };
    assert_eq!(status("POST", "/pardon-slave", PARDON), 403);
    assert_eq!(status("GET", "/metrics", &[]), 403);
}

#[test]
fn programs_and_links_are_answered() {
    let host = LoneHost::start(|_| {});
    let status = |method, path, headers: &[(&str, &str)], body| {
        let answer = request(&host.address, method, path, headers, body);
        answer.unwrap().status
    };
    // Slaves that know the host by a name.
    let named = [("Host", "master.lan:5115"), ("User-Agent", "slave")];
    assert_ne!(status("GET", "/get-batches", &named, &[]), 403);
    assert_ne!(
        status("POST", "/submit-batch-error/1_0", &named, b"{}"),
        403
    );
    // A link on a page of the operator's, and an address that was typed.
    for site in ["cross-site", "none"] {
        let link = [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "navigate")];
        assert_eq!(status("GET", "/jobs", &link, &[]), 200);
    }
    assert_eq!(status("POST", "/pardon-slave", &[], PARDON), 404, "curl");
}
