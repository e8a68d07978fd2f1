//! What goes wrong in front of the network, without HTTP: plans, their order, and what each fault does.

use std::error::Error as _;

use serde_json::{Value, json};
use tig_challenges::ChallengeKind::Knapsack;
use tig_devnet::{
    Api, Fault, FaultPlan, Faults, Outcome, ProofVerdict, Request, Stage, Verdict, devnet_config,
};

use crate::pretend;
use crate::support::{self, API_KEY, NUM_NONCES, PLAYER_ID};

fn api() -> Api {
    Api::new(support::network(5), support::keys())
}

fn faults(plan: &Value) -> Faults {
    Faults::new(FaultPlan::parse(&plan.to_string()).unwrap())
}

fn body(outcome: &Outcome) -> Value {
    serde_json::from_slice(&outcome.response.as_ref().unwrap().body).unwrap()
}

fn status(outcome: &Outcome) -> u16 {
    outcome.response.as_ref().unwrap().status
}

fn precommit(api: &Api) -> String {
    let settings = support::settings(api.network(), Knapsack);
    json!({"settings": settings, "num_nonces": 10}).to_string()
}

/// What befalls a precommit under the only fault, and how many benchmarks the network has then.
fn befallen(fault: &Value) -> (Outcome, usize) {
    let mut api = api();
    let body = precommit(&api);
    let request = Request::post("/submit-precommit", API_KEY, body.as_bytes());
    let outcome = faults(&json!({"rules": [{"fault": fault}]})).serve(&mut api, &request);
    (outcome, api.network().status().benchmarks.len())
}

#[test]
fn each_fault_reaches_the_client_applied_or_not() {
    let (outcome, stored) = befallen(&json!({"reject": {"text": "no"}}));
    assert_eq!((status(&outcome), stored), (400, 0));
    assert_eq!(outcome.response.unwrap().body, b"no");

    let (outcome, stored) = befallen(&json!({"too_many_requests": {"retry_after_s": 7}}));
    assert_eq!((status(&outcome), stored), (429, 0));
    assert_eq!(
        outcome.response.unwrap().headers,
        [("retry-after", "7".to_owned())]
    );

    let (outcome, stored) = befallen(&json!("server_error"));
    assert_eq!((status(&outcome), stored), (500, 0));
    let (outcome, stored) = befallen(&json!("applied_server_error"));
    assert_eq!((status(&outcome), stored), (500, 1));

    for applied in [false, true] {
        let (outcome, stored) = befallen(&json!({"timeout": {"applied": applied}}));
        assert_eq!((outcome.response, stored), (None, usize::from(applied)));
    }

    let (outcome, stored) = befallen(&json!({"slow": {"ms": 1234}}));
    assert_eq!((outcome.delay_ms, status(&outcome), stored), (1234, 200, 1));
    let (outcome, stored) = befallen(&json!({"clock_skew": {"ms": -5000}}));
    assert_eq!(
        (outcome.clock_skew_ms, status(&outcome), stored),
        (-5000, 200, 1)
    );

    let (outcome, stored) = befallen(&json!("truncated"));
    assert_eq!((status(&outcome), stored), (200, 1));
    assert!(serde_json::from_slice::<Value>(&outcome.response.unwrap().body).is_err());
    let (outcome, stored) = befallen(&json!("html"));
    assert_eq!((status(&outcome), stored), (200, 0));
    assert_eq!(outcome.response.unwrap().content_type, "text/html");
}

#[test]
fn a_stale_block_is_an_earlier_one_with_its_own_data() {
    let mut api = api();
    let first = support::settings(api.network(), Knapsack).block_id;
    let body_of_precommit = precommit(&api);
    api.answer(&Request::post(
        "/submit-precommit",
        API_KEY,
        body_of_precommit.as_bytes(),
    ));
    let second = api.produce_block().to_owned();
    let mut faults = faults(&json!({"rules": [{"fault": {"stale_block": {"blocks": 1}}}]}));
    let stale = body(&faults.serve(&mut api, &Request::get("/get-block")));
    assert_eq!(stale["block"]["id"], json!(first));
    let path = format!("/get-benchmarks?block_id={second}&player_id={PLAYER_ID}");
    let stale = body(&faults.serve(&mut api, &Request::get(&path)));
    assert_eq!(
        (&stale["block_id"], &stale["precommits"]),
        (&json!(first), &json!([]))
    );
}

