//! What a validator says to a miner: its authentication, and one job after another (sections 2.2 and 3.9).

use std::time::{Duration, Instant};

use horde_events::{MinerAddress, quote};
use horde_proto::miner::{
    AuthenticateRequest, AuthenticationPayload, ExecutorManifest, JobFailedRequest,
    JobFinishedRequest, ToMiner, ToValidator,
};
use horde_proto::receipt::JobStartedReceiptPayload;
use horde_proto::{Payload as _, Timestamp};
use tig_keyring::{Keypair, RANDOMNESS_BYTES};

use super::job::{CLASS, Job};
use super::link::{Link, LinkFault};
use crate::s3::remote::unix_seconds;

/// Longest wait for the manifest.
const MANIFEST_TIMEOUT: Duration = Duration::from_secs(35);
/// Longest wait for the answer to a reservation. A miner without a free executor says nothing for minutes (section 2.2).
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait until the executor is ready: it may pull the image first.
const READY_TIMEOUT: Duration = Duration::from_secs(240);
/// Time beyond that of a job in which its end comes: uploads, and the way here.
const END_GRACE: Duration = Duration::from_secs(30);
/// How long the receipt of a job's start counts, in seconds: the spin-up of the class (section 2.4).
const STARTED_TTL_SECONDS: i64 = 240;

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdmissionFault {
    /// The connection.
    #[error(transparent)]
    Link(#[from] LinkFault),
    /// The miner says nothing.
    #[error("it has not shown its executors within {} s", MANIFEST_TIMEOUT.as_secs())]
    Silent,
    /// No random bytes.
    #[error("the system has no random bytes")]
    Random(#[from] getrandom::Error),
}

/// Why a job has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobFault {
    /// The connection.
    #[error(transparent)]
    Link(#[from] LinkFault),
    /// The reservation is declined.
    #[error("it declines the job")]
    Declined,
    /// No answer to the reservation.
    #[error("it neither accepts nor declines the job within {} s", ACCEPT_TIMEOUT.as_secs())]
    Busy,
    /// The executor cannot be prepared.
    #[error("its executor could not be prepared")]
    NotPrepared,
    /// The executor takes too long.
    #[error("its executor is not ready after {} s", READY_TIMEOUT.as_secs())]
    NotReady,
    /// The job takes too long.
    #[error("the job has not ended after {0} s")]
    Endless(u64),
    /// The job has failed.
    #[error("the job has failed ({status}): {output}")]
    Failed {
        /// Exit code, or that there is none.
        status: String,
        /// What it has printed.
        output: String,
    },
    /// No time of a receipt.
    #[error("the clock of this machine is after the year 9999")]
    Clock,
    /// No random bytes.
    #[error("the system has no random bytes")]
    Random(#[from] getrandom::Error),
}

/// A connection to a miner, and who speaks.
pub(crate) struct Session<'a> {
    link: Link,
    keypair: &'a Keypair,
    miner: &'a MinerAddress,
}

impl<'a> Session<'a> {
    /// Connects.
    ///
    /// # Errors
    ///
    /// See [`LinkFault`].
    pub(crate) fn open(keypair: &'a Keypair, miner: &'a MinerAddress) -> Result<Self, LinkFault> {
        let link = Link::open(miner, &keypair.public().to_ss58())?;
        Ok(Self {
            link,
            keypair,
            miner,
        })
    }

    /// Authenticates, and returns what executors the miner has.
    ///
    /// # Errors
    ///
    /// See [`AdmissionFault`].
    pub(crate) fn authenticate(&mut self) -> Result<ExecutorManifest, AdmissionFault> {
        let payload = AuthenticationPayload {
            validator_hotkey: self.keypair.public().to_ss58(),
            miner_hotkey: self.miner.hotkey.clone(),
            timestamp: unix_seconds(),
        };
        let request = AuthenticateRequest::new(payload, self.keypair, &randomness()?);
        // A miner that does not know the validator says so before, and closes: what it said is still to be read.
        let sent = self.link.send(&ToMiner::Authenticate(request));
        let deadline = Instant::now() + MANIFEST_TIMEOUT;
        let manifest = self.wait(deadline, |message| match message {
            ToValidator::ExecutorManifest(request) => Some(request.manifest),
            _ => None,
        });
        match manifest {
            Ok(Some(manifest)) => Ok(manifest),
            Ok(None) => Err(AdmissionFault::Silent),
            Err(fault @ LinkFault::Refused(_)) => Err(fault.into()),
            Err(fault) => Err(sent.err().unwrap_or(fault).into()),
        }
    }

    /// Runs a job to its end.
    ///
    /// # Errors
    ///
    /// See [`JobFault`].
    pub(crate) fn run(&mut self, job: Job) -> Result<JobFinishedRequest, JobFault> {
        let uuid = job.request.job_uuid.clone();
        let payload = JobStartedReceiptPayload {
            job_uuid: uuid.clone(),
            miner_hotkey: self.miner.hotkey.clone(),
            validator_hotkey: self.keypair.public().to_ss58(),
            timestamp: now()?,
            executor_class: CLASS,
            max_timeout: job.seconds.into(),
            is_organic: true,
            ttl: STARTED_TTL_SECONDS,
        };
        let signature = payload.sign(self.keypair, &randomness()?);
        let reservation = job.reservation.with_receipt(payload, signature);
        self.link
            .send(&ToMiner::InitialJob(Box::new(reservation)))?;
        self.wait_for_accept(&uuid)?;
        self.wait_for_ready(&uuid)?;
        self.link.send(&ToMiner::Job(Box::new(job.request)))?;
        self.wait_for_end(&uuid, job.seconds)
    }

    fn wait_for_accept(&mut self, uuid: &str) -> Result<(), JobFault> {
        let accepted = self.wait(Instant::now() + ACCEPT_TIMEOUT, |message| {
            let answer = match &message {
                ToValidator::AcceptJob(_) => Ok(()),
                ToValidator::DeclineJob(_) => Err(JobFault::Declined),
                _ => return None,
            };
            (message.job_uuid() == Some(uuid)).then_some(answer)
        });
        accepted?.unwrap_or(Err(JobFault::Busy))
    }

    fn wait_for_ready(&mut self, uuid: &str) -> Result<(), JobFault> {
        let ready = self.wait(Instant::now() + READY_TIMEOUT, |message| {
            let answer = match &message {
                ToValidator::ExecutorReady(_) => Ok(()),
                ToValidator::ExecutorFailed(_) => Err(JobFault::NotPrepared),
                _ => return None,
            };
            (message.job_uuid() == Some(uuid)).then_some(answer)
        });
        ready?.unwrap_or(Err(JobFault::NotReady))
    }

    fn wait_for_end(&mut self, uuid: &str, seconds: u32) -> Result<JobFinishedRequest, JobFault> {
        let timeout = Duration::from_secs(seconds.into()) + END_GRACE;
        let ended = self.wait(Instant::now() + timeout, |message| match message {
            ToValidator::JobFinished(finished) if finished.job_uuid == uuid => Some(Ok(finished)),
            ToValidator::JobFailed(failed) if failed.job_uuid == uuid => Some(Err(failure(failed))),
            // An executor may refuse what it was ready for.
            ToValidator::ExecutorFailed(failed) if failed.job_uuid == uuid => {
                Some(Err(JobFault::NotPrepared))
            }
            _ => None,
        });
        ended?.unwrap_or(Err(JobFault::Endless(timeout.as_secs())))
    }

    /// Waits for a message that `find` takes. Others are of jobs of the running validator, which come on every connection
    /// (section 10.5).
    fn wait<T>(
        &mut self,
        deadline: Instant,
        mut find: impl FnMut(ToValidator) -> Option<T>,
    ) -> Result<Option<T>, LinkFault> {
        let mut said = None;
        loop {
            match self.link.next(deadline) {
                Ok(None) => return Ok(None),
                Ok(Some(ToValidator::GenericError(error))) if error.is_refusal() => {
                    return Err(LinkFault::Refused(error.details.unwrap_or_default()));
                }
                Ok(Some(ToValidator::GenericError(error))) => said = error.details,
                Ok(Some(message)) => {
                    if let Some(found) = find(message) {
                        return Ok(Some(found));
                    }
                }
                // What was said last before the end explains it.
                Err(LinkFault::Closed(_)) if said.is_some() => {
                    return Err(LinkFault::Refused(said.unwrap_or_default()));
                }
                Err(fault) => return Err(fault),
            }
        }
    }
}

fn failure(failed: JobFailedRequest) -> JobFault {
    let status = failed.docker_process_exit_status;
    let status = status.map_or_else(
        || "not run".to_owned(),
        |status| format!("exit code {status}"),
    );
    let outputs = [failed.docker_process_stderr, failed.docker_process_stdout];
    let output = outputs.iter().find(|output| !output.trim().is_empty());
    JobFault::Failed {
        status,
        output: output.map_or_else(|| "it printed nothing".to_owned(), |text| quote(text)),
    }
}

fn randomness() -> Result<[u8; RANDOMNESS_BYTES], getrandom::Error> {
    let mut bytes = [0; RANDOMNESS_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// The present time in whole seconds.
fn now() -> Result<Timestamp, JobFault> {
    let micros = unix_seconds().saturating_mul(1_000_000);
    Timestamp::from_unix_micros(micros).ok_or(JobFault::Clock)
}
