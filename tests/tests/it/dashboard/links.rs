//! A host that goes away and comes back.

use super::system::{PageHost, chromium};
use super::tab::Tab;

#[test]
fn lost_host_is_shown_and_found_again() {
    let Some(browser) = chromium() else { return };
    let mut host = PageHost::start();
    let tab = Tab::open(&browser);
    tab.go(&host.url("overview"));
    tab.wait("document.querySelector('#link').textContent === '✓ live'");
    tab.wait_for_words(".host", "Version");
    host.process.kill();
    tab.wait("document.querySelector('#link').textContent === '✖ not reachable'");
    tab.wait_for_words("#banner", "What is shown is from");
    tab.wait_for_words("#banner", "Try now");
    // What was seen stays.
    tab.wait_for_words(".host", "Version");
    host.restart();
    // Unless the page has tried by itself meanwhile.
    tab.value("document.querySelector('#banner button')?.click()");
    tab.wait("document.querySelector('#link').textContent === '✓ live'");
    tab.wait("document.querySelector('#banner').innerText === ''");
    // Nothing but the lost connections went wrong.
    for fault in tab.faults() {
        assert!(fault.contains("net::ERR_"), "{fault}");
    }
}

/// A tab that nobody sees asks for nothing.
#[test]
fn hidden_page_rests() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    tab.go(&host.url("overview"));
    tab.wait_for_words(".host", "Version");
    tab.value(
        "(Object.defineProperty(document, 'hidden', { configurable: true, get: () => true }), document.dispatchEvent(new Event('visibilitychange')))",
    );
    let before = tab.requests().len();
    // Longer than the pause between two looks at the status.
    tab.value("new Promise((resolve) => setTimeout(resolve, 7_000))");
    assert_eq!(tab.requests().len(), before);
    tab.value(
        "(Object.defineProperty(document, 'hidden', { configurable: true, get: () => false }), document.dispatchEvent(new Event('visibilitychange')))",
    );
    tab.wait("document.querySelector('#link').textContent === '✓ live'");
    assert!(tab.requests().len() > before);
}
