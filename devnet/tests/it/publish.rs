//! Algorithms that cannot join a running network.

use tig_challenges::ChallengeKind::Knapsack;
use tig_devnet::{AddAlgorithmError, Api, Devnet, Faults, PublishError, devnet_config};
use tig_process::error_chain::error_chain;

use crate::pretend;
use crate::support::{self, mini_wasm};

fn devnet() -> Devnet {
    let network = pretend::network(devnet_config());
    Devnet::new(Api::new(network, support::keys()), Faults::none())
}

#[test]
fn algorithm_with_a_bad_name_is_rejected() {
    let wasm = mini_wasm(Knapsack);
    let error = devnet().publish(Knapsack, "two words", &wasm).unwrap_err();
    assert!(matches!(error, PublishError::Name(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("\"two words\""), "{text}");
    assert!(text.contains("1 to 64 of the characters"), "{text}");
}

#[test]
fn module_that_does_not_compile_is_rejected() {
    let error = devnet().publish(Knapsack, "mine", b"\0asm").unwrap_err();
    assert!(matches!(error, PublishError::BadModule(_)), "{error:?}");
    let text = error_chain(&error);
    assert!(text.contains("usable algorithm: module is not"), "{text}");
}

#[test]
fn second_algorithm_of_a_name_is_rejected() {
    let (devnet, wasm) = (devnet(), mini_wasm(Knapsack));
    devnet.publish(Knapsack, "mine", &wasm).unwrap();
    let error = devnet.publish(Knapsack, "mine", &wasm).unwrap_err();
    let is_taken = matches!(error, PublishError::Add(AddAlgorithmError::Taken { .. }));
    assert!(is_taken, "{error:?}");
    let text = error.to_string();
    assert!(text.contains("give the new one another name"), "{text}");
}
