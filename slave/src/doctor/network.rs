//! The master: is it reached, is the slave let in, what does it think of the slave, and what time is it there?

use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, LOCATION};
use reqwest::{Response, StatusCode, redirect};
use serde::Deserialize;
use tig_process::error_chain::error_chain;

use super::{Examined, Finding};
use crate::body::read_body;
use crate::found::describe;
use crate::name::SlaveName;

/// Time for the request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Slaves whose names have that of this one in them, with their last errors.
const BODY_BYTES_MAX: usize = 4 << 20;
/// A larger difference of the clocks is a fault of one of them.
const CLOCK_OFF_MAX: Duration = Duration::from_secs(30);
/// Part of an error text that is shown.
const REASON_CHARS_MAX: usize = 300;

const PART: &str = "master";

/// What is read of `GET /slaves`.
#[derive(Deserialize)]
struct Slaves {
    queued: u64,
    slaves: Vec<Slave>,
    #[serde(default)]
    quarantined: Vec<Quarantined>,
    #[serde(default)]
    cordoned: Vec<String>,
}

#[derive(Deserialize)]
struct Slave {
    name: String,
    standing: String,
    last_error: Option<String>,
}

#[derive(Deserialize)]
struct Quarantined {
    name: String,
    reason: String,
}

/// Asks the master for what it shows of its slaves, which takes no batch.
pub(super) async fn findings(examined: &Examined) -> Vec<Finding> {
    let begun = Instant::now();
    let response = match ask(examined).await {
        Ok(response) => response,
        Err(error) => return vec![unreachable(examined, &error)],
    };
    let latency = begun.elapsed();
    let clock = clock(&response, SystemTime::now(), latency);
    let mut findings = judge(examined, response, latency).await;
    findings.extend(clock);
    findings
}

async fn ask(examined: &Examined) -> reqwest::Result<Response> {
    let token = examined.token.as_ref();
    let headers = token.map(|token| (AUTHORIZATION, token.header()));
    let name = examined.name.as_ref().map(SlaveName::as_str);
    let client = examined
        .trust
        .client_builder()
        .user_agent(name.unwrap_or("tig-slave-doctor"))
        .default_headers(HeaderMap::from_iter(headers))
        .timeout(REQUEST_TIMEOUT)
        .redirect(redirect::Policy::none())
        // As the slave itself.
        .no_proxy()
        .build()?;
    let mut url = examined.master.clone();
    url.set_path("slaves");
    let find = name.unwrap_or("tig-slave-doctor");
    client
        .get(url)
        .query(&[("limit", "100"), ("find", find)])
        .send()
        .await
}

fn unreachable(examined: &Examined, error: &reqwest::Error) -> Finding {
    let cause = error_chain(error);
    let is_about_trust = cause.to_lowercase().contains("certificate");
    let remedy = if is_about_trust {
        "give the authority that signed the master's certificate as --ca-file, and the name that the certificate has as the master"
    } else if error.is_timeout() {
        "look whether the master runs, and whether a firewall drops what goes to its port"
    } else {
        "look whether the master runs at this address and port (--port), and listens there (`listen` of its config)"
    };
    let master = &examined.master;
    Finding::fail(PART, format!("cannot reach {master}: {cause}"), remedy)
}

async fn judge(examined: &Examined, response: Response, latency: Duration) -> Vec<Finding> {
    let (status, master) = (response.status(), &examined.master);
    let finding = match status {
        StatusCode::OK => return read(examined, response, latency).await,
        StatusCode::UNAUTHORIZED if examined.token.is_some() => Finding::fail(
            PART,
            format!("{master} does not accept the token"),
            "put the token of the master's `access.token_file` into the file of --token-file",
        ),
        StatusCode::UNAUTHORIZED => Finding::fail(
            PART,
            format!("{master} asks for a token"),
            "give the file with the token of the master's `access.token_file` as --token-file",
        ),
        StatusCode::FORBIDDEN => {
            let reason = reason(response).await;
            Finding::fail(
                PART,
                format!("{master} does not let this machine in: {reason}"),
                "add the address of this machine to `access.allow` of the master's config",
            )
        }
        StatusCode::NOT_FOUND => Finding::warn(
            PART,
            format!("{master} answers, and does not know `/slaves`"),
            "an earlier master does not; if it is another server, correct address and port",
        ),
        status if status.is_redirection() => {
            let target = response.headers().get(LOCATION).cloned();
            let target = target.map_or("nowhere".to_owned(), |value| {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            });
            let target: String = target.chars().take(REASON_CHARS_MAX).collect();
            Finding::fail(
                PART,
                format!("{master} redirects to {target}"),
                "give that address as the master, if it is the master's",
            )
        }
        status => {
            let reason = reason(response).await;
            Finding::fail(
                PART,
                format!("{master} answers {status}: {reason}"),
                "look at the master's log, and at a proxy in front of it",
            )
        }
    };
    vec![finding]
}

