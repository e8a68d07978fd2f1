//! The page, and who may ask for what.

use horde_proto::ExecutorClass;
use reqwest::StatusCode;

use super::validator::with;

#[tokio::test]
async fn page_loads_nothing_from_elsewhere() {
    let facilitator = with(&[]).await;
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
    ] {
        let url = format!("http://{}{path}", facilitator.address());
        let response = reqwest::get(url).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), content_type);
        assert_eq!(header("x-content-type-options"), "nosniff");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
        let text = response.text().await.unwrap();
        for outside in [
            "http:",
            "https:",
            "url(",
            "@import",
            "style=\"",
            "onclick",
            "innerHTML",
        ] {
            assert!(!text.contains(outside), "{outside} in {path}");
        }
        // Users' token is in no file.
        assert!(
            !text.contains("devnet\"") && !text.contains("token=devnet"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn page_offers_every_class_of_executors() {
    let facilitator = with(&[]).await;
    let url = format!("http://{}/", facilitator.address());
    let page = reqwest::get(url).await.unwrap().text().await.unwrap();
    for class in ExecutorClass::ALL {
        assert!(
            page.contains(&format!("<option>{class}</option>")),
            "{class}"
        );
    }
    assert!(facilitator.page_url().ends_with("/#token=devnet"));
}

#[tokio::test]
async fn other_web_pages_are_refused() {
    let facilitator = with(&[]).await;
    let client = reqwest::Client::new();
    for path in ["/", "/api/v1/jobs/", "/control/report", "/ws/v0/"] {
        let url = format!("http://{}{path}", facilitator.address());
        let foreign = client.get(&url).header("Origin", "http://example.org");
        assert_eq!(
            foreign.send().await.unwrap().status(),
            StatusCode::FORBIDDEN,
            "{path}"
        );
        let rebound = client.get(&url).header("Host", "example.org");
        assert_eq!(
            rebound.send().await.unwrap().status(),
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let url = format!("http://{}/api/v1/jobs/", facilitator.address());
    let own = client
        .get(url)
        .header("Origin", format!("http://{}", facilitator.address()))
        .header("Sec-Fetch-Site", "same-origin")
        .header("Authorization", "Token devnet");
    assert_eq!(own.send().await.unwrap().status(), StatusCode::OK);
}
