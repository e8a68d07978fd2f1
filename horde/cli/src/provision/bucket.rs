//! A bucket in its region.

use horde_s3::{BUCKET_REGION_HEADER, Complaint, Endpoint, Method};

use super::step::Outcome;
use crate::http::Answer;
use crate::s3::reason::Reason;
use crate::s3::remote::{Request, Signed};

/// Regions in which a bucket is made if no other is named; to name them is a fault.
const UNNAMED_REGIONS: [&str; 2] = ["us-east-1", "auto"];
/// What whoever provisions must be allowed to do.
const CREATE: &str = "s3:CreateBucket";

/// Makes the bucket if it is not there.
pub(super) fn ensure(signed: &Signed<'_>, bucket: &Endpoint, dry_run: bool) -> Outcome {
    match find(signed, bucket) {
        Ok(Found::Ours) => Outcome::was_there(format!("in region {}", bucket.region())),
        Ok(Found::Missing) if dry_run => {
            Outcome::planned(format!("make it in region {}", bucket.region()))
        }
        Ok(Found::Missing) => create(signed, bucket).unwrap_or_else(|refused| refused),
        Err(refused) => refused,
    }
}

enum Found {
    Ours,
    Missing,
}

fn find(signed: &Signed<'_>, bucket: &Endpoint) -> Result<Found, Outcome> {
    let answer = signed.call(&Request::bucket(Method::Head, bucket, ""))?;
    let region = answer.header(BUCKET_REGION_HEADER);
    if let Some(region) = region.filter(|region| *region != bucket.region()) {
        return Err(other_region(region));
    }
    match answer.status {
        404 => Ok(Found::Missing),
        _ if answer.is_success() => Ok(Found::Ours),
        // The answer to HEAD says nothing but its status.
        _ => {
            let answer = signed.call(&Request::bucket(Method::Get, bucket, "location"))?;
            match answer.is_success() {
                true => Ok(Found::Ours),
                false => Err(not_ours(&Reason::of(&answer))),
            }
        }
    }
}

fn not_ours(reason: &Reason) -> Outcome {
    match reason {
        Reason::Denied => foreign(),
        Reason::Region(Some(region)) => other_region(region),
        _ => Outcome::of_reason(reason, "s3:ListBucket", "*"),
    }
}

fn foreign() -> Outcome {
    Outcome::refused(
        "the name belongs to a bucket of somebody else, or this key has no right to see it",
        "choose another name: names are shared by all users of the service; or ask the bucket's owner for s3:ListBucket",
    )
}

fn other_region(region: &str) -> Outcome {
    let reason = Reason::Region(Some(region.to_owned()));
    Outcome::refused(
        reason.text(),
        format!(
            "{}; a bucket cannot be moved",
            reason.remedy().unwrap_or_default()
        ),
    )
}

fn create(signed: &Signed<'_>, bucket: &Endpoint) -> Result<Outcome, Outcome> {
    let region = bucket.region();
    let body = match UNNAMED_REGIONS.contains(&region) {
        true => String::new(),
        false => format!(
            "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        ),
    };
    let request = Request::bucket(Method::Put, bucket, "").with_body(body);
    let answer = signed.call(&request)?;
    if answer.is_success() {
        return Ok(Outcome::done(format!("made in region {region}")));
    }
    let resource = format!("arn:aws:s3:::{}", bucket.bucket());
    Err(match code(&answer).as_str() {
        // Somebody else has made it meanwhile, with this account.
        "BucketAlreadyOwnedByYou" => Outcome::was_there(format!("in region {region}")),
        "BucketAlreadyExists" => foreign(),
        "OperationAborted" => Outcome::refused(
            "the service is still busy with a bucket of this name",
            "run the command again in some minutes",
        ),
        _ => Outcome::of_reason(&Reason::of(&answer), CREATE, &resource),
    })
}

fn code(answer: &Answer) -> String {
    Complaint::read(None, &answer.body).code
}
