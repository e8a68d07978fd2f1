//! What an operator does to single slaves: cordon, uncordon, pardon.

use serde::Deserialize;
use tig_plugin_api::prelude::*;

use crate::SlaveManager;
use crate::slaves;

/// Arguments of the commands, and body of `pardon-slave`.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlaveArguments {
    /// Name of the slave, as `tig-host slaves` shows it.
    pub(crate) slave: String,
}

impl SlaveManager {
    /// A slave may be cordoned before it is first seen.
    pub(crate) fn cordon_slave(&mut self, ctx: &mut Context<'_>, slave: &str) -> Result<Started> {
        let name = slaves::stated_name(slave)?;
        let is_new = self.cordon.add(ctx, &name)?;
        let seen = match self.state.slaves.get(&name) {
            Some(_) => "",
            None => ", though no slave of this name has been seen yet",
        };
        if is_new {
            ctx.warn_with("slave cordoned", &[("slave", &slave)]);
        }
        let leased = self.state.queue.num_leased_to(&name);
        let text = format!(
            "{slave} gets no new batches{seen}; it has {leased}, whose results are accepted"
        );
        ctx.finish(ctx.ticket(), 0, &text)?;
        self.report_conditions(ctx);
        Ok(Started)
    }

    pub(crate) fn uncordon_slave(&mut self, ctx: &mut Context<'_>, slave: &str) -> Result<Started> {
        if !self.cordon.contains(slave) {
            bail!("{} is not cordoned", slaves::reason(slave));
        }
        self.cordon.remove(ctx, slave)?;
        ctx.warn_with("slave uncordoned", &[("slave", &slave)]);
        // Its poll may be held, with work for it in the queue.
        self.wake_for_one(ctx)?;
        ctx.finish(ctx.ticket(), 0, &format!("{slave} gets batches again"))?;
        self.report_conditions(ctx);
        Ok(Started)
    }

    pub(crate) fn pardon_slave(&mut self, ctx: &mut Context<'_>, slave: &str) -> Result<Started> {
        if !self.pardon_named(ctx, slave)? {
            bail!("{} is not in quarantine", slaves::reason(slave));
        }
        ctx.finish(ctx.ticket(), 0, &format!("{slave} gets batches again"))?;
        self.report_conditions(ctx);
        Ok(Started)
    }

    pub(crate) fn pardon_by_route(
        &mut self,
        ctx: &mut Context<'_>,
        request: &HttpRequest,
    ) -> Result<HttpReply> {
        if let Err(error) = request.check_local() {
            return Ok(HttpReply::text(403, &error.to_string()));
        }
        let pardon: SlaveArguments = match serde_json::from_slice(&request.body) {
            Ok(pardon) => pardon,
            Err(error) => {
                return Ok(HttpReply::text(
                    400,
                    &format!("the body is not a pardon: {error}"),
                ));
            }
        };
        if !self.pardon_named(ctx, &pardon.slave)? {
            return Ok(HttpReply::text(404, "this slave is not in quarantine"));
        }
        self.report_conditions(ctx);
        Ok(HttpReply::text(200, "OK"))
    }

    /// `false` if there is nothing to pardon.
    fn pardon_named(&mut self, ctx: &mut Context<'_>, slave: &str) -> Result<bool> {
        if !self.quarantine.pardon(ctx, slave)? {
            return Ok(false);
        }
        if let Some(stats) = self.state.slaves.get_mut(slave) {
            stats.pardon();
        }
        ctx.warn_with("slave pardoned", &[("slave", &slaves::reason(slave))]);
        Ok(true)
    }
}
