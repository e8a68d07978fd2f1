//! The command line.

use std::path::{Path, PathBuf};

use clap::Parser;
use tig_devnet::PLAYERS_MAX;
use tig_process::documents::Documents;
use tig_protocol::PlayerId;

/// A local TIG network: makes blocks, confirms submissions, verifies proofs. Listens on 127.0.0.1 only.
///
/// SIGTERM, Ctrl-C or a closed terminal (SIGHUP) stops it; under nohup a closed terminal does not. A log that nobody reads, or
/// that cannot be written, is lost; the network goes on.
#[derive(Debug, Parser)]
#[command(
    name = "tig-devnet",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) documents: Option<Documents>,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Milliseconds from block to block; 0 makes blocks only when POST /devnet/admin/advance asks for them
    #[arg(long, default_value_t = 5_000)]
    pub(crate) block_ms: u64,
    /// Blocks that a benchmark of a new network waits per block of its submission delay; 0 for blocks that come faster than a machine
    /// computes
    #[arg(long, default_value_t = 3.0, value_name = "FACTOR", value_parser = parse_multiplier)]
    pub(crate) delay_multiplier: f64,
    /// Decides all block ids: the same seed and requests give the same samples [default: that of the state, or 0]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Folder where the network keeps its state: the next start with it goes on where this one ends, however it ends
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Folder of algorithms, as <challenge name>/<algorithm name>.wasm
    #[arg(long, value_name = "DIR", required = true)]
    algorithms: Option<PathBuf>,
    /// So many players drawn from the seed, or a JSON file: [{"player_id": "0x...", "api_key_file": "key"}, ...], each
    /// with "api_key" in place of "api_key_file" and "balance" in TIG if you like
    #[arg(long, value_name = "N|FILE", value_parser = parse_players)]
    pub(crate) players: Option<Players>,
    /// Where to write the players that are drawn and their keys, for its owner only to read [default: players.json in the
    /// folder of the state]
    #[arg(long, value_name = "FILE")]
    pub(crate) write_players: Option<PathBuf>,
    /// Address of one more player, in any spelling that wallets show
    #[arg(long, value_name = "ADDRESS", requires = "api_key_file")]
    pub(crate) player_id: Option<PlayerId>,
    /// File with that player's API key
    #[arg(long, value_name = "FILE", requires = "player_id")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// JSON file of what goes wrong
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// File with a token that orders under /devnet/admin/ need; without one, programs of this machine need none
    #[arg(long, value_name = "FILE")]
    pub(crate) admin_token_file: Option<PathBuf>,
    /// Stop when standard input ends
    #[arg(long)]
    pub(crate) exit_with_parent: bool,
}

impl Cli {
    /// The folder of algorithms.
    pub(crate) fn algorithms(&self) -> &Path {
        // The command line of a network has one.
        self.algorithms.as_deref().unwrap_or(Path::new(""))
    }
}

/// What `--players` says.
#[derive(Debug, Clone)]
pub(crate) enum Players {
    /// So many of them.
    Drawn(usize),
    /// Those in this file.
    Listed(PathBuf),
}

fn parse_multiplier(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match number.is_finite() && number >= 0.0 {
        true => Ok(number),
        false => Err("must be a number from 0 on".to_owned()),
    }
}

fn parse_players(text: &str) -> Result<Players, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Players::Listed(text.into()));
    }
    text.parse()
        .ok()
        .filter(|number| (1..=PLAYERS_MAX).contains(number))
        .map(Players::Drawn)
        .ok_or_else(|| format!("a network has 1 to {PLAYERS_MAX} players"))
}
