//! Which requests are run at all. What is refused here is answered at once.

use horde_proto::facilitator::{JobRequest, JobSignatureError, OrganicJob, V2JobRequest};
use horde_proto::upload::{SingleFileUpload, ZipUpload};
use horde_proto::volume::SingleVolume;
use horde_proto::{OutputUpload, Url, Volume, is_uuid};
use tig_keyring::{PublicKey, Ss58Error};

use crate::config::Config;
use crate::limits::{
    ARGUMENT_BYTES_MAX, ARGUMENTS_BYTES_MAX, OPEN_BYTES_MAX, OPEN_JOBS_MAX, SIGNATURE_AGE_MS_MAX,
    SIGNATURE_AHEAD_MS_MAX, SIGNATURES_MAX, URL_BYTES_MAX,
};

/// Why a request is not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// It is not a job request.
    #[error("the request cannot be read")]
    Unreadable(#[source] serde_json::Error),
    #[error("the job's uuid is not a UUID in lower case with hyphens")]
    Uuid,
    #[error("the job has neither an image nor a script")]
    NoProgram,
    #[error(
        "argument or environment variable {number} has {bytes} bytes, more than {ARGUMENT_BYTES_MAX}"
    )]
    LongArgument { number: usize, bytes: usize },
    #[error("arguments and environment have {bytes} bytes in all, more than {ARGUMENTS_BYTES_MAX}")]
    LongArguments { bytes: usize },
    #[error(
        "argument or environment variable {number} has a NUL character, which no program can get"
    )]
    NulArgument { number: usize },
    #[error("environment variable {number} has a name that is empty or has an equals sign")]
    VariableName { number: usize },
    #[error(
        "{place} is not an http or https URL with a host, of at most {URL_BYTES_MAX} characters without spaces"
    )]
    BadUrl { place: String },
    #[error("{place} leaves its folder")]
    BadPath { place: String },
    #[error("the miner's hotkey is not an SS58 address")]
    Hotkey(#[source] Ss58Error),
    #[error("miner {hotkey} is blocked by this validator")]
    Blocked { hotkey: String },
    #[error(transparent)]
    Signature(#[from] JobSignatureError),
    #[error("signatory {signatory} may not order jobs of this validator")]
    NotListed { signatory: String },
    #[error("the signature is {seconds} s old, more than {} s", SIGNATURE_AGE_MS_MAX / 1_000)]
    OldSignature { seconds: u64 },
    #[error("the signature is of a time {seconds} s ahead")]
    FutureSignature { seconds: u64 },
    #[error("the signature was used for job {uuid} already")]
    Replayed { uuid: String },
    #[error(
        "{SIGNATURES_MAX} signed jobs have come within minutes, more than are remembered; try again later"
    )]
    TooManySignatures,
    #[error("this validator is about to stop, and begins no more jobs; order it again in a moment")]
    Draining,
    #[error(
        "{OPEN_JOBS_MAX} users' jobs are under way, as many as this validator runs; try again later"
    )]
    TooManyJobs,
    #[error("the users' jobs under way have {} MiB, as many as this validator keeps; try again later", OPEN_BYTES_MAX >> 20)]
    TooManyBytes,
    #[error("the job's time was over before it could be begun")]
    TooLate,
}

/// Reads a request.
///
/// # Errors
///
/// [`Refusal::Unreadable`].
pub(crate) fn read_request(text: &str) -> Result<JobRequest, Refusal> {
    serde_json::from_str(text).map_err(Refusal::Unreadable)
}

/// Checks what all versions share.
///
/// # Errors
///
/// The first fault.
pub(crate) fn check_job(job: &OrganicJob) -> Result<(), Refusal> {
    if !is_uuid(&job.uuid) {
        return Err(Refusal::Uuid);
    }
    if job.docker_image.is_empty() && job.raw_script.is_empty() {
        return Err(Refusal::NoProgram);
    }
    check_arguments(job)?;
    if let Some(volume) = &job.volume {
        check_volume(volume)?;
    }
    if let Some(upload) = &job.output_upload {
        check_upload(upload)?;
    }
    let Some(hotkey) = &job.miner_hotkey else {
        return Ok(());
    };
    PublicKey::from_ss58(hotkey).map_err(Refusal::Hotkey)?;
    Ok(())
}

