//! The golden instances of tig-protocol.md section 24.

use tig_challenges::{ChallengeKind, Instance};
use tig_protocol::BenchmarkSettings;

fn counting_seed() -> [u8; 32] {
    std::array::from_fn(|i| i as u8)
}

#[track_caller]
fn check(kind: ChallengeKind, seed: [u8; 32], difficulty: [i32; 2], expected_hash: &str) {
    let bytes = Instance::generate(kind, &seed, &difficulty)
        .expect("the difficulty is admissible")
        .to_bytes();
    assert_eq!(
        blake3::hash(&bytes).to_string(),
        expected_hash,
        "{kind:?} {difficulty:?}"
    );
}

#[test]
fn instances() {
    let (satisfiability, knapsack) = (ChallengeKind::Satisfiability, ChallengeKind::Knapsack);
    let (routing, search) = (ChallengeKind::VehicleRouting, ChallengeKind::VectorSearch);
    let counting = counting_seed();
    check(
        satisfiability,
        counting,
        [50, 300],
        "3493697836a4281e747e4e1c6c97014eae6bc0ab023ad9ab5261081c9d95f55a",
    );
    check(
        satisfiability,
        counting,
        [70, 421],
        "d249321271ee5da30ad833d48e2b29ed043f1f7551ca725d9db950d118d2645f",
    );
    check(
        knapsack,
        counting,
        [50, 10],
        "af698a6daa8b1d1f40b8a612916f76750a216af20f2420d83e0519d286ef3e1f",
    );
    check(
        satisfiability,
        [0; 32],
        [50, 300],
        "f0391dcb6e33f43309018dd59c7206a9116e6be3ead43b7cfe6606860e05f0b7",
    );
    check(
        knapsack,
        [0; 32],
        [50, 10],
        "9185b222ea8e6d476537eede1c82dc86d12c8384de0f8e13fe0d1899041536d0",
    );
    check(
        routing,
        counting,
        [40, 250],
        "9381701a6b255052877ac16579ad4851cfcf6ecbe416ea8b7262d2f880023999",
    );
    check(
        search,
        counting,
        [10, 350],
        "cd654d18a9f8eaba6d35c8728bd340eb82114495bce6a0ad32eef85a03bd76b6",
    );
    check(
        routing,
        [0; 32],
        [40, 250],
        "6831cb651c30a631ff464e7ed548d891d8aa5e3ea91af36e81491660b387e79d",
    );
    check(
        search,
        [0; 32],
        [10, 350],
        "124daafe92fe2edec35b53e6912698b32d9be82b6cbd1d4e7d84b5ef268860e2",
    );
}

/// A valid solution and the message of a poor one, on instances that follow from settings.
#[test]
fn solutions() {
    let instance = |kind: ChallengeKind, difficulty: [i32; 2]| {
        let settings = BenchmarkSettings {
            player_id: String::new(),
            block_id: String::new(),
            challenge_id: kind.id().to_owned(),
            algorithm_id: String::new(),
            difficulty: difficulty.to_vec(),
        };
        Instance::generate(kind, &settings.seed("random_string", 7), &difficulty).unwrap()
    };
    let solution = |text: &str| serde_json::from_str(text).unwrap();

    let variables = solution(
        r#"{"variables":[1,0,0,1,1,1,0,0,0,0,1,0,1,0,0,1,1,1,1,1,1,1,1,1,1,0,1,1,0,0,1,0,0,0,0,1,1,1,0,1,1,1,1,1,1,0,1,1,0,0]}"#,
    );
    assert_eq!(
        instance(ChallengeKind::Satisfiability, [50, 300]).verify(&variables),
        Ok(())
    );

    let items = solution(
        r#"{"items":[1,2,3,4,5,6,9,10,13,14,15,17,18,20,21,22,23,27,29,31,32,33,34,35,36,38,39,40,41,45,47,48,49]}"#,
    );
    assert_eq!(
        instance(ChallengeKind::Knapsack, [50, 0]).verify(&items),
        Ok(())
    );

    let poor = instance(ChallengeKind::Knapsack, [50, 10]).verify(&solution(r#"{"items":[1]}"#));
    assert_eq!(
        poor.unwrap_err().to_string(),
        "Total value (21) does not reach minimum value (919)"
    );
}
