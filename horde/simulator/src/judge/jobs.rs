//! Jobs as their frames show them.

use std::collections::BTreeMap;

use horde_proto::miner::{ToMiner, ToValidator};

/// A property that does not hold, and what was seen.
pub(crate) type Fault = (&'static str, String);

/// A job.
#[derive(Debug)]
struct Job {
    miner: usize,
    /// The batch in which it was reserved.
    batch: u64,
    is_accepted: bool,
    runs: u64,
    is_answered: bool,
    has_finished_receipt: bool,
}

/// Jobs of a miner in a batch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    /// Jobs that were reserved.
    pub(super) reserved: u64,
    /// Those whose finished receipt was sent.
    pub(super) finished: u64,
}

/// All jobs that were reserved, and the receipts that were sent.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    by_uuid: BTreeMap<String, Job>,
    /// The frame of each receipt, by its kind and its job.
    receipts: BTreeMap<(&'static str, String), String>,
}

impl Jobs {
    /// The host has sent a frame.
    pub(crate) fn sent(&mut self, miner: usize, batch: u64, text: &str) -> Result<(), Fault> {
        let message = ToMiner::parse(text).map_err(|error| {
            (
                "every frame is a message of the protocol",
                error.to_string(),
            )
        })?;
        match message {
            ToMiner::InitialJob(request) => {
                self.receipt("started", &request.job_uuid, text)?;
                self.reserve(miner, batch, &request.job_uuid)
            }
            ToMiner::JobAcceptedReceipt(request) => {
                let uuid = request.payload.job_uuid;
                self.receipt("accepted", &uuid, text)?;
                self.job(miner, &uuid)?.is_accepted = true;
                Ok(())
            }
            ToMiner::JobFinishedReceipt(request) => {
                let uuid = request.payload.job_uuid;
                self.receipt("finished", &uuid, text)?;
                self.job(miner, &uuid)?.has_finished_receipt = true;
                Ok(())
            }
            ToMiner::Job(request) => self.run(miner, &request.job_uuid),
            ToMiner::Authenticate(_) | ToMiner::MachineSpecs(_) | ToMiner::GenericError(_) => {
                Ok(())
            }
        }
    }

    /// The host has got a frame.
    pub(crate) fn heard(&mut self, miner: usize, text: &str) {
        let uuid = match ToValidator::parse(text) {
            Ok(ToValidator::JobFinished(request)) => request.job_uuid,
            Ok(ToValidator::JobFailed(request)) => request.job_uuid,
            _ => return,
        };
        // Only what comes after the request to run answers it.
        if let Some(job) = self.by_uuid.get_mut(&uuid)
            && job.miner == miner
            && job.runs > 0
        {
            job.is_answered = true;
        }
    }

    /// Jobs of a miner in a batch.
    pub(super) fn counts(&self, miner: usize, batch: u64) -> Counts {
        let mut counts = Counts::default();
        let jobs = self.by_uuid.values();
        for job in jobs.filter(|job| (job.miner, job.batch) == (miner, batch)) {
            counts.reserved += 1;
            counts.finished += u64::from(job.has_finished_receipt);
        }
        counts
    }

    fn receipt(&mut self, kind: &'static str, uuid: &str, text: &str) -> Result<(), Fault> {
        let key = (kind, uuid.to_owned());
        let first = self.receipts.entry(key).or_insert_with(|| text.to_owned());
        if first == text {
            return Ok(());
        }
        Err((
            "no receipt is signed twice with different content",
            format!("{kind} receipt of job {uuid}: {first} and {text}"),
        ))
    }

    fn reserve(&mut self, miner: usize, batch: u64, uuid: &str) -> Result<(), Fault> {
        let job = self.by_uuid.entry(uuid.to_owned()).or_insert(Job {
            miner,
            batch,
            is_accepted: false,
            runs: 0,
            is_answered: false,
            has_finished_receipt: false,
        });
        if (job.miner, job.batch) == (miner, batch) {
            return Ok(());
        }
        Err((
            "a job is of one miner and one batch",
            format!(
                "job {uuid} of miner {} and batch {} is reserved at miner {miner} in batch {batch}",
                job.miner, job.batch
            ),
        ))
    }

    fn run(&mut self, miner: usize, uuid: &str) -> Result<(), Fault> {
        let job = self.job(miner, uuid)?;
        job.runs += 1;
        if job.is_answered {
            let property = "no job is run that was answered";
            return Err((property, format!("job {uuid} of miner {miner}")));
        }
        if !job.is_accepted {
            let property = "no job is run without its accepted receipt";
            return Err((property, format!("job {uuid} of miner {miner}")));
        }
        Ok(())
    }

    fn job(&mut self, miner: usize, uuid: &str) -> Result<&mut Job, Fault> {
        let job = self.by_uuid.get_mut(uuid);
        job.filter(|job| job.miner == miner).ok_or_else(|| {
            let property = "a frame is of a job that the miner has";
            (property, format!("job {uuid} at miner {miner}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use horde_proto::miner::{JobFinishedRequest, ToValidator};

    use super::*;

    const UUID: &str = "a28de2b7-1ea4-4f4e-9b4c-8f0f3e1f3b11";

    fn run(jobs: &mut Jobs) -> Result<(), &'static str> {
        jobs.run(0, UUID).map_err(|(property, _)| property)
    }

    #[test]
    fn job_is_run_once_it_is_accepted_and_not_answered() {
        let mut jobs = Jobs::default();
        assert_eq!(
            run(&mut jobs),
            Err("a frame is of a job that the miner has")
        );
        jobs.reserve(0, 1, UUID).unwrap();
        assert_eq!(
            run(&mut jobs),
            Err("no job is run without its accepted receipt")
        );
        jobs.job(0, UUID).unwrap().is_accepted = true;
        assert_eq!(run(&mut jobs), Ok(()));
        let answer = ToValidator::from(JobFinishedRequest {
            job_uuid: UUID.to_owned(),
            docker_process_stdout: String::new(),
            docker_process_stderr: String::new(),
        });
        jobs.heard(1, &answer.to_text());
        assert_eq!(run(&mut jobs), Ok(()));
        jobs.heard(0, &answer.to_text());
        assert_eq!(run(&mut jobs), Err("no job is run that was answered"));
    }

    #[test]
    fn job_and_receipt_that_come_again_must_be_the_same() {
        let mut jobs = Jobs::default();
        jobs.reserve(0, 1, UUID).unwrap();
        jobs.reserve(0, 1, UUID).unwrap();
        assert_eq!(jobs.counts(0, 1).reserved, 1);
        assert!(jobs.reserve(0, 2, UUID).is_err());
        assert!(jobs.reserve(1, 1, UUID).is_err());
        jobs.receipt("finished", UUID, "one").unwrap();
        jobs.receipt("finished", UUID, "one").unwrap();
        jobs.receipt("accepted", UUID, "two").unwrap();
        assert!(jobs.receipt("finished", UUID, "two").is_err());
    }
}
