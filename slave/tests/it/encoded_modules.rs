//! Servers that compress modules, and servers that send something else in their place.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use tig_protocol::Batch;

use crate::fixture::{Slave, batch, computed, mini, until, until_accepted};
use crate::master::FakeMaster;

/// Decoded, this is longer than any module may be.
const BOMB_BYTES: usize = 64 << 20;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams::default();
    brotli::BrotliCompress(&mut &bytes[..], &mut encoded, &parameters).unwrap();
    encoded
}

/// Serves `bodies` by path, each with its encoding if it has one.
async fn serve(bodies: BTreeMap<&'static str, (&'static str, Vec<u8>)>) -> SocketAddr {
    let bodies = Arc::new(bodies);
    let answer = move |Path(name): Path<String>| {
        let found = bodies.get(name.as_str()).cloned();
        async move {
            match found {
                Some(("", body)) => body.into_response(),
                Some((encoding, body)) => {
                    ([(header::CONTENT_ENCODING, encoding)], body).into_response()
                }
                None => moved(&name),
            }
        }
    };
    let routes = Router::new().route("/{name}", get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    address
}

/// A redirect to itself.
fn moved(name: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, format!("/{name}"))]).into_response()
}

/// A job of its own for each name, with its own algorithm and URL.
fn job(master: &FakeMaster, server: SocketAddr, number: usize, name: &str) -> Batch {
    let mut batch = batch(master, &format!("job{number}"), &[]);
    batch.settings.algorithm_id = format!("c001_a{number}");
    batch.download_url = format!("http://{server}/{name}");
    batch
}

#[tokio::test]
async fn encoded_modules_are_decoded() {
    let (master, wasm) = (FakeMaster::start(), mini("mini/satisfiability"));
    let bodies = [
        ("br", brotli(&wasm)),
        ("deflate", deflate(&wasm)),
        ("gzip", gzip(&wasm)),
        ("zstd", zstd::encode_all(&wasm[..], 0).unwrap()),
    ];
    let names: Vec<&str> = bodies.iter().map(|(encoding, _)| *encoding).collect();
    let server = serve(
        bodies
            .map(|(encoding, body)| (encoding, (encoding, body)))
            .into(),
    )
    .await;
    let jobs: Vec<Batch> = names
        .iter()
        .enumerate()
        .map(|(number, name)| job(&master, server, number, name))
        .collect();
    master.serve(Vec::new(), &jobs);
    let slave = Slave::start(&master);
    until_accepted(&master, jobs.len()).await;
    slave.stop().await;
    for (number, (_, result)) in master.seen(|seen| seen.accepted.clone()).iter().enumerate() {
        let wanted = serde_json::to_value(computed(&jobs[number], &wasm)).unwrap();
        assert_eq!(*result, wanted, "{}", names[number]);
    }
}

#[tokio::test]
async fn what_is_served_in_place_of_a_module_is_named() {
    let (master, wasm) = (FakeMaster::start(), mini("mini/satisfiability"));
    let cases = [
        (
            "bomb",
            "gzip",
            gzip(&vec![0; BOMB_BYTES]),
            "longer than 16777216 bytes once decoded",
        ),
        ("compressed", "", gzip(&wasm), "the server sent a gzip file"),
        ("empty", "", Vec::new(), "the server sent an empty body"),
        (
            "page",
            "",
            b"<!DOCTYPE html><p>Log in".to_vec(),
            "the server sent an HTML page",
        ),
        ("wrong", "gzip", wasm.clone(), "the body broke off"),
    ];
    let bodies = cases
        .iter()
        .map(|(name, encoding, body, _)| (*name, (*encoding, body.clone())));
    let server = serve(bodies.collect()).await;
    let mut wanted: Vec<(&str, &str)> = cases.iter().map(|case| (case.0, case.3)).collect();
    wanted.push(("moved", "more than 3 redirects"));
    let jobs: Vec<Batch> = wanted
        .iter()
        .enumerate()
        .map(|(number, (name, _))| job(&master, server, number, name))
        .collect();
    master.serve(Vec::new(), &jobs);
    let slave = Slave::start(&master);
    until("all are given back", || {
        master.seen(|seen| seen.released.len()) >= jobs.len()
    })
    .await;
    slave.stop().await;
    for ((name, part), (_, reason)) in wanted.iter().zip(master.seen(|seen| seen.released.clone()))
    {
        assert!(reason.contains(part), "{name}: {reason}");
    }
}
