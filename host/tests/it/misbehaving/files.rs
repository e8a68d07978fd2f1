//! Files that are no plugin, or none for this host.

use super::{Scene, doctored, file};
use crate::support::with_version;

async fn refused(bytes: &[u8], reason: &str) {
    Scene::new().refuses(bytes, reason).await;
}

async fn refused_when_cut_at(percent: usize) {
    let whole = with_version("misbehaving", "0.1.1");
    refused(&whole[..whole.len() * percent / 100], "cut short").await;
}

#[tokio::test]
async fn a_file_cut_at_1_percent() {
    refused_when_cut_at(1).await;
}

#[tokio::test]
async fn a_file_cut_at_10_percent() {
    refused_when_cut_at(10).await;
}

#[tokio::test]
async fn a_file_cut_at_50_percent() {
    refused_when_cut_at(50).await;
}

#[tokio::test]
async fn a_file_cut_at_80_percent() {
    refused_when_cut_at(80).await;
}

#[tokio::test]
async fn a_file_cut_at_95_percent() {
    refused_when_cut_at(95).await;
}

#[tokio::test]
async fn a_file_cut_at_99_percent() {
    refused_when_cut_at(99).await;
}

#[tokio::test]
async fn an_empty_file() {
    refused(b"", "not a 64-bit ELF file").await;
}

#[tokio::test]
async fn a_text_file() {
    refused(b"#!/bin/sh\necho no plugin\n", "not a 64-bit ELF file").await;
}

#[tokio::test]
async fn a_file_with_a_zeroed_middle() {
    let mut bytes = with_version("misbehaving", "0.1.1");
    // Headers, manifest and section table stay whole; most of the code and what is needed to relocate it is gone.
    let (start, end) = (bytes.len() / 8, bytes.len() * 5 / 8);
    bytes[start..end].fill(0);
    refused(&bytes, "cannot be loaded").await;
}

#[tokio::test]
async fn a_plugin_of_a_later_api() {
    refused(&file("of_another_api"), "upgrade the host").await;
}

/// Its manifest is doctored: that is what a build with `panic = "abort"` says of itself, and all that the host goes by.
#[tokio::test]
async fn a_plugin_built_with_panic_abort() {
    let whole = with_version("misbehaving", "0.1.1");
    let aborting = doctored(whole, r#""panic":"unwind""#, r#""panic":"abort" "#);
    refused(&aborting, "build it with panic=unwind").await;
}

/// One field of the contract has another name in it, as if the SDK had changed.
#[tokio::test]
async fn a_plugin_with_another_binary_layout() {
    let whole = with_version("misbehaving", "0.1.1");
    let other = doctored(whole, "redelivered", "redelivereX");
    refused(&other, "binary interface differs").await;
}

#[tokio::test]
async fn a_plugin_without_a_root_module() {
    let whole = with_version("misbehaving", "0.1.1");
    let rootless = doctored(whole, "TIG_EXTENSION_ROOT", "TIG_EXTENSION_R00T");
    refused(&rootless, "no root module").await;
}

#[tokio::test]
async fn a_library_without_a_manifest() {
    let whole = with_version("misbehaving", "0.1.1");
    let library = doctored(whole, ".tigplug", ".tigplum");
    refused(&library, "no manifest").await;
}

#[tokio::test]
async fn a_plugin_whose_manifest_is_no_json() {
    let whole = with_version("misbehaving", "0.1.1");
    let damaged = doctored(whole, r#"{"name":"misb"#, r#"{"name";"misb"#);
    refused(&damaged, "manifest is damaged").await;
}

#[tokio::test]
async fn a_plugin_of_another_processor() {
    let mut bytes = with_version("misbehaving", "0.1.1");
    // The field `e_machine` of the ELF header; 8 is MIPS.
    bytes[18] = 8;
    refused(&bytes, "another processor").await;
}
