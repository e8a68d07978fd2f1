//! Neurons for those who want them.

use super::*;

/// The pairs of `pylon.examples.json`, with hashes as long as a chain has them.
fn recorded(path: &str) -> Value {
    let examples = include_str!("../../../../../vectors/horde/pylon.examples.json");
    let examples = examples.replace("\"0xabc\"", &format!("{:?}", hash(4_400_000, 0)));
    let examples: Vec<Value> = serde_json::from_str(&examples).unwrap();
    let mut pairs = examples.into_iter();
    let pair = pairs.find(|pair| {
        let url = pair["request"]["url"].as_str().unwrap();
        url.ends_with(path)
    });
    pair.unwrap()["response"].clone()
}

#[test]
fn recorded_neurons_of_pylon_are_read() {
    let mut chain = following(4_400_000);
    want(&mut chain, None);
    let answer = recorded("identity/sn1/subnet/1/block/latest/neurons");
    respond(&mut chain, "block/latest/neurons", 200, &answer);
    let neurons = emitted(&mut chain, "horde_neurons");
    let expected = json!({
        "wanted": null, "block": 4_400_000, "hash": hash(4_400_000, 0),
        "neurons": [
            {
                "uid": 1, "hotkey": "5DiQDBQvjFkmUF3C8a7ape5rpRPoajmMj44Q9CTGPfVBaa6U",
                "total_stake": 2001.0, "axon": null, "last_update": 1000,
            },
            {
                "uid": 7, "hotkey": "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht",
                "total_stake": 1.0, "axon": { "host": "127.0.0.1", "port": 8045 }, "last_update": 1000,
            },
        ],
    });
    assert_eq!(neurons, [expected]);
}

/// What one neuron writes onto the chain must not cost the others anything.
#[test]
fn odd_axon_counts_as_not_serving() {
    let mut chain = following(7);
    let axons = [
        (json!({ "ip": "10.0.0.1", "port": 8000 }), json!("10.0.0.1")),
        (
            json!({ "ip": "2001:db8::1", "port": 8000 }),
            json!("2001:db8::1"),
        ),
        (json!({ "ip": "0.0.0.0", "port": 8000 }), Value::Null),
        (json!({ "ip": "::", "port": 8000 }), Value::Null),
        (json!({ "ip": "10.0.0.1", "port": 0 }), Value::Null),
        (json!({ "ip": "10.0.0.1", "port": 70_000 }), Value::Null),
        (json!({ "ip": "10.0.0.1", "port": -1 }), Value::Null),
        (json!({ "ip": "10.0.0.1", "port": "8000" }), Value::Null),
        (json!({ "ip": "10.0.0.1/x", "port": 8000 }), Value::Null),
        (json!({ "ip": 167_772_161, "port": 8000 }), Value::Null),
        (json!({}), Value::Null),
        (Value::Null, Value::Null),
        (json!("10.0.0.1:8000"), Value::Null),
    ];
    let neurons: Vec<_> = (0..)
        .zip(&axons)
        .map(|(number, (axon, _))| {
            let mut neuron = neuron(number);
            neuron["axon_info"] = axon.clone();
            neuron
        })
        .collect();
    want(&mut chain, None);
    respond(
        &mut chain,
        "block/latest/neurons",
        200,
        &neurons_answer(7, 0, &neurons),
    );
    let neurons = emitted(&mut chain, "horde_neurons").remove(0);
    for (uid, (axon, host)) in axons.iter().enumerate() {
        assert_eq!(&neurons["neurons"][uid]["axon"]["host"], host, "{axon}");
    }
    let logged = log_text(&mut chain);
    assert!(logged.contains("count=7"), "{logged}");
}

