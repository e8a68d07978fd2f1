//! Upload: the prompts of workloads are put into the bucket.

use horde_s3::Method;
use tig_plugin_api::prelude::*;

use super::{UPLOAD, request};
use crate::Crossval;
use crate::bucket::{Object, ReadFault};
use crate::limits::{REPLY_BYTES_MAX, UPLOADS_MAX};
use crate::pool::Workload;
use crate::station::StationName;

impl Crossval {
    pub(super) fn start_uploads(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(buckets) = &self.buckets else {
            return Ok(());
        };
        let room = UPLOADS_MAX.saturating_sub(self.live.uploads.len());
        if room == 0 || self.is_paused(StationName::Upload, now_ms) {
            return Ok(());
        }
        let workloads = self.pool.workloads.iter();
        let waiting = workloads
            .filter(|(uuid, workload)| !workload.is_uploaded && !self.live.uploads.contains(*uuid));
        let mut calls = Vec::new();
        for (uuid, workload) in waiting.take(room) {
            let url = buckets
                .signer(ctx)?
                .url(Method::Put, &Object::workload(uuid));
            let mut call = request([UPLOAD, uuid].concat(), Method::Put, url, REPLY_BYTES_MAX);
            call.body = workload.text().into_bytes();
            calls.push((uuid.clone(), call));
        }
        for (uuid, call) in calls {
            ctx.http(&call)?;
            self.live.uploads.insert(uuid);
        }
        Ok(())
    }

    pub(super) fn take_upload(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        result: Result<Vec<u8>, ReadFault>,
    ) -> Result<()> {
        self.live.uploads.remove(uuid);
        let Some(workload) = self.pool.workloads.get(uuid).cloned() else {
            return Ok(());
        };
        match result {
            // What the bucket says of its success does not matter.
            Ok(_) | Err(ReadFault::TooLarge) => {
                let workload = Workload {
                    is_uploaded: true,
                    ..workload
                };
                self.pool.put_workload(ctx, uuid, workload)?;
                self.succeed_station(ctx, StationName::Upload, "a workload is in the bucket")
            }
            Err(ReadFault::Object(fault)) => {
                let reason = format!("a workload cannot be uploaded: {}", fault.text);
                self.fail_station(ctx, StationName::Upload, &reason)
            }
        }
    }
}
