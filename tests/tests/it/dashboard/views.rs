//! Every view, at two widths and in light and dark: what it shows is what the API replies.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tig_system_tests::{BadSlaves, HONEST, MasterOptions, Trust, wait_for};

use super::accessibility::check_accessibility;
use super::system::{PageHost, PageStack, chromium, unlock};
use super::tab::Tab;

/// Variable that, when set, makes the test write the pictures of the documentation.
const SCREENS_VARIABLE: &str = "TIG_WRITE_SCREENS";

/// Widths with the colours that are preferred.
const LOOKS: [(u32, &str); 4] = [
    (1_400, "light"),
    (1_400, "dark"),
    (400, "light"),
    (400, "dark"),
];
/// Time for a row to be shown, or to end.
const ROW_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a system works before its pictures are taken, so that the plots have lines.
const WORKED: Duration = Duration::from_secs(110);

#[test]
fn views_show_what_the_api_replies() {
    let Some(browser) = chromium() else { return };
    let system = PageStack::start(MasterOptions::default(), true);
    let tab = Tab::open(&browser);
    tab.go(&system.url("overview"));
    tab.wait("document.querySelector('#link').textContent === '✓ live'");
    let panels = system.api("/operator/v1/panels");
    let panels: Vec<&str> = names(&panels["panels"]);
    for name in &panels {
        let link = format!("#nav a[href='#/panel/{name}']");
        tab.wait(&format!("document.querySelector(\"{link}\")"));
    }
    compare_extensions(&tab, &system);
    compare_panels(&tab, &system, &panels);
    compare_events(&tab, &system);

    let views = views(&panels);
    for (width, colours) in LOOKS {
        tab.look(width, colours);
        for view in &views {
            tab.go(&system.url(view));
            show(&tab, view);
            let what = format!("{view}, {width} px, {colours}");
            let overflow = tab.value(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth",
            );
            assert_eq!(overflow, 0, "{what}");
            check_accessibility(&tab, &what);
        }
    }
    assert_eq!(tab.faults(), Vec::<String>::new());
    let own = format!("http://{}/", system.stack.host_address);
    for url in tab.requests() {
        assert!(url.starts_with(&own) || url.starts_with("data:"), "{url}");
    }
}

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|it| it["name"].as_str().unwrap()).collect()
}

/// Waits until the view has what it asks for.
fn show(tab: &Tab<'_>, view: &str) {
    let current = format!("#nav a[href='#/{view}'][aria-current=page]");
    tab.wait(&format!("document.querySelector(\"{current}\")"));
    tab.wait("document.querySelector('main').innerText.trim() !== ''");
    tab.wait("!document.querySelector('main').innerText.includes('Loading…')");
}

fn compare_extensions(tab: &Tab<'_>, system: &PageStack) {
    tab.go(&system.url("extensions"));
    show(tab, "extensions");
    let status = system.api("/operator/v1/status");
    let extensions = status["extensions"].as_array().unwrap();
    assert_eq!(tab.count("main section.card"), extensions.len() as u64);
    for extension in extensions {
        let name = extension["name"].as_str().unwrap();
        let card = format!("main section.card[aria-label={name}]");
        for shown in ["version", "state"] {
            tab.wait_for_words(&card, extension[shown].as_str().unwrap());
        }
        tab.wait_for_words(&card, &extension["reloads"].to_string());
    }
}

/// Figures and rows of each panel are those that the extension replies.
fn compare_panels(tab: &Tab<'_>, system: &PageStack, names: &[&str]) {
    for name in names {
        let view = format!("panel/{name}");
        tab.go(&system.url(&view));
        show(tab, &view);
        let panel = panel(system, name);
        let title = panel["title"].as_str().unwrap();
        tab.wait_for_words("main h2", title);
        for widget in panel["widgets"].as_array().unwrap() {
            compare_widget(tab, system, name, widget);
        }
    }
}

fn panel(system: &PageStack, name: &str) -> Value {
    system.api(&format!("/operator/panel/{name}?limit=100"))
}

fn compare_widget(tab: &Tab<'_>, system: &PageStack, name: &str, widget: &Value) {
    // A row that begins and ends between two refreshes is never shown, so one that the API no longer has may be missing.
    let wait_if_present = |is_shown: &str, is_present: &dyn Fn(&Value) -> bool| {
        let found = wait_for(is_shown, ROW_TIMEOUT, || {
            let is_gone = || {
                let panel = panel(system, name);
                !panel["widgets"].as_array().unwrap().iter().any(is_present)
            };
            (tab.value(is_shown) == true || is_gone()).then_some(())
        });
        found.unwrap_or_else(|error| panic!("{error}; the page shows:\n{}", tab.text("body")));
    };
    match widget["kind"].as_str().unwrap() {
        "figures" => {
            for figure in widget["figures"].as_array().unwrap() {
                tab.wait_for_words("main dt", figure["label"].as_str().unwrap());
            }
        }
        "table" => {
            for column in widget["columns"].as_array().unwrap() {
                let is_shown = format!(
                    "[...document.querySelectorAll('main thead')].some((it) => it.innerText.includes({}))",
                    column["label"]
                );
                wait_if_present(&is_shown, &|it| {
                    it["columns"] == widget["columns"] && rows(it).next().is_some()
                });
            }
            for row in rows(widget).take(5) {
                let is_shown = format!(
                    "[...document.querySelectorAll('main tbody tr')].some((row) => row.dataset.key === {})",
                    row["id"]
                );
                wait_if_present(&is_shown, &|it| {
                    rows(it).any(|other| other["id"] == row["id"])
                });
            }
        }
        "heat_map" => {
            tab.wait("document.querySelector('main canvas[role=application], main .empty')")
        }
        "plot" => tab.wait("document.querySelector('main .plot .words').innerText !== ''"),
        "funnel" => tab.wait("document.querySelector('main .widget-funnel')"),
        "timeline" => tab.wait("document.querySelector('main .widget-timeline')"),
        kind => panic!("the page does not know widgets of the kind {kind}"),
    }
}

