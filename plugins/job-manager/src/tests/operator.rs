//! What the operator sees: the panel, conditions and metrics.

use tig_plugin_api::panel::{Lane, Panel, Table, Widget};
use tig_plugin_api::{CONDITIONS_COUNT_MAX, Condition, ROWS_COUNT_MAX, Severity};

use super::*;

fn panel(manager: &mut Harness<JobManager>, query: &str) -> Panel {
    let path = format!("/operator/panel/jobs{query}");
    let reply = manager.request("GET", &path, &[], "").unwrap();
    assert_eq!(reply.status, 200);
    serde_json::from_slice(&reply.body).unwrap()
}

fn table<'a>(panel: &'a Panel, title: &str) -> &'a Table {
    let mut tables = panel.widgets.iter().filter_map(|widget| match widget {
        Widget::Table(table) => Some(table),
        _ => None,
    });
    tables.find(|table| table.title.starts_with(title)).unwrap()
}

fn lanes(panel: &Panel) -> &[Lane] {
    let lanes = panel.widgets.iter().find_map(|widget| match widget {
        Widget::Timeline { lanes, .. } => Some(lanes),
        _ => None,
    });
    lanes.unwrap()
}

fn labels(lane: &Lane) -> Vec<&str> {
    lane.steps.iter().map(|step| step.label.as_str()).collect()
}

fn figure(panel: &Panel, label: &str) -> Value {
    let figures = panel.widgets.iter().find_map(|widget| match widget {
        Widget::Figures { figures, .. } => Some(figures),
        _ => None,
    });
    let mut figures = figures.unwrap().iter();
    let found = figures.find(|figure| figure.label == label).unwrap();
    found.value.clone()
}

fn condition<'a>(manager: &'a Harness<JobManager>, code: &str) -> Option<&'a Condition> {
    let mut conditions = manager.conditions().iter();
    conditions.find(|condition| condition.code == code)
}

fn many_jobs(count: usize) -> Value {
    let mut block = empty_block(101);
    for number in 0..count {
        let mut precommit = precommit(NUM_NONCES);
        precommit["benchmark_id"] = json!(format!("b{number:05}"));
        block["precommits"][format!("b{number:05}")] = precommit;
    }
    block
}

#[test]
fn panel_of_ten_thousand_jobs_is_bounded() {
    let mut manager = start(4);
    manager.event("new_block", many_jobs(10_000));
    let shown = panel(&mut manager, "");
    assert_eq!(table(&shown, "Jobs").rows.len(), 200);
    assert_eq!(table(&shown, "Jobs").rows_total, 10_000);
    assert_eq!(figure(&shown, "computing"), 10_000);
    assert!(lanes(&shown).len() <= 40);
    let shown = panel(&mut manager, "?limit=100000&offset=9999");
    assert_eq!(table(&shown, "Jobs").rows[0].id, "b09999");
    let shown = panel(&mut manager, "?limit=100000");
    assert_eq!(table(&shown, "Jobs").rows.len(), ROWS_COUNT_MAX);
    let shown = panel(&mut manager, "?find=B0777");
    assert_eq!(table(&shown, "Jobs").rows_total, 10);
}

#[test]
fn troubled_jobs_beyond_the_bound_share_one() {
    let mut manager = start(4);
    let mut late = many_jobs(1_000);
    late["block"]["config"]["benchmark_submissions"]["submission_delay_multiplier"] = json!(3.0);
    late["block"]["details"]["height"] = json!(140);
    manager.event("new_block", late);
    manager.update();
    let conditions = manager.conditions();
    assert!(conditions.len() <= CONDITIONS_COUNT_MAX);
    let abandoned = conditions.iter().filter(|it| it.code == "job_abandoned");
    let (rest, named): (Vec<_>, Vec<_>) = abandoned.partition(|it| it.subject.is_empty());
    assert_eq!(named.len(), 10);
    assert!(rest[0].text.contains("990 more jobs"), "{}", rest[0].text);
}