/// Checks that a request is signed, lately, by somebody who may order jobs.
///
/// # Errors
///
/// The first fault.
pub(crate) fn check_signature(
    request: &V2JobRequest,
    config: &Config,
    now_ms: u64,
) -> Result<(), Refusal> {
    let signatory = request.verify()?.to_ss58();
    if !config.whitelist.contains(&signatory) {
        return Err(Refusal::NotListed { signatory });
    }
    let signature = request.signature.as_ref();
    let signed_ms = signature.map_or(0, |signature| signature.timestamp_ns / 1_000_000);
    let age_ms = now_ms.saturating_sub(signed_ms);
    if age_ms > SIGNATURE_AGE_MS_MAX {
        let seconds = age_ms / 1_000;
        return Err(Refusal::OldSignature { seconds });
    }
    let ahead_ms = signed_ms.saturating_sub(now_ms);
    if ahead_ms > SIGNATURE_AHEAD_MS_MAX {
        let seconds = ahead_ms / 1_000;
        return Err(Refusal::FutureSignature { seconds });
    }
    Ok(())
}

/// Arguments and environment that the operating system would refuse are refused before a miner spends minutes on them.
fn check_arguments(job: &OrganicJob) -> Result<(), Refusal> {
    let args = job
        .args
        .iter()
        .map(|argument| (argument.len(), argument.contains('\0')));
    let env = job.env.iter().map(|(name, value)| {
        let bytes = name.len() + value.len() + 1;
        (bytes, name.contains('\0') || value.contains('\0'))
    });
    let mut all = 0_usize;
    for (index, (bytes, has_nul)) in args.chain(env).enumerate() {
        let number = index + 1;
        if bytes > ARGUMENT_BYTES_MAX {
            return Err(Refusal::LongArgument { number, bytes });
        }
        if has_nul {
            return Err(Refusal::NulArgument { number });
        }
        all += bytes + 1;
    }
    if all > ARGUMENTS_BYTES_MAX {
        return Err(Refusal::LongArguments { bytes: all });
    }
    let mut names = job.env.keys();
    match names.position(|name| name.is_empty() || name.contains('=')) {
        Some(index) => Err(Refusal::VariableName { number: index + 1 }),
        None => Ok(()),
    }
}

fn check_volume(volume: &Volume) -> Result<(), Refusal> {
    for (index, part) in volume.parts().iter().enumerate() {
        let place = format!("volume {}", index + 1);
        match part {
            SingleVolume::Inline(inline) => check_path(inline.relative_path.as_deref(), &place)?,
            SingleVolume::ZipUrl(zip) => {
                check_url(&zip.contents, &place)?;
                check_path(zip.relative_path.as_deref(), &place)?;
            }
            SingleVolume::SingleFile(file) => {
                check_url(&file.url, &place)?;
                check_path(Some(&file.relative_path), &place)?;
            }
            SingleVolume::Huggingface(repository) => {
                check_path(repository.relative_path.as_deref(), &place)?;
            }
        }
    }
    Ok(())
}

fn check_upload(upload: &OutputUpload) -> Result<(), Refusal> {
    let place = "the output upload";
    match upload {
        OutputUpload::SingleFilePost(post) => check_file(&post.url, &post.relative_path, place),
        OutputUpload::SingleFilePut(put) => check_file(&put.url, &put.relative_path, place),
        OutputUpload::ZipAndHttpPost(post) => check_url(&post.url, place),
        OutputUpload::ZipAndHttpPut(put) => check_url(&put.url, place),
        OutputUpload::Multi(multi) => {
            for (index, upload) in multi.uploads.iter().enumerate() {
                let place = format!("output upload {}", index + 1);
                match upload {
                    SingleFileUpload::Post(it) => check_file(&it.url, &it.relative_path, &place)?,
                    SingleFileUpload::Put(it) => check_file(&it.url, &it.relative_path, &place)?,
                }
            }
            match &multi.system_output {
                Some(ZipUpload::Post(post)) => check_url(&post.url, "the system output"),
                Some(ZipUpload::Put(put)) => check_url(&put.url, "the system output"),
                None => Ok(()),
            }
        }
    }
}

fn check_file(url: &Url, path: &str, place: &str) -> Result<(), Refusal> {
    check_url(url, place)?;
    check_path(Some(path), place)
}

/// The text of a URL may be a secret, so no refusal shows it.
fn check_url(url: &Url, place: &str) -> Result<(), Refusal> {
    let text = url.as_str();
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let is_plain = !text.chars().any(|it| it.is_whitespace() || it.is_control());
    match host {
        Some(host) if !host.is_empty() && is_plain && text.len() <= URL_BYTES_MAX => Ok(()),
        _ => Err(Refusal::BadUrl {
            place: format!("the URL of {place}"),
        }),
    }
}

/// A path of a volume or an upload is below its folder; an empty one is the folder itself (section 10.10).
fn check_path(path: Option<&str>, place: &str) -> Result<(), Refusal> {
    let path = path.unwrap_or_default();
    let is_bad =
        path.starts_with('/') || path.contains('\0') || path.split('/').any(|it| it == "..");
    match is_bad {
        true => Err(Refusal::BadPath {
            place: format!("the path of {place}"),
        }),
        false => Ok(()),
    }
}
