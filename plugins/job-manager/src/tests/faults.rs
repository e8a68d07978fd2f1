//! Wrong results, missing data and damaged storage.

use super::*;

#[test]
fn a_bad_result_is_refused_and_its_batch_due_at_once() {
    let mut manager = start(4);
    let ready = compute(&mut manager);
    manager.event(
        "new_block",
        block_with_benchmark(103, &ready["merkle_root"]),
    );
    let batch = take(&mut manager, "new_batch").remove(0);
    let good = work(&batch);
    let stored = manager.stored();
    let other_root = json!("11".repeat(32));
    // At an even index a stem may lie deeper without changing the root of the batch, but the whole branch breaks.
    let branch = good["merkle_proofs"][1]["branch"].as_str().unwrap();
    let too_deep = format!("{}02{}", &branch[..66], &branch[68..]);
    let mutations: [(&str, Value); 9] = [
        ("/start_nonce", json!(2)),
        ("/start_nonce", json!(12)),
        ("/solution_nonces", json!([4])),
        ("/solution_nonces", json!([2, 2])),
        ("/merkle_root", other_root.clone()),
        ("/merkle_proofs/0", good["merkle_proofs"][1].clone()),
        ("/merkle_proofs", json!([good["merkle_proofs"][0]])),
        ("/merkle_proofs/0/leaf/fuel_consumed", json!(8)),
        ("/merkle_proofs/1/branch", json!(too_deep)),
    ];
    for (pointer, value) in mutations {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        manager.logs();
        manager.event("batch_result", bad.clone());
        assert_eq!(manager.stored(), stored, "{bad}");
        let logs = manager.logs();
        // Proofs of other nonces with the known root may be for what was sampled before a rollback.
        assert!(
            logs.iter().any(
                |(_, text)| text.contains("result rejected") || text.contains("result ignored")
            ),
            "{logs:?}"
        );
        let again = take(&mut manager, "new_batch");
        assert_eq!(again.len(), usize::from(pointer != "/start_nonce"), "{bad}");
    }
    // Without proofs it is a late answer to the plain batch: only another root is wrong.
    let mut plain = good.clone();
    plain["merkle_proofs"] = json!([]);
    manager.event("batch_result", plain.clone());
    assert_eq!(
        (manager.stored(), emitted(&mut manager)),
        (stored.clone(), vec![])
    );
    plain["merkle_root"] = other_root;
    manager.event("batch_result", plain);
    let events = emitted(&mut manager);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["result_refused", "new_batch"]);
    assert_eq!(events[0].1["contradicts"], true);
    assert_eq!(manager.stored(), stored);
}

/// The benchmark is confirmed, and after a rollback again with these samples. Returns the batches of the former samples and of
/// the present ones.
fn sample_again(
    manager: &mut Harness<JobManager>,
    sampled_nonces: &[u64],
) -> (Vec<Value>, Vec<Value>) {
    let root = &compute(manager)["merkle_root"];
    manager.event("new_block", block_with_benchmark(103, root));
    let former = take(manager, "new_batch");
    let mut block = block_with_benchmark(104, root);
    block["benchmarks"][ID]["state"]["sampled_nonces"] = json!(sampled_nonces);
    manager.event("new_block", block);
    (former, take(manager, "new_batch"))
}

#[test]
fn proofs_of_former_samples_are_not_refused() {
    let mut manager = start(2);
    let (former, present) = sample_again(&mut manager, &[1, 4]);
    assert_eq!((former.len(), present.len()), (3, 2));
    for batch in &former {
        manager.event("batch_result", work(batch));
    }
    // Of one of these batches another nonce is sampled now.
    let expected = ("new_batch".to_owned(), present[0].clone());
    assert_eq!(emitted(&mut manager), [expected]);
    for batch in &present {
        manager.event("batch_result", work(batch));
    }
    assert_eq!(take(&mut manager, "proof_ready").len(), 1);
}

#[test]
fn lying_proofs_of_former_samples_contradict() {
    let mut manager = start(1);
    let (former, _) = sample_again(&mut manager, &[1]);
    let lie = OutputData {
        fuel_consumed: 8,
        ..leaf(0)
    };
    let mut result = work(&former[0]);
    result["merkle_root"] = json!(lie.leaf_hash());
    result["merkle_proofs"][0]["leaf"] = json!(lie);
    manager.event("batch_result", result);
    let refused = take(&mut manager, "result_refused");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["contradicts"], true);
}

#[test]
fn a_job_waits_for_what_it_lacks() {
    let mut manager = start(4);
    let mut no_module = block(101);
    no_module["wasms"] = json!({});
    manager.event("new_block", no_module);
    let job = stage(&mut manager);
    assert_eq!(
        (&job["stage"], &job["reason"]),
        (
            &json!("waiting"),
            &json!("algorithm c003_a001 has no compiled module")
        )
    );
    manager.restart();
    // Not listed any more, but not forgotten.
    manager.event("new_block", empty_block(102));
    assert_eq!(take(&mut manager, "new_batch").len(), 3);
}

