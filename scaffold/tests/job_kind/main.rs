//! The template `job-kind` as it lies there, with its own tests, and against the types of events and frames.

#[expect(
    unreachable_pub,
    reason = "it is public where the crate is the plugin's own"
)]
#[path = "../../templates/job-kind/src/lib.rs"]
mod plugin;

#[cfg(test)]
mod contract {
    use horde_events::{
        AnswerChecked, AnswerGiven, ExecutorsOf, JobsMade, JobsWanted, MadeJob, Verdict,
    };
    use horde_proto::is_uuid;
    use horde_proto::miner::ToMiner;
    use serde_json::json;
    use tig_plugin_api::Event;
    use tig_plugin_api::testing::Harness;

    use crate::plugin::JobKind;

    const CLASS: &str = "always_on.gpu-24gb";

    fn made(kind: &mut Harness<JobKind>) -> MadeJob {
        let wanted = JobsWanted {
            ask: 7,
            batch: "b".to_owned(),
            kind: "k".to_owned(),
            executor_class: CLASS.to_owned(),
            miners: vec![ExecutorsOf {
                hotkey: "5A".to_owned(),
                count: 1,
            }],
            weights_version: 1,
        };
        kind.event(JobsWanted::NAME, serde_json::to_value(wanted).unwrap());
        let (name, event) = kind.emitted().remove(0);
        assert_eq!(name, JobsMade::NAME);
        let mut made: JobsMade = serde_json::from_value(event).unwrap();
        assert_eq!((made.ask, made.jobs.len()), (7, 1));
        made.jobs.remove(0)
    }

    #[test]
    fn frames_are_those_of_the_protocol() {
        let mut kind = Harness::<JobKind>::start(json!({ "name": "k", "config": { "k": {} } }));
        let job = made(&mut kind);
        assert!(is_uuid(&job.uuid), "{}", job.uuid);
        let request = ToMiner::parse(job.request.get()).unwrap();
        assert_eq!(request.job_uuid(), Some(job.uuid.as_str()));
        let reservation: serde_json::Value = serde_json::from_str(job.reservation.get()).unwrap();
        assert_eq!(reservation["executor_class"], CLASS);
    }

    #[test]
    fn verdict_follows_the_answer() {
        let mut kind = Harness::<JobKind>::start(json!({ "name": "k", "config": { "k": {} } }));
        let job = made(&mut kind);
        let answer = AnswerGiven {
            batch: "b".to_owned(),
            kind: "k".to_owned(),
            uuid: job.uuid.clone(),
            hotkey: "5A".to_owned(),
            stdout: job.check.as_str().unwrap().to_owned(),
            check: job.check,
            stderr: String::new(),
        };
        kind.event(AnswerGiven::NAME, serde_json::to_value(answer).unwrap());
        let (name, event) = kind.emitted().remove(0);
        assert_eq!(name, AnswerChecked::NAME);
        let checked: AnswerChecked = serde_json::from_value(event).unwrap();
        assert_eq!((checked.uuid, checked.verdict), (job.uuid, Verdict::Right));
    }
}
