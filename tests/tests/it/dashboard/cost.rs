//! What the page costs with 200 jobs and 1,000 slaves. The figures are printed; times on a loaded machine fail nothing.

use std::io::Write;
use std::time::{Duration, Instant};

use super::system::{PageHost, chromium};
use super::tab::Tab;

/// How long the open page is watched.
const WATCHED: Duration = Duration::from_secs(20);
/// When the first rows were there, in milliseconds since the navigation.
const WHEN_SHOWN: &str = r#"new MutationObserver((_, observer) => {
  if (!document.querySelector("main tbody tr") || !document.querySelector("main .lanes li")) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.shownAtMs = performance.now(); }));
}).observe(document, { childList: true, subtree: true });"#;

#[test]
fn large_fleet_is_shown_whole() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    tab.prepare(WHEN_SHOWN);
    tab.go(&host.url("panel/fleet"));
    tab.wait("window.shownAtMs");
    tab.click("=170 more");
    tab.wait("document.querySelectorAll('main .lanes li').length === 200");
    tab.click("=170 more");
    tab.wait("document.querySelectorAll('main .lanes li').length === 30");
    assert_eq!(tab.count("main tbody tr"), 100);
    tab.wait_for_words(".pager", "of 1,000");
    let first_paint =
        tab.value("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null");
    let shown = tab.value("window.shownAtMs");
    let (start, busy) = (Instant::now(), tab.metric("TaskDuration"));
    tab.value(&format!(
        "new Promise((resolve) => setTimeout(resolve, {}))",
        WATCHED.as_millis()
    ));
    let share = (tab.metric("TaskDuration") - busy) / start.elapsed().as_secs_f64();
    let heap = tab.metric("JSHeapUsedSize") / f64::from(1 << 20);
    let _ = writeln!(
        std::io::stdout(),
        "200 jobs and 1,000 slaves: first paint after {first_paint} ms, rows after {shown} ms, \
         {:.2} % of a core while open, {heap:.1} MiB of script memory",
        100.0 * share
    );
    assert_eq!(tab.faults(), Vec::<String>::new());
}
