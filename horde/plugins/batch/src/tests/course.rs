//! A batch from its beginning to its end.

use super::*;

#[test]
fn batch_of_two_kinds_runs_and_is_stored() {
    let mut batches = start();
    let ticket = run_batch(&mut batches, 3);
    let links = emitted(&mut batches, "horde_links_wanted");
    assert_eq!(links[0]["holder"], "horde_batch");
    assert_eq!(links[0]["miners"].as_array().unwrap().len(), 3);

    link_up(&mut batches, 0, &[(SPIN_UP, 2), (ALWAYS_ON, 1)]);
    link_down(&mut batches, 2, "it refuses the connection");
    assert_eq!(emitted(&mut batches, "horde_jobs_wanted"), [json!(null); 0]);
    link_up(&mut batches, 1, &[(SPIN_UP, 1), (LLM, 1)]);
    let jobs = answer_asks(&mut batches);
    assert_eq!(jobs.len(), 4);

    let groups = emitted(&mut batches, "horde_group_wanted");
    let batch = batch_name(&batches);
    assert_eq!((groups.len(), &groups[0]["group"]), (1, &json!(batch)));
    let planned = groups[0]["jobs"].as_array().unwrap();
    assert_eq!(planned.len(), 4);
    let spin_up = |class: &str| {
        let mut of_class = planned.iter().filter(|job| job["executor_class"] == class);
        of_class.next().unwrap()["spin_up_seconds"].as_u64()
    };
    assert_eq!(spin_up(SPIN_UP), Some(240));
    assert_eq!(spin_up(ALWAYS_ON), Some(2));

    for job in &jobs {
        job_over(&mut batches, job, &finished("answer"));
    }
    assert_eq!(batches.finished(ticket), None, "verdicts are missing");
    assert_eq!(check_answers(&mut batches, &right()), 4);

    let (code, report) = end(&batches, ticket);
    assert_eq!((code, report.end, report.number), (0, BatchEnd::Stored, 1));
    let [hash, echo] = report.miners[0].classes.as_slice() else {
        panic!("{:?}", report.miners[0]);
    };
    assert_eq!(
        (hash.announced, hash.jobs, hash.accepted, hash.right),
        (2, 2, 2, 2)
    );
    assert_eq!((echo.jobs, echo.right), (1, 1));
    assert!((hash.score - 4.0).abs() < 1e-9, "1 / 0.5 s, twice");
    let llm = report.miners[1].classes.iter().find(|row| row.jobs == 0);
    let reason = llm.unwrap().reason.as_deref().unwrap();
    assert!(reason.starts_with("no job kind is configured"), "{reason}");
    let refused = report.miners[2].no_link.as_deref();
    assert_eq!(refused, Some("it refuses the connection"));
    assert!(left(&batches).is_empty(), "{:?}", left(&batches));
    assert_eq!(batches.unfinished(), 0);
    assert!(batches.timers().is_empty());
}

#[test]
fn receipts_links_and_scorers_get_their_events() {
    let (mut batches, _, jobs) = running(2);
    job_over(&mut batches, &jobs[0], &finished("answer"));
    job_over(&mut batches, &jobs[1], &json!({ "outcome": "declined" }));
    let batch = batch_name(&batches);
    let checked = checked_event(&batch, &jobs[0].uuid, &right());
    batches.emitted();
    batches.event("horde_answer_checked", checked);
    let events = batches.emitted();
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "horde_jobs_scored",
        "horde_batch_over",
        "horde_links_wanted",
    ];
    assert_eq!(names, expected);
    let scored = json!({ "group": batch, "jobs": [{ "uuid": jobs[0].uuid, "score_text": "2" }] });
    assert_eq!(events[0].1, scored, "a miner that declined gets no receipt");
    let over = &events[1].1;
    assert_eq!(over["batch"], batch);
    assert_eq!(
        (&over["cycle_start"], &over["is_whole"]),
        (&json!(null), &json!(true))
    );
    let results = over["jobs"].as_array().unwrap();
    let of = |job: &TestJob| {
        results
            .iter()
            .find(|result| result["uuid"] == job.uuid)
            .unwrap()
    };
    assert_eq!(of(&jobs[0])["result"], "right");
    assert_eq!(of(&jobs[0])["score_bits"], 2.0_f64.to_bits());
    assert_eq!(of(&jobs[1])["result"], "declined");
    assert_eq!(of(&jobs[1])["score_bits"], 0);
    assert_eq!(events[2].1["miners"], json!([]));
}

