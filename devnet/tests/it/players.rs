//! Several players: keys, balances, top-ups, and whose benchmarks are listed.

use serde_json::{Value, json};
use tig_challenges::ChallengeKind::{Knapsack, Satisfiability};
use tig_devnet::{
    Api, ApiKeyError, Network, ProtocolError, Request, Response, Transaction, devnet_config,
    draw_players,
};
use tig_protocol::PreciseNumber;

use crate::digest::digest;
use crate::support::{self, API_KEY, PLAYER_ID};

const OTHER_ID: &str = "0x3333333333333333333333333333333333333333";

fn tx_hash(digit: char) -> String {
    format!("0x{}", digit.to_string().repeat(64))
}

fn json_of(response: &Response) -> Value {
    assert_eq!(
        response.status,
        200,
        "{}",
        String::from_utf8_lossy(&response.body)
    );
    serde_json::from_slice(&response.body).unwrap()
}

fn balance(network: &Network, player_id: &str) -> PreciseNumber {
    let block_id = network.status().block_id;
    let answer = network.get_fee_balance(&block_id, player_id).unwrap();
    answer.state.available_fee_balance.unwrap()
}

fn request_key(api: &mut Api, address: &str, signature: &str) -> Response {
    let body = json!({"address": address, "signature": signature}).to_string();
    api.answer(&Request {
        api_key: None,
        ..Request::post("/request-api-key", "", body.as_bytes())
    })
}

#[test]
fn a_key_is_for_its_own_player_only() {
    let mut api = Api::new(support::network(5), support::keys());
    let signature = format!("0x{}", "Ab".repeat(65));
    let answer = json_of(&request_key(&mut api, OTHER_ID, &signature));
    let key = answer["api_key"].as_str().unwrap().to_owned();
    assert_eq!(key.len(), 32);
    let again = json_of(&request_key(&mut api, OTHER_ID, &signature));
    assert_eq!(again, answer);

    let mut settings = support::settings(api.network(), Knapsack);
    let mine = json!({"settings": settings, "num_nonces": 5}).to_string();
    settings.player_id = OTHER_ID.to_owned();
    let theirs = json!({"settings": settings, "num_nonces": 5}).to_string();
    let mut submit = |key: &str, body: &str| {
        api.answer(&Request::post("/submit-precommit", key, body.as_bytes()))
            .status
    };
    assert_eq!(submit(&key, &mine), 400);
    assert_eq!(submit(API_KEY, &theirs), 400);
    assert_eq!(submit(&key, &theirs), 200);
    assert_eq!(submit(API_KEY, &mine), 200);

    let block_id = api.produce_block().to_owned();
    for player_id in [PLAYER_ID, OTHER_ID] {
        let listed = api.network().get_benchmarks(&block_id, player_id).unwrap();
        assert_eq!(listed.precommits.len(), 1);
        assert_eq!(listed.precommits[0].settings.player_id, player_id);
    }
}

#[test]
fn a_key_in_use_is_not_given_to_another_player() {
    let drawn = draw_players(5, 1).remove(0);
    let mut keys = support::keys();
    keys.insert(&drawn.key(), OTHER_ID);
    let mut api = Api::new(support::network(5), keys);
    let before = digest(&api);
    let signature = format!("0x{}", "ab".repeat(65));
    let response = request_key(&mut api, &drawn.player_id, &signature);
    assert_eq!(response.status, 400);
    let text = String::from_utf8(response.body).unwrap();
    assert!(text.contains("have the same API key"), "{text}");
    assert_eq!(digest(&api), before);
}

#[test]
fn a_request_for_a_key_needs_address_and_signature() {
    let mut api = Api::new(support::network(5), support::keys());
    let signature = format!("0x{}", "ab".repeat(65));
    for (address, signature) in [
        ("0x33", signature.as_str()),
        (&OTHER_ID.replace('3', "A"), &signature),
        (OTHER_ID, ""),
        (OTHER_ID, &signature[2..]),
    ] {
        let response = request_key(&mut api, address, signature);
        assert_eq!(response.status, 400, "{address} {signature}");
    }
    assert!(
        api.network()
            .get_fee_balance(&api.network().status().block_id, OTHER_ID)
            .is_err()
    );
}

