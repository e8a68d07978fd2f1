//! Whether a caller may do what it asks for.

use super::bucket::Bucket;
use super::failure::Failure;
use super::identity::Identity;
use super::policy::Effect;
use super::target::Target;
use super::{S3Core, Session};
use crate::s3::config::S3Account;
use crate::s3::fault::S3FaultKind;

/// What the root of an account can do to its buckets whatever their policies deny, so that it cannot lock itself out.
const ROOT_ACTIONS: [&str; 3] = [
    "s3:PutBucketPolicy",
    "s3:GetBucketPolicy",
    "s3:DeleteBucketPolicy",
];

impl S3Core {
    /// The bucket, if there is one and the caller may do this to it, or to its object if a key is named.
    pub(super) fn allowed(
        &self,
        target: &Target,
        session: &Session,
        action: &str,
    ) -> Result<&Bucket, Failure> {
        let bucket = self.buckets.get(&target.bucket);
        let bucket = bucket.ok_or_else(Failure::no_bucket)?;
        match self.may(bucket, target, session, action) {
            true => Ok(bucket),
            false => Err(Failure::denied()),
        }
    }

    pub(super) fn may(
        &self,
        bucket: &Bucket,
        target: &Target,
        session: &Session,
        action: &str,
    ) -> bool {
        let identity = &session.identity;
        let resource = resource(target, action);
        let is_forgotten = session.happening.has(S3FaultKind::PolicyRemoved);
        let policy = bucket.policy.as_ref().filter(|_| !is_forgotten);
        let of_bucket = policy.and_then(|policy| policy.parsed.judge(identity, action, &resource));
        let is_owners = identity.account() == Some(bucket.owner);
        let is_root = is_owners && matches!(identity, Identity::Root(_));
        if of_bucket == Some(Effect::Deny) {
            return is_root && ROOT_ACTIONS.contains(&action);
        }
        if is_root {
            return true;
        }
        // Public access that is blocked is that of strangers and of nobody.
        let is_blocked = bucket.block.restricts && policy.is_some_and(|it| it.parsed.is_public());
        let is_allowed = of_bucket == Some(Effect::Allow) && (is_owners || !is_blocked);
        match self.judge_user(identity, action, &resource) {
            Some(Effect::Deny) => false,
            Some(Effect::Allow) if bucket.owner == S3Account::Validator => true,
            _ => is_allowed,
        }
    }

    /// What a user's own policies say.
    pub(super) fn judge_user(
        &self,
        identity: &Identity,
        action: &str,
        resource: &str,
    ) -> Option<Effect> {
        let Identity::User(name) = identity else {
            return None;
        };
        let policies = self.users.get(name)?.policies.values();
        let judged = policies.filter_map(|policy| policy.parsed.judge(identity, action, resource));
        judged.max()
    }
}

/// What an action is done to.
fn resource(target: &Target, action: &str) -> String {
    let bucket = &target.bucket;
    match target.key.is_empty() || action == LIST_ACTION {
        true => format!("arn:aws:s3:::{bucket}"),
        false => format!("arn:aws:s3:::{bucket}/{}", target.key),
    }
}

/// The right to list a bucket, which is also the right to know that an object is not there.
pub(super) const LIST_ACTION: &str = "s3:ListBucket";