#[test]
fn silent_miners_are_left_out_at_the_deadline() {
    let mut batches = start();
    let ticket = run_batch(&mut batches, 2);
    link_up(&mut batches, 1, &[(SPIN_UP, 1)]);
    // A second more than the time for manifests: `horde_miners` says then why there is none.
    batches.advance_ms(35_999);
    assert!(emitted(&mut batches, "horde_jobs_wanted").is_empty());
    batches.advance_ms(1);
    let jobs = answer_asks(&mut batches);
    assert_eq!(jobs.len(), 1);
    job_over(&mut batches, &jobs[0], &finished(""));
    check_answers(&mut batches, &right());
    let (code, report) = end(&batches, ticket);
    assert_eq!(code, 0);
    let reason = report.miners[0].no_link.as_deref();
    assert_eq!(reason, Some("it showed no manifest within 35 s"));
}

#[test]
fn first_manifest_of_a_miner_counts() {
    let mut batches = start();
    run_batch(&mut batches, 2);
    link_down(&mut batches, 0, "dropped");
    link_up(&mut batches, 0, &[(SPIN_UP, 1)]);
    link_up(&mut batches, 0, &[(SPIN_UP, 9)]);
    link_down(&mut batches, 0, "dropped");
    let stranger = json!({ "hotkey": hotkey(7), "state": { "down": { "reason": "" } } });
    batches.event("horde_miner_link", stranger);
    assert!(emitted(&mut batches, "horde_jobs_wanted").is_empty());
    link_up(&mut batches, 1, &[(SPIN_UP, 1)]);
    assert_eq!(answer_asks(&mut batches).len(), 2);
}

#[test]
fn batch_without_manifest_executor_or_job_says_so() {
    let mut batches = start();
    let ticket = run_batch(&mut batches, 1);
    link_down(&mut batches, 0, "refused");
    assert_eq!(end(&batches, ticket).0, 20);

    let ticket = run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(LLM, 3), (SPIN_UP, 0)]);
    let (code, report) = end(&batches, ticket);
    assert_eq!((code, report.end), (21, BatchEnd::NoExecutor));
    assert_eq!(
        report.notes[0].text,
        "no job kind is configured for the class: name one in `kinds`"
    );

    let ticket = run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 1)]);
    let wanted = emitted(&mut batches, "horde_jobs_wanted").remove(0);
    let (mut made, _) = jobs_made(&wanted);
    made["jobs"] = json!([]);
    made["shortage"] = json!("no prompts");
    batches.event("horde_jobs_made", made);
    let (code, report) = end(&batches, ticket);
    assert_eq!((code, report.end), (22, BatchEnd::NoJob));
    assert_eq!(
        report.miners[0].classes[0].reason.as_deref(),
        Some("no prompts")
    );
    assert!(left(&batches).is_empty());
}