#[test]
fn a_benchmark_with_another_root_is_abandoned() {
    let mut manager = start(4);
    compute(&mut manager);
    manager.event(
        "new_block",
        block_with_benchmark(103, &json!("22".repeat(32))),
    );
    manager.update();
    assert_eq!(emitted(&mut manager), []);
    let job = stage(&mut manager);
    assert_eq!(job["stage"], "abandoned");
    assert!(
        job["reason"]
            .as_str()
            .unwrap()
            .contains("differs from 2222"),
        "{job}"
    );
    assert!(manager.logs().iter().any(|(level, _)| level == "error"));
}

#[test]
fn a_rebuilt_job_is_proved_against_the_committed_root() {
    for (root, expected) in [
        (json!(whole_tree().root()), "proof_ready"),
        (json!("33".repeat(32)), "abandoned"),
    ] {
        let mut manager = start(4);
        manager.event("new_block", block_with_benchmark(103, &root));
        let batches = take(&mut manager, "new_batch");
        assert_eq!(batches.len(), 3);
        for batch in &batches {
            manager.event("batch_result", work(batch));
        }
        assert_eq!(
            take(&mut manager, "proof_ready").len(),
            usize::from(expected == "proof_ready")
        );
        // Another slave confirms each batch before the job is given up.
        manager.update();
        for audit in take(&mut manager, "audit_batch") {
            assert_eq!(stage(&mut manager)["stage"], "auditing");
            let mut result = work(&audit["batch"]);
            result["slave"] = json!("slave-2");
            manager.event("batch_result", result);
        }
        manager.event("new_block", block_with_benchmark(104, &root));
        assert_eq!(stage(&mut manager)["stage"], expected);
        assert_eq!(take(&mut manager, "proof_ready"), Vec::<Value>::new());
    }
}

#[test]
fn an_odd_batch_size_is_refused_with_its_place() {
    for size in [0, 1000] {
        let error = Harness::<JobManager>::try_start(settings(size))
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.starts_with("config.job_manager.knapsack.batch_size: "),
            "{error}"
        );
        assert!(error.contains("is not a power of two"), "{error}");
    }
}

#[test]
fn batch_size_beyond_slaves_is_refused_with_its_place() {
    let refused = |size| Harness::<JobManager>::try_start(settings(size)).err();
    let error = refused(1 << 21).unwrap().to_string();
    assert_eq!(
        error,
        "config.job_manager.knapsack.batch_size: 2097152 is more than 1048576, the largest batch that slaves accept: use 1048576 or less"
    );
    assert!(refused(1 << 20).is_none());
}

#[test]
fn results_of_unknown_jobs_are_ignored() {
    let mut manager = start(4);
    manager.event(
        "batch_result",
        json!({ "benchmark_id": "other", "start_nonce": 0, "slave": "s",
        "merkle_root": "00".repeat(32), "solution_nonces": [], "merkle_proofs": [] }),
    );
    assert_eq!((manager.stored().len(), emitted(&mut manager)), (0, vec![]));
}

#[test]
fn unreadable_records_are_set_aside_others_go_on() {
    let mut manager = Harness::<JobManager>::start(settings(4));
    manager.event("new_block", block(101));
    for (_, batch) in emitted(&mut manager) {
        manager.event("batch_result", work(&batch));
    }
    let torn_batch = format!("batch/{ID}/0000000001");
    manager.store(&torn_batch, "{\"torn");
    manager.store("job/0123", "{\"torn\": true}");
    manager.restart();
    assert!(
        manager
            .stored()
            .contains_key(&format!("damaged/{torn_batch}"))
    );
    assert!(manager.stored().contains_key("damaged/job/0123"));
    let errors = manager
        .logs()
        .into_iter()
        .filter(|(level, _)| level == "error");
    assert_eq!(errors.count(), 2);

    emitted(&mut manager);
    manager.update();
    let batches = emitted(&mut manager);
    assert_eq!(
        batches.len(),
        1,
        "only what is lost is computed again: {batches:?}"
    );
    manager.event("batch_result", work(&batches[0].1));
    assert_eq!(
        emitted(&mut manager)[0].1["merkle_root"],
        json!(whole_tree().root())
    );
}

