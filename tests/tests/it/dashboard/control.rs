//! What an operator changes by the page, with the token.

use std::process::Command;

use tig_system_tests::MasterOptions;

use super::accessibility::check_accessibility;
use super::chromium::FOREIGN_NAME;
use super::system::{PageHost, PageStack, SHOWCASE, chromium, unlock};
use super::tab::Tab;

const NOTICES: &str = "#notices";

#[test]
fn page_without_token_only_reads() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    for (view, shown) in [
        ("overview", ".host dl"),
        ("extensions", "main .card"),
        ("panel/showcase", "main tbody tr"),
    ] {
        tab.go(&host.url(view));
        tab.wait(&format!("document.querySelector('{shown}')"));
        for button in [
            "=Drain…",
            "=Reload all",
            "=Reload showcase",
            "=Pause showcase",
        ] {
            assert!(!tab.has(button), "{view}: {button}");
        }
        assert_eq!(tab.count("td.actions"), 0, "{view}");
    }
    tab.click("=Unlock control");
    tab.type_text("wrong");
    tab.press("Enter");
    tab.wait_for_words(NOTICES, "Control stays locked: this needs the header");
    assert_eq!(tab.value("sessionStorage.length"), 0);
    assert!(!tab.has("=Drain…"));
}

#[test]
fn commands_act_and_report() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    host.unlock(&tab, "overview");
    // Kept in this tab only.
    assert_eq!(
        tab.value("localStorage.getItem('operator-token')"),
        serde_json::Value::Null
    );

    tab.click("=Pause showcase");
    tab.wait_for_words(NOTICES, "Pause showcase: paused");
    assert_eq!(figure(&host, "Paused"), true);
    tab.click("=Resume showcase");
    tab.wait_for_words(NOTICES, "Resume showcase: resumed");
    assert_eq!(figure(&host, "Paused"), false);

    tab.go(&host.url("panel/showcase"));
    tab.click("=Note alpha");
    tab.wait_for_words(NOTICES, "Note: alpha");
    assert_eq!(figure(&host, "Called"), "alpha");
    tab.wait_for_words("main dl", "alpha");
    // A question first; whoever says no changes nothing.
    tab.click("=Sure alpha");
    tab.wait_for_words("dialog", "Are you <i>sure</i>?");
    check_accessibility(&tab, "a question, and a notice");
    tab.click("=Cancel");
    tab.wait("!document.querySelector('dialog')");
    assert_eq!(figure(&host, "Called"), "alpha");
    tab.click("=Sure alpha");
    tab.click("dialog button[type=submit]");
    tab.wait_for_words(NOTICES, "Sure: confirmed");
    assert_eq!(figure(&host, "Called"), "alpha, confirmed");
    tab.wait_for_words("main dl", "alpha, confirmed");
    tab.click("=Refuse alpha");
    tab.wait_for_words(NOTICES, "ordered to refuse <b>everything</b>");

    tab.click("=Lock control");
    tab.wait("!document.querySelector('td.actions')");
    assert_eq!(tab.value("sessionStorage.length"), 0);
}

#[test]
fn alerts_are_shown_while_they_last() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    tab.go(&host.url("overview"));
    tab.wait("document.querySelector('.alerts .conditions, .alerts .empty')");
    call(&host, "raise", r#"{"name":"something"}"#);
    tab.wait_for_words(".alerts", "has raised something.");
    tab.wait_for_words(".alerts", "Look at <b>it</b>.");
    tab.wait_for_words(".reasons", "The cap of knapsack is reached.");
    assert_eq!(tab.value("window.hacked ?? null"), serde_json::Value::Null);
    tab.click("#nav a[href='#/conditions']");
    tab.wait_for_words("main", "has raised something.");
    call(&host, "clear", "{}");
    tab.wait("!document.querySelector('main').innerText.includes('has raised something.')");
}

#[test]
fn versions_are_reloaded_promoted_and_discarded() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    host.unlock(&tab, "extensions");
    tab.click("=Reload showcase");
    tab.wait_for_words(NOTICES, "Reload showcase: showcase unchanged");
    tab.click("=Reload all");
    tab.wait_for_words(NOTICES, "Reload all: ");

    for (button, notice) in [
        ("Discard", "Discard showcase: done"),
        ("Promote", "Promote showcase: "),
    ] {
        shadow(&host);
        let label = format!("={button} {SHOWCASE}");
        tab.wait_for_words(&format!("section[aria-label={SHOWCASE}]"), "Shadow");
        tab.click(&label);
        tab.click("dialog button[type=submit]");
        tab.wait_for_words(NOTICES, notice);
        tab.wait(&format!(
            "!document.querySelector('section[aria-label={SHOWCASE}] .shadow')"
        ));
    }
    let status = host.api("/operator/v1/status");
    let extensions = status["extensions"].as_array().unwrap();
    let showcase = extensions.iter().find(|it| it["name"] == SHOWCASE);
    assert_eq!(showcase.unwrap()["reloads"], 1);
}

