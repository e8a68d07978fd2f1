//! The page by keyboard alone.

use super::system::{PageHost, chromium};
use super::tab::Tab;

const FOCUSED: &str = "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText ?? '').trim()";

#[test]
fn keyboard_reaches_views_tables_and_heat_map() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    tab.go(&host.url("overview"));
    tab.wait("document.querySelector(\"#nav a[href='#/panel/showcase']\")");
    tab.press("Tab");
    assert_eq!(tab.value(FOCUSED), "Skip to the content");
    tab.press("Enter");
    tab.wait("document.activeElement.id === 'main'");

    tab.value("document.querySelector('#nav a').focus()");
    tab_to(&tab, "Showcase");
    assert_ne!(outline(&tab), "none", "the focus is seen");
    tab.press("Enter");
    tab.wait_for_words("main table", "alpha");
    tab.wait("document.activeElement.id === 'main'");

    tab_to(&tab, "Rate ↕");
    tab.press("Enter");
    tab.wait("document.querySelector('th[aria-sort=descending]')");
    let rates =
        "[...document.querySelectorAll('.widget-table tbody td.number')].map((it) => it.innerText)";
    tab.wait(&format!("{rates}.join() === '20/s,10/s,0/s,0/s'"));
    // The heading keeps the focus when the rows change.
    assert_eq!(tab.value(FOCUSED), "Rate ▼");
    tab.press("Enter");
    tab.wait(&format!("{rates}.join() === '0/s,0/s,10/s,20/s'"));

    tab.value("document.querySelector('main canvas').focus()");
    tab.press("ArrowRight");
    tab.press("ArrowUp");
    tab.wait_for_words("main .spoken", "items 50, better than baseline 101:");

    tab.value("document.querySelector('main tbody a').focus()");
    tab.press("Enter");
    tab.wait_for_words("main dl", "Details of");
    tab.value("document.querySelector('#unlock').focus()");
    tab.press("Enter");
    tab.wait("document.activeElement.id === 'token'");
    tab.press("Escape");
    tab.wait("!document.querySelector('dialog')");
    tab.wait("document.activeElement.id === 'unlock'");
    assert_eq!(tab.faults(), Vec::<String>::new());
}

#[test]
fn rows_are_found_sorted_and_paged() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    tab.go(&host.url("panel/fleet"));
    let first = "document.querySelector('main tbody tr')?.dataset.key";
    tab.wait(&format!("{first} === 'slave-0000'"));
    assert_eq!(tab.count("main tbody tr"), 100);
    tab.click("=Next →");
    tab.wait(&format!("{first} === 'slave-0100'"));
    tab.wait_for_words(".pager", "101 to 200 of 1,000");
    // All rows are sorted, not those of this page.
    tab.click("thead th:nth-child(2) button");
    tab.wait(&format!("{first} === 'slave-0321'"));
    assert_eq!(tab.count("main tbody tr"), 100);
    tab.click("#find");
    tab.type_text("99");
    tab.wait("document.querySelectorAll('main tbody tr').length === 19");
    tab.wait("!document.querySelector('.pager')");
    tab.click("thead th:nth-child(1) button");
    tab.wait(&format!("{first} === 'slave-0099'"));
}

#[test]
fn colours_follow_the_switch() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    tab.go(&host.url("overview"));
    let ground = || tab.value("getComputedStyle(document.body).backgroundColor");
    let light = ground();
    tab.look(1_400, "dark");
    let dark = ground();
    assert_ne!(light, dark);
    tab.click("=Colours: system");
    assert_eq!(ground(), light);
    tab.look(1_400, "light");
    tab.click("=Colours: light");
    assert_eq!(ground(), dark);
    tab.go("about:blank");
    tab.go(&host.url("overview"));
    tab.wait_for_words("#theme", "Colours: dark");
    assert_eq!(ground(), dark);
}

/// Presses Tab until the focus is on an element with these words.
fn tab_to(tab: &Tab<'_>, words: &str) {
    for _ in 0..60 {
        if tab.value(FOCUSED) == words {
            return;
        }
        tab.press("Tab");
    }
    panic!("the focus never came to {words}: {}", tab.text("body"));
}

fn outline(tab: &Tab<'_>) -> serde_json::Value {
    tab.value("getComputedStyle(document.activeElement).outlineStyle")
}
