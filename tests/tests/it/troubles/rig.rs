//! A network, a host with the stock extensions, the dashboard and the notifier, and slaves; and where an operator looks.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tig_system_tests::{
    DASHBOARD, MasterOptions, NOTIFIER, PLAYER_ID, Process, Site, get, own_port, post, request,
    wait_for,
};

use crate::dashboard::chromium::Chromium;
use crate::dashboard::tab::Tab;
use crate::support::{PACE, PATIENCE, add_example, patch_config, site};
use crate::webhook::{Mood, Webhook, alerts};

/// An operator knows of a trouble within this time; a loaded machine may take longer, up to the test's patience.
const KNOWN: Duration = Duration::from_secs(10);

/// Extensions beside the stock ones; the last fails as it is ordered to.
const FURTHER: [&str; 3] = [DASHBOARD, NOTIFIER, FAULTY];
const FAULTY: &str = "faulty";

/// A condition that a trouble has as its consequence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    pub(crate) extension: &'static str,
    pub(crate) code: &'static str,
    pub(crate) subject: &'static str,
    /// Whether it is an alert, and not only a reason.
    pub(crate) is_alert: bool,
    /// Whether its subject is not known before.
    is_about_any: bool,
}

impl Expected {
    /// A condition that is an alert.
    pub(crate) const fn alert(extension: &'static str, code: &'static str) -> Self {
        Self {
            extension,
            code,
            subject: "",
            is_alert: true,
            is_about_any: false,
        }
    }

    /// A condition that is a reason for idleness, as the operator wants it.
    pub(crate) const fn reason(extension: &'static str, code: &'static str) -> Self {
        Self {
            is_alert: false,
            ..Self::alert(extension, code)
        }
    }

    pub(crate) const fn about(self, subject: &'static str) -> Self {
        Self { subject, ..self }
    }

    pub(crate) const fn about_any(self) -> Self {
        Self {
            is_about_any: true,
            ..self
        }
    }
}

/// Builds a [`Rig`].
pub(crate) struct Plan {
    pub(crate) options: MasterOptions,
    /// Balance of the account, in TIG; `None` for more than enough.
    pub(crate) balance: Option<f64>,
    /// Milliseconds between blocks.
    pub(crate) block_ms: u64,
    /// Whether a slave computes.
    pub(crate) has_slave: bool,
    /// Whether the host's key is another than the network's.
    pub(crate) has_wrong_key: bool,
    /// Whether the store is on a disk with hardly any room.
    pub(crate) is_disk_small: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            options: crate::support::one_challenge(),
            balance: None,
            block_ms: PACE.block_ms,
            has_slave: true,
            has_wrong_key: false,
            is_disk_small: false,
        }
    }
}

/// All processes; they end with the value.
pub(crate) struct Rig {
    pub(crate) slaves: Vec<Process>,
    pub(crate) host: Process,
    pub(crate) devnet: Process,
    pub(crate) address: String,
    pub(crate) network: String,
    pub(crate) site: Site,
    webhook: Webhook,
    /// Looks at the page; `None` where it is not installed.
    browser: Option<Chromium>,
    is_disk_small: bool,
    // Removed last.
    _folder: TempDir,
}

impl Rig {
    /// Starts all of it; `change` is applied to the host's config.
    pub(crate) fn start(plan: &Plan, change: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = site(folder.path());
        site.add_dashboard().unwrap();
        site.add_plugin(NOTIFIER, &site.artifacts().plugin(NOTIFIER))
            .unwrap();
        add_example(&site, FAULTY);
        let webhook = Webhook::start(Mood::Answers(200));
        let url = format!("http://127.0.0.1:{}/", webhook.port);
        let mut devnet = plan.balance.map_or_else(
            || site.devnet(own_port(), plan.block_ms),
            |balance| poor_devnet(&site, plan.block_ms, balance),
        );
        let mut devnet = site.spawn("tig-devnet", &mut devnet).unwrap();
        let network = devnet.address().unwrap();
        if plan.has_wrong_key {
            fs::write(folder.path().join("api_key"), "another").unwrap();
        }
        site.write_config(&plan.options, &format!("http://{network}"), 0)
            .unwrap();
        patch_config(&site, |config| {
            let extensions = config["extensions"].as_array_mut().unwrap();
            extensions.extend(FURTHER.map(Value::from));
            // The shortest pause in which alerts are gathered: one is on its way at once.
            config["config"]["notifier"] = json!({ "webhooks": { "test": { "url": url, "severity": "info" } }, "group_ms": 100 });
            change(config);
        });
        let mut host = site.host();
        if plan.is_disk_small {
            host = on_small_disk(&host, &folder.path().join("backup"));
        }
        let mut host = site.spawn("tig-host", &mut host).unwrap();
        let address = host.address().unwrap();
        let mut rig = Self {
            slaves: Vec::new(),
            host,
            devnet,
            address,
            network,
            site,
            webhook,
            browser: Chromium::is_installed().then(Chromium::start),
            is_disk_small: plan.is_disk_small,
            _folder: folder,
        };
        if plan.has_slave {
            rig.add_slave("local");
        }
        rig
    }

    /// Starts a slave.
    pub(crate) fn add_slave(&mut self, name: &str) {
        let mut slave = self.site.slave(&self.address, name, PACE.workers);
        let slave = self.site.spawn(name, &mut slave).unwrap();
        self.slaves.push(slave);
    }

