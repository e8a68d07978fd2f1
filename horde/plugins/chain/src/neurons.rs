//! Neurons for those who want them: of the newest block, or of a final one.

use horde_events::Neurons;
use tig_plugin_api::prelude::*;

use crate::conditions::Failing;
use crate::fault::{self, Fault};
use crate::heights::Sighting;
use crate::poll::count;
use crate::read::{NeuronList, read_neurons};
use crate::service::Query;
use crate::{HordeChain, store};

impl HordeChain {
    /// Answers at once if the block is kept, else as soon as the service has said it.
    pub(crate) fn want_neurons(&mut self, ctx: &mut Context<'_>, block: Option<u32>) -> Result<()> {
        if let Some(number) = block.filter(|number| self.kept.contains(number))
            && let Some(neurons) = store::neurons(ctx, number)?
            // An earlier version kept empty lists, too.
            && !neurons.neurons.is_empty()
        {
            return ctx.emit(&neurons);
        }
        let now_ms = ctx.now_ms();
        if !self.live.wants.add(block, now_ms) {
            ctx.warn_with(
                "neurons are wanted of too many blocks at the same time: the last one is ignored",
                &[("block", &block)],
            );
        }
        self.send_wants(ctx)
    }

    /// Asks for wanted neurons, while the chain is followed and their block is final.
    pub(crate) fn send_wants(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if !self.live.watch.is_following() {
            return Ok(());
        }
        let finalization_blocks = self.config.finalization_blocks;
        let heights = &self.heights;
        let is_ready = |block: Option<u32>| {
            block.is_none_or(|number| heights.is_final(number, finalization_blocks))
        };
        while let Some(block) = self.live.wants.next(is_ready) {
            let tag = format!("neurons/{:016x}", ctx.random_u64());
            let query = block.map_or(Query::LatestNeurons, Query::NeuronsAt);
            ctx.http(&self.service.query(query, tag.clone()))?;
            self.live.wants.sent(block, tag);
        }
        Ok(())
    }

    /// Takes the answer to a request for neurons. What cannot be used is asked for again at the next poll.
    pub(crate) fn take_neurons(
        &mut self,
        ctx: &mut Context<'_>,
        block: Option<u32>,
        response: HttpResponse,
    ) -> Result<()> {
        let body = fault::body(response, self.service.token());
        let answer = body.and_then(|body| Ok(read_neurons(&body, block)?));
        count(ctx, "neurons", &answer);
        match (answer, block) {
            (Err(fault), _) => self.neurons_failed(ctx, block, &fault),
            (Ok(list), None) => {
                let sighting = self.see(ctx, &list.head)?;
                self.answer_latest(ctx, &sighting, list)
            }
            (Ok(list), Some(number)) => self.answer_final(ctx, number, list),
        }
    }

    fn neurons_failed(
        &mut self,
        ctx: &mut Context<'_>,
        block: Option<u32>,
        fault: &Fault,
    ) -> Result<()> {
        let reason = fault.to_string();
        if block.is_none() {
            self.end_commands(ctx, &reason)?;
        }
        if self.live.neurons_fault.as_ref() != Some(&reason) {
            ctx.warn_with(
                "no neurons from the chain service; trying again",
                &[("block", &block), ("reason", &reason)],
            );
        }
        self.live.neurons_fault = Some(reason);
        // While the chain is not followed, a failure says nothing of neurons alone.
        if self.live.watch.is_following() {
            let failing = Failing::new(self.neurons_failing, fault.cause(), ctx.now_ms());
            self.neurons_failing = Some(failing);
        }
        Ok(())
    }

    /// Answers those who want the newest neurons, unless what came with them shows that they are not.
    pub(crate) fn answer_latest(
        &mut self,
        ctx: &mut Context<'_>,
        sighting: &Sighting,
        list: NeuronList,
    ) -> Result<()> {
        self.neurons_failing = None;
        let is_newest = matches!(sighting, Sighting::New | Sighting::Same);
        if !is_newest || !self.live.watch.is_following() || !self.live.wants.remove(None) {
            return Ok(());
        }
        let neurons = self.accept(ctx, None, list);
        ctx.emit(&neurons)?;
        self.show_miners(ctx, &neurons)
    }

    /// Keeps what a final block said, and answers. A block that was seen with another hash is asked for once more.
    fn answer_final(&mut self, ctx: &mut Context<'_>, number: u32, list: NeuronList) -> Result<()> {
        self.neurons_failing = None;
        if let Some(contradiction) = self.heights.compare(&list.head) {
            return self.judge(ctx, &contradiction);
        }
        if !self.live.watch.is_following() {
            return Ok(());
        }
        self.live.wants.remove(Some(number));
        let neurons = self.accept(ctx, Some(number), list);
        store::keep_neurons(ctx, &mut self.kept, &neurons)?;
        ctx.emit(&neurons)?;
        self.send_wants(ctx)
    }

    fn accept(&mut self, ctx: &mut Context<'_>, wanted: Option<u32>, list: NeuronList) -> Neurons {
        self.live.neurons_fault = None;
        if list.odd_axons > 0 {
            ctx.debug_with(
                "neurons with an axon that nobody can connect to count as not serving",
                &[("count", &list.odd_axons), ("block", &list.head.number)],
            );
        }
        Neurons {
            wanted,
            block: list.head.number,
            hash: list.head.hash,
            neurons: list.neurons,
        }
    }

    /// Gives up neurons that could not be had for too long.
    pub(crate) fn expire_wants(&mut self, ctx: &mut Context<'_>, now_ms: u64) -> Result<()> {
        for block in self.live.wants.expire(now_ms) {
            ctx.info_with(
                "neurons are wanted no more: they could not be had in time",
                &[("block", &block)],
            );
            if block.is_none() {
                let reason = "no neurons came in time; see `GET /horde/chain`";
                self.end_commands(ctx, reason)?;
            }
        }
        Ok(())
    }
}
