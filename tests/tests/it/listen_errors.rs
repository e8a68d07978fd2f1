//! Addresses that cannot be listened on: one line that names the address, the cause and the remedy.

use std::net::TcpListener;
use std::process::Output;

use serde_json::{Value, json};
use tig_system_tests::Site;

use crate::support::{has_ipv6, one_challenge, patch_config, site};

/// What a host that is to listen there says when it ends.
fn run(site: &Site, bind: &str, port: u16) -> Output {
    site.write_config(&one_challenge(), "http://127.0.0.1:1", port)
        .unwrap();
    patch_config(site, |config| config["bind"] = json!(bind));
    site.host().output().unwrap()
}

#[track_caller]
fn ends(output: &Output, code: i32, parts: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("error")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    for part in parts {
        assert!(lines[0].contains(part), "no {part:?} in {said}");
    }
}

#[test]
fn a_port_in_use_ends_with_5() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let output = run(&site, "127.0.0.1", address.port());
    let address = address.to_string();
    ends(&output, 5, &[&address, "stop what uses the port"]);
}

#[test]
fn an_address_of_another_machine_ends_with_5() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&site(folder.path()), "192.0.2.1", 0);
    let parts = ["192.0.2.1:0", "set `bind` to an address of this machine"];
    ends(&output, 5, &parts);
}

#[test]
fn a_link_local_address_ends_with_5() {
    if !has_ipv6() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = run(&site(folder.path()), "fe80::1", 0);
    ends(&output, 5, &["[fe80::1]:0", "set `bind` to"]);
}

#[test]
fn a_text_that_is_not_an_address_ends_with_3() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    for (bind, part) in [
        ("localhost", "is not an IP address"),
        ("127.0.0.1:5115", "the port in `port`"),
        ("[::1]", "is in brackets"),
        ("fe80::1%eth0", "holds a zone"),
        ("", "is not an IP address"),
    ] {
        let output = run(&site, bind, 0);
        ends(&output, 3, &["bind: ", part]);
        let check = site.check().output().unwrap();
        assert_eq!(check.status.code(), Some(3), "{bind}");
        let output = String::from_utf8_lossy(&check.stdout);
        assert!(output.contains(part), "{output}");
    }
}

#[test]
fn port_0_takes_a_free_port_and_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    site.write_config(&one_challenge(), "http://127.0.0.1:1", 0)
        .unwrap();
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    let address = host.address().unwrap();
    let jobs: Value = tig_system_tests::get(&address, "/jobs")
        .unwrap()
        .json()
        .unwrap();
    assert!(jobs.is_object() || jobs.is_array(), "{jobs}");
}
