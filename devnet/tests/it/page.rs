//! The page at `/`.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tig_challenges::ChallengeKind::{self, Satisfiability};
use tig_devnet::{Api, FaultPlan, Faults, Keys, PublishedAlgorithm, Request, Stage, devnet_config};

use crate::busy::Busy;
use crate::fixture::Server;
use crate::pretend;
use crate::support::{self, API_KEY, PLAYER_ID};

fn page(api: &mut Api) -> String {
    let response = api.answer(&Request::get("/"));
    assert_eq!(response.status, 200);
    String::from_utf8(response.body).unwrap()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits = [0, 1, 2].map(|at| u32::from(group.get(at).copied().unwrap_or(0)));
        let bits = bits[0] << 16 | bits[1] << 8 | bits[2];
        let digit = |at: usize| match at > group.len() {
            true => '=',
            false => char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]),
        };
        [0, 1, 2, 3].map(digit)
    };
    bytes.chunks(3).flat_map(group).collect()
}

fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let rest = page.split_once(from).unwrap().1;
    rest.split_once(to).unwrap().0
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let server = Server::start().await;
    let response = server.get("/").await;
    let header = |name| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    assert_eq!(header("x-content-type-options"), "nosniff");
    let policy = header("content-security-policy");
    let page = response.text().await.unwrap();
    for (name, from, to) in [
        ("script", "<script>", "</script>"),
        ("style", "<style>", "</style>"),
    ] {
        let hash = base64(&Sha256::digest(between(&page, from, to)));
        let source = format!("{name}-src 'sha256-{hash}';");
        assert!(policy.contains(&source), "{source} is not in {policy}");
        assert_eq!(page.matches(&format!("<{name}")).count(), 1);
    }
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
    for outside in [
        "http:", "https:", "src=", "href=", "url(", "@import", "style=",
    ] {
        assert!(!page.contains(outside), "{outside} in {page}");
    }
}

#[test]
fn names_are_text_and_nothing_else() {
    let hostile = "</td><script>alert('x')</script><img src=\"x\" onerror=alert(1)>&amp;";
    let mut network = pretend::network(devnet_config());
    let algorithm = PublishedAlgorithm::pretended(ChallengeKind::Knapsack, 3, hostile);
    network.add_algorithm(algorithm).unwrap();
    let page = page(&mut Api::new(network, Keys::default()));
    assert!(!page.contains("<img") && !page.contains("<script>alert"));
    let escaped = "&lt;/td&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&lt;img src=&quot;x&quot; \
                   onerror=alert(1)&gt;&amp;amp;";
    assert!(page.contains(escaped), "{page}");
}

#[test]
fn benchmarks_are_counted_by_stage_and_listed() {
    let mut busy = Busy::new();
    let page = page(&mut busy.api);
    let num_pending = 2;
    for (stage, id) in &busy.benchmarks {
        let name = stage.name();
        let count = if *stage == Stage::PrecommitPending {
            num_pending
        } else {
            1
        };
        assert!(
            page.contains(&format!("</i>{name} <b>{count}</b>")),
            "{name}"
        );
        assert!(page.contains(&format!("<code title=\"{id}\">")), "{name}");
    }
    let row = page
        .split("<tr>")
        .find(|row| row.contains("title=\"invalid merkle proof"));
    assert!(row.unwrap().contains("fraud"), "the reason is shown");
}

#[test]
fn active_solutions_show_their_difficulty_in_the_plot() {
    let mut network = pretend::network(devnet_config());
    let settings = pretend::settings(&network, Satisfiability, PLAYER_ID);
    pretend::prove(&mut network, vec![(settings, 7)]);
    let mut api = Api::new(network, support::keys());
    assert!(!page(&mut api).contains("<circle"));
    // The submission delay of three blocks costs three times as many.
    for _ in 0..9 {
        api.produce_block();
    }
    let page = page(&mut api);
    assert_eq!(page.matches("<circle").count(), 1);
    assert!(page.contains("qualifier [50, 300]: 7 solutions of 1 benchmarks"));
    for name in ["num_variables", "clauses_to_variables_percent", "num_nodes"] {
        assert!(page.contains(&format!(">{name}</text>")), "{name}");
    }
    assert!(!page.contains(API_KEY));
}

#[tokio::test]
async fn faults_leave_the_page_alone() {
    let plan = json!({"rules": [{"fault": "server_error"}]}).to_string();
    let faults = Faults::new(FaultPlan::parse(&plan).unwrap());
    let server = Server::start_with(faults).await;
    assert_eq!(server.get("/get-block").await.status(), 500);
    assert_eq!(server.get("/").await.status(), 200);
}
