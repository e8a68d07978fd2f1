//! The script of section 10.3: the chain hangs, fails, refuses and accepts; also with kills of the host after each step.

use std::collections::BTreeSet;

use crate::network::{COMMIT_START, REVEAL_START, Validator};

/// What becomes of the first attempts at this call.
fn script(call: &str) -> [String; 3] {
    [
        // Longer than an attempt may take.
        format!("hangs:60000@{call}*1"),
        format!("status:500@{call}*1"),
        format!("refuses@{call}*1"),
    ]
}

fn play(validator: &Validator, call: &str) {
    let script = script(call);
    validator.set_chain_faults(&script.each_ref().map(String::as_str));
}

/// Makes blocks until so many attempts are over.
fn wait_for_outcomes(validator: &Validator, count: usize) {
    validator.blocks_until("the outcome", |it| {
        (it.outcomes().len() >= count).then_some(())
    });
}

fn counted(validator: &Validator, call: &str, outcome: &str) -> bool {
    let metrics = validator.metrics();
    let labels = format!("call=\"{call}\",outcome=\"{outcome}\"");
    metrics
        .lines()
        .any(|line| line.contains(&labels) && line.ends_with("} 1"))
}

/// One entry is in a block, and all that was tried had one hash.
fn check_chain(validator: &Validator, kinds: &[&str]) {
    for kind in kinds {
        let included = validator.included(kind);
        assert_eq!(included.len(), 1, "{kind}: {included:?}");
    }
    let commits = validator.asked("commit");
    let hashes: BTreeSet<_> = commits
        .iter()
        .map(|it| it["commit_hash"].to_string())
        .collect();
    assert!(hashes.len() <= 1, "{hashes:?}");
}

#[test]
fn script_of_a_direct_setting_has_four_outcomes() {
    let validator = Validator::start("direct");
    validator.run_batch_with(|it| play(it, "weights"));
    let end = validator.wait_for_end();
    assert_eq!(end["end"], "applied", "{end}");
    let outcomes = ["timed_out", "failed", "refused", "done"];
    assert_eq!(validator.outcomes(), outcomes);
    for outcome in outcomes {
        assert!(counted(&validator, "set", outcome), "{outcome}");
    }
    check_chain(&validator, &["set"]);
}

#[test]
fn script_of_commit_and_reveal_has_four_outcomes_each() {
    let validator = Validator::start("commit_reveal");
    validator.run_batch();
    play(&validator, "commit");
    validator.go_to(COMMIT_START);
    validator.wait_for_commitment();
    play(&validator, "reveal");
    validator.go_to(REVEAL_START);
    let end = validator.wait_for_end();
    assert_eq!(end["end"], "revealed", "{end}");
    let outcomes = ["timed_out", "failed", "refused", "done"];
    assert_eq!(validator.outcomes(), [outcomes, outcomes].concat());
    for outcome in outcomes {
        for call in ["commit", "reveal"] {
            assert!(counted(&validator, call, outcome), "{call} {outcome}");
        }
    }
    check_chain(&validator, &["commit", "reveal"]);
}

/// Kills the host while an attempt hangs, after each of three outcomes, after an attempt was sent that is in no block, and when it
/// is in one.
fn kill_at_each_step(validator: &mut Validator, kind: &str) {
    let before = validator.outcomes().len();
    validator.blocks_until("the attempt", |it| {
        (it.chain_faults().len() <= 2).then_some(())
    });
    validator.kill();
    for count in 1..=3 {
        wait_for_outcomes(validator, before + count);
        validator.kill();
    }
    let newest = validator.blocks_until("the last attempt", |it| {
        let mut asked = it.asked(kind).into_iter();
        asked
            .any(|it| it["fault"].is_null())
            .then(|| it.newest_block())
    });
    validator.kill();
    validator.go_to(newest + 1);
    assert_eq!(
        validator.included(kind).len(),
        1,
        "{:?}",
        validator.asked(kind)
    );
    validator.kill();
}

/// Each attempt has a reported end, also those that a kill has cut.
fn check_attempts(validator: &Validator) {
    let weights = validator.weights();
    let attempts = ["send_attempts", "reveal_attempts"].map(|key| weights[key].as_u64().unwrap());
    let outcomes = validator.outcomes();
    assert_eq!(
        outcomes.len() as u64,
        attempts.iter().sum::<u64>(),
        "{outcomes:?}"
    );
}

#[test]
fn kills_at_each_step_of_setting_change_nothing() {
    let mut validator = Validator::start("direct");
    validator.run_batch_with(|it| play(it, "weights"));
    kill_at_each_step(&mut validator, "set");
    let end = validator.wait_for_end();
    assert_eq!(end["end"], "applied", "{end}");
    check_attempts(&validator);
    check_chain(&validator, &["set"]);
}

#[test]
fn kills_at_each_step_of_commitments_change_nothing() {
    let mut validator = Validator::start("commit_reveal");
    validator.run_batch();
    play(&validator, "commit");
    validator.go_to(COMMIT_START);
    kill_at_each_step(&mut validator, "commit");
    validator.wait_for_commitment();
    // Between commit and reveal.
    validator.kill();
    play(&validator, "reveal");
    validator.go_to(REVEAL_START);
    kill_at_each_step(&mut validator, "reveal");
    let end = validator.wait_for_end();
    assert_eq!(end["end"], "revealed", "{end}");
    check_attempts(&validator);
    check_chain(&validator, &["commit", "reveal"]);
}

/// What the chain has taken though its answer was another, or none: it is seen there, and not sent again.
#[test]
fn late_success_is_recognised_and_not_repeated() {
    for (fault, outcome) in [
        ("hangs-but-includes:60000", "timed_out"),
        ("fails-but-includes", "failed"),
        ("refuses-but-includes", "refused"),
    ] {
        let validator = Validator::start("commit_reveal");
        let [commit, reveal] = ["commit", "reveal"].map(|call| format!("{fault}@{call}*1"));
        validator.set_chain_faults(&[&commit, &reveal]);
        validator.run_batch();
        validator.go_to(COMMIT_START);
        validator.wait_for_commitment();
        validator.go_to(REVEAL_START);
        let end = validator.wait_for_end();
        assert_eq!(end["end"], "revealed", "{fault}: {end}");
        assert_eq!(validator.outcomes(), [outcome, outcome], "{fault}");
        for kind in ["commit", "reveal"] {
            assert_eq!(validator.asked(kind).len(), 1, "{fault}: {kind}");
        }
    }
}

/// What the chain has forgotten is sent once more, and is the same.
#[test]
fn forgotten_commitment_is_sent_again_as_it_was() {
    let validator = Validator::start("commit_reveal");
    validator.set_chain_faults(&["forgets@commit*1", "forgets@reveal*1"]);
    validator.run_batch();
    validator.go_to(COMMIT_START);
    validator.wait_for_commitment();
    validator.go_to(REVEAL_START);
    let end = validator.wait_for_end();
    assert_eq!(end["end"], "revealed", "{end}");
    for kind in ["commit", "reveal"] {
        assert_eq!(validator.asked(kind).len(), 2, "{kind}");
    }
    check_chain(&validator, &["commit", "reveal"]);
}
