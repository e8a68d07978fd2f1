//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Batch {
        start_nonce: u64,
        sampled: bool,
        hash: &'static str,
    },
    Audit(u64),
    Withdrawn(bool),
    Get(&'static str),
    Post {
        slave: &'static str,
        start_nonce: u64,
        sampled: bool,
        good: bool,
    },
    Release(&'static str, u64),
    Refused(&'static str),
    Convicted(&'static str),
    Pardon(&'static str),
    Command(&'static str, &'static str),
    Block(u32),
    Update,
    Advance,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let slave = || prop::sample::select(&["ann", "bob", "cid"][..]);
    let start_nonce = || (0_u64..3).prop_map(|index| index * 4);
    let hash = prop::sample::select(&["r", "r", "r", "other"][..]);
    let batch = (start_nonce(), any::<bool>(), hash);
    let command = prop::sample::select(&["cordon", "uncordon", "pardon"][..]);
    let post = (
        slave(),
        start_nonce(),
        any::<bool>(),
        prop::bool::weighted(0.7),
    );
    prop_oneof![
        6 => batch.prop_map(|(start_nonce, sampled, hash)| Step::Batch { start_nonce, sampled, hash }),
        2 => start_nonce().prop_map(Step::Audit),
        1 => any::<bool>().prop_map(Step::Withdrawn),
        6 => slave().prop_map(Step::Get),
        6 => post.prop_map(|(slave, start_nonce, sampled, good)| Step::Post {
            slave, start_nonce, sampled, good,
        }),
        2 => (slave(), start_nonce()).prop_map(|(slave, start)| Step::Release(slave, start)),
        2 => slave().prop_map(Step::Refused),
        1 => slave().prop_map(Step::Convicted),
        1 => slave().prop_map(Step::Pardon),
        2 => (command, slave()).prop_map(|(command, slave)| Step::Command(command, slave)),
        2 => (100_u32..300).prop_map(Step::Block),
        2 => Just(Step::Update),
        2 => Just(Step::Advance),
        1 => Just(Step::Reload),
    ]
}

fn batch_of(start_nonce: u64, sampled: bool) -> Value {
    let nonces: &[u64] = if sampled { &[start_nonce + 1] } else { &[] };
    batch(ID, start_nonce, nonces)
}

/// Status and body of a reply; events have none.
type Reply = Option<(u16, Vec<u8>)>;

fn ask(
    manager: &mut Manager,
    slave: &str,
    (method, path): (&str, &str),
    body: &str,
) -> tig_plugin_api::Result<Reply> {
    let reply = manager.request(method, path, &[("user-agent", slave)], body)?;
    Ok(Some((reply.status, reply.body)))
}

fn event(manager: &mut Manager, name: &str, arguments: Value) -> tig_plugin_api::Result<Reply> {
    manager.try_event(name, arguments).map(|()| None)
}

fn play(manager: &mut Manager, step: &Step) -> tig_plugin_api::Result<Reply> {
    match step {
        Step::Batch {
            start_nonce,
            sampled,
            hash,
        } => {
            let mut batch = batch_of(*start_nonce, *sampled);
            batch["rand_hash"] = json!(hash);
            event(manager, "new_batch", batch)
        }
        Step::Audit(start_nonce) => {
            let audit = json!({ "batch": batch_of(*start_nonce, false), "not_for": ["ann"] });
            event(manager, "audit_batch", audit)
        }
        Step::Withdrawn(audits_only) => {
            let withdrawn = json!({ "benchmark_id": ID, "audits_only": audits_only });
            event(manager, "batches_withdrawn", withdrawn)
        }
        Step::Get(slave) => ask(manager, slave, ("GET", "/get-batch?wait=1000"), ""),
        Step::Post {
            slave,
            start_nonce,
            sampled,
            good,
        } => {
            let path = format!("/submit-batch-result/{ID}_{start_nonce}");
            let result = result(&batch_of(*start_nonce, *sampled)).to_string();
            ask(
                manager,
                slave,
                ("POST", &path),
                if *good { &result } else { "{}" },
            )
        }
        Step::Release(slave, start_nonce) => {
            let path = format!("/release-batch/{ID}_{start_nonce}");
            ask(manager, slave, ("POST", &path), r#"{"reason":"no memory"}"#)
        }
        Step::Refused(slave) => {
            let refused =
                json!({ "benchmark_id": ID, "start_nonce": 0, "slave": slave, "reason": "bad" });
            event(manager, "result_refused", refused)
        }
        Step::Convicted(slave) => {
            let convicted = json!({ "slave": slave, "benchmark_id": ID, "start_nonce": 0,
                "stated": "11".repeat(32), "agreed": "22".repeat(32), "witnesses": ["dan", "eve"] });
            event(manager, "slave_convicted", convicted)
        }
        Step::Pardon(slave) => {
            let body = json!({ "slave": slave }).to_string();
            ask(manager, "operator", ("POST", "/pardon-slave"), &body)
        }
        Step::Command(command, slave) => manager
            .command(command, &json!({ "slave": slave }))
            .map(|_| None),
        Step::Block(height) => event(manager, "new_block", block(*height, &[(ID, 100)], &[])),
        Step::Update => event(manager, "update", json!({})),
        Step::Advance => {
            manager.advance_ms(LEASE_MS);
            Ok(None)
        }
        Step::Reload => manager.try_reload().map(|()| None),
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..40),
        k in 1_u64..30,
    ) {
        check_failed_handlers(start, &steps, k, play);
    }
}
