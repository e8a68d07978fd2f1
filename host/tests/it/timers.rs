//! Timers of whole hosts, under a clock that the test moves.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tig_host::testing::{self, CommandReport, Plugin};
use tig_host::{
    CallError, Clock, Config, Control, Host, HostError, Random, SteppedHost, Store, StoreError,
    VirtualTime,
};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::support::{Home, PATIENCE, fixture, wait_until, with_version};

/// Where the clocks begin, in milliseconds.
const BEGIN_MS: u64 = 1_000;

/// A host with the fixture `alarms`.
struct Site {
    home: Home,
    time: VirtualTime,
    host: Option<Host>,
}

fn home() -> Home {
    let home = Home::new();
    home.install("alarms", &std::fs::read(fixture("alarms")).unwrap());
    home
}

fn config(home: &Home, extensions: &[&str]) -> Config {
    let mut config = home.config();
    config["extensions"] = json!(extensions);
    home.read(&config)
}

fn start(home: &Home, time: &VirtualTime) -> Host {
    let config = config(home, &["counter", "alarms"]);
    let program = Path::new(env!("CARGO_BIN_EXE_tig-host"));
    let mut started = None;
    let start = || {
        let sources = (Clock::Virtual(time.clone()), Random::seeded(1));
        let host = Host::start_with(&config, program, Handle::current(), sources);
        // A stopped host of this process has its store until the runtime has dropped its listeners.
        let waits = matches!(host, Err(HostError::Store(StoreError::InUse { .. })));
        started = Some(host);
        !waits
    };
    wait_until(start, || "the store stays in use".to_owned());
    started.unwrap().unwrap()
}

impl Site {
    fn new() -> Self {
        let (home, time) = (home(), VirtualTime::from_ms(BEGIN_MS));
        let host = Some(start(&home, &time));
        Self { home, time, host }
    }

    fn control(&self) -> Control {
        self.host.as_ref().unwrap().control()
    }

    fn advance(&self, ms: u64) {
        self.time.advance(Duration::from_millis(ms));
    }

    async fn call(&self, command: &str, arguments: Value) -> Result<Value, CallError> {
        let mut call = self.control().call("alarms", command, &arguments).await?;
        match call.next().await? {
            CommandReport::Finished { value, .. } => Ok(serde_json::from_slice(&value).unwrap()),
            CommandReport::Progress(text) => panic!("unexpected {text}"),
        }
    }

    /// Sets a timer `in_ms` after the beginning.
    async fn set(&self, tag: &str, in_ms: u64) {
        let arguments = json!({ "tag": tag, "at_ms": BEGIN_MS + in_ms });
        self.call("set", arguments).await.unwrap();
    }

    /// What has come, once there are `count`: tags, and milliseconds since the beginning.
    async fn fired(&self, count: usize) -> Vec<(String, u64)> {
        let fired = self.call("wait", json!({ "count": count })).await.unwrap();
        let fired: Vec<(String, u64)> = serde_json::from_value(fired).unwrap();
        fired
            .into_iter()
            .map(|(tag, at_ms)| (tag, at_ms - BEGIN_MS))
            .collect()
    }

    /// Replaces `alarms` by another version, which is on probation then.
    async fn reload(&self) {
        self.home
            .install("alarms", &with_version("alarms", "0.1.1"));
        let control = self.control();
        control.reload("alarms").await.unwrap();
    }

    async fn apply(&self, extensions: &[&str]) {
        let (control, config) = (self.control(), config(&self.home, extensions));
        control.apply(config).await.unwrap();
    }

    async fn restart(&mut self) {
        let host = self.host.take().unwrap();
        spawn_blocking(move || host.stop()).await.unwrap();
        self.host = Some(start(&self.home, &self.time));
    }
}

