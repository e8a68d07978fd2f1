//! Each rejection of the host by its type: what embedders and the admin socket see.

use std::fs;

use serde_json::{Value, json};
use tig_host::testing::{
    AddError, ConfigError, Loader, Plugin, PluginFile, ReconfigureError, ReloadError, ShadowError,
    ShadowStartError, SwitchError,
};
use tig_host::{ControlError, Host, HostError, PluginError, StoreError};

use crate::apply::{apply, count, counting, stop};
use crate::misbehaving::doctored;
use crate::shadow::shadow_status;
use crate::support::{Home, fixture, with_version};

/// A host with the fixture `misbehaving`, which has its order.
async fn ordered(how: &str) -> (Home, Host) {
    let home = Home::new();
    home.install("misbehaving", &fs::read(fixture("misbehaving")).unwrap());
    let mut config = home.config();
    config["extensions"] = json!(["misbehaving", "counter"]);
    let host = home.host_inside(&config);
    let url = format!("http://{}/misbehave/{how}", host.address());
    reqwest::Client::new().post(url).send().await.unwrap();
    (home, host)
}

async fn reload(host: &Host, name: &'static str) -> ReloadError {
    let reloaded = host.control().reload(name).await;
    match reloaded {
        Err(ControlError::Reload(error)) => error,
        other => panic!("expected a rejected reload, got {other:?}"),
    }
}

async fn shadow(home: &Home, host: &Host, name: &'static str, bytes: &[u8]) -> Option<ShadowError> {
    let file = home.path("shadow.so");
    fs::write(&file, bytes).unwrap();
    let started = host.control().shadow(name, &file).await;
    shadow_error(started)
}