async fn read(examined: &Examined, response: Response, latency: Duration) -> Vec<Finding> {
    let master = &examined.master;
    let body = match read_body(response, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(error) => {
            let cause = error_chain(&error);
            let text = format!("{master} does not send its answer whole: {cause}");
            return vec![Finding::fail(
                PART,
                text,
                "look at a proxy in front of the master",
            )];
        }
    };
    let Ok(slaves) = serde_json::from_slice::<Slaves>(&body) else {
        let text = format!("{master} is not a master: it sent {}", describe(&body));
        return vec![Finding::fail(
            PART,
            text,
            "correct address and port of the master",
        )];
    };
    let text = format!(
        "{master} answers in {} ms and lets this machine in; {} batches wait",
        latency.as_millis(),
        slaves.queued
    );
    let mut findings = vec![Finding::ok(PART, text)];
    let name = examined.name.as_ref().map(SlaveName::as_str);
    findings.extend(name.and_then(|name| standing(name, &slaves)));
    findings
}

/// What the master thinks of the slave of this name, if that keeps it from work.
fn standing(name: &str, slaves: &Slaves) -> Option<Finding> {
    let part = "standing";
    if let Some(sentence) = slaves.quarantined.iter().find(|it| it.name == name) {
        let text = format!("the master keeps {name} in quarantine: {}", sentence.reason);
        return Some(Finding::fail(
            part,
            text,
            "repair the machine, then ask the master's operator for `tig-host pardon NAME`",
        ));
    }
    if slaves.cordoned.iter().any(|it| it == name) {
        return Some(Finding::warn(
            part,
            format!("the master's operator has cordoned {name}: it gets no new batches"),
            "ask the master's operator for `tig-host uncordon NAME`",
        ));
    }
    let slave = slaves.slaves.iter().find(|it| it.name == name)?;
    if slave.standing == "resting" {
        let last = slave.last_error.as_deref().unwrap_or("unknown");
        let text = format!("{name} failed several times in a row, and gets pauses: {last}");
        return Some(Finding::warn(
            part,
            text,
            "look at the slave's log for the cause",
        ));
    }
    Some(Finding::ok(part, format!("the master knows {name}")))
}

/// `None` if the master does not say what time it is.
fn clock(response: &Response, now: SystemTime, latency: Duration) -> Option<Finding> {
    let date = response.headers().get(DATE)?.to_str().ok()?;
    let there = httpdate::parse_http_date(date).ok()?;
    Some(compare(there, now, latency))
}

fn compare(there: SystemTime, now: SystemTime, latency: Duration) -> Finding {
    let part = "clock";
    let (off, direction) = match there.duration_since(now) {
        Ok(behind) => (behind, "behind"),
        Err(error) => (error.duration(), "ahead of"),
    };
    if off <= CLOCK_OFF_MAX + latency {
        return Finding::ok(part, "it agrees with that of the master");
    }
    let seconds = off.as_secs();
    Finding::warn(
        part,
        format!("it is {seconds} s {direction} that of the master"),
        "let the machine keep its time (`timedatectl set-ntp true`): certificates and logs depend on it",
    )
}

/// The beginning of an error text.
async fn reason(response: Response) -> String {
    let body = read_body(response, BODY_BYTES_MAX)
        .await
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    text.chars().take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn standing_at_the_master_is_read() {
        let slaves: Slaves = serde_json::from_str(
            r#"{"queued":1,"slaves":[{"name":"a","standing":"resting","last_error":"no disk"},
                {"name":"b","standing":"welcome","last_error":null}],
                "quarantined":[{"name":"c","reason":"bad results"}],"cordoned":["d"]}"#,
        )
        .unwrap();
        let level = |name| standing(name, &slaves).map(|finding| finding.level);
        assert_eq!(level("a"), Some(Level::Warn));
        assert_eq!(level("b"), Some(Level::Ok));
        assert_eq!(level("c"), Some(Level::Fail));
        assert_eq!(level("d"), Some(Level::Warn));
        assert_eq!(level("e"), None);
    }

    #[test]
    fn clocks_may_differ_by_half_a_minute() {
        let now = SystemTime::now();
        let second = Duration::from_secs(1);
        let level = |there| compare(there, now, second).level;
        assert_eq!(level(now + 31 * second), Level::Ok);
        assert_eq!(level(now - 31 * second), Level::Ok);
        assert_eq!(level(now - 32 * second), Level::Warn);
        let finding = compare(now + 90 * second, now, second);
        assert_eq!(finding.text, "it is 90 s behind that of the master");
    }
}