#[test]
fn hostile_names_pass_as_plain_text() {
    const HOSTILE: &str = "<img src=x onerror=alert(1)>\u{1b}]0;\u{202e}";
    let mut manager = start(4);
    let mut block = block(101);
    block["precommits"][ID]["settings"]["algorithm_id"] = json!(HOSTILE);
    block["challenges"]["c003"]["details"]["name"] = json!(HOSTILE);
    manager.event("new_block", block);
    let shown = panel(&mut manager, "?find=ONERROR");
    let cells = &table(&shown, "Jobs").rows[0].cells;
    assert_eq!(cells["algorithm"], HOSTILE);
    assert_eq!(cells["challenge"], HOSTILE);
    let shown = panel(&mut manager, &format!("?id={ID}"));
    assert_eq!(figure(&shown, "algorithm"), HOSTILE);
}

#[test]
fn timeline_marks_each_step_across_a_restart() {
    let mut manager = start(4);
    let root = compute(&mut manager)["merkle_root"].clone();
    assert_eq!(
        labels(&lanes(&panel(&mut manager, ""))[0]),
        [
            "precommit confirmed, block 101",
            "computing",
            "benchmark ready"
        ]
    );
    manager.advance_ms(60_000);
    manager.event("new_block", block_with_benchmark(103, &root));
    for batch in take(&mut manager, "new_batch") {
        manager.event("batch_result", work(&batch));
    }
    manager.restart();
    let shown = panel(&mut manager, "");
    let lane = &lanes(&shown)[0];
    assert_eq!(
        labels(lane)[2..],
        [
            "benchmark ready",
            "benchmark confirmed, block 103",
            "proving",
            "proof ready"
        ]
    );
    let waited = &lane.steps[2];
    assert_eq!(waited.end_ms.unwrap() - waited.begin_ms, 60_000);
    assert_eq!(lane.steps[5].end_ms, None);

    let mut done = block_with_benchmark(105, &root);
    done["proofs"][ID] = json!({ "benchmark_id": ID, "state": { "block_confirmed": 105 } });
    manager.event("new_block", done);
    let shown = panel(&mut manager, "");
    assert_eq!(table(&shown, "Jobs").rows_total, 0);
    let last = lanes(&shown)[0].steps.last().unwrap();
    assert_eq!(last.label, "proof confirmed, block 105");
}

#[test]
fn details_show_who_delivered_which_batch_when() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    let batches = take(&mut manager, "new_batch");
    manager.advance_ms(5_000);
    manager.event("batch_result", work(&batches[1]));
    let mut wrong = work(&batches[0]);
    wrong["solution_nonces"] = json!([99]);
    wrong["slave"] = json!("bob");
    manager.event("batch_result", wrong);
    let shown = panel(&mut manager, &format!("?id={ID}"));
    let rows = &table(&shown, "Batches").rows;
    let states: Vec<&Value> = rows.iter().map(|row| &row.cells["state"]).collect();
    assert_eq!(states, ["out", "done", "out"]);
    assert_eq!(rows[1].cells["slave"], "slave-1");
    assert_eq!(rows[1].cells["since_ms"], manager.now_ms());
    let rejected = &table(&shown, "Rejected").rows[0];
    assert_eq!(rejected.cells["slave"], "bob");
    assert!(rejected.cells["reason"].as_str().unwrap().contains("99"));

    let shown = panel(&mut manager, &format!("?id={ID}&offset=2&limit=5"));
    let page = table(&shown, "Batches");
    assert_eq!((page.rows[0].id.as_str(), page.rows_total), ("8", 3));
    let shown = panel(&mut manager, &format!("?id={ID}&find=SLAVE-"));
    assert_eq!(table(&shown, "Batches").rows_total, 1);
    for (query, status) in [("?id=none", 404), ("?limit=x", 400)] {
        let path = format!("/operator/panel/jobs{query}");
        let reply = manager.request("GET", &path, &[], "").unwrap();
        assert_eq!(reply.status, status);
    }
}

