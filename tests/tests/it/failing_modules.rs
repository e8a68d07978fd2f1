//! The download server fails for one algorithm: a slave gives its batches back, and computes the others.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;
use tig_system_tests::{MasterOptions, Process, Slave, Stack, finished_batches, get};

use crate::proxies::proxied;
use crate::support::{PACE, Running, holds_line};

/// The algorithm without a module, and its challenge.
const FAILING: &str = "walk_sat";
const FAILING_CHALLENGE: &str = "satisfiability";
const SLAVE: &str = "newcomer";
/// As a proxy sends it in place of what was asked for.
const PAGE: &[u8] =
    b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<!DOCTYPE html><title>Sign in</title>";

/// Two challenges, one of them with the algorithm that fails.
fn two_challenges() -> MasterOptions {
    let mut options = MasterOptions {
        max_precommits_per_block: 2,
        ..MasterOptions::default()
    };
    let is_used = |challenge: &str| [FAILING_CHALLENGE, "knapsack"].contains(&challenge);
    options.algorithms.retain(|challenge, _| is_used(challenge));
    options
}

/// Id and download path of the algorithm without a module.
fn module(stack: &Stack) -> (String, String) {
    let block_id = stack.status().unwrap().block_id;
    let answer = get(
        &stack.devnet_address,
        &format!("/get-algorithms?block_id={block_id}"),
    );
    let listing: Value = answer.unwrap().json().unwrap();
    let find = |list: &str, is_it: &dyn Fn(&Value) -> bool| {
        let mut records = listing[list].as_array().unwrap().iter();
        records.find(|record| is_it(record)).unwrap().clone()
    };
    let algorithm = find("algorithms", &|record| record["details"]["name"] == FAILING);
    let wasm = find("wasms", &|record| record["algorithm_id"] == algorithm["id"]);
    let url = wasm["details"]["download_url"].as_str().unwrap();
    let (_, path) = url.split_once(&stack.devnet_address).unwrap();
    (
        algorithm["id"].as_str().unwrap().to_owned(),
        path.to_owned(),
    )
}

/// What the master knows of the slave `name`.
pub(crate) fn slave(stack: &Stack, name: &str) -> Option<Slave> {
    let slaves = stack.slaves().unwrap().slaves;
    slaves.into_iter().find(|slave| slave.name == name)
}

/// Whether the slave has computed a batch of `challenge`.
fn has_computed(stack: &Stack, challenge: &str) -> bool {
    let benchmarks = stack.status().unwrap().benchmarks;
    let finished = finished_batches(&stack.slave.log());
    benchmarks.iter().any(|benchmark| {
        benchmark.challenge == challenge
            && finished
                .iter()
                .any(|batch_id| batch_id.starts_with(&benchmark.benchmark_id))
    })
}

/// Lines of a log with `words`.
pub(crate) fn count(process: &Process, words: &str) -> usize {
    let log = process.log();
    log.lines().filter(|line| line.contains(words)).count()
}

/// Stands between a slave and the download server.
struct Proxy {
    address: String,
    is_failing: Arc<AtomicBool>,
}

impl Proxy {
    /// Answers with a page where `path` is asked for, as long as it is failing, and passes on all else.
    fn start(path: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let is_failing = Arc::new(AtomicBool::new(true));
        let shared = Arc::clone(&is_failing);
        thread::spawn(move || {
            for client in listener.incoming() {
                let page = shared.load(Ordering::Relaxed).then_some(path.as_str());
                // The slave tries again after an error.
                let _ = client.and_then(|client| answer(client, page));
            }
        });
        Self {
            address,
            is_failing,
        }
    }
}

fn answer(mut client: TcpStream, page: Option<&str>) -> io::Result<()> {
    let head = BufReader::new(&client).lines();
    let head: Vec<String> = head
        .take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()))
        .collect::<io::Result<_>>()?;
    // GET http://IP:PORT/PATH HTTP/1.1
    let url = head.first().and_then(|line| line.split(' ').nth(1));
    let target = url.and_then(|url| url.strip_prefix("http://")?.split_once('/'));
    let (address, path) = target.ok_or(io::ErrorKind::InvalidData)?;
    if page.is_some_and(|page| page.ends_with(path)) {
        return client.write_all(PAGE);
    }
    let mut server = TcpStream::connect(address)?;
    write!(
        server,
        "GET /{path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    io::copy(&mut server, &mut client).map(drop)
}

#[test]
fn algorithm_without_module_waits_for_its_server() {
    let mut running = Running::start(&two_challenges());
    running.stack.slave.stop();
    let stack = &mut running.stack;
    let (algorithm_id, path) = module(stack);
    let proxy = Proxy::start(path);
    // The slave before may have had the module.
    let folder = stack.site.folder().join("algorithms");
    fs::create_dir_all(&folder).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let command = stack.site.slave(&stack.host_address, SLAVE, PACE.workers);
    let mut command = proxied(&command, &proxy.address, "");
    stack.slave = stack.site.spawn(SLAVE, &mut command).unwrap();

    let stated = running.wait_for("the algorithm at /slaves", |stack| {
        slave(stack, SLAVE)?.cannot_run.pop()
    });
    assert_eq!(stated.algorithm_id, algorithm_id);
    let reason = "not a WASM module: the server sent an HTML page";
    assert!(stated.reason.contains(reason), "{stated:?}");
    assert!(stated.ends_in_ms > 0, "{stated:?}");
    running.wait_for("a batch of the other algorithm", |stack| {
        has_computed(stack, "knapsack").then_some(())
    });
    // A second failure, which is not logged, is stated for longer than what is left of the first.
    let mut left_ms = stated.ends_in_ms;
    running.wait_for("the same failure again", |stack| {
        let stated = slave(stack, SLAVE)?.cannot_run.pop()?;
        (std::mem::replace(&mut left_ms, stated.ends_in_ms) < stated.ends_in_ms).then_some(())
    });
    let stack = &running.stack;
    assert!(!has_computed(stack, FAILING_CHALLENGE));
    assert_eq!(count(&stack.slave, "cannot run this algorithm"), 1);
    assert_eq!(count(&stack.host, "slave cannot run an algorithm"), 1);
    assert!(holds_line(
        &stack.host,
        &["WARN", SLAVE, &algorithm_id, reason]
    ));

    proxy.is_failing.store(false, Ordering::Relaxed);
    running.wait_for("a batch of the algorithm with its module", |stack| {
        has_computed(stack, FAILING_CHALLENGE).then_some(())
    });
    running.wait_for("an empty list at /slaves", |stack| {
        slave(stack, SLAVE)?.cannot_run.is_empty().then_some(())
    });
    assert!(holds_line(
        &running.stack.slave,
        &["this algorithm runs again", &algorithm_id]
    ));
}
