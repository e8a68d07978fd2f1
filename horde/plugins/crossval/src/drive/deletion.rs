//! Deletion of objects that nobody needs any more.

use horde_s3::{Method, ObjectFaultKind};
use tig_plugin_api::prelude::*;

use super::{DELETE, request};
use crate::Crossval;
use crate::bucket::ReadFault;
use crate::limits::{DELETION_PAUSE_MS, DELETION_TRIES_MAX, DELETIONS_MAX, REPLY_BYTES_MAX};
use crate::pool::Doomed;

impl Crossval {
    pub(super) fn start_deletions(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(buckets) = &self.buckets else {
            return Ok(());
        };
        let room = DELETIONS_MAX.saturating_sub(self.live.deletions.len());
        let doomed = self.pool.doomed.iter();
        let due: Vec<(String, Doomed)> = doomed
            .filter(|(name, doomed)| {
                doomed.from_ms <= now_ms && !self.live.deletions.contains(*name)
            })
            .map(|(name, doomed)| (name.clone(), doomed.clone()))
            .take(room)
            .collect();
        for (name, doomed) in due {
            let url = buckets.signer(ctx)?.url(Method::Delete, &doomed.object);
            ctx.http(&request(
                [DELETE, &name].concat(),
                Method::Delete,
                url,
                REPLY_BYTES_MAX,
            ))?;
            self.live.deletions.insert(name);
        }
        Ok(())
    }

    pub(super) fn take_deletion(
        &mut self,
        ctx: &mut Context<'_>,
        name: &str,
        result: Result<Vec<u8>, ReadFault>,
    ) -> Result<()> {
        self.live.deletions.remove(name);
        let Some(doomed) = self.pool.doomed.get(name).cloned() else {
            return Ok(());
        };
        let fault = match result {
            Ok(_) | Err(ReadFault::TooLarge) => return self.pool.delete_doomed(ctx, name),
            Err(ReadFault::Object(fault)) if fault.kind == ObjectFaultKind::Missing => {
                return self.pool.delete_doomed(ctx, name);
            }
            Err(ReadFault::Object(fault)) => fault,
        };
        let failures = doomed.failures + 1;
        if failures >= DELETION_TRIES_MAX {
            ctx.count("llm_objects_left", &[], 1);
            let text = "objects of the buckets cannot be deleted and are left to their lifecycle rule; allow s3:DeleteObject to the access key";
            if self.is_reminder_due(ctx, text) {
                ctx.warn_with(text, &[("object", &name), ("reason", &fault.text)]);
            }
            return self.pool.delete_doomed(ctx, name);
        }
        let from_ms = ctx.now_ms() + DELETION_PAUSE_MS * u64::from(failures);
        self.pool.put_doomed(
            ctx,
            Doomed {
                failures,
                from_ms,
                ..doomed
            },
        )
    }
}
