//! What is left after a kill, a panic and a reload.

use super::*;

#[test]
fn number_does_not_go_back_across_a_kill() {
    let mut chain = following(7);
    chain.kill();
    block(&mut chain, 6, 0);
    assert_eq!(chain.emitted(), []);
    block(&mut chain, 8, 0);
    assert_eq!(block_numbers(&mut chain), [8]);
}

/// The others have lost it too.
#[test]
fn newest_block_is_emitted_again_after_a_kill() {
    let mut chain = following(7);
    chain.kill();
    block(&mut chain, 7, 0);
    block(&mut chain, 7, 0);
    assert_eq!(block_numbers(&mut chain), [7]);
}

#[test]
fn hashes_are_remembered_across_a_kill() {
    let mut chain = following(7);
    chain.kill();
    block(&mut chain, 7, 1);
    block(&mut chain, 7, 1);
    let emitted = chain.emitted();
    assert_eq!(emitted.len(), 1, "{emitted:?}");
    assert_eq!(emitted[0].1["condition"], "contradicts");

    // The hash that was said last counts.
    chain.kill();
    block(&mut chain, 7, 1);
    let blocks = self::emitted(&mut chain, "horde_block");
    assert_eq!(blocks[0]["hash"], hash(7, 1));
}

/// Whether the chain has it is unknown, so that it must not count as refused.
#[test]
fn open_call_fails_after_a_kill() {
    let mut chain = following(7);
    call(&mut chain, "c", &commit());
    assert_eq!(chain.unfinished(), 1);
    chain.kill();
    assert_eq!(answers(&mut chain), []);
    chain.advance_ms(100);
    assert_eq!(answers(&mut chain), [("c".to_owned(), "failed".to_owned())]);
    assert_eq!(chain.unfinished(), 0);
    chain.kill();
    chain.advance_ms(120_000);
    assert_eq!(answers(&mut chain), []);
}

#[test]
fn open_call_fails_after_a_kill_and_a_reload() {
    let mut chain = following(7);
    call(&mut chain, "c", &commit());
    chain.kill();
    chain.reload();
    chain.advance_ms(100);
    let failed = [("c".to_owned(), "failed".to_owned())];
    assert_eq!(answers(&mut chain), failed);
}

#[test]
fn call_after_a_kill_is_not_interrupted() {
    let mut chain = following(7);
    call(&mut chain, "before", &commit());
    chain.kill();
    call(&mut chain, "after", &commit());
    chain.advance_ms(100);
    assert_eq!(
        answers(&mut chain),
        [("before".to_owned(), "failed".to_owned())]
    );
    respond(&mut chain, "weights/commit", 200, &json!({ "block": 8 }));
    assert_eq!(
        answers(&mut chain),
        [("after".to_owned(), "done".to_owned())]
    );
}

/// After a panic the request is still on its way.
#[test]
fn answer_that_comes_soon_after_a_panic_counts() {
    let mut chain = following(7);
    call(&mut chain, "c", &commit());
    chain.restart();
    respond(&mut chain, "weights/commit", 200, &json!({ "block": 8 }));
    chain.advance_ms(120_000);
    assert_eq!(answers(&mut chain), [("c".to_owned(), "done".to_owned())]);
}

#[test]
fn reload_changes_nothing() {
    let mut chain = following(20);
    want(&mut chain, Some(10));
    call(&mut chain, "c", &commit());
    poll(&mut chain);
    chain.reload();
    // The new instance looks at once, and finds that the old one's poll is on its way.
    chain.advance_ms(100);
    assert_eq!(
        paths(&chain),
        ["block/10/neurons", "weights/commit", "block/latest"]
    );
    respond(&mut chain, "block/latest", 200, &head(20, 0));
    respond(
        &mut chain,
        "block/10/neurons",
        200,
        &neurons_answer(10, 0, &[neuron(1)]),
    );
    respond(&mut chain, "weights/commit", 200, &json!({ "block": 21 }));
    let names: Vec<_> = chain.emitted().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["horde_neurons", "horde_chain_answer"]);
}

#[test]
fn damaged_records_do_not_keep_it_from_starting() {
    let mut chain = following(7);
    chain.store("heights", "[]");
    chain.store("open", "7");
    chain.kill();
    block(&mut chain, 7, 0);
    assert_eq!(block_numbers(&mut chain), [7]);
}
