//! The APIs of the identity, as they are reached from here: latency, TLS, proxies, clock.

use std::env;
use std::time::{Duration, Instant, SystemTime};

use reqwest::{StatusCode, Url};
use tig_process::error_chain::error_chain;

use super::{Finding, clock};
use crate::config::Config;
use crate::error::HostError;
use crate::http::proxy;

/// Longest time for an API to reply.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// Latency above which much of a block's time is spent waiting.
const LATENCY_WARN: Duration = Duration::from_secs(2);

/// Whether a text of an identity names an API.
pub(super) fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// A reply, as far as it matters.
struct Reply {
    status: StatusCode,
    date: Option<String>,
    latency: Duration,
    at: SystemTime,
}

/// Asks each API that the identity names.
///
/// # Errors
///
/// No client can be made.
pub(super) fn findings(config: &Config) -> Result<Vec<Finding>, HostError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(HostError::system("start a client"))?;
    let client = config.trust.client_builder();
    let client = client
        .timeout(REPLY_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| HostError::system("set up TLS")(std::io::Error::other(error)))?;
    let mut findings = Vec::new();
    for (key, text) in &config.identity {
        if !is_url(text) {
            continue;
        }
        let Ok(url) = Url::parse(text) else {
            let text = format!("{key} is not a URL");
            let remedy = format!("correct `{key}`, as in https://api.example.com");
            findings.push(Finding::fail("api", text, remedy));
            continue;
        };
        let proxy = proxy_for(&url);
        findings.extend(proxy.as_ref().map(|proxy| proxy_finding(&url, proxy)));
        let reply = runtime.block_on(ask(&client, url.clone()));
        findings.extend(judge(&shown(&url), reply, proxy.is_some()));
    }
    Ok(findings)
}

async fn ask(client: &reqwest::Client, url: Url) -> Result<Reply, reqwest::Error> {
    let begun = Instant::now();
    let response = client.get(url).send().await?;
    let date = response.headers().get(reqwest::header::DATE);
    Ok(Reply {
        status: response.status(),
        date: date.and_then(|date| Some(date.to_str().ok()?.to_owned())),
        latency: begun.elapsed(),
        at: SystemTime::now(),
    })
}

fn judge(api: &str, reply: Result<Reply, reqwest::Error>, by_proxy: bool) -> Vec<Finding> {
    let part = "api";
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => return vec![unreachable(api, &error, by_proxy)],
    };
    let milliseconds = reply.latency.as_millis();
    let status = reply.status;
    let finding = if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        let text = format!("the proxy before {api} asks for a password");
        Finding::fail(
            part,
            text,
            "put user and password into the proxy's variable",
        )
    } else if status.is_server_error() {
        let text = format!("{api} replies {status}");
        Finding::warn(
            part,
            text,
            "wait, or look at the status page of the API; the host tries again by itself",
        )
    } else if status.is_redirection() {
        let text = format!("{api} replies {status}: redirects are not followed");
        Finding::warn(
            part,
            text,
            "configure the new address, if the API has moved",
        )
    } else if status == StatusCode::TOO_MANY_REQUESTS {
        let text = format!("{api} takes no more requests for now ({status})");
        Finding::warn(
            part,
            text,
            "lower `http.gets_per_minute`, or stop other programs that ask it from this address",
        )
    } else if reply.latency >= LATENCY_WARN {
        let text = format!("{api} replies in {milliseconds} ms");
        Finding::warn(
            part,
            text,
            "look at this machine's connection; slow replies cost time of each block",
        )
    } else {
        Finding::ok(part, format!("{api} replies in {milliseconds} ms"))
    };
    let clock = clock::compare(api, reply.date.as_deref(), reply.at);
    std::iter::once(finding).chain(clock).collect()
}

/// Why an API is not reached. The kinds are told apart by the text of their causes: they come from several crates.
fn unreachable(api: &str, error: &reqwest::Error, by_proxy: bool) -> Finding {
    let cause = error_chain(&without_url(error));
    let lower = cause.to_lowercase();
    let remedy = if error.is_timeout() {
        "let a firewall pass the connection, or look whether the API is up"
    } else if lower.contains("corrupt message") {
        "the server does not speak TLS at this port: begin the URL with http://, or name the port of TLS"
    } else if lower.contains("certificate") || lower.contains("tls") {
        "look at the clock; name the authority of a private API in `tls.ca_file`"
    } else if lower.contains("dns") || lower.contains("lookup") {
        "correct the name, or the name servers of this machine (/etc/resolv.conf)"
    } else if by_proxy {
        "correct the proxy's variable, or exempt the API in NO_PROXY"
    } else {
        "correct the URL, or look whether the API is up and a firewall is between"
    };
    let text = match error.is_timeout() {
        true => format!("{api} does not reply within {} s", REPLY_TIMEOUT.as_secs()),
        false => format!("{api} cannot be reached: {cause}"),
    };
    Finding::fail("api", text, remedy)
}

/// The causes: the error's own text repeats the URL.
fn without_url(error: &reqwest::Error) -> impl std::error::Error {
    let mut cause: &dyn std::error::Error = error;
    if let Some(source) = cause.source() {
        cause = source;
    }
    std::io::Error::other(error_chain(cause))
}

/// A URL without what may be secret.
pub(super) fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The variable that decides how `url` is reached, and its proxy.
struct Proxy {
    variable: &'static str,
    address: String,
}

/// The proxy for `url`, by the rules of the HTTP client in short: exceptions are names, their ends, or `*`.
fn proxy_for(url: &Url) -> Option<Proxy> {
    let value = |name: &&str| env::var(name).ok().filter(|value| !value.is_empty());
    let host = url.host_str()?;
    let exempt = ["NO_PROXY", "no_proxy"].iter().find_map(value);
    let is_exempt = |pattern: &str| {
        let pattern = pattern.trim().trim_start_matches('.');
        pattern == "*"
            || pattern == host
            || (!pattern.is_empty() && host.ends_with(&format!(".{pattern}")))
    };
    if exempt.is_some_and(|list| list.split(',').any(is_exempt)) {
        return None;
    }
    let scheme = url.scheme();
    let of_scheme = |name: &&str| {
        let name = name.to_ascii_lowercase();
        name.starts_with("all") || name == format!("{scheme}_proxy")
    };
    let mut named = proxy::VARIABLES.into_iter().filter(of_scheme);
    named.find_map(|variable| {
        let address = Url::parse(&proxy::url(&value(&variable)?)).ok();
        let address = address.map_or("an invalid address".to_owned(), |url| {
            let port = url.port().map_or(String::new(), |port| format!(":{port}"));
            format!("{}{port}", url.host_str().unwrap_or_default())
        });
        Some(Proxy { variable, address })
    })
}

fn proxy_finding(url: &Url, Proxy { variable, address }: &Proxy) -> Finding {
    let api = shown(url);
    let text = format!("{api} is reached through {address} ({variable})");
    let host = url.host_str().unwrap_or_default();
    let is_local = host == "localhost" || host.starts_with("127.") || host == "[::1]";
    match is_local {
        true => Finding::warn(
            "proxy",
            format!("{text}, though it is on this machine"),
            format!("add {host} to NO_PROXY"),
        ),
        false => Finding::ok("proxy", text),
    }
}
