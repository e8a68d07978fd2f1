//! What browsers get.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use tig_plugin_api::prelude::*;

use crate::files::FILES;
use crate::reply;

fn get(path: &str, headers: &[(&str, &str)]) -> HttpReply {
    let headers = headers.iter();
    reply(&HttpRequest {
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: String::new(),
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        peer: "127.0.0.1:1".to_owned(),
        body: Vec::new(),
    })
}

fn header<'a>(reply: &'a HttpReply, name: &str) -> Option<&'a str> {
    let mut headers = reply.headers.iter();
    let found = headers.find(|(header, _)| header == name);
    found.map(|(_, value)| value.as_str())
}

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn files_have_types_and_guards() {
    for file in FILES {
        let reply = get(file.path, &[]);
        assert_eq!(reply.status, 200, "{}", file.path);
        assert_eq!(reply.body, file.content);
        assert_eq!(reply.content_type, file.content_type);
        assert_eq!(header(&reply, "X-Content-Type-Options"), Some("nosniff"));
        let policy = header(&reply, "Content-Security-Policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&reply, "Referrer-Policy"), Some("no-referrer"));
    }
}

#[test]
fn file_of_the_browser_is_not_sent_twice() {
    let first = get("/operator/", &[]);
    let tag = header(&first, "ETag").unwrap();
    let again = get("/operator/", &[("if-none-match", tag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(header(&again, "ETag"), Some(tag));
    let other = get("/operator/assets/style.css", &[("if-none-match", tag)]);
    assert_eq!(other.status, 200);
}

#[test]
fn unknown_file_is_not_found() {
    for path in ["/operator/assets/none.js", "/operator/assets/..%2flib.rs"] {
        let reply = get(path, &[]);
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(header(&reply, "X-Content-Type-Options"), Some("nosniff"));
    }
}

#[test]
fn path_without_slash_leads_to_the_page() {
    let reply = get("/operator", &[]);
    assert_eq!(reply.status, 308);
    assert_eq!(header(&reply, "Location"), Some("/operator/"));
}

/// A file that is not listed would be missing in the browser only.
#[test]
fn every_file_of_the_page_is_served() {
    let served: BTreeSet<&str> = FILES.iter().map(|file| file.path).collect();
    for entry in fs::read_dir(folder("page")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = match name.as_str() {
            "index.html" => "/operator/".to_owned(),
            _ => format!("/operator/assets/{name}"),
        };
        assert!(served.contains(path.as_str()), "{path}");
    }
}

#[test]
fn page_has_no_inline_code_and_no_foreign_address() {
    for file in FILES {
        let is_ours = !file.path.contains("uPlot");
        let Ok(text) = std::str::from_utf8(file.content) else {
            continue;
        };
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!text.contains(word), "{}: {word}", file.path);
        }
        if is_ours {
            for word in ["https://", " style=\"", "onclick=\"", "<style"] {
                assert!(!text.contains(word), "{}: {word}", file.path);
            }
        }
    }
}

#[test]
fn vendored_files_have_the_stated_hashes() {
    let table = fs::read_to_string(folder("vendor/README.md")).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| uplot/"));
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let content = fs::read(folder("vendor").join(cells[1])).unwrap();
        let hash = hex::encode(Sha256::digest(&content));
        assert_eq!(cells.iter().rev().nth(1), Some(&hash.as_str()), "{row}");
        count += 1;
    }
    assert_eq!(count, 2);
    let licence = fs::read_to_string(folder("vendor/uplot/LICENSE")).unwrap();
    assert!(licence.contains("MIT License"));
}