#[test]
fn subnet_of_300_neurons_is_read_in_order() {
    let mut chain = following(7);
    let neurons: Vec<_> = (0..300_u16)
        .map(|uid| {
            let mut bytes = [0; 32];
            bytes[..2].copy_from_slice(&uid.to_le_bytes());
            let mut neuron = neuron(0);
            neuron["uid"] = json!(uid);
            neuron["hotkey"] = json!(tig_keyring::PublicKey::from_bytes(bytes).to_ss58());
            neuron
        })
        .rev()
        .collect();
    want(&mut chain, None);
    respond(
        &mut chain,
        "block/latest/neurons",
        200,
        &neurons_answer(7, 0, &neurons),
    );
    let neurons = emitted(&mut chain, "horde_neurons").remove(0);
    let uids = neurons["neurons"].as_array().unwrap().iter();
    assert!(
        uids.map(|neuron| &neuron["uid"])
            .eq(&(0..300).map(|uid| json!(uid)).collect::<Vec<_>>())
    );
}

#[test]
fn wants_of_one_block_have_one_request() {
    let mut chain = following(20);
    for _ in 0..3 {
        want(&mut chain, None);
        want(&mut chain, Some(10));
    }
    assert_eq!(paths(&chain), ["block/latest/neurons", "block/10/neurons"]);
    respond(
        &mut chain,
        "block/latest/neurons",
        200,
        &neurons_answer(20, 0, &[neuron(1)]),
    );
    respond(
        &mut chain,
        "block/10/neurons",
        200,
        &neurons_answer(10, 0, &[neuron(1)]),
    );
    let wanted = emitted(&mut chain, "horde_neurons");
    let wanted: Vec<_> = wanted.iter().map(|neurons| &neurons["wanted"]).collect();
    assert_eq!(wanted, [&Value::Null, &json!(10)]);
    assert_eq!(paths(&chain), [""; 0]);
}

#[test]
fn wants_before_the_first_block_wait() {
    let mut chain = start();
    want(&mut chain, None);
    assert_eq!(paths(&chain), [""; 0]);
    block(&mut chain, 7, 0);
    assert_eq!(paths(&chain), ["block/latest/neurons"]);
}

#[test]
fn too_many_wants_are_bounded() {
    let mut chain = following(1_000);
    for number in 0..100 {
        want(&mut chain, Some(number));
    }
    let shown = status(&mut chain);
    assert_eq!(shown["wanted_blocks"].as_array().unwrap().len(), 32);
    assert_eq!(paths(&chain).len(), 4);
    assert!(log_text(&mut chain).contains("too many blocks"));
    // The next ones are sent when there is room.
    respond(
        &mut chain,
        "block/0/neurons",
        200,
        &neurons_answer(0, 0, &[neuron(1)]),
    );
    assert_eq!(paths(&chain).last().unwrap(), "block/4/neurons");
}

#[test]
fn named_block_waits_until_it_is_final() {
    let mut chain = following(9);
    want(&mut chain, Some(7));
    assert_eq!(paths(&chain), [""; 0]);
    block(&mut chain, 10, 0);
    assert_eq!(paths(&chain), ["block/7/neurons"]);
}

#[test]
fn want_that_cannot_be_met_expires() {
    let mut chain = following(9);
    want(&mut chain, Some(2_000));
    for number in 10..50 {
        block(&mut chain, number, 0);
    }
    assert_eq!(status(&mut chain)["wanted_blocks"], json!([]));
    assert!(log_text(&mut chain).contains("wanted no more"));
}

/// The answer to a named block is the same for ever, also if the service says something else later or is gone.
#[test]
fn final_block_is_kept() {
    let mut chain = following(20);
    want(&mut chain, Some(10));
    respond(
        &mut chain,
        "block/10/neurons",
        200,
        &neurons_answer(10, 0, &[neuron(1)]),
    );
    let first = emitted(&mut chain, "horde_neurons");
    assert_eq!(first.len(), 1);
    for _ in 0..2 {
        want(&mut chain, Some(10));
        assert_eq!(emitted(&mut chain, "horde_neurons"), first);
        assert_eq!(paths(&chain), [""; 0]);
        chain.kill();
    }
}

#[test]
fn oldest_kept_block_makes_room() {
    let mut chain = following(1_000);
    for number in (10..20).chain([5]) {
        want(&mut chain, Some(number));
        let path = format!("block/{number}/neurons");
        respond(
            &mut chain,
            &path,
            200,
            &neurons_answer(number, 0, &[neuron(1)]),
        );
    }
    let kept = json!([5, 13, 14, 15, 16, 17, 18, 19]);
    assert_eq!(status(&mut chain)["kept_blocks"], kept);
    chain.kill();
    assert_eq!(status(&mut chain)["kept_blocks"], kept);
    let stored = chain.stored();
    let records = stored.keys().filter(|key| key.starts_with("neurons/"));
    assert_eq!(records.count(), 8);
}

