//! The page to order and watch jobs. It asks only its own server, loads nothing from elsewhere, and shows foreign text as text.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

const HTML: &str = include_str!("../page/page.html");
const STYLE: &str = include_str!("../page/page.css");
const SCRIPT: &str = include_str!("../page/page.js");

/// Nothing runs but the page's own files.
const PAGE_POLICY: &str = "default-src 'none'; connect-src 'self'; script-src 'self'; \
    style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) async fn html() -> Response {
    file("text/html; charset=utf-8", HTML)
}

pub(super) async fn style() -> Response {
    file("text/css; charset=utf-8", STYLE)
}

pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", SCRIPT)
}

fn file(content_type: &'static str, content: &'static str) -> Response {
    let text = |name: HeaderName, value| (name, HeaderValue::from_static(value));
    let headers = [
        text(header::CONTENT_TYPE, content_type),
        text(header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        text(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        text(header::REFERRER_POLICY, "no-referrer"),
        text(header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, content).into_response()
}
