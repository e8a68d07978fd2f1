//! A listener of IPv6 that takes clients of IPv4 too: each counts by its own address.

use serde_json::json;
use tig_system_tests::{get, post};

use crate::support::{LoneHost, has_ipv6};

/// The body that the route of a pardon takes; nobody of that name is in quarantine.
const PARDON: &[u8] = br#"{"slave":"nobody"}"#;

/// A host that listens on all addresses of both families; `None`, with a reason, on a machine without IPv6.
fn dual_stack_host(access: &[&str]) -> Option<(LoneHost, String)> {
    if !has_ipv6() {
        return None;
    }
    let host = LoneHost::start(|config| {
        config["bind"] = json!("::");
        config["access"] = json!({ "allow": access });
    });
    let port = host.address.rsplit_once(':').unwrap().1;
    let over_ipv4 = format!("127.0.0.1:{port}");
    Some((host, over_ipv4))
}

#[test]
fn this_machine_over_ipv4_is_this_machine() {
    let Some((_host, address)) = dual_stack_host(&[]) else {
        return;
    };
    assert_eq!(get(&address, "/metrics").unwrap().status, 200);
    // Not refused: it is only that there is nobody to pardon.
    assert_eq!(post(&address, "/pardon-slave", PARDON).unwrap().status, 404);
}

#[test]
fn networks_of_ipv4_admit_its_clients_over_ipv6() {
    for network in ["127.0.0.0/8", "::ffff:127.0.0.0/104"] {
        let Some((_host, address)) = dual_stack_host(&[network]) else {
            return;
        };
        assert_eq!(get(&address, "/jobs").unwrap().status, 200, "{network}");
        let port = address.rsplit_once(':').unwrap().1;
        let over_ipv6 = get(&format!("[::1]:{port}"), "/jobs").unwrap();
        assert_eq!(over_ipv6.status, 403, "{network}");
    }
}
