//! Solutions are verified away from the network's lock.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tig_challenges::ChallengeKind::Satisfiability;
use tig_devnet::{
    Api, DeclaredSolution, Devnet, Faults, Genesis, Network, PreparedCheck, RealCheck, Request,
    Response, SolutionCheck, devnet_config,
};
use tig_protocol::Solution;

use crate::support::{self, API_KEY, PLAYER_ID};

const DEADLINE: Duration = Duration::from_secs(60);

/// Says when it is asked, and answers when it is let.
#[derive(Debug)]
struct Held {
    asked: mpsc::Sender<()>,
    let_go: Mutex<mpsc::Receiver<()>>,
}

impl SolutionCheck for Held {
    fn solves(&self, declared: DeclaredSolution<'_>) -> bool {
        self.asked.send(()).unwrap();
        self.let_go.lock().unwrap().recv().unwrap();
        RealCheck.solves(declared)
    }
}

fn network(check: impl SolutionCheck + 'static) -> Network {
    Network::new(Genesis {
        seed: 7,
        config: devnet_config(),
        player_ids: vec![PLAYER_ID.to_owned()],
        algorithms: support::algorithms(),
        download_base_url: String::new(),
        solution_check: Arc::new(check),
    })
    .unwrap()
}

fn respond(devnet: &Devnet, request: &Request<'_>) -> Response {
    devnet.answer(request).response.unwrap()
}

#[test]
fn the_network_answers_while_a_solution_is_verified() {
    let (asked, is_asked) = mpsc::channel();
    let (let_go, held) = mpsc::channel();
    let mut network = network(PreparedCheck::new(Held {
        asked,
        let_go: Mutex::new(held),
    }));
    let sampled = support::sampled(&mut network, Satisfiability, |_| ());
    let devnet = Devnet::new(Api::new(network, support::keys()), Faults::none());
    let body = json!(sampled.proof).to_string();
    let prover = thread::spawn({
        let devnet = devnet.clone();
        move || {
            respond(
                &devnet,
                &Request::post("/submit-proof", API_KEY, body.as_bytes()),
            )
        }
    });
    is_asked.recv_timeout(DEADLINE).unwrap();

    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        devnet.produce_block();
        let response = respond(&devnet, &Request::get("/get-block"));
        done.send(response.status).unwrap();
    });
    assert_eq!(is_done.recv_timeout(DEADLINE), Ok(200));
    assert!(!prover.is_finished());
    // Each solution is asked about once.
    for _ in 0..sampled.sampled_nonces.len() {
        let _ = let_go.send(());
    }
    let response = prover.join().unwrap();
    assert_eq!(response.body, br#"{"verified":{"Ok":null}}"#);
}

#[test]
fn a_solution_that_is_none_is_found_ahead_as_well() {
    let mut network = network(PreparedCheck::new(RealCheck));
    let sampled = support::sampled(&mut network, Satisfiability, |claim| {
        for leaf in &mut claim.leaves {
            leaf.solution = Solution::new();
        }
    });
    let devnet = Devnet::new(Api::new(network, support::keys()), Faults::none());
    let body = json!(sampled.proof).to_string();
    let request = Request::post("/submit-proof", API_KEY, body.as_bytes());
    let text = String::from_utf8(respond(&devnet, &request).body).unwrap();
    assert!(text.contains("invalid solution for nonce"), "{text}");
    // Whatever is wrong with the request itself is found first, and reported as ever.
    let text = String::from_utf8(respond(&devnet, &request).body).unwrap();
    assert!(text.contains("was already submitted"), "{text}");
}
