//! A host that the test moves, one handler and one write at a time, and kills in between.

use std::collections::BTreeMap;

use serde_json::Value;
use tig_host::testing::{self, Plugin, RouteResult};
use tig_host::{Clock, Config, Overrides, Random, SteppedHost, Store, VirtualTime};
use tig_plugin_api::HttpRequest;
use tokio::sync::oneshot;

use crate::support::Home;

const COUNTER: usize = 0;
const RECORDER: usize = 1;

struct Site {
    config: Config,
    plugins: Vec<Plugin>,
    _home: Home,
}

impl Site {
    fn new() -> Self {
        let home = Home::new();
        let config = Config::load(&home.path("config.json"), Overrides::default()).unwrap();
        Self {
            plugins: testing::load(&config).unwrap(),
            config,
            _home: home,
        }
    }

    fn start(&self) -> SteppedHost {
        let store = Store::open(&self.config.backup_folder, &BTreeMap::new()).unwrap();
        let sources = (Clock::Virtual(VirtualTime::from_ms(7)), Random::seeded(1));
        SteppedHost::start(&self.config, &self.plugins, store, sources).unwrap()
    }
}

fn ask(host: &SteppedHost, method: &str, path: &str) -> oneshot::Receiver<RouteResult> {
    host.request(HttpRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query: String::new(),
        headers: Vec::new(),
        peer: String::new(),
        body: Vec::new(),
    })
    .unwrap()
}

fn write(host: &mut SteppedHost) {
    if let Some(written) = host.write() {
        host.apply(written);
    }
}

fn settle(host: &mut SteppedHost) {
    write(host);
    while let Some(&index) = host.waiting().first() {
        assert!(host.step(index));
        write(host);
    }
}

fn seen(host: &mut SteppedHost) -> Value {
    let mut answer = ask(host, "GET", "/seen");
    settle(host);
    let reply = answer.try_recv().unwrap().ok().unwrap().reply;
    serde_json::from_slice(&reply.body).unwrap()
}

#[test]
fn nothing_happens_but_what_is_asked_for() {
    let site = Site::new();
    let mut host = site.start();
    let mut answer = ask(&host, "POST", "/count/3");
    assert_eq!(host.waiting(), [COUNTER]);
    assert!(!host.step(RECORDER), "nothing waits for it");
    assert!(host.step(COUNTER));
    assert!(answer.try_recv().is_err(), "nothing is on disk yet");
    let written = host.write().unwrap();
    assert!(answer.try_recv().is_err(), "only on disk");
    host.apply(written);
    assert!(answer.try_recv().unwrap().is_ok());
    assert_eq!(host.waiting(), [RECORDER]);
    settle(&mut host);
    assert_eq!(seen(&mut host)[0], serde_json::json!([3]));
}

#[test]
fn kill_undoes_a_handler_until_it_is_stored() {
    let site = Site::new();
    let mut host = site.start();
    let _unanswered = ask(&host, "POST", "/count/3");
    assert!(host.step(COUNTER));
    drop(host);

    let mut host = site.start();
    assert_eq!(seen(&mut host)[0], serde_json::json!([]));
    let _unanswered = ask(&host, "POST", "/count/4");
    assert!(host.step(COUNTER));
    let written = host.write();
    assert!(written.is_some());
    drop((written, host));

    let mut host = site.start();
    assert_eq!(host.waiting(), [RECORDER], "the event comes again");
    settle(&mut host);
    assert_eq!(seen(&mut host)[0], serde_json::json!([4]));
}

#[test]
fn failure_after_effects_restores_in_the_same_step() {
    let site = Site::new();
    let mut host = site.start();
    let _unanswered = ask(&host, "POST", "/count/3");
    settle(&mut host);
    let mut failed = ask(&host, "POST", "/count/13");
    let mut total = ask(&host, "GET", "/total");
    assert!(host.step(COUNTER));
    assert!(failed.try_recv().unwrap().is_err());
    assert_eq!(host.status()[COUNTER].restores, 1);
    settle(&mut host);
    let reply = total.try_recv().unwrap().ok().unwrap().reply;
    assert_eq!(reply.body, b"[3,0]");
}

#[test]
fn a_reload_hands_the_state_over() {
    let site = Site::new();
    let mut host = site.start();
    let _unanswered = ask(&host, "POST", "/count/3");
    settle(&mut host);
    host.reload(COUNTER).unwrap();
    let mut answer = ask(&host, "GET", "/total");
    settle(&mut host);
    let reply = answer.try_recv().unwrap().ok().unwrap().reply;
    assert_eq!(reply.body, b"[3,1]");
    assert_eq!(host.status()[COUNTER].reloads, 1);
    assert_eq!(host.stored().unwrap(), (2, 4), "`total` and `counted`");
}
