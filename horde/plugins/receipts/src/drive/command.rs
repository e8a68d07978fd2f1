//! The command `fetch_receipts`.

use std::collections::{BTreeMap, BTreeSet};

use horde_events::{MinerAddress, authority, quote};
use serde::{Deserialize, Serialize};
use tig_keyring::PublicKey;
use tig_plugin_api::prelude::*;

use super::neurons::MINERS_COUNT_MAX;
use crate::Receipts;
use crate::store::COMMAND;

/// Exit code if a miner did not answer, or not as it should.
const NOT_ALL: u8 = 20;
/// Exit code if the extension was started again before the end.
const INTERRUPTED: u8 = 21;

/// Whose receipts are fetched: all miners', or those of one.
#[derive(ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FetchReceipts {
    /// SS58 address of a miner. Without its address the chain's is taken.
    #[serde(default)]
    miner_hotkey: Option<String>,
    /// Its IP address.
    #[serde(default)]
    miner_ip: Option<String>,
    /// Its port.
    #[serde(default)]
    miner_port: Option<u16>,
}

/// A call that is under way.
pub(crate) struct FetchCommand {
    ticket: Ticket,
    /// Miners whose round is not over.
    waiting: BTreeSet<String>,
    result: FetchResult,
}

/// What came of a call.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
struct FetchResult {
    miners: usize,
    /// Receipts that were not known before.
    new_receipts: u64,
    /// Why miners could not be read, by hotkey.
    failed: BTreeMap<String, String>,
}

impl FetchCommand {
    pub(super) fn waits_for(&self, hotkey: &str) -> bool {
        self.waiting.contains(hotkey)
    }
}

/// Ends the call of an instance that is gone.
pub(crate) fn finish_forgotten_command(ctx: &mut Context<'_>) -> Result<()> {
    let Some(ticket) = ctx.get_sound(COMMAND)? else {
        return Ok(());
    };
    ctx.delete(COMMAND)?;
    let text = "the extension was started again; call it once more";
    ctx.finish(ticket, INTERRUPTED, text)
}

/// Checks that a text is an address of a miner.
fn check_hotkey(hotkey: &str) -> Result<()> {
    match PublicKey::from_ss58(hotkey) {
        Ok(_) => Ok(()),
        Err(error) => bail!("--miner_hotkey {}: {error}", quote(hotkey)),
    }
}

impl Receipts {
    pub(crate) fn begin_command(
        &mut self,
        ctx: &mut Context<'_>,
        arguments: FetchReceipts,
    ) -> Result<Started> {
        if self.command.is_some() {
            bail!("another call is under way: wait until it is over");
        }
        let named = self.read_arguments(arguments)?;
        ctx.mark_fields_changed()?;
        let waiting: BTreeSet<_> = match named {
            Some((hotkey, authority)) => {
                if let Some(authority) = authority {
                    self.put_miner(ctx, &hotkey, authority)?;
                }
                [hotkey].into()
            }
            None => self.miners.keys().cloned().collect(),
        };
        let now_ms = ctx.now_ms();
        for hotkey in &waiting {
            if let Some(miner) = self.miners.get_mut(hotkey)
                && !miner.is_busy
            {
                miner.begin_round(now_ms);
            }
        }
        let ticket = ctx.ticket();
        let text = format!("fetching the receipts of {} miners", waiting.len());
        ctx.progress(ticket, &text)?;
        ctx.put(COMMAND, &ticket)?;
        let miners = waiting.len();
        self.command = Some(FetchCommand {
            ticket,
            waiting,
            result: FetchResult {
                miners,
                ..FetchResult::default()
            },
        });
        self.start_requests(ctx)?;
        Ok(Started)
    }

    /// The miner that is named, and its address if that is, too.
    fn read_arguments(&self, arguments: FetchReceipts) -> Result<Option<(String, Option<String>)>> {
        let FetchReceipts {
            miner_hotkey,
            miner_ip,
            miner_port,
        } = arguments;
        match (miner_hotkey, miner_ip, miner_port) {
            (None, None, None) if self.miners.is_empty() => bail!(
                "{}; or name one by --miner_hotkey, --miner_ip and --miner_port",
                self.no_miner()
            ),
            (None, None, None) => Ok(None),
            (Some(hotkey), None, None) if self.miners.contains_key(&hotkey) => {
                Ok(Some((hotkey, None)))
            }
            (Some(hotkey), None, None) => {
                check_hotkey(&hotkey)?;
                bail!("the miner is not known: state --miner_ip and --miner_port, too")
            }
            (Some(hotkey), Some(host), Some(port)) => {
                check_hotkey(&hotkey)?;
                if self.miners.len() >= MINERS_COUNT_MAX && !self.miners.contains_key(&hotkey) {
                    bail!("{MINERS_COUNT_MAX} miners are known, and no more are taken");
                }
                let address = MinerAddress {
                    hotkey: hotkey.clone(),
                    host,
                    port,
                };
                let authority = authority(&address, self.config.allow_private)?;
                Ok(Some((hotkey, Some(authority))))
            }
            _ => bail!("--miner_ip and --miner_port need each other and --miner_hotkey"),
        }
    }

    /// Why no miner is known.
    fn no_miner(&self) -> String {
        let block = self.fetches.neurons_block;
        match &self.fetches.refused {
            Some(reason) => format!("no miner of block {block} can be connected to ({reason})"),
            None if block > 0 => format!("no miner serves at block {block}: wait until one does"),
            None => "no miner is known yet: wait until horde_chain has the neurons".to_owned(),
        }
    }

    /// Receipts of this miner are new.
    pub(super) fn note_new(&mut self, hotkey: &str, count: u64) {
        if let Some(command) = &mut self.command
            && command.waits_for(hotkey)
        {
            command.result.new_receipts += count;
        }
    }

    /// The round of a miner is over. Ends the call that waits for it if it was the last.
    pub(super) fn note_round(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: &str,
        failure: Option<String>,
    ) -> Result<()> {
        let Some(command) = &mut self.command else {
            return Ok(());
        };
        if !command.waiting.remove(hotkey) {
            return Ok(());
        }
        if let Some(failure) = failure {
            command.result.failed.insert(hotkey.to_owned(), failure);
        }
        if !command.waiting.is_empty() {
            return Ok(());
        }
        let code = match command.result.failed.is_empty() {
            true => 0,
            false => NOT_ALL,
        };
        ctx.delete(COMMAND)?;
        ctx.finish(command.ticket, code, &command.result)?;
        self.command = None;
        Ok(())
    }
}
