//! `tig-host why` of a validator: what is wrong, by the extension that knows it, and what to do about it.

use serde_json::Value;

use crate::network::Validator;

/// The condition of this extension and code, if it stands.
fn condition(validator: &Validator, extension: &str, code: &str) -> Option<Value> {
    let mut command = validator.site.ask_host(&["why", "--json"]);
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let conditions = report["conditions"].as_array().unwrap().iter();
    let mut found = conditions.filter(|it| it["extension"] == extension && it["code"] == code);
    found.next().cloned()
}

#[test]
fn chain_that_is_gone_is_explained_until_it_is_back() {
    // The alert comes after half a minute; the reason why no batch runs is reported at once.
    let (extension, code) = ("horde_schedule", "no_chain");
    let validator = Validator::start("direct");
    // The condition of the start ends when the schedule has stored a block, which may be after the weights have.
    validator.wait("no condition", |it| {
        condition(it, extension, code).is_none().then_some(())
    });
    validator.set_chain_faults(&["gone"]);
    let found = validator.wait("the condition", |it| condition(it, extension, code));
    for key in ["text", "remedy"] {
        let is_empty = found[key].as_str().is_none_or(str::is_empty);
        assert!(!is_empty, "{key}: {found}");
    }
    validator.set_chain_faults(&[]);
    validator.wait("the end of the condition", |it| {
        condition(it, extension, code).is_none().then_some(())
    });
}
