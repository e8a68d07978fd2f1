//! Metrics that an extension reports of its own work.

use serde::Deserialize;
use serde_json::json;
use tig_plugin_api::prelude::*;
use tig_plugin_api::testing::Harness;

#[derive(Deserialize)]
struct Config {}

#[derive(Deserialize)]
struct Work {
    left: u64,
}

struct Worker;

impl tig_plugin_api::Extension for Worker {
    const EVENTS: &'static [&'static str] = &["work"];

    fn create(settings: &Settings, ctx: &mut Context<'_>) -> Result<Self> {
        let Config {} = settings.section()?;
        ctx.unfinished(1);
        Ok(Self)
    }

    fn handle(&mut self, ctx: &mut Context<'_>, _name: &str, payload: &[u8]) -> Result<()> {
        let work: Work = serde_json::from_slice(payload)?;
        ctx.unfinished(work.left);
        ctx.count("worked", &[("kind", "a")], 2);
        ctx.gauge("left", &[], work.left as f64);
        if work.left == 13 {
            bail!("13");
        }
        Ok(())
    }
}

#[test]
fn failed_handler_reports_no_metrics() {
    let mut worker = Harness::<Worker>::start(json!({ "name": "worker" }));
    assert_eq!(worker.unfinished(), 1);
    worker.event("work", json!({ "left": 3 }));
    worker.event("work", json!({ "left": 2 }));
    assert!(worker.try_event("work", json!({ "left": 13 })).is_err());
    assert_eq!(worker.unfinished(), 2);
    assert_eq!(worker.metric("worked", &[("kind", "a")]), Some(4.0));
    assert_eq!(worker.metric("left", &[]), Some(2.0));
    assert_eq!(worker.metric("left", &[("kind", "a")]), None);
}