#[test]
fn balances_are_apart() {
    let mut network = support::network(1);
    let (poor, fee) = (
        PreciseNumber::from_units(5),
        PreciseNumber::from_units(1_020_000_000_000_000),
    );
    network.open_account(OTHER_ID, poor).unwrap();
    network.open_account(OTHER_ID, fee).unwrap();
    assert_eq!(
        balance(&network, OTHER_ID),
        poor,
        "the account was open already"
    );
    assert_eq!(
        network.open_account("0xABC", fee),
        Err(ApiKeyError::Address("0xABC".to_owned()))
    );
    let mut settings = support::settings(&network, Knapsack);
    settings.player_id = OTHER_ID.to_owned();
    let request = tig_protocol::api::SubmitPrecommitRequest {
        settings,
        num_nonces: support::NUM_NONCES,
    };
    assert_eq!(
        network.submit_precommit(OTHER_ID, request),
        Err(ProtocolError::InsufficientFeeBalance {
            fee,
            available: poor
        })
    );
    let before = balance(&network, PLAYER_ID);
    let settings = support::settings(&network, Satisfiability);
    support::submit_precommit(&mut network, settings).unwrap();
    network.produce_block();
    assert!(balance(&network, PLAYER_ID) < before);
    assert_eq!(balance(&network, OTHER_ID), poor);
}

#[test]
fn a_topup_is_credited_by_the_next_block_and_once() {
    let mut api = Api::new(support::network(5), support::keys());
    let before = balance(api.network(), PLAYER_ID);
    let body = json!({"tx_hash": tx_hash('a')}).to_string();
    let request = Request::post("/submit-topup", API_KEY, body.as_bytes());
    assert_eq!(json_of(&api.answer(&request)), json!({"ok": true}));
    assert_eq!(balance(api.network(), PLAYER_ID), before);
    let again = api.answer(&request);
    assert_eq!(again.status, 400);
    assert!(
        String::from_utf8(again.body)
            .unwrap()
            .ends_with("was already used")
    );

    api.produce_block();
    let block = api.network().get_block(None, true).block.unwrap();
    assert_eq!(block.details.num_confirmed_topups, Some(1));
    assert_eq!(block.data.unwrap().confirmed_topup_ids, [tx_hash('a')]);
    let ten = devnet_config().precommit_submissions.unwrap().topup_amount;
    assert_eq!(
        balance(api.network(), PLAYER_ID),
        before.checked_add(ten).unwrap()
    );
    let listed = api
        .network()
        .get_fee_balance(&block.id, PLAYER_ID)
        .unwrap()
        .topups;
    assert_eq!((listed.len(), listed[0].details.amount), (1, ten));

    api.produce_block();
    assert_eq!(
        balance(api.network(), PLAYER_ID),
        before.checked_add(ten).unwrap()
    );
}

#[test]
fn rules_of_a_topup_are_checked_in_order() {
    let mut network = support::network(5);
    let config = devnet_config();
    let mut transaction = Transaction {
        sender: OTHER_ID.to_owned(),
        receiver: OTHER_ID.to_owned(),
        amount: PreciseNumber::ZERO,
    };
    let hash = tx_hash('b');
    let mut submit = |transaction: &Transaction| {
        network.record_transaction(&hash, transaction.clone());
        network.submit_topup(PLAYER_ID, &hash)
    };
    assert!(matches!(
        submit(&transaction),
        Err(ProtocolError::InvalidTransactionSender { .. })
    ));
    transaction.sender = PLAYER_ID.to_owned();
    assert!(matches!(
        submit(&transaction),
        Err(ProtocolError::InvalidTransactionReceiver { .. })
    ));
    transaction.receiver = config.erc20.burn_address;
    assert!(matches!(
        submit(&transaction),
        Err(ProtocolError::InvalidTransactionAmount { .. })
    ));
    transaction.amount = config.precommit_submissions.unwrap().topup_amount;
    submit(&transaction).unwrap();
    transaction.sender = OTHER_ID.to_owned();
    assert!(matches!(
        submit(&transaction),
        Err(ProtocolError::DuplicateTransaction { .. })
    ));
    for malformed in ["", "0x12", &tx_hash('B')] {
        assert!(matches!(
            network.submit_topup(PLAYER_ID, malformed),
            Err(ProtocolError::InvalidTransaction { .. })
        ));
    }
}

#[test]
fn a_rollback_keeps_players_and_takes_topups_back() {
    let mut network = support::network(5);
    let before = balance(&network, PLAYER_ID);
    network.submit_topup(PLAYER_ID, &tx_hash('c')).unwrap();
    network.produce_block();
    network.open_account(OTHER_ID, before).unwrap();
    network.rollback();
    assert_eq!(balance(&network, PLAYER_ID), before);
    assert_eq!(balance(&network, OTHER_ID), before);
    network.produce_block();
    assert!(balance(&network, PLAYER_ID) > before);
}
