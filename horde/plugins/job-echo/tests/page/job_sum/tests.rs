//! The test that the page shows.

use serde_json::json;
use tig_plugin_api::testing::Harness;

use super::JobSum;

#[test]
fn sum_is_right_and_all_else_wrong() {
    let mut kind = Harness::<JobSum>::start(json!({ "name": "job_sum" }));
    let wanted = json!({
        "ask": 1, "batch": "b", "kind": "job_sum", "executor_class": "always_on.gpu-24gb",
        "miners": [{ "hotkey": "5F6ee", "count": 2 }], "weights_version": 1,
    });
    kind.event("horde_jobs_wanted", wanted);
    let (_, made) = kind.emitted().remove(0);
    assert_eq!(made["jobs"].as_array().unwrap().len(), 2);
    let check = &made["jobs"][0]["check"];
    for (stdout, verdict) in [(check.as_str().unwrap(), "right"), ("1", "wrong")] {
        let answer = json!({
            "batch": "b", "kind": "job_sum", "uuid": "u", "hotkey": "5F6ee",
            "check": check, "stdout": format!("{stdout}\n"), "stderr": "",
        });
        kind.event("horde_answer_given", answer);
        assert_eq!(kind.emitted()[0].1["verdict"], verdict);
    }
}