    /// Runs a command of `tig-host` for the running host, and returns its standard output.
    pub(crate) fn tig_host(&self, arguments: &[&str]) -> String {
        let program = self.site.artifacts().program("tig-host");
        let mut command = Command::new(&program);
        if self.is_disk_small {
            // The host sees a disk of its own, and so must the command.
            command = Command::new("nsenter");
            let id = self.host.id().to_string();
            command.args(["--mount", "--target", &id]).arg(program);
        }
        command.args(arguments).arg("--config");
        let output = command.arg(self.site.config_file()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}{errors}");
        text
    }

    /// Plans faults of the network in place of those before.
    pub(crate) fn faults(&self, plan: &Value) {
        let cleared = request(&self.network, "DELETE", "/devnet/admin/faults", &[], &[]).unwrap();
        assert_eq!(cleared.status, 204, "{}", cleared.body);
        let body = plan.to_string();
        let answer = post(&self.network, "/devnet/admin/faults", body.as_bytes()).unwrap();
        assert_eq!(answer.status, 204, "{}", answer.body);
    }

    /// All present conditions, as the page gets them.
    pub(crate) fn conditions(&self) -> Vec<Value> {
        let answer = get(&self.address, "/operator/v1/conditions").unwrap();
        let mut answer: Value = answer.json().unwrap();
        answer["conditions"]
            .as_array_mut()
            .map(std::mem::take)
            .unwrap()
    }

    fn find(&self, expected: &Expected) -> Option<Value> {
        self.conditions().into_iter().find(|condition| {
            condition["extension"] == expected.extension
                && condition["code"] == expected.code
                && (expected.is_about_any || condition["subject"] == expected.subject)
        })
    }

    /// Waits until the operator can see a trouble on the page, by `why`, and as an alert if it is one.
    pub(crate) fn expect(&self, expected: Expected) {
        let begin = Instant::now();
        let condition = self.wait(&expected, "no condition", || self.find(&expected));
        let text = condition["text"].as_str().unwrap();
        let is_alert = condition["severity"] != "info";
        assert_eq!(is_alert, expected.is_alert, "{condition}");
        let shown = self.tig_host(&["why"]);
        assert!(shown.contains(expected.code), "{text:?} is not in\n{shown}");
        if is_alert {
            assert_ne!(
                condition["remedy"], "",
                "an alert says what to do: {condition}"
            );
        }
        if let Some(browser) = &self.browser {
            let tab = Tab::open(browser);
            tab.go(&format!("http://{}/operator/#/conditions", self.address));
            tab.wait_for_words("main", expected.code);
        }
        // This webhook wants reasons too.
        let subject = condition["subject"].as_str().unwrap();
        self.wait(&expected, "no message", || {
            self.has_message("raised", expected.code, subject)
                .then_some(())
        });
        let took = begin.elapsed();
        if took > KNOWN {
            // The harness shows it with the test. Speed is not for tests to judge.
            let _ = writeln!(std::io::stderr(), "{expected:?} was known after {took:?}");
        }
    }

    /// Waits until a trouble is over, for the page and for whoever gets alerts.
    pub(crate) fn expect_end(&self, expected: Expected) {
        self.wait(&expected, "the condition stays", || {
            self.find(&expected).is_none().then_some(())
        });
        self.wait(&expected, "no message of the end", || {
            self.has_message("cleared", expected.code, expected.subject)
                .then_some(())
        });
    }

    fn has_message(&self, list: &str, code: &str, subject: &str) -> bool {
        let messages = self.webhook.delivered();
        alerts(&messages, list).any(|item| item["code"] == code && item["subject"] == subject)
    }

    fn wait<T>(&self, expected: &Expected, what: &str, look: impl FnMut() -> Option<T>) -> T {
        wait_for(what, PATIENCE, look).unwrap_or_else(|error| {
            let conditions = self.conditions();
            panic!(
                "{expected:?}: {error}\n{conditions:#?}\n{}",
                self.host.log_tail(40)
            )
        })
    }
}

/// A network in which our account is poor.
fn poor_devnet(site: &Site, block_ms: u64, balance: f64) -> Command {
    let players = site.folder().join("players.json");
    let key_file = site.folder().join("api_key");
    let poor = json!([{ "player_id": PLAYER_ID, "api_key_file": key_file, "balance": balance }]);
    fs::write(&players, poor.to_string()).unwrap();
    let mut command = Command::new(site.artifacts().program("tig-devnet"));
    command
        .args(["--exit-with-parent", "--seed", "7"])
        .args(["--block-ms", &block_ms.to_string(), "--players"])
        .arg(&players)
        .arg("--algorithms")
        .arg(site.artifacts().algorithms());
    command
}

/// The host in a mount namespace of its own, where its store has a small disk.
fn on_small_disk(host: &Command, backup: &Path) -> Command {
    fs::create_dir_all(backup).unwrap();
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c"])
        .arg(r#"mount -t tmpfs -o size=16m none "$1" && shift && exec "$@""#)
        .arg("sh")
        .arg(backup)
        .arg(host.get_program())
        .args(host.get_args())
        .env("RUST_LOG", "info");
    command
}