/// The kind has jobs for a part of the executors: the result says how many are not tested and why.
#[test]
fn executors_without_a_job_are_noted_in_the_result() {
    let mut batches = start();
    let ticket = run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 3)]);
    let wanted = emitted(&mut batches, "horde_jobs_wanted").remove(0);
    let (mut made, jobs) = jobs_made(&wanted);
    made["jobs"].as_array_mut().unwrap().truncate(1);
    let shortage = "2 of 3 executors are not tested: the pool has no more samples";
    made["shortage"] = json!(shortage);
    batches.event("horde_jobs_made", made);
    job_over(&mut batches, &jobs[0], &finished(""));
    check_answers(&mut batches, &right());
    let (code, report) = end(&batches, ticket);
    assert_eq!((code, report.end), (0, BatchEnd::Stored));
    assert_eq!(report.notes[0].text, shortage);
    let row = &report.miners[0].classes[0];
    assert_eq!((row.announced, row.jobs, row.right), (3, 1, 1));
    let status = batches.request("GET", "/horde/batch", &[], "").unwrap();
    let status: Value = serde_json::from_slice(&status.body).unwrap();
    assert_eq!(status["last"]["notes"][0]["text"], shortage);
}

#[test]
fn kind_that_does_not_answer_loses_its_class() {
    let mut batches = start();
    let ticket = run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 100), (ALWAYS_ON, 1)]);
    let wanted = emitted(&mut batches, "horde_jobs_wanted");
    assert_eq!(wanted.len(), 3, "100 jobs are asked for in two pieces");
    let hash = wanted.iter().find(|wanted| wanted["kind"] == HASH);
    let echo = wanted.iter().find(|wanted| wanted["kind"] == ECHO);
    let (made, _) = jobs_made(hash.unwrap());
    batches.event("horde_jobs_made", made);
    let (made, jobs) = jobs_made(echo.unwrap());
    batches.event("horde_jobs_made", made);
    batches.advance_ms(60_000);
    let groups = emitted(&mut batches, "horde_group_wanted");
    assert_eq!(groups[0]["jobs"].as_array().unwrap().len(), 1);
    job_over(&mut batches, &jobs[0], &finished(""));
    check_answers(&mut batches, &right());
    let (_, report) = end(&batches, ticket);
    let text = &report.notes[0].text;
    assert_eq!(
        text,
        "job kind horde_job_hash did not answer within 60 s: is the extension loaded?"
    );
}

#[test]
fn batch_ends_after_twenty_minutes() {
    let (mut batches, ticket, jobs) = running(2);
    job_over(&mut batches, &jobs[0], &json!({ "outcome": "declined" }));
    batches.advance_ms(20 * 60_000);
    let (code, report) = end(&batches, ticket);
    assert_eq!((code, report.end), (23, BatchEnd::TimedOut));
    let rows: Vec<_> = report
        .miners
        .iter()
        .map(|miner| &miner.classes[0])
        .collect();
    assert_eq!(rows.iter().map(|row| row.interrupted).sum::<u32>(), 1);
    assert_eq!(rows.iter().map(|row| row.declined).sum::<u32>(), 1);
    let over = emitted(&mut batches, "horde_batch_over");
    assert_eq!(over[0]["is_whole"], false);
}

#[test]
fn progress_is_shown_at_a_bounded_rate() {
    let (mut batches, ticket, jobs) = running(4);
    let shown = batches.progress();
    let lines: Vec<_> = shown.iter().map(|(_, line)| line.as_str()).collect();
    let expected = [
        "batch 1: 4 miners",
        "manifests: 4 of 4 miners, 0 without a link",
        "jobs: 4 of 4 made",
    ];
    assert_eq!(lines, expected);
    assert!(shown.iter().all(|(of, _)| *of == ticket));
    let batch = batch_name(&batches);
    for job in &jobs {
        for step in ["accepted", "ready", "running"] {
            let step = json!({ "group": batch, "uuid": job.uuid, "step": step, "at_us": 1 });
            batches.event("horde_job_step", step);
        }
    }
    job_over(&mut batches, &jobs[0], &finished(""));
    assert!(batches.progress().is_empty());
    batches.advance_ms(500);
    let line = "running: 4 accepted, 4 ready, 4 started, 1 of 4 over, 0 checked";
    assert_eq!(batches.progress(), [(ticket, line.to_owned())]);
    batches.advance_ms(5_000);
    assert!(batches.progress().is_empty(), "nothing has happened");
}
