//! Neurons: at the start, and changes that are ordered.

use horde_calc::schedule::select_validators;
use horde_devnet::chain::{
    ChainConfig, ChainConfigError, FIRST_BLOCK_MAX, NEURONS_COUNT_MAX, NeuronChange,
    NeuronChangeError, RulesError, VALIDATORS_COUNT_MAX, validator_keypair,
};
use horde_devnet::{Config, Devnet, StartError, miner_addresses};
use tig_keyring::PublicKey;
use tig_process::error_chain::error_chain;

use super::client::{FIRST, chain, config, go_to, own_hotkey};
use crate::client::validator;

fn register(hotkey: &str) -> NeuronChange {
    NeuronChange::Register {
        hotkey: hotkey.to_owned(),
        address: Some("127.0.0.1:9000".parse().unwrap()),
        alpha: 10.0,
        tao: 1.0,
        validator_permit: true,
    }
}

fn deregister(hotkey: &str, successor: Option<&str>) -> NeuronChange {
    NeuronChange::Deregister {
        hotkey: hotkey.to_owned(),
        successor: successor.map(str::to_owned),
    }
}

fn somebody() -> String {
    validator_keypair(99, 0).public().to_ss58()
}

#[test]
fn miners_and_validators_are_registered_at_the_start() {
    let chain = chain(&config());
    let neurons = chain.newest().neurons();
    let hotkeys: Vec<&str> = neurons.iter().map(|it| it.hotkey.as_str()).collect();
    let miners = miner_addresses(5, 2, 8_000);
    let validators = [0, 1].map(|index| validator_keypair(5, index).public().to_ss58());
    let expected = [
        &own_hotkey(),
        &validators[0],
        &validators[1],
        &miners[0].hotkey,
        &miners[1].hotkey,
    ];
    assert_eq!(hotkeys, expected);
    assert!(neurons.iter().map(|it| it.uid).eq(0..5));
    let permits = neurons.iter().map(|it| it.validator_permit);
    assert!(permits.eq([true, true, true, false, false]));
    assert_eq!(neurons[4].axon_info.ip, "127.0.0.1");
    assert_eq!(neurons[4].axon_info.port, 8_001);
    assert_eq!(neurons[0].axon_info.ip, "0.0.0.0");
}

#[test]
fn all_validators_have_stake_enough_for_a_cycle() {
    let config = ChainConfig {
        validators: 23,
        ..config()
    };
    let chain = chain(&config);
    let neurons = chain.newest().neurons();
    let stakes = neurons
        .iter()
        .map(|it| (it.hotkey.as_str(), it.stakes.total));
    assert_eq!(select_validators(stakes).len(), 24);
    // One who reads `stake` misses those with stake of the root network.
    let by_alpha = neurons.iter().map(|it| (it.hotkey.as_str(), it.stake));
    assert!(select_validators(by_alpha).len() < 24);
}

#[test]
fn newcomer_takes_the_uid_of_a_deregistered_neuron() {
    let mut chain = chain(&config());
    let miners = miner_addresses(5, 2, 8_000);
    let changes = [
        deregister(&miners[0].hotkey, None),
        deregister(&miners[1].hotkey, Some(&somebody())),
        register(&miners[0].hotkey),
    ];
    for change in changes {
        chain.change_neurons(change).unwrap();
    }
    go_to(&mut chain, FIRST + 1);
    let neurons = chain.newest().neurons();
    assert_eq!(neurons.len(), 6);
    assert_eq!(neurons[4].hotkey, somebody());
    assert_eq!(neurons[4].last_update, FIRST + 1);
    assert_eq!(neurons[3].axon_info.port, 0);
    assert_eq!(
        (neurons[5].uid, neurons[5].hotkey.as_str()),
        (5, miners[0].hotkey.as_str())
    );
    assert_eq!(neurons[5].stakes.total, 11.0);
    assert!(neurons.iter().all(|it| it.hotkey != miners[1].hotkey));
}

#[test]
fn axon_permit_and_stake_change() {
    let mut chain = chain(&config());
    let hotkey = own_hotkey();
    let axon = NeuronChange::Axon {
        hotkey: hotkey.clone(),
        ip: "10.0.0.1".to_owned(),
        port: 70_000,
    };
    let permit = NeuronChange::Permit {
        hotkey,
        validator_permit: false,
    };
    for change in [axon, permit] {
        chain.change_neurons(change).unwrap();
    }
    go_to(&mut chain, FIRST + 1);
    let neuron = &chain.newest().neurons()[0];
    assert_eq!(neuron.axon_info.port, 70_000);
    assert!(!neuron.validator_permit);
}