fn tags(fired: &[(String, u64)]) -> Vec<&str> {
    fired.iter().map(|(tag, _)| tag.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_come_in_order_and_not_before_their_time() {
    let site = Site::new();
    site.set("moved", 100).await;
    site.set("cancelled", 110).await;
    site.set("moved", 300).await;
    site.set("first", 200).await;
    site.call("cancel", json!({ "tag": "cancelled" }))
        .await
        .unwrap();
    site.advance(199);
    site.set("past", 50).await;
    assert_eq!(site.fired(1).await, [("past".to_owned(), 199)]);
    site.advance(1);
    assert_eq!(site.fired(2).await[1], ("first".to_owned(), 200));
    site.advance(500);
    let fired = site.fired(3).await;
    assert_eq!(tags(&fired), ["past", "first", "moved"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_survive_a_reload_and_a_panic() {
    let site = Site::new();
    site.set("a", 100).await;
    site.reload().await;
    site.set("b", 200).await;
    site.advance(150);
    assert_eq!(tags(&site.fired(1).await), ["a"]);
    let error = site.call("break_successor", json!({})).await.unwrap_err();
    assert!(matches!(error, CallError::NotStarted { .. }), "{error}");
    let error = site.call("panic", json!({})).await.unwrap_err();
    assert!(matches!(error, CallError::NotStarted { .. }), "{error}");
    site.advance(50);
    assert_eq!(tags(&site.fired(2).await), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rolled_back_timers_are_handled_once() {
    let site = Site::new();
    site.reload().await;
    site.set("handled", 100).await;
    site.set("waiting", 200).await;
    site.advance(100);
    assert_eq!(tags(&site.fired(1).await), ["handled"]);
    let error = site.call("break_successor", json!({})).await.unwrap_err();
    assert!(matches!(error, CallError::NotStarted { .. }), "{error}");
    assert_eq!(site.control().extensions()[1].version, "0.1.0");
    // Both were set again by the old version, to the same time.
    site.advance(100);
    site.set("last", 250).await;
    site.advance(100);
    let fired = site.fired(3).await;
    assert_eq!(tags(&fired), ["handled", "waiting", "last"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_end_with_their_host_or_extension() {
    let mut site = Site::new();
    site.set("of an earlier host", 100).await;
    site.restart().await;
    site.set("of a removed extension", 100).await;
    site.apply(&["counter"]).await;
    site.apply(&["counter", "alarms"]).await;
    site.advance(100);
    site.set("last", 50).await;
    assert_eq!(tags(&site.fired(1).await), ["last"]);
}

/// Leaves `alarms` in a handler that has set a timer and stored that none has come, then removes and adds it.
async fn replace_stalled(site: &Site) {
    let folder = site.home.folder.path().to_owned();
    let control = site.control();
    let arguments = json!({ "folder": folder, "at_ms": BEGIN_MS + 150 });
    let stalled =
        tokio::spawn(async move { control.call("alarms", "stall", &arguments).await.err() });
    wait_until(|| folder.join("stalls").exists(), || "no call".to_owned());
    site.apply(&["counter"]).await;
    let ended = timeout(PATIENCE, stalled).await.expect("its caller waits");
    let ended = ended.unwrap().unwrap();
    assert!(matches!(ended, CallError::Lost { .. }), "{ended}");
    site.apply(&["counter", "alarms"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stuck_removed_extension_harms_no_later_one() {
    let site = Site::new();
    site.set("old", 100).await;
    replace_stalled(&site).await;
    site.set("new", 200).await;
    site.set("newer", 300).await;
    site.advance(200);
    let fired = timeout(PATIENCE, site.fired(1)).await;
    assert_eq!(tags(&fired.expect("its timer is lost")), ["new"]);
    let control = site.control();
    let mut waiting = control
        .call("alarms", "wait", &json!({ "count": 2 }))
        .await
        .unwrap();
    // The stuck handler returns only now.
    let folder = site.home.folder.path();
    std::fs::write(folder.join("go"), "").unwrap();
    wait_until(|| folder.join("dropped").exists(), || "it stays".to_owned());
    // What the new one has stored is still there.
    site.call("panic", json!({})).await.unwrap_err();
    site.advance(100);
    let report = timeout(PATIENCE, waiting.next()).await;
    let report = report.expect("its timer is cancelled").unwrap();
    let CommandReport::Finished { value, .. } = report else {
        panic!("unexpected {report:?}")
    };
    let fired: Vec<(String, u64)> = serde_json::from_slice(&value).unwrap();
    assert_eq!(tags(&fired), ["new", "newer"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn million_timers_are_their_handlers_error() {
    let site = Site::new();
    let refused = async |command: &str, arguments: Value, text: &str| {
        let error = site.call(command, arguments).await.unwrap_err();
        assert!(matches!(error, CallError::NotStarted { .. }), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    };
    let many = json!({ "count": 1_000_000 });
    refused("set_many", many, "100000 timers are set").await;
    let long = json!({ "tag": "x".repeat(1 << 20), "at_ms": 0 });
    refused("set", long, "a tag of 1048576 bytes is longer than").await;
    site.set("a", 0).await;
    assert_eq!(tags(&site.fired(1).await), ["a"]);
}

/// The plugins are loaded once: their code stays mapped.
fn stepped(home: &Home, plugins: &[Plugin], time: &VirtualTime) -> SteppedHost {
    let config = config(home, &["counter", "alarms"]);
    let store = Store::open(&config.backup_folder, &BTreeMap::new()).unwrap();
    let sources = (Clock::Virtual(time.clone()), Random::seeded(1));
    SteppedHost::start(&config, plugins, store, sources).unwrap()
}

fn settle(host: &mut SteppedHost) {
    while let Some(&index) = host.waiting().first() {
        assert!(host.step(index));
        if let Some(written) = host.write() {
            host.apply(written);
        }
    }
}

fn stepped_call(host: &mut SteppedHost, command: &str, arguments: &Value) -> Option<Value> {
    let arguments = arguments.to_string();
    let call = host.call("alarms", command, arguments.as_bytes());
    let mut call = call.unwrap();
    settle(host);
    assert_eq!(call.started.try_recv().unwrap(), Ok(()));
    match call.reports.try_recv().ok()? {
        CommandReport::Finished { value, .. } => serde_json::from_slice(&value).ok(),
        CommandReport::Progress(text) => panic!("unexpected {text}"),
    }
}

#[test]
fn stepped_timers_fire_by_hand_and_repeat() {
    let run = || {
        let home = home();
        let plugins = testing::load(&config(&home, &["counter", "alarms"])).unwrap();
        let time = VirtualTime::from_ms(BEGIN_MS);
        let mut host = stepped(&home, &plugins, &time);
        for (tag, at_ms) in [("b", 1_200), ("a", 1_100), ("c", 1_200)] {
            let set = json!({ "tag": tag, "at_ms": at_ms });
            assert_eq!(stepped_call(&mut host, "set", &set), Some(Value::Null));
        }
        let mut fired = Vec::new();
        while let Some(next) = host.next_timer() {
            assert_eq!(host.fire_timers(), 0, "not before its time");
            let now_ms = BEGIN_MS + 100 * fired.len() as u64;
            time.advance(Duration::from_millis(next - now_ms));
            fired.push(host.fire_timers());
            settle(&mut host);
        }
        let all = stepped_call(&mut host, "wait", &json!({ "count": 3 }));
        (fired, all)
    };
    let (fired, all) = run();
    assert_eq!(fired, [1, 2]);
    assert_eq!(all, Some(json!([["a", 1_100], ["b", 1_200], ["c", 1_200]])));
    assert_eq!(run(), (fired, all));
}