#[test]
fn job_without_module_is_a_condition() {
    let mut manager = start(4);
    let mut waiting = block(101);
    waiting["wasms"] = json!({});
    manager.event("new_block", waiting);
    manager.update();
    let found = condition(&manager, "job_waiting").unwrap();
    assert_eq!(found.subject, "c003_a001");
    assert_eq!(found.severity, Severity::Warning);
    assert!(!found.remedy.is_empty());
    manager.event("new_block", block(102));
    manager.update();
    assert_eq!(condition(&manager, "job_waiting"), None);
}

#[test]
fn abandoned_job_is_a_condition_for_an_hour() {
    let mut manager = start(4);
    compute(&mut manager);
    let other = json!("77".repeat(32));
    manager.event("new_block", block_with_benchmark(103, &other));
    manager.update();
    let found = condition(&manager, "job_abandoned").unwrap();
    assert_eq!(found.subject, ID);
    assert!(found.text.contains("differs"), "{}", found.text);
    manager.restart();
    manager.advance_ms(3_599_000);
    manager.update();
    assert!(condition(&manager, "job_abandoned").is_some());
    manager.advance_ms(1_000);
    manager.update();
    assert_eq!(condition(&manager, "job_abandoned"), None);
}

#[test]
fn job_that_slaves_cannot_finish_is_late() {
    let mut manager = start(1_024);
    let block_of = |height: u32, nonces: u64| {
        let mut block = with_delay(empty_block(height));
        block["precommits"][ID] = precommit(nonces);
        block
    };
    manager.event("new_block", block_of(101, 500_000));
    let batch = take(&mut manager, "new_batch").remove(0);
    manager.update();
    manager.advance_ms(60_000);
    manager.event("batch_result", work(&batch));
    manager.update();
    assert_eq!(condition(&manager, "jobs_late"), None, "no second block");
    manager.event("new_block", block_of(102, 500_000));
    manager.update();
    let found = condition(&manager, "jobs_late").unwrap();
    assert!(found.text.contains("are left until"), "{}", found.text);
    let shown = panel(&mut manager, "");
    let reason = &table(&shown, "Jobs").rows[0].cells["reason"];
    assert!(reason.as_str().unwrap().contains("the slaves need"));
    manager.event("new_block", block_of(140, 500_000));
    manager.update();
    assert_eq!(condition(&manager, "jobs_late"), None, "given up");
    let found = condition(&manager, "job_abandoned").unwrap();
    assert!(found.text.contains("too late to count"), "{}", found.text);
}

/// Two slaves disagree about a batch.
fn disputed() -> (Harness<JobManager>, Value) {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    let batch = take(&mut manager, "new_batch").remove(0);
    manager.event("batch_result", work(&batch));
    let mut other = work(&batch);
    other["merkle_root"] = json!("66".repeat(32));
    other["slave"] = json!("slave-2");
    manager.event("batch_result", other);
    (manager, batch)
}

#[test]
fn dispute_becomes_an_alert_when_nobody_decides_it() {
    let (mut manager, batch) = disputed();
    manager.update();
    let found = condition(&manager, "job_disputed").unwrap();
    assert_eq!(found.severity, Severity::Info);
    assert!(found.text.contains("slave-1, slave-2"), "{}", found.text);
    manager.advance_ms(60_000);
    manager.update();
    let found = condition(&manager, "job_disputed").unwrap();
    assert_eq!(found.severity, Severity::Warning);
    let mut third = work(&batch);
    third["slave"] = json!("slave-3");
    manager.event("batch_result", third);
    manager.update();
    assert_eq!(condition(&manager, "job_disputed"), None);
}

#[test]
fn dispute_of_an_abandoned_job_needs_no_slave() {
    let (mut manager, _) = disputed();
    manager.event("new_block", with_delay(block(128)));
    manager.advance_ms(60_000);
    manager.update();
    assert!(condition(&manager, "job_abandoned").is_some());
    assert_eq!(condition(&manager, "job_disputed"), None);
}