fn shadow_error<T: std::fmt::Debug>(result: Result<T, ControlError>) -> Option<ShadowError> {
    match result {
        Ok(_) => None,
        Err(ControlError::Shadow(error)) => Some(error),
        Err(other) => panic!("expected a rejected shadow, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn host_that_cannot_start_says_why() {
    let home = Home::new();
    let config = home.config();
    let with = |key: &str, value: Value| {
        let mut changed = config.clone();
        changed[key] = value;
        changed
    };
    let start = |config: &Value| home.try_host_inside(config).err().unwrap();

    let misfit = start(&with("config", json!({ "counter": { "strt": 1 } })));
    assert!(
        matches!(misfit, HostError::Config(ConfigError::Faults { .. })),
        "{misfit}"
    );

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let listen = start(&with("port", json!(port)));
    assert!(matches!(listen, HostError::Listen { .. }), "{listen}");

    home.install("tally", &fs::read(fixture("tally")).unwrap());
    let mut refusing = with("extensions", json!(["tally"]));
    refusing["config"] = json!({ "tally": { "refuse": true } });
    let failed = start(&refusing);
    let is_new = |source: &PluginError| matches!(source, PluginError::New { .. });
    assert!(
        matches!(&failed, HostError::Plugin { source, .. } if is_new(source)),
        "{failed}"
    );

    // A folder of its own: threads of a host that has not started may keep its store open for a while.
    let home = Home::new();
    let config = home.config();
    let host = home.host_inside(&config);
    let second = home.try_host_inside(&config).err().unwrap();
    assert!(
        matches!(second, HostError::Store(StoreError::InUse { .. })),
        "{second}"
    );
    stop(host).await;
}

#[test]
fn plugin_that_cannot_be_loaded_says_why() {
    let home = Home::new();
    let load = |loader: &Loader, bytes: &[u8]| -> Result<Plugin, PluginError> {
        home.install("counter", bytes);
        let path = home.path("plugins/libcounter.so");
        loader.load(&PluginFile::read(&path)?)
    };
    let good = with_version("counter", "0.1.1");
    let rootless = doctored(good.clone(), "TIG_EXTENSION_ROOT", "TIG_EXTENSION_R00T");
    let untried = Loader::new(home.path("cache"), None);
    let rejected = load(&untried, &rootless).err().unwrap();
    assert!(matches!(rejected, PluginError::Load { .. }), "{rejected}");

    let failing = Loader::new(home.path("cache"), Some("/bin/false".into()));
    let rejected = load(&failing, &good).err().unwrap();
    assert!(matches!(rejected, PluginError::Probe { .. }), "{rejected}");
    assert!(load(&untried, &good).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn config_that_cannot_be_applied_says_why() {
    let (home, host, config) = counting().await;
    let rejected = async |key: &str, value: Value| {
        let mut changed = config.clone();
        changed[key] = value;
        match apply(&home, &host, &changed).await {
            Err(ControlError::Reconfigure(error)) => error,
            other => panic!("expected a rejected config, got {other:?}"),
        }
    };
    let fixed = rejected("identity", json!({ "account": "another" })).await;
    assert!(matches!(fixed, ReconfigureError::Fixed(keys) if keys == ["account", "api_url"]));
    let misfit = rejected("config", json!({ "counter": { "strt": 1 } })).await;
    assert!(matches!(misfit, ReconfigureError::Config(_)), "{misfit}");
    let missing = rejected("extensions", json!(["counter", "nothing"])).await;
    assert!(
        matches!(
            &missing,
            ReconfigureError::Extension {
                source: AddError::Plugin(_),
                ..
            }
        ),
        "{missing}"
    );
    let unknown = host.control().reload("countr").await;
    assert!(
        matches!(unknown, Err(ControlError::Unknown { .. })),
        "{unknown:?}"
    );
    stop(host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn successor_that_does_not_take_over_says_why() {
    let (home, host) = ordered("panic_in_snapshot").await;
    home.install("misbehaving", b"#!/bin/sh");
    let junk = reload(&host, "misbehaving").await;
    assert!(matches!(junk, ReloadError::File { .. }), "{junk}");

    let good = with_version("misbehaving", "0.1.1");
    home.install(
        "misbehaving",
        &doctored(good.clone(), "TIG_EXTENSION_ROOT", "TIG_EXTENSION_R00T"),
    );
    let rootless = reload(&host, "misbehaving").await;
    assert!(matches!(rootless, ReloadError::Load { .. }), "{rootless}");

    // The counter has a route that overlaps.
    home.install(
        "misbehaving",
        &doctored(good.clone(), "POST /misbehave/*", "POST /count/abcde"),
    );
    let misfit = reload(&host, "misbehaving").await;
    assert!(matches!(misfit, ReloadError::Misfit { .. }), "{misfit}");

    home.install("misbehaving", &good);
    let is_snapshot = |source: &SwitchError| matches!(source, SwitchError::Snapshot(_));
    let switch = reload(&host, "misbehaving").await;
    assert!(
        matches!(&switch, ReloadError::Switch { source, .. } if is_snapshot(source)),
        "{switch}"
    );
    stop(host).await;

    let (home, host) = ordered("fail_in_new").await;
    home.install("misbehaving", &good);
    let is_new = |source: &SwitchError| matches!(source, SwitchError::New(_));
    let switch = reload(&host, "misbehaving").await;
    assert!(
        matches!(&switch, ReloadError::Switch { source, .. } if is_new(source)),
        "{switch}"
    );
    stop(host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_that_does_not_start_or_end_says_why() {
    let (home, host) = ordered("panic_in_snapshot").await;
    let junk = shadow(&home, &host, "counter", b"#!/bin/sh").await;
    assert!(matches!(junk, Some(ShadowError::File(_))), "{junk:?}");
    let missing = host.control().discard("counter").await;
    let missing = shadow_error(missing);
    assert!(
        matches!(missing, Some(ShadowError::Missing { .. })),
        "{missing:?}"
    );

    let version = with_version("misbehaving", "0.1.1");
    let failed = shadow(&home, &host, "misbehaving", &version).await;
    let is_snapshot = |source: &ShadowStartError| matches!(source, ShadowStartError::Snapshot(_));
    assert!(
        matches!(&failed, Some(ShadowError::Start(source)) if is_snapshot(source)),
        "{failed:?}"
    );
    stop(host).await;

    let (home, host) = ordered("panic_for_good").await;
    count(&host, 1).await;
    let is_stopped = || host.control().extensions()[0].state == tig_host::State::Stopped;
    crate::support::wait_until(is_stopped, || "not stopped".to_owned());
    let failed = shadow(&home, &host, "misbehaving", &version).await;
    let is_stopped = |source: &ShadowStartError| matches!(source, ShadowStartError::Stopped);
    assert!(
        matches!(&failed, Some(ShadowError::Start(source)) if is_stopped(source)),
        "{failed:?}"
    );
    stop(host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_that_is_not_promoted_says_why() {
    let (home, host, _) = counting().await;
    let promote = async |host: &Host| {
        let promoted = host.control().promote("counter").await;
        shadow_error(promoted).unwrap()
    };
    let version = with_version("counter", "0.1.1");
    assert!(shadow(&home, &host, "counter", &version).await.is_none());
    count(&host, 777).await;
    shadow_status(&host, |status| status.ended.is_some());
    let ended = promote(&host).await;
    assert!(matches!(ended, ShadowError::Ended(_)), "{ended}");

    // The host has a route of this path itself.
    let misfit = doctored(version.clone(), "GET /above/*", "GET /metrics");
    assert!(shadow(&home, &host, "counter", &misfit).await.is_none());
    let is_misfit = |source: &ReloadError| matches!(source, ReloadError::Misfit { .. });
    let rejected = promote(&host).await;
    assert!(
        matches!(&rejected, ShadowError::TakeOver(source) if is_misfit(source)),
        "{rejected}"
    );

    assert!(shadow(&home, &host, "counter", &version).await.is_none());
    fs::remove_dir_all(home.path("plugins")).unwrap();
    let not_installed = promote(&host).await;
    assert!(
        matches!(not_installed, ShadowError::Install { .. }),
        "{not_installed}"
    );
    assert_eq!(host.control().extensions()[0].version, "0.1.1");
    stop(host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switch_that_is_stuck_is_rolled_back() {
    let (home, host, _) = counting().await;
    // A successor does not return from `restore` at this total.
    count(&host, 4242 - 5).await;
    home.install("counter", &with_version("counter", "0.1.1"));
    let stuck = reload(&host, "counter").await;
    let is_rolled_back = |source: &SwitchError| matches!(source, SwitchError::RolledBack(_));
    assert!(
        matches!(&stuck, ReloadError::Switch { source, .. } if is_rolled_back(source)),
        "{stuck}"
    );
    assert_eq!(count(&host, 1).await, json!([4243, 3]));
    stop(host).await;
}
