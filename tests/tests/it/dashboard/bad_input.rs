//! Names of hostile outsiders, pages of other sites, and no token.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::Value;

use super::system::{PageHost, chromium};
use super::tab::Tab;

#[test]
fn hostile_names_are_shown_as_text() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    host.unlock(&tab, "panel/showcase");
    tab.wait("document.querySelectorAll('main tbody tr').length >= 4");
    for width in [1_400, 400] {
        tab.look(width, "dark");
        // Markup is written out, and what turns the direction of a line is written as its code.
        tab.wait_for_words("main table", "<img src=x onerror=");
        tab.wait_for_words("main table", "⟨U+202E⟩gnp⟨U+001B⟩[31m'");
        tab.wait_for_words("main table", "</script><script>window.hacked=2</script>");
        tab.wait_for_words("main .widget-funnel", "⟨U+202E⟩gnp");
        let overflow = tab
            .value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(overflow, 0, "{width} px");
    }
    assert_eq!(tab.count("main img, main script"), 0);
    // A name of 10,000 characters is cut.
    let longest = tab.value("Math.max(...[...document.querySelectorAll('main td, main th')].map((it) => it.innerText.length))");
    assert!(longest.as_u64().unwrap() < 200, "{longest}");
    tab.go(&host.url("panel/showcase?id=%3Cimg%20src%3Dx%20onerror%3D%22window.hacked%3D3%22%3E"));
    tab.wait_for_words("main h2", "<img src=x onerror=\"window.hacked=3\">");
    tab.wait_for_words("main dl", "<img src=x onerror=");
    assert_eq!(tab.count("main img"), 0);
    assert_eq!(tab.value("window.hacked ?? null"), Value::Null);
    assert_eq!(tab.faults(), Vec::<String>::new());
}

#[test]
fn files_of_the_page_have_guards() {
    let host = PageHost::start();
    let answer = raw(&host.address, "GET /operator/ HTTP/1.0", "");
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    for header in [
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-cache",
        "content-type: text/html; charset=utf-8",
    ] {
        assert!(head.contains(header), "{header}: {head}");
    }
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: "));
    let request = format!("GET /operator/ HTTP/1.0\r\nIf-None-Match: {}", tag.unwrap());
    assert!(raw(&host.address, &request, "").starts_with("HTTP/1.0 304"));
}

/// What a page of another site tries when the operator opens it.
const HOSTILE_PAGE: &str = r#"<!doctype html><title>evil</title><script>
window.tried = (async () => {
  const host = "http://HOST";
  const control = `${host}/operator/v1/control/drain`;
  const send = (path, options) => fetch(path, options).then(async (it) => `${it.type} ${it.status} ${(await it.text()).length}`, () => "failed");
  const outcomes = [
    await send(control, { method: "POST", mode: "no-cors", body: "{}" }),
    await send(control, { method: "POST", body: "{}", headers: { "Content-Type": "application/json", Authorization: "Bearer TOKEN" } }),
    await send(`${host}/operator/v1/status`, {}),
    await send(`${host}/operator/panel/showcase`, { mode: "no-cors" }),
  ];
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: control, enctype: "text/plain", target: "frame" });
  const frame = document.createElement("iframe");
  frame.name = "frame";
  document.body.append(frame, form);
  await new Promise((resolve) => { frame.onload = resolve; form.submit(); });
  const page = document.createElement("iframe");
  page.src = `${host}/operator/`;
  document.body.append(page);
  await new Promise((resolve) => { page.onload = resolve; });
  let seen = "not readable";
  try { seen = page.contentDocument === null ? seen : page.contentDocument.body.innerText; } catch {}
  return [...outcomes, seen];
})();
</script><body>"#;

/// Even one that knows the token: the browser would have to be asked, and the host refuses.
#[test]
fn page_of_another_site_controls_nothing() {
    let Some(browser) = chromium() else { return };
    let mut host = PageHost::start();
    let page = HOSTILE_PAGE
        .replace("HOST", &host.address)
        .replace("TOKEN", &host.token);
    let other = serve(page);
    let tab = Tab::open(&browser);
    tab.go(&format!("http://{other}/"));
    tab.wait("window.tried");
    let outcomes = tab.value("window.tried");
    let expected = [
        "opaque 0 0",
        "failed",
        "failed",
        "opaque 0 0",
        "not readable",
    ];
    assert_eq!(outcomes, serde_json::json!(expected));
    assert_eq!(host.api("/operator/v1/status")["draining"], false);
    host.process.check_running().unwrap();
}

#[test]
fn control_without_the_token_is_refused() {
    let host = PageHost::start();
    let drain = |headers: &[&str]| {
        let head = [
            "POST /operator/v1/control/drain HTTP/1.0",
            "Content-Length: 2",
        ];
        let head = [&head, headers].concat().join("\r\n");
        let answer = raw(&host.address, &head, "{}");
        answer.split(' ').nth(1).map(str::to_owned).unwrap()
    };
    let token = format!("Authorization: Bearer {}", host.token);
    let json = "Content-Type: application/json";
    assert_eq!(drain(&[json]), "401");
    assert_eq!(drain(&[json, "Authorization: Bearer wrong"]), "401");
    assert_eq!(drain(&[&token]), "415");
    assert_eq!(drain(&[&token, "Content-Type: text/plain"]), "415");
    assert_eq!(drain(&[&token, json, "Origin: http://127.0.0.1:1"]), "403");
    assert_eq!(drain(&[&token, json, "Sec-Fetch-Site: cross-site"]), "403");
    let get = format!("GET /operator/v1/control/drain HTTP/1.0\r\n{token}");
    assert!(raw(&host.address, &get, "").starts_with("HTTP/1.0 405"));
    assert_eq!(host.api("/operator/v1/status")["draining"], false);
}

/// Sends a request and reads all of the answer.
fn raw(address: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{head}\r\nHost: {address}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Serves one page to everybody, until the test ends.
fn serve(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request);
            let _ = write!(
                stream,
                "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            );
        }
    });
    address
}
