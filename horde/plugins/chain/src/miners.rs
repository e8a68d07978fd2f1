//! The command `fetch_miners` (section 1.3): shows who serves.

use horde_events::Neurons;
use serde::Deserialize;
use serde_json::json;
use tig_plugin_api::prelude::*;

use crate::limits::COMMANDS_COUNT_MAX;
use crate::{HordeChain, store};

/// Exit code of a command without neurons.
pub(crate) const NO_NEURONS: u8 = 20;

/// Arguments of `fetch_miners`: none.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FetchMiners {}

impl HordeChain {
    pub(crate) fn begin_fetch(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if self.open.commands.len() >= COMMANDS_COUNT_MAX {
            bail!(
                "{COMMANDS_COUNT_MAX} commands wait for neurons already: wait until they have ended"
            );
        }
        self.open.commands.push(ctx.ticket());
        store::put_open(ctx, &self.open)?;
        self.want_neurons(ctx, None)
    }

    /// Ends the commands that wait with what they wait for.
    pub(crate) fn show_miners(&mut self, ctx: &mut Context<'_>, neurons: &Neurons) -> Result<()> {
        let miners: Vec<_> = neurons
            .neurons
            .iter()
            .filter_map(|neuron| {
                let axon = neuron.axon.as_ref()?;
                Some(json!({
                    "uid": neuron.uid,
                    "hotkey": neuron.hotkey,
                    "host": axon.host,
                    "port": axon.port,
                    "total_stake": neuron.total_stake,
                }))
            })
            .collect();
        let value = json!({ "block": neurons.block, "miners": miners });
        for ticket in self.take_commands(ctx)? {
            ctx.finish(ticket, 0, &value)?;
        }
        Ok(())
    }

    /// Ends the commands that wait without an answer.
    pub(crate) fn end_commands(&mut self, ctx: &mut Context<'_>, reason: &str) -> Result<()> {
        for ticket in self.take_commands(ctx)? {
            ctx.finish(ticket, NO_NEURONS, reason)?;
        }
        Ok(())
    }

    fn take_commands(&mut self, ctx: &mut Context<'_>) -> Result<Vec<Ticket>> {
        let commands = std::mem::take(&mut self.open.commands);
        if !commands.is_empty() {
            store::put_open(ctx, &self.open)?;
        }
        Ok(commands)
    }
}
