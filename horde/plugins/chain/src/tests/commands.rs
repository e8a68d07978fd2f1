//! `fetch_miners`.

use super::*;

#[test]
fn serving_miners_are_shown() {
    let mut chain = following(7);
    let ticket = chain.command("fetch_miners", &json!({})).unwrap();
    let mut silent = neuron(2);
    silent["axon_info"] = Value::Null;
    let answer = neurons_answer(7, 0, &[neuron(1), silent]);
    respond(&mut chain, "block/latest/neurons", 200, &answer);
    let (code, value) = chain.finished(ticket).unwrap();
    let miner = json!({
        "uid": 1, "hotkey": hotkey(1), "host": "10.0.0.1", "port": 8001, "total_stake": 2001.0,
    });
    assert_eq!(
        (code, value),
        (0, &json!({ "block": 7, "miners": [miner] }))
    );
}

#[test]
fn command_ends_when_the_service_fails() {
    let mut chain = following(7);
    let ticket = chain.command("fetch_miners", &json!({})).unwrap();
    respond(&mut chain, "block/latest/neurons", 500, &json!({}));
    let (code, value) = chain.finished(ticket).unwrap();
    assert_eq!(code, 20);
    assert!(value.as_str().unwrap().contains("status 500"));

    // No block has come yet.
    let mut chain = start();
    let ticket = chain.command("fetch_miners", &json!({})).unwrap();
    poll(&mut chain);
    respond(&mut chain, "block/latest", 500, &json!({}));
    assert_eq!(chain.finished(ticket).unwrap().0, 20);
}

#[test]
fn command_ends_when_nothing_is_known_for_long() {
    let mut chain = following(7);
    block(&mut chain, 7, 1);
    let ticket = chain.command("fetch_miners", &json!({})).unwrap();
    for _ in 0..30 {
        assert_eq!(chain.finished(ticket), None);
        block(&mut chain, 7, 1);
    }
    assert_eq!(chain.finished(ticket).unwrap().0, 20);
}

#[test]
fn commands_are_bounded() {
    let mut chain = following(7);
    for _ in 0..8 {
        chain.command("fetch_miners", &json!({})).unwrap();
    }
    assert!(chain.command("fetch_miners", &json!({})).is_err());
}

#[test]
fn command_does_not_wait_for_ever_after_a_panic() {
    let mut chain = following(7);
    let ticket = chain.command("fetch_miners", &json!({})).unwrap();
    chain.restart();
    chain.advance_ms(100);
    assert_eq!(chain.finished(ticket).unwrap().0, 20);
}
