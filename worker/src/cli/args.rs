//! The command line (tig-protocol.md section 23). Names, defaults and help texts are those of the original worker.
//!
//! What the original does not have, `instance`, `bench`, `completions`, `man` and `--cache`, works but is left out of the original's help texts.

use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand};

use tig_process::documents::Documents;

use super::lifespan::Lifespan;

/// Computes or verifies solutions
#[derive(Debug, Parser)]
#[command(name = "tig-worker", arg_required_else_help = true, term_width = 0)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The command line, with what the original does not have left out of its help texts.
pub(crate) fn command() -> clap::Command {
    let hidden = ["completions", "man"];
    hidden.into_iter().fold(Cli::command(), |command, name| {
        command.mut_subcommand(name, |it| it.hide(true))
    })
}

#[derive(Debug, Subcommand)]
#[command(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Computes a solution
    ComputeSolution(ComputeSolution),
    /// Verifies a solution
    VerifySolution(VerifySolution),
    /// Computes batch of nonces and generates Merkle proofs
    ComputeBatch(ComputeBatch),
    /// Prints an instance with the hash of its serialised form
    #[command(hide = true)]
    Instance(Instance),
    /// Measures an algorithm on this machine, and says which batch size suits it and whether a batch fits the lifespan
    #[command(hide = true)]
    Bench(Bench),
    #[command(flatten)]
    Documents(Documents),
}

#[derive(Debug, Args)]
pub(crate) struct ComputeSolution {
    /// Settings json string or path to json file
    pub(crate) settings: String,
    /// A string used in seed generation
    pub(crate) rand_hash: String,
    /// Nonce value
    pub(crate) nonce: u64,
    /// Path to a wasm file
    pub(crate) wasm: String,
    #[command(flatten)]
    pub(crate) vm: Vm,
}

#[derive(Debug, Args)]
pub(crate) struct VerifySolution {
    /// Settings json string or path to json file
    pub(crate) settings: String,
    /// A string used in seed generation
    pub(crate) rand_hash: String,
    /// Nonce value
    pub(crate) nonce: u64,
    /// Solution json string or path to json file
    pub(crate) solution: String,
}

#[derive(Debug, Args)]
pub(crate) struct Instance {
    /// Settings json string or path to json file
    pub(crate) settings: String,
    /// A string used in seed generation
    pub(crate) rand_hash: String,
    /// Nonce value
    pub(crate) nonce: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Settings json string or path to json file
    pub(crate) settings: String,
    /// Path to a wasm file
    pub(crate) wasm: String,
    #[command(flatten)]
    pub(crate) vm: Vm,
    /// Number of worker threads
    #[arg(long, default_value_t = 1)]
    pub(crate) workers: usize,
    /// How long to compute, about
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,
    /// Print one JSON object a line instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) lifespan: Lifespan,
}

#[derive(Debug, Args)]
pub(crate) struct ComputeBatch {
    /// Settings json string or path to json file
    pub(crate) settings: String,
    /// A string used in seed generation
    pub(crate) rand_hash: String,
    /// Starting nonce
    pub(crate) start_nonce: u64,
    /// Number of nonces to compute
    pub(crate) num_nonces: u64,
    /// Batch size for Merkle tree
    pub(crate) batch_size: u64,
    /// Path to a wasm file
    pub(crate) wasm: String,
    #[command(flatten)]
    pub(crate) vm: Vm,
    /// Sampled nonces for which to generate proofs
    #[arg(long = "sampled", num_args = 1.., action = ArgAction::Set)]
    pub(crate) sampled_nonces: Vec<u64>,
    /// Number of worker threads
    #[arg(long, num_args = 0..=1, default_value_t = 1)]
    pub(crate) workers: usize,
}

/// Limits of the VM, and where it keeps compiled modules.
#[derive(Debug, Args)]
pub(crate) struct Vm {
    /// Optional maximum fuel parameter for WASM VM
    #[arg(long, num_args = 0..=1, default_value_t = 2_000_000_000)]
    pub(crate) fuel: u64,
    /// Optional maximum memory parameter for WASM VM
    #[arg(long, num_args = 0..=1, default_value_t = 1_000_000_000)]
    pub(crate) mem: u64,
    /// Folder for compiled modules [default: tig-worker in the user's cache folder]
    #[arg(long, hide = true)]
    pub(crate) cache: Option<PathBuf>,
}