#[test]
fn an_unconfigured_challenge_harms_no_other() {
    let mut manager = start(4);
    let mut both = block(101);
    both["challenges"]["c009"] = json!({ "id": "c009", "details": { "name": "new" }, "state": null,
        "block_data": null });
    let mut foreign = precommit(NUM_NONCES);
    foreign["benchmark_id"] = json!("f00d");
    foreign["settings"]["challenge_id"] = json!("c009");
    both["precommits"]["f00d"] = foreign;
    manager.event("new_block", both);
    assert_eq!(take(&mut manager, "new_batch").len(), 3);
    let reply = manager.request("GET", "/jobs", &[], "").unwrap();
    let jobs: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(jobs[1]["benchmark_id"], "f00d");
    assert_eq!(
        jobs[1]["reason_code"],
        json!({ "kind": "config", "name": "new" })
    );
}

#[test]
fn a_drain_ignores_what_the_api_refused_for_good() {
    let mut manager = start(4);
    let ready = compute(&mut manager);
    let failed = |request: &Value, will_retry| json!({ "text": "no", "status": 400, "request": request, "will_retry": will_retry });
    manager.event("submit_benchmark_error", failed(&ready, true));
    assert_eq!(manager.unfinished(), 1, "it is sent again");
    manager.event("submit_benchmark_error", failed(&ready, false));
    assert_eq!(manager.unfinished(), 0);
    manager.event(
        "submit_benchmark_error",
        failed(&json!({ "benchmark_id": "f00d" }), false),
    );
    manager.update();
    assert_eq!(manager.unfinished(), 0);

    manager.event(
        "new_block",
        block_with_benchmark(103, &ready["merkle_root"]),
    );
    assert_eq!(manager.unfinished(), 1, "the network has it nevertheless");
    for batch in take(&mut manager, "new_batch") {
        manager.event("batch_result", work(&batch));
    }
    let proof = take(&mut manager, "proof_ready").pop().unwrap();
    assert_eq!(manager.unfinished(), 1);
    manager.event("submit_proof_error", failed(&proof, false));
    assert_eq!(manager.unfinished(), 0);
}

#[test]
fn a_reconfirmed_precommit_is_recomputed_by_two() {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    for batch in take(&mut manager, "new_batch") {
        let other = if batch["start_nonce"] == 0 {
            "slave-2"
        } else {
            "slave-1"
        };
        let mut result = work(&batch);
        result["slave"] = json!(other);
        manager.event("batch_result", result);
    }
    assert_eq!(take(&mut manager, "benchmark_ready").len(), 1);

    let replaced = reconfirmed(block(101));
    manager.event("new_block", replaced.clone());
    let batches = take(&mut manager, "new_batch");
    assert_eq!(batches.len(), 3);
    assert!(
        batches
            .iter()
            .all(|batch| batch["rand_hash"] == "block101b")
    );
    let mut stray = work(&batches[0]);
    stray["rand_hash"] = json!("block101");
    manager.event("batch_result", stray);
    assert_eq!(
        take(&mut manager, "new_batch"),
        [batches[0].clone()],
        "a result for the former hash is not taken, and the batch is still due"
    );
    for batch in &batches {
        manager.event("batch_result", work(batch));
    }
    let emitted = emitted(&mut manager);
    assert!(
        emitted.iter().all(|(event, _)| event == "audit_batch"),
        "{emitted:?}"
    );
    for (_, audit) in emitted {
        let mut result = work(&audit["batch"]);
        result["slave"] = json!("slave-2");
        manager.event("batch_result", result);
    }
    assert_eq!(take(&mut manager, "benchmark_ready").len(), 1);

    manager.restart();
    manager.event("new_block", replaced);
    assert_eq!(take(&mut manager, "new_batch"), Vec::<Value>::new());
}

#[test]
fn a_dispute_of_two_over_a_stale_result_ends() {
    let mut manager = start(8);
    manager.event("new_block", block(101));
    let stale = take(&mut manager, "new_batch").remove(0);
    manager.event("new_block", reconfirmed(block(101)));
    let batches = take(&mut manager, "new_batch");

    // A slave of the earlier master does not say which hash its result is for.
    let mut late = work(&stale);
    late["merkle_root"] = json!("ab".repeat(32));
    manager.event("batch_result", late);
    manager.event("batch_result", work(&batches[1]));
    for audit in take(&mut manager, "audit_batch") {
        let mut result = work(&audit["batch"]);
        result["slave"] = json!("slave-2");
        manager.event("batch_result", result);
    }
    assert_eq!(stage(&mut manager)["stage"], "auditing");
    manager.advance_ms(60_000);
    manager.update();
    assert_eq!(take(&mut manager, "new_batch"), [batches[0].clone()]);
    manager.event("batch_result", work(&batches[0]));
    for audit in take(&mut manager, "audit_batch") {
        let mut result = work(&audit["batch"]);
        result["slave"] = json!("slave-2");
        manager.event("batch_result", result);
    }
    assert_eq!(take(&mut manager, "benchmark_ready").len(), 1);
}