/// Rows of a widget; none if it is not a table.
fn rows(widget: &Value) -> impl Iterator<Item = &Value> {
    widget["rows"].as_array().into_iter().flatten()
}

/// The events of one extension, as they come.
fn compare_events(tab: &Tab<'_>, system: &PageStack) {
    tab.go(&system.url("events"));
    show(tab, "events");
    tab.wait_for_words("main .events", "new_block");
    tab.click("#event-name");
    tab.type_text("new_block");
    tab.wait("[...document.querySelectorAll('main .events b')].every((it) => it.innerText === 'new_block') && document.querySelector('main .events b')");
    let events = system.api("/operator/v1/events?name=new_block&limit=1");
    let seq = events["events"][0]["seq"].to_string();
    tab.wait(&format!(
        "[...document.querySelectorAll('main .events > li')].some((it) => it.dataset.key === '{seq}')"
    ));
}

/// Widgets whose values stay the same are compared to the letter.
#[test]
fn widgets_show_their_values() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    tab.go(&host.url("panel/showcase"));
    tab.wait("document.querySelector('main .widget-table tbody tr')");
    let texts = |selector: &str| {
        let selector = serde_json::json!(selector);
        tab.value(&format!(
            "[...document.querySelectorAll({selector})].map((it) => it.innerText.trim())"
        ))
    };
    let figures = texts("main .widget-figures dd");
    let expected = [
        "no",
        "",
        "1,234,567",
        "12.5/s",
        "93.4 %",
        "1.5 MiB",
        "1 min 30 s",
    ];
    assert_eq!(figures.as_array().unwrap()[..7], expected.map(Value::from));
    let counts = ["40", "36", "30", "30", "12", "not known"];
    let counts: Vec<Value> = [counts, counts]
        .concat()
        .into_iter()
        .map(Value::from)
        .collect();
    assert_eq!(texts("main .widget-funnel .count"), Value::from(counts));
    let rates = ["0/s", "10/s", "20/s", "0/s"].map(Value::from).to_vec();
    assert_eq!(texts("main .widget-table td.number"), Value::from(rates));
    let words = tab.text("main .widget-timeline li[data-key=job-000] .words");
    let words: Vec<&str> = words.split_whitespace().collect();
    let words = words.join(" ");
    assert!(
        words.starts_with("✓ good: roots 2 min 0 s, benchmark at "),
        "{words}"
    );
    assert!(words.contains("warning: proof for 2 min 3"), "{words}");
    tab.click("main .widget-heat_map summary");
    tab.wait_for_words(
        "main .widget-heat_map caption",
        "200 of 600 cells, the highest first",
    );
    let highest = texts("main .widget-heat_map tbody tr:first-child td");
    assert_eq!(highest[2], "96");
    tab.wait_for_words("main .widget-heat_map .legend", "our benchmarks: ● (2)");
    tab.wait_for_words(
        "main .widget-heat_map",
        "scaled frontier: (55, 119) (70, 112) (79, 106)",
    );
    // A sample is taken every 10 s.
    tab.wait_for_words("main .widget-plot .words", "handled per second (dashed)");
}

/// The pictures of the documentation: a system with a slave that lies and one that dies.
#[test]
fn pictures_of_views_are_written() {
    if std::env::var_os(SCREENS_VARIABLE).is_none_or(|value| value.is_empty()) {
        // Not a skip: only who changes the documentation wants it.
        return;
    }
    let browser = chromium().unwrap();
    let options = MasterOptions {
        trust: Trust::In(HONEST),
        ..MasterOptions::default()
    };
    let system = PageStack::start(options, false);
    let mut bad = BadSlaves::start(&system.stack.site, &system.stack.host_address).unwrap();
    let tab = Tab::open(&browser);
    let begin = Instant::now();
    while begin.elapsed() < WORKED {
        bad.kill_at_work();
        std::thread::sleep(Duration::from_secs(1));
    }
    let panels = system.api("/operator/v1/panels");
    for (width, colours) in [(1_400, "light"), (400, "dark")] {
        tab.look(width, colours);
        for view in views(&names(&panels["panels"])) {
            tab.go(&system.url(&view));
            show(&tab, &view);
            tab.wait("[...document.querySelectorAll('main .plot .words')].every((it) => it.innerText !== '')");
            let name = view.replace("panel/", "");
            keep(&tab, &format!("{name}-{width}"));
        }
    }
    tab.look(1_400, "light");
    tab.go(&system.url("panel/slaves"));
    unlock(&tab, &system.token);
    tab.wait("document.querySelector('td.actions')");
    keep(&tab, "control-1400");
}

/// The page's own views, and one for each panel.
fn views(panels: &[&str]) -> Vec<String> {
    let panels = panels.iter().map(|name| format!("panel/{name}"));
    let own = ["overview", "extensions", "events", "history", "conditions"];
    own.map(str::to_owned).into_iter().chain(panels).collect()
}

fn keep(tab: &Tab<'_>, name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screens");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.webp")), tab.picture()).unwrap();
}
