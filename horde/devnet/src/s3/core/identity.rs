//! Who asks, by the signature.

use horde_s3::{Form, Received, Rules, Signed, Verified, verify};

use super::failure::Failure;
use super::target::Target;
use super::{MICROS_PER_SECOND, S3Core, S3Request, Session};
use crate::s3::call::S3Call;
use crate::s3::config::S3Account;
use crate::s3::fault::S3FaultKind;
use crate::s3::journal::S3Caller;

/// The region of the service's address, which clients take that do not know better, and that of IAM.
pub(super) const HOME_REGION: &str = "us-east-1";

/// Whose rights a request has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    Anonymous,
    Root(S3Account),
    /// A user of the validator's account.
    User(String),
}

impl Identity {
    pub(super) const fn account(&self) -> Option<S3Account> {
        match self {
            Self::Anonymous => None,
            Self::Root(account) => Some(*account),
            Self::User(_) => Some(S3Account::Validator),
        }
    }

    /// The name in reports.
    fn name(&self) -> String {
        match self {
            Self::Anonymous => String::new(),
            Self::Root(account) => account.name().to_owned(),
            Self::User(name) => format!("{}/{name}", S3Account::Validator.name()),
        }
    }
}

impl S3Core {
    /// The session with its caller; `clock_us` is the clock of the service.
    pub(super) fn identify(
        &self,
        target: &Target,
        request: &S3Request<'_>,
        session: Session,
        clock_us: i64,
    ) -> Result<Session, Failure> {
        let is_iam = target.call == S3Call::Iam;
        let bucket = self.buckets.get(&target.bucket);
        let rules = Rules {
            region: match is_iam {
                true => Some(HOME_REGION),
                // A bucket that is there may be asked for again, from any region.
                false if target.call == S3Call::CreateBucket => None,
                false => bucket.map(|bucket| bucket.region.as_str()),
            },
            service: if is_iam { "iam" } else { "s3" },
            unix_seconds: clock_us.div_euclid(MICROS_PER_SECOND),
        };
        let received = Received {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: request.body,
        };
        let is_revoked = session.happening.has(S3FaultKind::KeysRevoked);
        let find = |id: &str| {
            let key = self.key(id).filter(|_| !is_revoked)?;
            Some(key.1)
        };
        match verify(&received, &rules, find) {
            Ok(Verified::Anonymous) => Ok(Session {
                caller: S3Caller::Anonymous,
                ..session
            }),
            Ok(Verified::Signed(signed)) => Ok(self.session_of(signed, session)),
            Err(error) => {
                let mut headers = request.headers.iter();
                let is_header = headers.any(|(name, _)| *name == "authorization");
                let form = if is_header { Form::Header } else { Form::Query };
                Err(Failure::of_signature(&error, form, HOME_REGION))
            }
        }
    }

    fn session_of(&self, signed: Signed, session: Session) -> Session {
        let identity = self.key(&signed.access_key_id);
        let identity = identity.map_or(Identity::Anonymous, |(identity, _)| identity);
        Session {
            caller: S3Caller::Key {
                access_key_id: signed.access_key_id,
                account: identity.name(),
                is_presigned: signed.form == Form::Query,
            },
            identity,
            region: Some(signed.region),
            ..session
        }
    }
}
