//! What web pages may do, which a browser on the same machine shows: look at the page of the network, and no more.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::fixture::Server;

const EVERY_GET: [&str; 4] = ["/", "/get-block", "/devnet/state", "/no-such-path"];
const EVERY_POST: [&str; 4] = [
    "/request-api-key",
    "/submit-topup",
    "/devnet/admin/advance",
    "/no-such-path",
];

async fn status(server: &Server, method: Method, path: &str, header: (&str, &str)) -> StatusCode {
    let signature = format!("0x{}", "0".repeat(130));
    let address = "0x9999999999999999999999999999999999999999";
    let body = json!({"address": address, "signature": signature}).to_string();
    let request = server
        .client
        .request(method, format!("{}{path}", server.url));
    let request = request.header(header.0, header.1).body(body);
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn web_pages_change_nothing() {
    let server = Server::start().await;
    let before = server.get_json("/devnet/state").await;
    for header in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Origin", server.url.as_str()),
        ("Sec-Fetch-Site", "same-origin"),
    ] {
        for path in EVERY_POST {
            let status = status(&server, Method::POST, path, header).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path} {header:?}");
        }
        let faults = "/devnet/admin/faults";
        let status = status(&server, Method::DELETE, faults, header).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{header:?}");
    }
    assert_eq!(server.get_json("/devnet/state").await, before);
}

#[tokio::test]
async fn a_foreign_host_name_can_read_and_change_nothing() {
    let server = Server::start().await;
    let before = server.get_json("/devnet/state").await;
    let gets = EVERY_GET.map(|path| (Method::GET, path));
    let posts = EVERY_POST.map(|path| (Method::POST, path));
    for (method, path) in gets.into_iter().chain(posts) {
        let header = ("Host", "evil.example:5100");
        let status = status(&server, method.clone(), path, header).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    assert_eq!(server.get_json("/devnet/state").await, before);
}

/// The page is opened from the address bar, and asks for itself again and again.
#[tokio::test]
async fn a_browser_shows_the_page() {
    let server = Server::start().await;
    for site in ["none", "same-origin", "cross-site"] {
        let status = status(&server, Method::GET, "/", ("Sec-Fetch-Site", site)).await;
        assert_eq!(status, StatusCode::OK, "{site}");
    }
    let port = server.url.rsplit_once(':').unwrap().1;
    let host = format!("localhost:{port}");
    let status = status(&server, Method::GET, "/", ("Host", &host)).await;
    assert_eq!(status, StatusCode::OK);
}