/// A block that was seen with another hash when it was new: the chain has rolled it back, or one of the answers is wrong.
#[test]
fn final_block_with_another_hash_is_asked_for_twice() {
    let mut chain = following(7);
    block(&mut chain, 10, 0);
    chain.emitted();
    want(&mut chain, Some(7));
    respond(
        &mut chain,
        "block/7/neurons",
        200,
        &neurons_answer(7, 1, &[neuron(1)]),
    );
    assert_eq!(conditions(&mut chain), ["contradicts"]);
    block(&mut chain, 10, 0);
    assert_eq!(paths(&chain), [""; 0]);
    block(&mut chain, 11, 0);
    respond(
        &mut chain,
        "block/7/neurons",
        200,
        &neurons_answer(7, 1, &[neuron(1)]),
    );
    let neurons = emitted(&mut chain, "horde_neurons");
    assert_eq!(neurons[0]["hash"], hash(7, 1));
}

/// They were asked for before the contradiction was known.
#[test]
fn neurons_are_not_given_while_answers_contradict() {
    let mut chain = following(20);
    want(&mut chain, None);
    want(&mut chain, Some(10));
    block(&mut chain, 20, 1);
    chain.emitted();
    let answer = |number| neurons_answer(number, 1, &[neuron(1)]);
    for (path, number) in [("block/latest/neurons", 20), ("block/10/neurons", 10)] {
        respond(&mut chain, path, 200, &answer(number));
    }
    assert_eq!(chain.emitted(), []);
    block(&mut chain, 21, 1);
    for (path, number) in [("block/latest/neurons", 21), ("block/10/neurons", 10)] {
        respond(&mut chain, path, 200, &answer(number));
    }
    assert_eq!(emitted(&mut chain, "horde_neurons").len(), 2);
}

/// A node that lags behind the one that named the newest block.
#[test]
fn neurons_below_the_newest_block_are_not_given() {
    let mut chain = following(7);
    want(&mut chain, None);
    respond(
        &mut chain,
        "block/latest/neurons",
        200,
        &neurons_answer(6, 0, &[neuron(1)]),
    );
    assert_eq!(chain.emitted(), []);
    block(&mut chain, 7, 0);
    respond(
        &mut chain,
        "block/latest/neurons",
        200,
        &neurons_answer(8, 0, &[neuron(1)]),
    );
    let names: Vec<_> = chain.emitted().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["horde_block", "horde_neurons"]);
}

#[test]
fn damaged_record_of_a_final_block_is_fetched_again() {
    let mut chain = following(20);
    chain.store("neurons/10", "{}");
    chain.kill();
    block(&mut chain, 20, 0);
    want(&mut chain, Some(10));
    respond(
        &mut chain,
        "block/10/neurons",
        200,
        &neurons_answer(10, 0, &[neuron(1)]),
    );
    assert_eq!(emitted(&mut chain, "horde_neurons").len(), 1);
}

/// A node that has not read its state yet. What a final block says is kept, so nobody would ask again.
#[test]
fn empty_list_of_a_final_block_is_not_kept() {
    let mut chain = following(20);
    want(&mut chain, Some(10));
    let empty = neurons_answer(10, 0, &[]);
    respond(&mut chain, "block/10/neurons", 200, &empty);
    assert_eq!(chain.emitted(), []);
    block(&mut chain, 21, 0);
    let whole = neurons_answer(10, 0, &[neuron(1)]);
    respond(&mut chain, "block/10/neurons", 200, &whole);
    assert_eq!(emitted(&mut chain, "horde_neurons").len(), 1);
}

#[test]
fn open_access_reads_neurons() {
    let section = json!({ "url": "http://pylon", "netuid": 12 });
    let mut chain = Chain::start(settings(&section));
    poll(&mut chain);
    assert_eq!(
        chain.http_calls()[0].url,
        "http://pylon/api/v1/subnet/12/block/latest"
    );
}