#[test]
fn an_empty_listing_has_no_items_and_all_else() {
    let mut api = api();
    let block_id = api.network().status().block_id;
    let path = format!("/get-algorithms?block_id={block_id}");
    let mut faults = faults(&json!({"rules": [{"fault": "empty_listing"}]}));
    let listing = body(&faults.serve(&mut api, &Request::get(&path)));
    assert_eq!(listing["block_id"], json!(block_id));
    assert_eq!(
        (&listing["algorithms"], &listing["wasms"]),
        (&json!([]), &json!([]))
    );
}

#[test]
fn a_rollback_undoes_confirmations() {
    let mut api = api();
    let submitted = precommit(&api);
    let request = Request::post("/submit-precommit", API_KEY, submitted.as_bytes());
    let id = serde_json::from_slice::<Value>(&api.answer(&request).body).unwrap()["benchmark_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let taken_back = api.produce_block().to_owned();
    let balance = |api: &Api| {
        let block_id = api.network().status().block_id;
        let balance = api.network().get_fee_balance(&block_id, PLAYER_ID).unwrap();
        balance.state.available_fee_balance.unwrap()
    };
    let paid = balance(&api);

    let mut faults = faults(&json!({"script": [{"fault": "rollback"}]}));
    let block = body(&faults.serve(&mut api, &Request::get("/get-block")));
    assert_eq!(block["block"]["details"]["height"], 1);
    let pending = api
        .network()
        .get_benchmark_data(&id)
        .unwrap()
        .precommit
        .unwrap();
    assert_eq!(pending.state, None);
    assert!(balance(&api) > paid);

    let again = api.produce_block().to_owned();
    assert_ne!(again, taken_back);
    let confirmed = api
        .network()
        .get_benchmark_data(&id)
        .unwrap()
        .precommit
        .unwrap();
    assert_eq!(confirmed.state.unwrap().rand_hash, Some(again));
    assert_eq!(balance(&api), paid);
}

#[test]
fn a_rolled_back_benchmark_can_be_submitted_again() {
    let mut network = support::network(5);
    let sampled = support::sampled(&mut network, Knapsack, |_| ());
    support::submit_proof(&mut network, sampled.proof.clone()).unwrap();
    assert!(network.rollback(), "the block that confirmed the benchmark");
    let data = network.get_benchmark_data(&sampled.benchmark_id).unwrap();
    assert_eq!(data.benchmark.unwrap().state, None);
    assert_eq!(
        data.proof, None,
        "it proved nonces that are not sampled any more"
    );
    assert!(network.rollback(), "the block that confirmed the precommit");
    let data = network.get_benchmark_data(&sampled.benchmark_id).unwrap();
    assert_eq!(data.benchmark, None);
    assert!(
        data.precommit
            .is_some_and(|precommit| precommit.state.is_none())
    );
    assert!(!network.rollback(), "the first block stays");
}

#[test]
fn rules_keep_to_method_path_heights_and_count() {
    let mut api = api();
    let mut faults = faults(&json!({"rules": [
        {"fault": "html", "path": "/get-block", "from_height": 2, "to_height": 3, "count": 2},
        {"fault": "server_error", "method": "POST"},
    ]}));
    let get = Request::get("/get-block?round=1");
    let decide = |faults: &mut Faults, height| faults.decide(&get, height);
    assert_eq!(decide(&mut faults, 1), None);
    assert_eq!(decide(&mut faults, 2), Some(Fault::Html));
    assert_eq!(decide(&mut faults, 4), None);
    assert_eq!(decide(&mut faults, 3), Some(Fault::Html));
    assert_eq!(decide(&mut faults, 3), None, "twice is enough");
    let post = Request::post("/submit-proof", API_KEY, b"{}");
    assert_eq!(faults.decide(&post, 9), Some(Fault::ServerError));
    let own = Request::post("/devnet/status", API_KEY, b"");
    assert_eq!(
        status(&faults.serve(&mut api, &own)),
        405,
        "never disturbed"
    );
}

#[test]
fn a_script_strikes_once_at_its_height_or_request() {
    let mut faults = faults(&json!({"script": [
        {"fault": "html", "at_height": 5},
        {"fault": "truncated", "at_request": 3},
        {"fault": "empty_listing", "at_request": 4, "method": "GET"},
    ]}));
    let get = Request::get("/get-block");
    let heights = [1, 1, 1, 6, 6, 6];
    let struck = heights.map(|height| faults.decide(&get, height));
    assert_eq!(
        struck,
        [
            None,
            None,
            Some(Fault::Truncated),
            Some(Fault::Html),
            Some(Fault::EmptyListing),
            None
        ]
    );
}

#[test]
fn a_rate_is_kept_and_its_seed_decides_which() {
    let strikes = |seed: u64| -> Vec<bool> {
        let mut faults =
            faults(&json!({"seed": seed, "rules": [{"fault": "server_error", "rate": 0.25}]}));
        let get = Request::get("/get-block");
        (0..4000)
            .map(|_| faults.decide(&get, 1).is_some())
            .collect()
    };
    let first = strikes(1);
    let count = first.iter().filter(|&&struck| struck).count();
    assert!((800..1200).contains(&count), "{count}");
    assert_eq!(strikes(1), first);
    assert_ne!(strikes(2), first);
}

#[test]
fn an_injected_fault_strikes_the_next_fitting_request() {
    let mut api = api();
    let mut faults = Faults::none();
    faults.inject(Fault::EmptyListing);
    let post = Request::post("/submit-proof", API_KEY, b"{}");
    assert_eq!(status(&faults.serve(&mut api, &post)), 400);
    let get = Request::get("/get-block");
    assert_eq!(faults.decide(&get, 1), Some(Fault::EmptyListing));
    assert_eq!(faults.decide(&get, 1), None);
}

#[test]
fn a_plan_with_a_fault_says_where_it_is() {
    let check = |plan: Value, expected: &str| {
        let error = FaultPlan::parse(&plan.to_string()).unwrap_err();
        let text = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        assert!(text.contains(expected), "{text}");
    };
    check(json!({"rulse": []}), "unknown field `rulse`");
    check(
        json!({"rules": [{"fault": "html", "rat": 1}]}),
        "rules[0].rat is not as a fault plan must be: unknown field `rat`",
    );
    check(
        json!({"rules": [{"fault": "htm"}]}),
        "unknown variant `htm`",
    );
    check(
        json!({"script": [{"fault": {"slow": {"ms": 1, "s": 1}}}]}),
        "unknown field `s`",
    );
    check(
        json!({"rules": [{"fault": {"slow": {"ms": -1}}}]}),
        "invalid value: integer `-1`",
    );
    check(
        json!({"rules": [{"fault": "html"}, {"fault": "html", "rate": 1.5}]}),
        "rules[1].rate: 1.5 is not between 0 and 1",
    );
    check(
        json!({"rules": [{"fault": "html", "from_height": 3, "to_height": 2}]}),
        "rules[0]: from_height is above to_height",
    );
    assert!(FaultPlan::parse("{} {}").is_err());
}

#[test]
fn a_simulation_decides_solutions_and_verdicts() {
    let mut network = pretend::network(devnet_config());
    let settings = support::settings(&network, Knapsack);
    let id = support::submit_precommit(&mut network, settings).unwrap();
    network.produce_block();
    let claim = pretend::claim(NUM_NONCES / 2);
    network
        .submit_benchmark(PLAYER_ID, claim.benchmark(&id))
        .unwrap();
    network.produce_block();
    let sampled = network.get_benchmark_data(&id).unwrap().benchmark.unwrap();
    let proof = claim.proof(&id, &sampled.state.unwrap().sampled_nonces.unwrap());
    let verdict = support::submit_proof(&mut network, proof).unwrap();
    assert_eq!(verdict, ProofVerdict::Verified);
    let reexecution = network.next_reexecution().unwrap();
    assert!(matches!(reexecution.run(), Verdict::Inconclusive(_)));
    network.record_reexecution(&id, &Verdict::Agrees);
    network.produce_block();
    assert_eq!(support::stage(&network, &id), Stage::Proof);
}

/// No date can be written that far away.
#[test]
fn a_clock_is_off_by_ten_years_at_most() {
    const TEN_YEARS_MS: i64 = 315_360_000_000;
    let rule = |ms: i64| json!({"rules": [{"fault": {"clock_skew": {"ms": ms}}}]});
    let script =
        |ms: i64| json!({"script": [{"fault": "html"}, {"fault": {"clock_skew": {"ms": ms}}}]});
    for ms in [-TEN_YEARS_MS, TEN_YEARS_MS] {
        FaultPlan::parse(&rule(ms).to_string()).unwrap();
        FaultPlan::parse(&script(ms).to_string()).unwrap();
    }
    for ms in [
        i64::MIN,
        -9_000_000_000_000,
        -TEN_YEARS_MS - 1,
        TEN_YEARS_MS + 1,
        i64::MAX,
    ] {
        for (plan, place) in [(rule(ms), "rules[0]"), (script(ms), "script[1]")] {
            let error = FaultPlan::parse(&plan.to_string()).unwrap_err().to_string();
            let expected = format!("{place}.fault.clock_skew.ms: {ms} is not between ");
            assert!(error.starts_with(&expected), "{error}");
        }
    }
}
