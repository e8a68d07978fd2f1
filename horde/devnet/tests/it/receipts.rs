//! Receipts over HTTP.

use horde_devnet::Devnet;
use horde_proto::receipt::csv::{CSV_PATH, read_rows};
use horde_proto::receipt::jsonl::{page_number, page_path, read_page};
use reqwest::header::{CONTENT_RANGE, ORIGIN, RANGE};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::client::{Client, echo_job, now_seconds, one, uuid};

async fn get(devnet: &Devnet, path: &str, range: Option<&str>) -> Response {
    let url = format!("http://{}{path}", devnet.miners()[0].address);
    let mut request = reqwest::Client::new().get(url);
    if let Some(range) = range {
        request = request.header(RANGE, range);
    }
    request.send().await.unwrap()
}

/// Does so many jobs, of three receipts each.
async fn work(devnet: &Devnet, jobs: usize) {
    let mut client = Client::admitted(devnet).await;
    for _ in 0..jobs {
        let uuid = uuid();
        client.prepare(&uuid).await;
        client.run(echo_job(&uuid)).await;
        client.message().await;
        client.acknowledge(&uuid).await;
    }
    client.settle().await;
}

/// The pages in which receipts of this test can be: it may run while one page ends.
async fn pages(devnet: &Devnet, first_seconds: i64) -> Vec<u8> {
    let page = |seconds: i64| page_number(seconds.unsigned_abs());
    let mut bytes = Vec::new();
    for number in page(first_seconds)..=page(now_seconds()) {
        let response = get(devnet, &page_path(number), None).await;
        if response.status() == StatusCode::OK {
            bytes.extend(response.bytes().await.unwrap());
        }
    }
    bytes
}

#[tokio::test]
async fn receipts_are_served_as_csv_and_pages() {
    let start = now_seconds();
    let devnet = one(&[]).await;
    work(&devnet, 2).await;
    let hotkey = &devnet.miners()[0].hotkey;
    let expected = devnet.report(0).unwrap().receipts;
    assert_eq!(expected.len(), 6);

    let csv = get(&devnet, CSV_PATH, None).await.bytes().await.unwrap();
    let rows = read_rows(&csv).unwrap().collect::<Result<Vec<_>, _>>();
    assert_eq!(rows.unwrap(), expected);

    let page = read_page(&pages(&devnet, start).await);
    let receipts: Vec<_> = page.rows.into_iter().map(Result::unwrap).collect();
    assert_eq!(receipts, expected);
    for receipt in receipts {
        receipt.verify(hotkey).unwrap();
    }
}

/// The page of the first receipts, which is the only one unless it ends while the test runs.
async fn first_page(devnet: &Devnet, first_seconds: i64) -> String {
    let first = page_number(first_seconds.unsigned_abs());
    for path in [page_path(first), page_path(first + 1)] {
        if get(devnet, &path, None).await.status() == StatusCode::OK {
            return path;
        }
    }
    panic!("no page has receipts");
}

#[tokio::test]
async fn range_gives_part_of_a_page() {
    let start = now_seconds();
    let devnet = one(&[]).await;
    work(&devnet, 1).await;
    let path = first_page(&devnet, start).await;
    let whole = get(&devnet, &path, None).await.bytes().await.unwrap();
    let total = whole.len();

    let part = get(&devnet, &path, Some("bytes=10-")).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    let expected = format!("bytes 10-{}/{total}", total - 1);
    assert_eq!(part.headers()[CONTENT_RANGE], expected);
    assert_eq!(part.bytes().await.unwrap(), whole[10..]);

    let none = get(&devnet, &path, Some(&format!("bytes={total}-"))).await;
    assert_eq!(none.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(none.headers()[CONTENT_RANGE], format!("bytes */{total}"));

    // What is added comes behind what was there.
    work(&devnet, 1).await;
    let longer = get(&devnet, &path, None).await.bytes().await.unwrap();
    assert!(longer.starts_with(&whole));
}

#[tokio::test]
async fn page_without_receipts_is_not_found() {
    let devnet = one(&[]).await;
    for path in [&page_path(1), "/receipts/x.jsonl", "/receipts/5"] {
        let response = get(&devnet, path, None).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn version_has_both_fields() {
    let devnet = one(&[]).await;
    let version: Value = get(&devnet, "/version", None).await.json().await.unwrap();
    for field in ["miner_version", "runner_version"] {
        assert!(version[field].is_string(), "{version}");
    }
}

#[tokio::test]
async fn web_pages_reach_no_miner() {
    let devnet = one(&[]).await;
    let url = format!("http://{}/version", devnet.miners()[0].address);
    let request = reqwest::Client::new().get(url);
    let response = request.header(ORIGIN, "http://example.org").send().await;
    assert_eq!(response.unwrap().status(), StatusCode::FORBIDDEN);
}
