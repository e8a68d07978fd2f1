//! A changed config, applied to a running host.

use serde_json::{Value, json};
use tig_host::{Attempt, ControlError, Host, Outcome};

use crate::support::{Home, fixture};

/// A host with the counter only, which stands at 5.
pub(crate) async fn counting() -> (Home, Host, Value) {
    let home = Home::new();
    home.install("tally", &std::fs::read(fixture("tally")).unwrap());
    let mut config = home.config();
    config["extensions"] = json!(["counter"]);
    let host = home.host_inside(&config);
    assert_eq!(count(&host, 5).await, json!([5, 1]));
    (home, host, config)
}

pub(crate) async fn get(host: &Host, path: &str) -> (u16, Value) {
    let url = format!("http://{}{path}", host.address());
    let response = reqwest::get(url).await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

pub(crate) async fn count(host: &Host, n: u64) -> Value {
    let url = format!("http://{}/count/{n}", host.address());
    let response = reqwest::Client::new().post(url).send().await.unwrap();
    response.json().await.unwrap()
}

pub(crate) async fn apply(
    home: &Home,
    host: &Host,
    config: &Value,
) -> Result<Vec<Attempt>, ControlError> {
    host.control().apply(home.read(config)).await
}

fn names(host: &Host) -> Vec<String> {
    let status = host.control().extensions();
    status.into_iter().map(|of| of.name).collect()
}

pub(crate) async fn stop(host: Host) {
    tokio::task::spawn_blocking(|| host.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn extensions_come_move_and_go_while_others_run() {
    let (home, host, mut config) = counting().await;
    config["extensions"] = json!(["recorder", "counter"]);
    let attempts = apply(&home, &host, &config).await.unwrap();
    let version = "0.1.0".to_owned();
    let added = Outcome::Added {
        version: version.clone(),
    };
    assert_eq!(*attempts[0].outcome.as_ref().unwrap(), added);
    let unchanged = Outcome::Unchanged {
        version: version.clone(),
    };
    assert_eq!(*attempts[1].outcome.as_ref().unwrap(), unchanged);
    assert_eq!(names(&host), ["recorder", "counter"]);
    assert_eq!(count(&host, 1).await, json!([6, 2]), "the same instance");
    // A request waits behind the event.
    assert_eq!(get(&host, "/seen").await.1[0], json!([1]));

    config["extensions"] = json!(["counter"]);
    let attempts = apply(&home, &host, &config).await.unwrap();
    let removed = attempts.iter().find(|of| of.name == "recorder").unwrap();
    assert_eq!(
        *removed.outcome.as_ref().unwrap(),
        Outcome::Removed { version }
    );
    assert_eq!(get(&host, "/seen").await.0, 404);
    assert_eq!(count(&host, 2).await, json!([8, 3]));

    config["extensions"] = json!(["counter", "recorder"]);
    apply(&home, &host, &config).await.unwrap();
    assert_eq!(count(&host, 3).await, json!([11, 4]));
    assert_eq!(
        get(&host, "/seen").await.1[0],
        json!([1, 3]),
        "its storage has stayed"
    );
    stop(host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_extension_with_a_new_section_restarts() {
    let (home, host, mut config) = counting().await;
    config["extensions"] = json!(["counter", "recorder"]);
    apply(&home, &host, &config).await.unwrap();
    config["config"] = json!({ "recorder": { "refuse": true } });
    let attempts = apply(&home, &host, &config).await.unwrap();
    let is_reloaded = |attempt: &Attempt| matches!(attempt.outcome, Ok(Outcome::Reloaded { .. }));
    assert_eq!(
        attempts.iter().map(is_reloaded).collect::<Vec<_>>(),
        [false, true]
    );
    count(&host, 1).await;
    assert_eq!(get(&host, "/seen").await.1[0], json!([]));
    let status = host.control().extensions();
    let reason = status[1].last_failure.clone().unwrap();
    assert!(reason.contains("1 is refused"), "{reason}");
    stop(host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_cannot_be_applied_changes_nothing() {
    let (home, host, config) = counting().await;
    let with = |key: &str, value: Value| {
        let mut changed = config.clone();
        changed[key] = value;
        changed
    };
    let mut refusing = with("extensions", json!(["recorder", "counter", "tally"]));
    refusing["config"] = json!({ "tally": { "refuse": true } });
    let cases = [
        (
            with("extensions", json!(["counter", "nothing"])),
            "libnothing.so",
        ),
        (with("config", json!({ "counter": { "strt": 1 } })), "strt"),
        (
            with("identity", json!({ "account": "another" })),
            "account, api_url cannot change",
        ),
        (refusing, "ordered to refuse"),
    ];
    for (changed, part) in cases {
        let error = apply(&home, &host, &changed).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        assert_eq!(names(&host), ["counter"]);
    }
    assert_eq!(count(&host, 1).await, json!([6, 2]), "the same instance");
    stop(host).await;
}