#[test]
fn drain_from_the_page_ends_the_host() {
    let Some(browser) = chromium() else { return };
    let mut host = PageHost::start();
    let tab = Tab::open(&browser);
    host.unlock(&tab, "overview");
    tab.click("=Drain…");
    tab.click("=Cancel");
    tab.wait("!document.querySelector('dialog')");
    host.process.check_running().unwrap();
    tab.click("=Drain…");
    tab.click("#drain-seconds");
    tab.type_text("1");
    tab.press("Enter");
    tab.wait_for_words(NOTICES, "Drain: the host drains");
    tab.wait_for_words("#banner", "What is shown is from");
    let ended = tig_system_tests::wait_for("the host's end", crate::support::PATIENCE, || {
        host.process.exit_status()
    });
    assert!(ended.unwrap().success());
}

/// Under another name than this machine's own the host shows nothing without the token, as to other machines.
#[test]
fn page_elsewhere_asks_for_the_token() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    let port = host.address.rsplit_once(':').unwrap().1;
    tab.go(&format!("http://{FOREIGN_NAME}:{port}/operator/#/overview"));
    tab.wait_for_words("#banner", "only with the operator's token");
    assert_eq!(tab.count(".host dl"), 0);
    tab.click("=Enter the token");
    tab.wait("document.activeElement.id === 'token'");
    tab.type_text(&host.token);
    tab.press("Enter");
    tab.wait_for_words(".host", "Version");
    tab.wait("document.querySelector('#banner').innerText === ''");
    tab.wait("document.querySelector(\"#nav a[href='#/panel/showcase']\")");
}

#[test]
fn host_without_token_says_how_to_get_control() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start_with(|config| config["operator"] = serde_json::json!({}));
    let tab = Tab::open(&browser);
    tab.go(&host.url("overview"));
    tab.click("=Unlock control");
    tab.wait_for_words(
        "dialog",
        "\"operator\": {\"token_file\": \"operator_token\"}",
    );
    tab.type_text("anything");
    tab.press("Enter");
    tab.wait_for_words(NOTICES, "set `operator.token_file` in its config");
    assert!(!tab.has("=Drain…"));
}

/// The stock extensions' own controls, on a system that works.
#[test]
fn slave_is_cordoned_and_work_paused() {
    let Some(browser) = chromium() else { return };
    let system = PageStack::start(MasterOptions::default(), false);
    let tab = Tab::open(&browser);
    tab.go(&system.url("panel/slaves"));
    unlock(&tab, &system.token);
    tab.click("=Cordon local");
    confirm_if_asked(&tab);
    tab.wait_for_words(NOTICES, "Cordon");
    tab.wait("[...document.querySelectorAll('main button')].some((it) => it.getAttribute('aria-label') === 'Uncordon local')");
    let panel = system.api("/operator/panel/slaves").to_string();
    assert!(panel.contains("uncordon"), "{panel}");
    tab.click("=Uncordon local");
    confirm_if_asked(&tab);
    tab.wait("[...document.querySelectorAll('main button')].some((it) => it.getAttribute('aria-label') === 'Cordon local')");

    tab.go(&system.url("overview"));
    tab.click("=Pause precommit_manager");
    tab.wait_for_words(NOTICES, "Pause precommit_manager: ");
    tab.wait_for_words(".reasons", "paused");
    tab.click("=Resume precommit_manager");
    tab.wait_for_words(NOTICES, "Resume precommit_manager: ");
}

fn confirm_if_asked(tab: &Tab<'_>) {
    tab.wait("document.querySelector('dialog, .notice')");
    if tab.has("dialog button[type=submit]") {
        tab.click("dialog button[type=submit]");
    }
}

/// A figure of the showcase's panel.
fn figure(host: &PageHost, label: &str) -> serde_json::Value {
    let panel = host.api("/operator/panel/showcase");
    let figures = panel["widgets"][0]["figures"].as_array().unwrap();
    let figure = figures.iter().find(|figure| figure["label"] == label);
    figure.unwrap()["value"].clone()
}

fn call(host: &PageHost, command: &str, arguments: &str) {
    let path = format!("/operator/v1/control/call/{SHOWCASE}/{command}");
    let token = format!("Bearer {}", host.token);
    let headers = [("Authorization", token.as_str())];
    let answer =
        tig_system_tests::request(&host.address, "POST", &path, &headers, arguments.as_bytes());
    let answer = answer.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Starts a shadow of the showcase from a copy of its file, by the command line.
fn shadow(host: &PageHost) {
    let copy = host.site.folder().join("showcase-shadow.so");
    std::fs::copy(host.site.plugin(SHOWCASE), &copy).unwrap();
    let output = Command::new(host.site.artifacts().program("tig-host"))
        .args(["shadow", SHOWCASE])
        .arg(&copy)
        .arg("--config")
        .arg(host.site.config_file())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
