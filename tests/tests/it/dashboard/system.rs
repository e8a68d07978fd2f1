//! Systems with the operator's page, and the browser that looks at it.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use tig_system_tests::{DASHBOARD, MasterOptions, Process, Site, Stack, own_port, request, skip};

use super::chromium::Chromium;
use super::tab::Tab;
use crate::support::{add_example, one_challenge, patch_config, site};

/// The extension that contributes one of every widget.
pub(super) const SHOWCASE: &str = "showcase";

/// The browser; `None`, and a skipped test, where it is not installed.
pub(super) fn chromium() -> Option<Chromium> {
    if Chromium::is_installed() {
        return Some(Chromium::start());
    }
    skip("chromium is not installed: apt-get install chromium");
    None
}

/// A host with the page and the showcase that reaches no network.
pub(super) struct PageHost {
    /// Where it listens.
    pub(super) address: String,
    /// The operator's token.
    pub(super) token: String,
    pub(super) process: Process,
    pub(super) site: Site,
    // Removed last.
    _folder: TempDir,
}

impl PageHost {
    pub(super) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// Starts it with a config that is changed before.
    pub(super) fn start_with(change: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (site, token) = prepare(&folder);
        // A host that starts again listens on the same port.
        site.write_config(&options(one_challenge()), "http://127.0.0.1:1", own_port())
            .unwrap();
        patch_config(&site, add_showcase);
        patch_config(&site, change);
        let mut process = site.spawn("tig-host", &mut site.host()).unwrap();
        let address = process.address().unwrap();
        Self {
            address,
            token,
            process,
            site,
            _folder: folder,
        }
    }

    /// Starts the host again at its address, after it has ended.
    pub(super) fn restart(&mut self) {
        let host = self.site.spawn("tig-host", &mut self.site.host());
        self.process = host.unwrap();
        self.process.address().unwrap();
    }

    /// Address of a view.
    pub(super) fn url(&self, view: &str) -> String {
        url(&self.address, view)
    }

    /// What the API replies to whoever has the token.
    pub(super) fn api(&self, path: &str) -> Value {
        api(&self.address, path)
    }

    /// Opens the page and unlocks its control.
    pub(super) fn unlock(&self, tab: &Tab<'_>, view: &str) {
        tab.go(&self.url(view));
        unlock(tab, &self.token);
    }
}

/// Network, host and slave with the page and the showcase.
pub(super) struct PageStack {
    pub(super) stack: Stack,
    pub(super) token: String,
    // Removed last.
    _folder: TempDir,
}

impl PageStack {
    pub(super) fn start(options: MasterOptions, with_showcase: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (site, token) = prepare(&folder);
        let pace = crate::support::PACE;
        let mut devnet = site.devnet(0, pace.block_ms);
        let mut devnet = site.spawn("tig-devnet", &mut devnet).unwrap();
        let devnet_address = devnet.address().unwrap();
        site.write_config(
            &self::options(options),
            &format!("http://{devnet_address}"),
            0,
        )
        .unwrap();
        if with_showcase {
            patch_config(&site, add_showcase);
        }
        let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
        let host_address = host.address().unwrap();
        let mut slave = site.slave(&host_address, tig_system_tests::HONEST, pace.workers);
        let slave = site.spawn("tig-slave", &mut slave).unwrap();
        let stack = Stack {
            slave,
            host,
            devnet,
            host_address,
            devnet_address,
            site,
        };
        Self {
            stack,
            token,
            _folder: folder,
        }
    }

    pub(super) fn url(&self, view: &str) -> String {
        url(&self.stack.host_address, view)
    }

    pub(super) fn api(&self, path: &str) -> Value {
        api(&self.stack.host_address, path)
    }
}

fn prepare(folder: &TempDir) -> (Site, String) {
    let site = site(folder.path());
    site.add_dashboard().unwrap();
    add_example(&site, SHOWCASE);
    let token = fs::read_to_string(site.operator_token_file()).unwrap();
    (site, token)
}

fn options(options: MasterOptions) -> MasterOptions {
    MasterOptions {
        dashboard: true,
        ..options
    }
}

fn add_showcase(config: &mut Value) {
    let extensions = config["extensions"].as_array_mut().unwrap();
    assert!(extensions.iter().any(|name| name == DASHBOARD));
    extensions.push(json!(SHOWCASE));
}

fn url(address: &str, view: &str) -> String {
    format!("http://{address}/operator/#/{view}")
}

fn api(address: &str, path: &str) -> Value {
    let answer = request(address, "GET", path, &[], b"").unwrap();
    answer.json().unwrap()
}

/// Unlocks the control of an open page.
pub(super) fn unlock(tab: &Tab<'_>, token: &str) {
    tab.click("=Unlock control");
    tab.wait("document.activeElement.id === 'token'");
    tab.type_text(token);
    tab.press("Enter");
    tab.wait_for_words("#notices", "Control is unlocked.");
    tab.wait("document.querySelector('#unlock').textContent === 'Lock control'");
}