#[test]
fn impossible_changes_are_rejected() {
    let mut chain = chain(&config());
    let own = own_hotkey();
    let stake = NeuronChange::Stake {
        hotkey: own.clone(),
        alpha: -1.0,
        tao: 0.0,
    };
    let unknown = NeuronChangeError::Unregistered { hotkey: somebody() };
    let registered = NeuronChangeError::Registered {
        hotkey: own.clone(),
    };
    let not_ss58 = NeuronChangeError::Hotkey {
        hotkey: "5x".to_owned(),
    };
    for (change, expected) in [
        (deregister(&somebody(), None), unknown),
        (register(&own), registered.clone()),
        (deregister(&own, Some(&own)), registered),
        (register("5x"), not_ss58),
        (stake, NeuronChangeError::Stake),
    ] {
        assert_eq!(chain.change_neurons(change), Err(expected));
    }
    // A second deregistration before the block of the first one is of a hotkey that is gone.
    chain.change_neurons(deregister(&own, None)).unwrap();
    let again = chain.change_neurons(deregister(&own, None));
    assert!(matches!(again, Err(NeuronChangeError::Unregistered { .. })));
}

#[test]
fn full_subnet_and_too_many_changes_are_named() {
    let mut chain = chain(&config());
    let hotkey = |number: usize| {
        let key = PublicKey::from_hex(&format!("{number:064x}")).unwrap();
        key.to_ss58()
    };
    for number in 5..NEURONS_COUNT_MAX {
        chain.change_neurons(register(&hotkey(number))).unwrap();
    }
    let full = chain.change_neurons(register(&somebody()));
    assert_eq!(full, Err(NeuronChangeError::Full));
    let permit = NeuronChange::Permit {
        hotkey: own_hotkey(),
        validator_permit: true,
    };
    let mut changes = std::iter::repeat_with(|| chain.change_neurons(permit.clone()));
    let refused = changes.by_ref().take(20_000).find(Result::is_err);
    assert_eq!(refused, Some(Err(NeuronChangeError::TooMany)));
    go_to(&mut chain, FIRST + 1);
    assert_eq!(chain.newest().neurons().len(), NEURONS_COUNT_MAX);
}

async fn fault(chain: ChainConfig) -> ChainConfigError {
    let config = Config {
        chain: Some(chain),
        ..Config::default()
    };
    match Devnet::start(config).await {
        Err(StartError::Chain(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn faulty_configs_of_chains_are_rejected() {
    let hotkey = fault(ChainConfig::new("5x")).await;
    assert!(matches!(hotkey, ChainConfigError::Hotkey { .. }));
    let mut many = config();
    many.validators = VALIDATORS_COUNT_MAX + 1;
    let many = fault(many).await;
    assert!(matches!(many, ChainConfigError::Validators { count: 257 }));
    let mut late = config();
    late.first_block = FIRST_BLOCK_MAX + 1;
    let late = fault(late).await;
    assert!(matches!(late, ChainConfigError::FirstBlock { .. }));
    let with = |change: fn(&mut ChainConfig)| {
        let mut config = config();
        change(&mut config);
        fault(config)
    };
    let rules = with(|config| config.rules.commit_reveal_weights_interval = 0).await;
    assert_eq!(rules, ChainConfigError::Rules(RulesError::Interval));
    let rules = with(|config| config.rules.max_weight_limit = f64::NAN).await;
    assert_eq!(rules, ChainConfigError::Rules(RulesError::MaxWeight));
    let rules = with(|config| config.rules.tempo = 99).await;
    assert_eq!(
        error_chain(&rules),
        "the rules of the subnet cannot be used: tempo must be 360: validators calculate their cycles with it"
    );
    assert!(matches!(rules, ChainConfigError::Rules(RulesError::Tempo)));
}

#[test]
fn token_is_not_shown() {
    let mut config = ChainConfig::new(validator().public().to_ss58());
    config.token = Some("open sesame".to_owned());
    assert!(!format!("{config:?}").contains("sesame"));
}
