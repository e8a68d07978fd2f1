//! The command line.

mod chain;
mod facilitator;
mod s3;
mod trusted;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Display;

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use horde_devnet::{Config, Vice, ViceInfo, Vices, VicesError};
use horde_proto::ExecutorClass;

use chain::ChainArgs;
pub(crate) use chain::chain_fault_list;
use facilitator::FacilitatorArgs;
pub(crate) use facilitator::facilitator_fault_list;
use s3::S3Args;
pub(crate) use s3::s3_fault_list;
use trusted::TrustedArgs;

/// Columns of the names in the list of vices.
const NAME_COLUMNS: usize = 32;

/// A local network of ComputeHorde miners that really do the work, and a chain on which they are registered. Listens on
/// 127.0.0.1 only.
///
/// Prints one line of JSON when it listens: {"event": "ready", "control": ADDRESS, "miners": [{"index", "hotkey", "address"},
/// ...], "chain": ADDRESS, "facilitator": {"socket": URL, "page": URL, "user": SS58}, "s3": {"endpoint": URL, "region",
/// "buckets", "access_key_id", "secret_access_key"}, "trusted": {"hotkey", "address"}}; the last four with --chain-port,
/// --facilitator-port, --s3-port and --trusted-port only. "user" is whose signature the facilitator puts under jobs. At the
/// address "control": GET /miners, GET /report, DELETE /report, and POST /vice with {"miner": INDEX, "vices": ["NAME:ARG", ...]};
/// of the trusted miner GET and DELETE /trusted/report, and POST /trusted/vice with {"vices": [...]}; of the chain GET /chain, GET
/// /chain/journal?from=NUMBER, POST /chain/advance with {"blocks": COUNT}, POST /chain/fault with {"faults": ["NAME:ARG", ...]},
/// POST /chain/neurons with {"changes": [{"change": "deregister", "hotkey": SS58}, ...]} (register, stake, permit, axon, too), and
/// POST /chain/rules. At the endpoint of "s3": GET /-/report, GET /-/journal?from=NUMBER, PUT /-/objects/BUCKET/KEY, and POST
/// /-/faults with {"faults": ["NAME:ARG@CALL=PATH*TIMES", ...]}. SIGTERM, Ctrl-C or a closed terminal (SIGHUP) stops it with exit
/// code 0.
///
/// Built in are the images of echo and hash jobs, and those that generate and answer prompts, as the published solver's --mock.
/// Jobs of all other images run as programs of this machine, with your rights.
#[derive(Debug, Parser)]
#[command(name = "horde-devnet", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the vices
    Vices,
    /// List the faults of the chain
    ChainFaults,
    /// List the faults of the facilitator
    FacilitatorFaults,
    /// List the faults of S3
    S3Faults,
}

#[derive(Debug, Args)]
pub(crate) struct NetworkArgs {
    /// How many miners
    #[arg(long, default_value_t = 1)]
    pub(crate) miners: usize,
    /// Port of the first miner; the others have the next ones; 0 takes free ones
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Port of the control routes; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) control_port: u16,
    /// Executors of each class of each miner
    #[arg(long, default_value_t = 1)]
    pub(crate) executors: u32,
    /// Class of executors; can be repeated
    #[arg(long = "class", value_name = "CLASS", default_values_t = [ExecutorClass::default()])]
    pub(crate) classes: Vec<ExecutorClass>,
    /// Executors of the class always_on.llm.a6000 of each miner, beside those of --class
    #[arg(long, default_value_t = 0)]
    pub(crate) llm_executors: u32,
    /// Decides the hotkeys: the same seed gives the same
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Answer at once in place of working, to measure a validator; only answers that are in the payload are right
    #[arg(long)]
    pub(crate) instant: bool,
    /// Vice of a miner, counted from 0; can be repeated
    #[arg(long = "vice", value_name = "INDEX=NAME[:ARG]", value_parser = parse_miner_vice)]
    pub(crate) vices: Vec<(usize, Vice)>,
    /// Stop when standard input ends
    #[arg(long)]
    pub(crate) exit_with_parent: bool,
    #[command(flatten)]
    trusted: TrustedArgs,
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    pub(crate) facilitator: FacilitatorArgs,
    #[command(flatten)]
    pub(crate) s3: S3Args,
}

impl Cli {
    /// Reads the command line; ends the program if it has a fault or asks for help.
    pub(crate) fn read() -> Self {
        let list = format!(
            "Vices:\n{}\nFaults of the chain:\n{}\nFaults of the facilitator:\n{}\nFaults of S3:\n{}",
            vice_list(),
            chain_fault_list(),
            facilitator_fault_list(),
            s3_fault_list()
        );
        let mut command = Self::command().after_help(list);
        let matches: ArgMatches = command.get_matches_mut();
        Self::from_arg_matches(&matches)
            .map_err(|error| error.format(&mut command))
            .unwrap_or_else(|error| error.exit())
    }
}

impl NetworkArgs {
    /// The network that is asked for.
    ///
    /// # Errors
    ///
    /// [`VicesError`] if a miner is given too many vices, [`FaultsError`](horde_devnet::chain::FaultsError) if the chain is
    /// given too many faults.
    pub(crate) fn config(&self) -> Result<Config, Box<dyn Error>> {
        let mut by_miner: BTreeMap<usize, Vec<Vice>> = BTreeMap::new();
        for (index, vice) in &self.vices {
            by_miner.entry(*index).or_default().push(*vice);
        }
        let vices = by_miner.into_iter();
        let vices = vices.map(|(index, vices)| Ok((index, Vices::new(vices)?)));
        Ok(Config {
            miners: self.miners,
            first_port: self.port,
            control_port: self.control_port,
            executors: self.executors,
            classes: self.classes.clone(),
            llm_executors: self.llm_executors,
            seed: self.seed,
            is_instant: self.instant,
            vices: vices.collect::<Result<_, VicesError>>()?,
            trusted: self.trusted.config()?,
            chain: self.chain.config(),
            chain_faults: self.chain.faults()?,
        })
    }
}

/// The vices, one a line.
pub(crate) fn vice_list() -> String {
    let line = |info: ViceInfo| (info.name, info.argument, info.meaning);
    lines(Vice::list().into_iter().map(line))
}

/// Names with their arguments, if they have one, and with what they mean.
fn lines<T: Display>(
    items: impl Iterator<Item = (&'static str, Option<(&'static str, T)>, &'static str)>,
) -> String {
    let line = |(name, argument, meaning): (&str, Option<(&str, T)>, &str)| {
        let name = match argument {
            Some((argument, default)) => format!("{name}[:{argument}={default}]"),
            None => name.to_owned(),
        };
        format!("  {name:NAME_COLUMNS$} {meaning}\n")
    };
    items.map(line).collect()
}

fn parse_miner_vice(text: &str) -> Result<(usize, Vice), String> {
    let (index, vice) = text
        .split_once('=')
        .ok_or("write INDEX=NAME, such as 3=twice or 3=slow:200")?;
    let index = index
        .parse()
        .map_err(|_| format!("{index:?} is not the number of a miner, from 0"))?;
    Ok((index, parse_vice(vice)?))
}

fn parse_vice(text: &str) -> Result<Vice, String> {
    let vice = text.parse::<Vice>();
    vice.map_err(|error| tig_process::error_chain::error_chain(&error))
}
