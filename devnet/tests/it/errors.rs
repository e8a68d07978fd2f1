//! Each reason for which a library call is refused, by its name.

use tig_challenges::ChallengeKind::{self, Knapsack};
use tig_devnet::{
    AddAlgorithmError, ApiKeyError, Entries, FaultPlan, Genesis, GenesisError, Network,
    PLAYERS_MAX, PlanError, PlayerType, PublishedAlgorithm, QueryError, RestoreError, Surroundings,
    devnet_config, initial_balance,
};
use tig_protocol::api::ProtocolConfig;

use crate::pretend;

#[test]
fn a_plan_of_faults_must_make_sense() {
    let refused = |plan: &str| FaultPlan::parse(plan).unwrap_err();
    let json = refused(r#"{"rules": []"#);
    assert!(matches!(json, PlanError::Json(_)), "{json:?}");
    let shape = refused(r#"{"rules": [{"fault": "html", "rate": "often"}]}"#);
    assert!(matches!(&shape, PlanError::Shape { path, .. } if path == "rules[0].rate"));
    let rate = refused(r#"{"rules": [{"fault": "html", "rate": 2.0}]}"#);
    assert!(matches!(rate, PlanError::Rate { index: 0, .. }));
    let heights =
        refused(r#"{"rules": [{"fault": "html", "rate": 1, "from_height": 2, "to_height": 1}]}"#);
    assert!(matches!(heights, PlanError::Heights { index: 0 }));
    let skew = refused(
        r#"{"script": [{"fault": {"clock_skew": {"ms": 1000000000000}}, "at_request": 1}]}"#,
    );
    assert!(matches!(&skew, PlanError::ClockSkew { place, .. } if place == "script[0]"));
}

#[test]
fn a_query_about_something_unknown_names_it() {
    let network = pretend::network(devnet_config());
    let unknown = || "unknown".to_owned();
    let block = network.get_players("unknown", PlayerType::Innovator);
    assert_eq!(block.err(), Some(QueryError::UnknownBlock(unknown())));
    let player = network.get_fee_balance(network.latest_block_id(), "unknown");
    assert_eq!(player.err(), Some(QueryError::UnknownPlayer(unknown())));
    let benchmark = network.get_benchmark_data("unknown");
    assert_eq!(
        benchmark.err(),
        Some(QueryError::UnknownBenchmark(unknown()))
    );
}

fn genesis_error(config: ProtocolConfig) -> GenesisError {
    Network::new(Genesis {
        seed: 1,
        config,
        player_ids: Vec::new(),
        algorithms: Vec::new(),
        download_base_url: String::new(),
        solution_check: std::sync::Arc::new(tig_devnet::RealCheck),
    })
    .unwrap_err()
}

#[test]
fn a_configuration_needs_usable_difficulties() {
    let challenge_id = Knapsack.id().to_owned();
    let mut config = devnet_config();
    config.difficulty.parameters.remove(&challenge_id);
    let missing = genesis_error(config);
    assert_eq!(missing, GenesisError::NoParameters { challenge_id });
    let mut config = devnet_config();
    for parameters in config.difficulty.parameters.values_mut() {
        for parameter in parameters {
            (parameter.min_value, parameter.max_value) = (2, 1);
        }
    }
    let reversed = genesis_error(config);
    assert!(matches!(reversed, GenesisError::Parameters { .. }));
}

#[test]
fn keys_need_a_signature_and_room_for_a_player() {
    let mut network = pretend::network(devnet_config());
    let address = |index: usize| format!("0x{index:040x}");
    let unsigned = network.request_api_key(&address(0), "0x12");
    assert_eq!(unsigned, Err(ApiKeyError::Signature));
    let mut opened = Ok(());
    for index in 0..=PLAYERS_MAX {
        opened = network.open_account(&address(index), initial_balance());
    }
    assert_eq!(opened, Err(ApiKeyError::TooManyPlayers));
}

#[test]
fn algorithms_need_a_name_and_a_number_of_their_own() {
    let mut network = pretend::network(devnet_config());
    let mut publish =
        |name: &str| network.publish(PublishedAlgorithm::pretended(Knapsack, 1, name));
    assert!(publish("same").is_ok());
    let taken = AddAlgorithmError::Taken {
        challenge: Knapsack.name(),
        name: "same".to_owned(),
    };
    assert_eq!(publish("same"), Err(taken));
    let last = (0..1_000).map(|index| publish(&format!("a{index}"))).last();
    let too_many = AddAlgorithmError::TooMany(Knapsack.name());
    assert_eq!(last, Some(Err(too_many)));
}

fn entries() -> Entries {
    let mut network = pretend::network(devnet_config());
    network.track_changes();
    let mut entries = Entries::new();
    network.take_edits().unwrap().apply(&mut entries);
    entries
}

fn restore_error(entries: &Entries) -> RestoreError {
    let surroundings = Surroundings {
        download_base_url: String::new(),
        solution_check: std::sync::Arc::new(tig_devnet::RealCheck),
    };
    Network::restore(entries, surroundings).unwrap_err()
}

#[test]
fn entries_must_be_all_that_was_kept() {
    let mut other_layout = entries();
    other_layout.insert("counters".to_owned(), br#"{"layout": 1}"#.to_vec());
    let layout = restore_error(&other_layout);
    assert!(matches!(layout, RestoreError::Layout { found: 1, .. }));

    let mut torn = entries();
    torn.insert("accounts".to_owned(), b"{".to_vec());
    let entry = restore_error(&torn);
    assert!(matches!(&entry, RestoreError::Entry { key, .. } if key == "accounts"));

    let mut without_blocks = entries();
    without_blocks.retain(|key, _| !key.starts_with("block/"));
    let missing = restore_error(&without_blocks);
    assert!(matches!(missing, RestoreError::Missing("blocks")));

    let mut bad_module = entries();
    let id = format!("{}_a001", ChallengeKind::ALL[0].id());
    bad_module.insert(format!("wasm/{id}"), b"not wasm".to_vec());
    let algorithm = restore_error(&bad_module);
    assert!(matches!(algorithm, RestoreError::Algorithm { id: its, .. } if its == id));
}

#[test]
fn kept_configuration_must_still_be_usable() {
    let mut entries = entries();
    for (_, value) in entries
        .iter_mut()
        .filter(|(key, _)| key.starts_with("block/"))
    {
        let mut block: serde_json::Value = serde_json::from_slice(value).unwrap();
        block["config"]["difficulty"]["parameters"] = serde_json::json!({});
        *value = block.to_string().into_bytes();
    }
    let error = restore_error(&entries);
    let names_parameters = matches!(
        error,
        RestoreError::Config(GenesisError::NoParameters { .. })
    );
    assert!(names_parameters, "{error:?}");
    assert!(error.to_string().contains("no difficulty parameters"));
}
