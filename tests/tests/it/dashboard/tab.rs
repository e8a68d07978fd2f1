//! A tab of the browser: opens pages, looks at what they show, clicks and types as a person does.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tig_system_tests::wait_for;

use super::chromium::Chromium;

/// For anything that a page shows in the end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Height of the window in pixels.
const HEIGHT: u32 = 900;

/// Finds an element by a selector of CSS, or by the words on it (`=Words`) or its label.
const FIND: &str = r#"(what) => {
  if (!what.startsWith("=")) return document.querySelector(what);
  const words = what.slice(1);
  const all = [...document.querySelectorAll("a, button, summary, label")];
  const label = (it) => it.getAttribute("aria-label");
  return all.find((it) => label(it) === words || (label(it) === null && it.textContent.trim() === words)) ?? null;
}"#;

/// A tab with a profile of its own.
pub(crate) struct Tab<'a> {
    browser: &'a Chromium,
    session: String,
}

impl<'a> Tab<'a> {
    /// Opens an empty tab.
    pub(crate) fn open(browser: &'a Chromium) -> Self {
        let context = browser.call(None, "Target.createBrowserContext", json!({}));
        let target =
            json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
        let target = browser.call(None, "Target.createTarget", target);
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call(None, "Target.attachToTarget", attach);
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let tab = Self { browser, session };
        for domain in ["Page", "Runtime", "Log", "Network", "Performance"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        tab.look(1_400, "light");
        tab
    }

    fn call(&self, method: &str, parameters: Value) -> Value {
        self.browser.call(Some(&self.session), method, parameters)
    }

    /// Sets the window's width, and the colours that the system prefers.
    pub(crate) fn look(&self, width: u32, colours: &str) {
        let metrics =
            json!({ "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let features = json!([
            { "name": "prefers-color-scheme", "value": colours },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        let media = json!({ "features": features });
        self.call("Emulation.setEmulatedMedia", media);
    }

    /// Runs `script` in each page before its own scripts.
    pub(crate) fn prepare(&self, script: &str) {
        let source = json!({ "source": script });
        self.call("Page.addScriptToEvaluateOnNewDocument", source);
    }

    /// Opens an address.
    pub(crate) fn go(&self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        self.wait("document.readyState === 'complete'");
    }

    /// The value of an expression, or of the promise that it is.
    pub(crate) fn value(&self, expression: &str) -> Value {
        let parameters =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", parameters);
        let exception = &answer["exceptionDetails"];
        assert!(exception.is_null(), "{expression}: {exception}");
        answer["result"]["value"].take()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait(&self, expression: &str) {
        let found = wait_for(expression, PATIENCE, || {
            // While a page is loaded, parts of it are missing.
            let tried = format!(
                "(() => {{ try {{ return Boolean({expression}); }} catch {{ return false; }} }})()"
            );
            (self.value(&tried) == true).then_some(())
        });
        if let Err(timed_out) = found {
            panic!("{timed_out}; the page shows:\n{}", self.text("body"));
        }
    }

    /// Waits until an element shows these words.
    pub(crate) fn wait_for_words(&self, selector: &str, words: &str) {
        let (selector, words) = (json!(selector), json!(words));
        self.wait(&format!(
            "[...document.querySelectorAll({selector})].some((it) => it.innerText.includes({words}))"
        ));
    }

    /// What an element shows.
    pub(crate) fn text(&self, selector: &str) -> String {
        let selector = json!(selector);
        let text = self.value(&format!(
            "document.querySelector({selector})?.innerText ?? ''"
        ));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Number of elements.
    pub(crate) fn count(&self, selector: &str) -> u64 {
        let selector = json!(selector);
        let count = self.value(&format!("document.querySelectorAll({selector}).length"));
        count.as_u64().unwrap()
    }

    /// Whether there is such an element: see [`FIND`].
    pub(crate) fn has(&self, what: &str) -> bool {
        self.value(&format!("({FIND})({}) !== null", json!(what))) == true
    }

    /// Clicks with the mouse: see [`FIND`].
    pub(crate) fn click(&self, what: &str) {
        // Nothing lies over it, and it no longer moves.
        let place = format!(
            r#"(() => {{
  const element = ({FIND})({});
  element.scrollIntoView({{ block: "center", behavior: "instant" }});
  const box = element.getBoundingClientRect();
  const place = [box.left + box.width / 2, box.top + box.height / 2];
  const rests = String(window.lastPlace) === String(place);
  window.lastPlace = place;
  return rests && element.contains(document.elementFromPoint(...place)) && place;
}})()"#,
            json!(what)
        );
        self.wait(&place);
        let place = self.value("window.lastPlace");
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Types into the element that has the focus.
    pub(crate) fn type_text(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Presses a key, such as `Tab`, `Enter` or `ArrowRight`.
    pub(crate) fn press(&self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "ArrowRight" => (39, ""),
            "ArrowUp" => (38, ""),
            _ => panic!("the key {key} has no code here"),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text,
            });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// A picture of the window.
    pub(crate) fn picture(&self) -> Vec<u8> {
        let format = json!({ "format": "webp", "quality": 80 });
        let answer = self.call("Page.captureScreenshot", format);
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    /// A number that the browser measures of this tab.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let answer = self.call("Performance.getMetrics", json!({}));
        let metrics = answer["metrics"].as_array().unwrap();
        let metric = metrics.iter().find(|metric| metric["name"] == name);
        metric.unwrap()["value"].as_f64().unwrap()
    }

    /// Addresses that the tab has asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        let events = self.browser.events(&self.session).into_iter();
        let requests = events.filter(|event| event["method"] == "Network.requestWillBeSent");
        let url = |event: Value| {
            event["params"]["request"]["url"]
                .as_str()
                .map(str::to_owned)
        };
        requests.filter_map(url).collect()
    }

    /// Exceptions, errors on the console and violations of the policy.
    pub(crate) fn faults(&self) -> Vec<String> {
        let events = self.browser.events(&self.session).into_iter();
        let is_fault = |event: &Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => {
                matches!(
                    event["params"]["type"].as_str(),
                    Some("error" | "warning" | "assert")
                )
            }
            Some("Log.entryAdded") => event["params"]["entry"]["level"] == "error",
            _ => false,
        };
        let faults = events.filter(is_fault);
        faults.map(|event| event["params"].to_string()).collect()
    }
}
