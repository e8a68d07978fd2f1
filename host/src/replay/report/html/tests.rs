//! The page as a whole.

use super::super::ReportSettings;
use super::super::samples::{compared, done, emitted, sample_report};
use super::*;

/// Elements that have no end.
const VOID: [&str; 6] = ["meta", "path", "circle", "rect", "br", "!DOCTYPE"];

/// Fails unless each element that begins ends in its place.
fn assert_well_formed(page: &str) {
    let mut open = Vec::new();
    for tag in page.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag has an end");
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn page_shows_differences_tables_and_figures() {
    let page = page(&sample_report(), false);
    assert_well_formed(&page);
    for part in [
        "<title>night.rec, with &lt;candidate&gt;</title>",
        "5 calls, 2 decisions differ",
        "<li><code>fee: &quot;1.5&quot;, not &quot;0.5&quot;</code></li>",
        "<figcaption>fee: sum over time</figcaption>",
        "<figcaption>settings.kind: how often</figcaption>",
        "<figcaption>settings.size: pairs</figcaption>",
        "<title>[60, 320]: 0 recorded, 2 replayed</title>",
        "c1: 4 recorded, 2 replayed; c2: 0 recorded, 2 replayed",
        "The recording ends at 2, the replay at 4.",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    // What is the same needs no section.
    assert!(!page.contains("<h2>other</h2>"));
}

#[test]
fn every_figure_and_table_has_words() {
    let page = page(&sample_report(), true);
    assert!(page.contains("<h2>other</h2>"));
    let count = |part: &str| page.matches(part).count();
    // Events, fees, kinds, sizes as pairs and as values.
    assert_eq!(count("<figure>"), 5);
    assert_eq!(count("<desc id="), count("<figure>"));
    assert_eq!(count("<figcaption>"), count("<figure>"));
    assert_eq!(count("<caption>"), count("<table>"));
    for id in 1..=5 {
        assert_eq!(count(&format!("aria-labelledby=\"t{id} d{id}\"")), 1);
    }
}

#[test]
fn page_takes_nothing_from_elsewhere() {
    let page = page(&sample_report(), true);
    for part in ["<script", "src=", "href=", "url(", "@import", "<link"] {
        assert!(!page.contains(part), "{part}");
    }
}

#[test]
fn hostile_texts_are_escaped() {
    let hostile = "\"'><script>alert(1)</script>\u{202e}&";
    let mut report = Report::new(ReportSettings {
        has_consequences: true,
        ..ReportSettings::new(hostile)
    });
    report.add_damage(hostile);
    let payload = serde_json::json!({ hostile: hostile, "pair": [1e308, -1e308] }).to_string();
    let (one, other) = (done([]), done([emitted(hostile, &payload)]));
    for number in 1..3 {
        report.add(&compared(hostile, number, hostile, &one, &other));
    }
    let page = page(&report, true);
    assert_well_formed(&page);
    assert!(
        !page.contains("<script") && !page.contains('\u{202e}'),
        "{page}"
    );
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn figures_of_a_page_are_bounded() {
    let mut report = Report::new(ReportSettings {
        has_consequences: true,
        ..ReportSettings::new("r")
    });
    for event in 0..64 {
        let fields = (0..16).map(|field| format!(r#""f{field}":{field}"#));
        let payload = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
        let (one, other) = (done([]), done([emitted(&format!("e{event}"), &payload)]));
        report.add(&compared("x", 1, "e", &one, &other));
    }
    let page = page(&report, false);
    assert_eq!(page.matches("<figure>").count(), FIGURES_COUNT_MAX);
    assert!(page.contains("further ones are left out"));
}

#[test]
fn page_is_written_whole_for_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    write_page(&path, &sample_report(), false).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.ends_with("</html>\n"));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, PAGE_MODE);
    assert!(write_page(&folder.path().join("no/x.html"), &sample_report(), false).is_err());
}
