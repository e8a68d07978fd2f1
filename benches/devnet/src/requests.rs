//! How fast the program answers over HTTP: kept connections, the program on one processor, this on the other.

use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tig_bench_report::http::{Connection, Crowd, get, post};
use tig_bench_report::program::{Program, make_way};
use tig_bench_report::requests::{Begun, Requests, Targets};
use tig_bench_report::{Report, Result, Target, target_folder};
use tig_protocol::BenchmarkSettings;

use crate::BENCHMARKS;

const CONNECTIONS: usize = 64;
const PLAYERS: usize = 100;
/// Requests of each kind in a burst: fewer than there are different settings at a block.
const BURST: usize = 1_500;
/// Benchmarks of each player: 40 KB of a listing.
const CROWD: &str = "100 players with 100 benchmarks each";
const PROGRAM: &str = "the devnet";
const TARGETS: Targets = Targets {
    rate: 2_000.0,
    processor: Target::None,
    p99: Target::None,
};

/// Challenges of which every point from the least difficulty up to this one is admissible while nothing qualifies, with
/// the number of their algorithms.
const CHALLENGES: [(&str, [i32; 2], [i32; 2], usize); 3] = [
    ("c001", [50, 300], [60, 320], 2),
    ("c002", [40, 250], [45, 260], 2),
    ("c003", [50, 10], [60, 12], 2),
];

#[derive(Deserialize)]
struct Player {
    player_id: String,
    api_key: String,
}

struct Devnet {
    program: Program,
    players: Vec<Player>,
    _folder: TempDir,
}

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    make_way()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let devnet = Devnet::start()?;
        let mut crowd = Crowd::open(devnet.program.address, CONNECTIONS).await?;
        let mut sum = Requests::default();
        devnet.mixed(&mut crowd, &mut sum).await?;
        sum.report(report, "mixed, empty network", PROGRAM, TARGETS)?;
        let mut burst = 1;
        while burst * BURST < BENCHMARKS {
            devnet.mixed(&mut crowd, &mut Requests::default()).await?;
            burst += 1;
        }
        devnet.alone(&mut crowd, report).await?;
        let mut sum = Requests::default();
        devnet.mixed(&mut crowd, &mut sum).await?;
        sum.report(report, &format!("mixed, {CROWD}"), PROGRAM, TARGETS)?;
        let peak = devnet.program.memory_peak()?;
        report.number("memory at most", peak, "MB", Target::None)
    })
}

impl Devnet {
    fn start() -> Result<Self> {
        let target = target_folder()?;
        let folder = tempfile::tempdir_in(&target)?;
        let players = folder.path().join("players.json");
        let program = target.join("release/tig-devnet");
        let program = Program::start(&program, folder.path(), |command| {
            command
                .args(["--block-ms", "0", "--players", &PLAYERS.to_string()])
                .arg("--write-players")
                .arg(&players)
                .arg("--algorithms")
                .arg(target.join("algorithms"));
        })?;
        Ok(Self {
            program,
            players: serde_json::from_slice(&fs::read(players)?)?,
            _folder: folder,
        })
    }

    /// Makes a block; returns its id.
    async fn advance(&self) -> Result<String> {
        let mut connection = Connection::open(self.program.address).await?;
        let answer = connection
            .ask(&post("User-Agent: bench", "/devnet/admin/advance", ""))
            .await?;
        let answer: Value = serde_json::from_slice(&answer.body)?;
        let block_id = answer["block_id"].as_str();
        Ok(block_id.ok_or("the devnet makes no block")?.to_owned())
    }

    /// A precommit for each of the first settings that are admissible at the block, and never the same again.
    fn precommits(&self, block_id: &str) -> Vec<Vec<u8>> {
        let mut requests = Vec::new();
        for (challenge_id, least, most, algorithms) in CHALLENGES {
            let points =
                (least[0]..=most[0]).flat_map(|x| (least[1]..=most[1]).map(move |y| vec![x, y]));
            for difficulty in points.take(BURST / CHALLENGES.len() / algorithms / PLAYERS) {
                for (algorithm, player) in (1..=algorithms)
                    .flat_map(|algorithm| self.players.iter().map(move |it| (algorithm, it)))
                {
                    let settings = BenchmarkSettings {
                        player_id: player.player_id.clone(),
                        block_id: block_id.to_owned(),
                        challenge_id: challenge_id.to_owned(),
                        algorithm_id: format!("{challenge_id}_a{algorithm:03}"),
                        difficulty: difficulty.clone(),
                    };
                    let body = json!({"settings": settings, "num_nonces": 100}).to_string();
                    let header = format!("X-Api-Key: {}", player.api_key);
                    requests.push(post(&header, "/submit-precommit", &body));
                }
            }
        }
        requests
    }

    fn get_benchmarks(&self, block_id: &str) -> Vec<Vec<u8>> {
        let path = |player: &Player| {
            let player_id = &player.player_id;
            get(&format!(
                "/get-benchmarks?block_id={block_id}&player_id={player_id}"
            ))
        };
        let players = self.players.iter().map(path).cycle();
        players.take(BURST).collect()
    }

    /// Makes a block, and asks as much for it, for benchmarks at it and for precommits at it, one after the other.
    async fn mixed(&self, crowd: &mut Crowd, sum: &mut Requests) -> Result<()> {
        let block_id = self.advance().await?;
        let (precommits, benchmarks) = (self.precommits(&block_id), self.get_benchmarks(&block_id));
        let requests = precommits
            .into_iter()
            .zip(benchmarks)
            .flat_map(|(precommit, benchmarks)| [get("/get-block"), benchmarks, precommit]);
        self.burst(crowd, sum, requests.collect()).await
    }

    /// Each kind of request by itself.
    async fn alone(&self, crowd: &mut Crowd, report: &mut Report) -> Result<()> {
        let block_id = self.advance().await?;
        for (name, requests) in [
            ("get-block", vec![get("/get-block"); BURST]),
            ("submit-precommit", self.precommits(&block_id)),
            ("get-benchmarks", self.get_benchmarks(&block_id)),
        ] {
            let mut sum = Requests::default();
            self.burst(crowd, &mut sum, requests).await?;
            sum.report(report, &format!("{name}, {CROWD}"), PROGRAM, TARGETS)?;
        }
        Ok(())
    }

    async fn burst(&self, crowd: &mut Crowd, sum: &mut Requests, all: Vec<Vec<u8>>) -> Result<()> {
        let mut shares = vec![Vec::new(); CONNECTIONS];
        for (index, request) in all.into_iter().enumerate() {
            shares[index % CONNECTIONS].push(request);
        }
        let begun = Begun::now(&self.program)?;
        let answers = crowd.ask(shares).await?;
        sum.add(begun, &answers)
    }
}