#[test]
fn audits_that_no_slave_takes_are_a_condition() {
    let mut settings = settings(4);
    settings["config"]["job_manager"]["knapsack"]["audit_share"] = json!(1.0);
    let mut manager = Harness::<JobManager>::start(settings);
    manager.event("new_block", block(101));
    for (number, batch) in take(&mut manager, "new_batch").iter().enumerate() {
        let mut result = work(batch);
        result["slave"] = json!(format!("slave-{number}"));
        manager.event("batch_result", result);
    }
    manager.advance_ms(60_000);
    manager.update();
    let found = condition(&manager, "audits_overdue").unwrap();
    assert!(found.text.starts_with("2 batches"), "{}", found.text);
    assert_eq!(manager.metric("audits_unclaimed", &[]), Some(2.0));
    manager.advance_ms(3_600_000);
    manager.update();
    assert_eq!(condition(&manager, "audits_overdue"), None);
}

#[test]
fn open_batches_without_results_are_a_condition() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    let batch = take(&mut manager, "new_batch").remove(0);
    manager.update();
    manager.advance_ms(599_000);
    manager.update();
    assert_eq!(condition(&manager, "no_results"), None);
    manager.advance_ms(1_000);
    manager.update();
    assert!(condition(&manager, "no_results").is_some());
    manager.event("batch_result", work(&batch));
    manager.update();
    assert_eq!(condition(&manager, "no_results"), None);
}

#[test]
fn records_of_earlier_versions_are_read() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    let batch = take(&mut manager, "new_batch").remove(0);
    manager.event("batch_result", work(&batch));
    for (key, mut record) in manager.stored() {
        let fields = record.as_object_mut().unwrap();
        let had = fields.remove("times").is_some() || fields.remove("received_ms").is_some();
        assert!(had || key == "network", "{key}");
        manager.store(&key, record.to_string());
    }
    manager.restart();
    let shown = panel(&mut manager, &format!("?id={ID}"));
    let rows = &table(&shown, "Batches").rows;
    assert_eq!(rows[0].cells["state"], "done");
    assert_eq!(rows[0].cells["since_ms"], Value::Null);
    assert!(lanes(&shown)[0].steps.is_empty());
    let stored = manager.stored();
    assert!(!stored.keys().any(|key| key.starts_with("damaged/")));
}

#[test]
fn batches_and_times_are_counted() {
    let mut manager = start(4);
    let root = compute(&mut manager)["merkle_root"].clone();
    manager.advance_ms(90_000);
    manager.event("new_block", block_with_benchmark(103, &root));
    manager.event("new_block", block_with_benchmark(103, &root));
    manager.advance_ms(60_000);
    let mut done = block_with_benchmark(105, &root);
    done["proofs"][ID] = json!({ "benchmark_id": ID });
    manager.event("new_block", done);
    let counted = [
        "batches_created",
        "batches_done",
        "nonces_done",
        "jobs_benchmarked",
        "seconds_to_benchmark",
        "jobs_proved",
        "seconds_to_proof",
    ]
    .map(|name| manager.metric(name, &[("challenge", "knapsack")]));
    assert_eq!(counted, [3.0, 3.0, 10.0, 1.0, 90.0, 1.0, 150.0].map(Some));
}

#[test]
fn throughput_counts_jobs_and_computed_ones() {
    let mut manager = start(4);
    compute(&mut manager);
    manager.advance_ms(30_000);
    manager.emitted();
    manager.update();
    let emitted = manager.emitted();
    let (_, throughput) = emitted
        .iter()
        .find(|(name, _)| name == "throughput")
        .unwrap();
    assert_eq!(throughput["jobs"], 1);
    assert_eq!(throughput["slaves"], 1);
    assert_eq!(throughput["challenges"]["c003"]["computed_jobs"], 1);
    let rate = throughput["batches_per_minute"].as_f64().unwrap();
    assert!((4.0..8.0).contains(&rate), "{rate}");
}
