//! The page's pure parts: how values are written, rows sorted and lines added up.

use serde_json::json;

use super::system::{PageHost, chromium};
use super::tab::Tab;

fn module(name: &str, expression: &str) -> String {
    format!("import('/operator/assets/{name}.js').then((it) => {expression})")
}

#[test]
fn values_are_written_in_their_format() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    tab.go(&host.url("overview"));
    for (value, format, text) in [
        (json!(1_234_567), "number", "1,234,567"),
        (json!(0.934), "share", "93.4 %"),
        (json!(12.5), "rate", "12.5/s"),
        (json!(0.001_234_5), "amount", "0.00123"),
        (json!(1_572_864), "bytes", "1.5 MiB"),
        (json!(90_000), "duration", "1 min 30 s"),
        (json!(8_640_000_000_u64), "duration", "100 d"),
        (json!("deadbeefdeadbeef"), "id", "deadbeefdead…"),
        (
            json!("12345678901234567890"),
            "amount",
            "12345678901234567890",
        ),
        (json!("constructor"), "toString", "constructor"),
        (json!(null), "number", "–"),
        (json!(true), "text", "yes"),
        (json!({ "a": [1] }), "text", r#"{"a":[1]}"#),
        (
            json!("\u{202e}a\u{7}\u{200b}"),
            "text",
            "⟨U+202E⟩a⟨U+0007⟩⟨U+200B⟩",
        ),
        (json!(1e300), "time", "–"),
    ] {
        let call = module("format", &format!("it.format({value}, '{format}')"));
        assert_eq!(tab.value(&call), text, "{value} {format}");
    }
}

#[test]
fn rows_and_lines_keep_what_is_not_known() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    tab.go(&host.url("overview"));
    // What is not known comes last, whichever the order.
    let rows = "[{ cells: { a: 2 } }, { cells: {} }, { cells: { a: 10 } }]";
    for (descending, expected) in [(false, json!([2, 10, null])), (true, json!([10, 2, null]))] {
        let sorted = format!(
            "it.sorted({rows}, {{ column: 'a', descending: {descending} }}).map((row) => row.cells.a ?? null)"
        );
        assert_eq!(tab.value(&module("table", &sorted)), expected);
    }
    let added = module("history", "it.added([[1, null, null], [2, 5, null]])");
    assert_eq!(tab.value(&added), json!([3, 5, null]));
    // A counter that falls has begun again.
    let rate = module("history", "it.perSecond([10, 30, null, 40, 5, 15], 10)");
    assert_eq!(tab.value(&rate), json!([null, 2, null, null, null, 1]));
    let parsed = module(
        "api",
        r#"it.parse('{"a":18446744073709551615,"b":[7,1.5]}')"#,
    );
    assert_eq!(
        tab.value(&parsed),
        json!({ "a": "18446744073709551615", "b": [7, 1.5] })
    );
    let lines = "[{ fromMs: 0, stepMs: 1000, values: [null, null, 1, 2] }, { fromMs: 1000, stepMs: 1000, values: [null, null, 7] }]";
    let aligned = module("history", &format!("it.aligned({lines})"));
    assert_eq!(
        tab.value(&aligned),
        json!([[1, 2, 3], [null, 1, 2], [null, null, 7]])
    );
}

/// The host waits 120 s for a handler that runs, and makes the change even if the page has given up.
#[test]
fn changes_outwait_the_host_and_late_ones_say_so() {
    let Some(browser) = chromium() else { return };
    let host = PageHost::start();
    let tab = Tab::open(&browser);
    tab.go(&host.url("overview"));
    let late = |path: &str| {
        let call = format!(
            "(() => {{
                const timeout = AbortSignal.timeout;
                let waited = 0;
                AbortSignal.timeout = (ms) => {{
                    waited = ms;
                    return AbortSignal.abort(new DOMException('', 'TimeoutError'));
                }};
                const done = it.control('{path}').catch((error) => [waited, error.message]);
                AbortSignal.timeout = timeout;
                return done;
            }})()"
        );
        tab.value(&module("api", &call))
    };
    let text = "the host did not answer in time";
    let unsure = format!("{text}; the change may still be made, so look before you repeat it");
    for path in ["reload", "reload/x", "promote/x", "discard/x", "drain"] {
        assert_eq!(late(path), json!([130_000, unsure]), "{path}");
    }
    assert_eq!(late("call/x/pause"), json!([40_000, unsure]));
    assert_eq!(late("check"), json!([10_000, text]));
}
