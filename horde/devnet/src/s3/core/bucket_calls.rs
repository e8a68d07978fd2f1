//! Calls about buckets and their settings.

use horde_s3::{BUCKET_REGION_HEADER, Endpoint, xml};

use super::access::LIST_ACTION;
use super::bucket::{AccessBlock, Bucket, StoredPolicy};
use super::failure::Failure;
use super::identity::{HOME_REGION, Identity};
use super::lifecycle::Lifecycle;
use super::policy::{Effect, Policy};
use super::reply::S3Reply;
use super::target::Target;
use super::{S3Core, S3Request, Session};
use crate::s3::call::S3Call;

/// Buckets of both accounts, as AWS lets one account have.
const BUCKETS_COUNT_MAX: usize = 100;

impl S3Core {
    pub(super) fn call_bucket(
        &mut self,
        target: &Target,
        request: &S3Request<'_>,
        session: &Session,
    ) -> Result<S3Reply, Failure> {
        let may = |action| self.allowed(target, session, action);
        match target.call {
            S3Call::ListBuckets => self.list_buckets(session),
            S3Call::CreateBucket => self.create_bucket(target, request, session),
            S3Call::HeadBucket => self.head_bucket(target, session),
            S3Call::List => super::listing::list(may(LIST_ACTION)?, target, session.now_us),
            S3Call::Location => Ok(location(may("s3:GetBucketLocation")?)),
            S3Call::GetPolicy => get_policy(may("s3:GetBucketPolicy")?),
            S3Call::GetBlock => get_block(may("s3:GetBucketPublicAccessBlock")?),
            S3Call::GetLifecycle => get_lifecycle(may("s3:GetLifecycleConfiguration")?),
            _ => {
                let action = match target.call {
                    S3Call::DeleteBucket => "s3:DeleteBucket",
                    S3Call::PutPolicy => "s3:PutBucketPolicy",
                    S3Call::DeletePolicy => "s3:DeleteBucketPolicy",
                    S3Call::PutBlock | S3Call::DeleteBlock => "s3:PutBucketPublicAccessBlock",
                    _ => "s3:PutLifecycleConfiguration",
                };
                may(action)?;
                self.change_bucket(target, request, session)
            }
        }
    }

    fn change_bucket(
        &mut self,
        target: &Target,
        request: &S3Request<'_>,
        session: &Session,
    ) -> Result<S3Reply, Failure> {
        let bucket = self.buckets.get_mut(&target.bucket);
        let bucket = bucket.ok_or_else(Failure::no_bucket)?;
        match target.call {
            S3Call::DeleteBucket if !bucket.is_empty(session.now_us) => {
                let message = "The bucket you tried to delete is not empty";
                return Err(Failure::new(409, "BucketNotEmpty", message));
            }
            S3Call::DeleteBucket => {
                self.buckets.remove(&target.bucket);
            }
            S3Call::PutPolicy => put_policy(bucket, &target.bucket, request.body)?,
            S3Call::DeletePolicy => bucket.policy = None,
            S3Call::PutBlock => {
                bucket.block = read_block(request.body)?;
                bucket.has_block = true;
                return Ok(S3Reply::empty(200));
            }
            S3Call::DeleteBlock => {
                bucket.block = AccessBlock::default();
                bucket.has_block = false;
            }
            S3Call::PutLifecycle => {
                bucket.lifecycle = Some(Lifecycle::parse(request.body)?);
                return Ok(S3Reply::empty(200));
            }
            _ => bucket.lifecycle = None,
        }
        Ok(S3Reply::empty(204))
    }

    fn list_buckets(&self, session: &Session) -> Result<S3Reply, Failure> {
        let Identity::Root(account) = session.identity else {
            return Err(Failure::denied());
        };
        let own = self
            .buckets
            .iter()
            .filter(|(_, bucket)| bucket.owner == account);
        let buckets = own.map(|(name, _)| format!("<Bucket><Name>{name}</Name></Bucket>"));
        let buckets: String = buckets.collect();
        let body = format!(
            "<ListAllMyBucketsResult><Buckets>{buckets}</Buckets></ListAllMyBucketsResult>"
        );
        Ok(S3Reply::xml(200, &body))
    }

    fn create_bucket(
        &mut self,
        target: &Target,
        request: &S3Request<'_>,
        session: &Session,
    ) -> Result<S3Reply, Failure> {
        let name = &target.bucket;
        let resource = format!("arn:aws:s3:::{name}");
        let account = match &session.identity {
            Identity::Root(account) => Some(*account),
            user => self
                .judge_user(user, "s3:CreateBucket", &resource)
                .filter(|effect| *effect == Effect::Allow)
                .and_then(|_| user.account()),
        };
        let account = account.ok_or_else(Failure::denied)?;
        let signed = session.region.as_deref().unwrap_or(HOME_REGION);
        let region = new_region(request.body, signed)?;
        if Endpoint::parse(None, Some(&region), name).is_err() {
            return Err(Failure::invalid_bucket());
        }
        match self.buckets.get(name) {
            Some(bucket) if bucket.owner == account => {
                let message = "Your previous request to create the named bucket succeeded and you already own it.";
                Err(Failure::new(409, "BucketAlreadyOwnedByYou", message))
            }
            Some(_) => {
                let message = "The requested bucket name is not available.";
                Err(Failure::new(409, "BucketAlreadyExists", message))
            }
            None if self.buckets.len() >= BUCKETS_COUNT_MAX => {
                let message = "You have attempted to create more buckets than allowed.";
                Err(Failure::new(400, "TooManyBuckets", message))
            }
            None => {
                let bucket = Bucket::new(region, account);
                self.buckets.insert(name.clone(), bucket);
                let mut reply = S3Reply::empty(200);
                reply.headers.push(("location", format!("/{name}")));
                Ok(reply)
            }
        }
    }

    /// The answer has the region whoever asks, if there is such a bucket.
    fn head_bucket(&self, target: &Target, session: &Session) -> Result<S3Reply, Failure> {
        let bucket = self.buckets.get(&target.bucket);
        let bucket = bucket.ok_or_else(Failure::no_bucket)?;
        if !self.may(bucket, target, session, LIST_ACTION) {
            return Err(Failure::denied().in_region(&bucket.region));
        }
        let mut reply = S3Reply::empty(200);
        reply
            .headers
            .push((BUCKET_REGION_HEADER, bucket.region.clone()));
        Ok(reply)
    }
}

/// The region of a new bucket, by the rules of AWS: a signature of us-east-1 may ask for any other, one of another region must
/// ask for that one, and us-east-1 is asked for by not asking.
fn new_region(body: &[u8], signed: &str) -> Result<String, Failure> {
    let body = std::str::from_utf8(body).map_err(|_| Failure::malformed_xml())?;
    if !body.trim().is_empty() && !body.contains("CreateBucketConfiguration") {
        return Err(Failure::malformed_xml());
    }
    let asked = xml::first(body, "LocationConstraint").filter(|asked| !asked.is_empty());
    match asked {
        None if signed == HOME_REGION => Ok(signed.to_owned()),
        Some(asked)
            if asked == HOME_REGION || Endpoint::parse(None, Some(&asked), "any").is_err() =>
        {
            let message = "The specified location-constraint is not valid";
            Err(Failure::new(400, "InvalidLocationConstraint", message))
        }
        Some(asked) if signed == HOME_REGION || asked == signed => Ok(asked),
        asked => {
            let asked = asked.as_deref().unwrap_or("unspecified");
            let message = format!(
                "The {asked} location constraint is incompatible for the region specific endpoint this request was sent to."
            );
            Err(Failure::new(
                400,
                "IllegalLocationConstraintException",
                message,
            ))
        }
    }
}

fn location(bucket: &Bucket) -> S3Reply {
    // The name of us-east-1 is empty there.
    let region = match bucket.region.as_str() {
        HOME_REGION => "",
        region => region,
    };
    S3Reply::xml(
        200,
        &format!("<LocationConstraint>{region}</LocationConstraint>"),
    )
}

fn get_policy(bucket: &Bucket) -> Result<S3Reply, Failure> {
    let policy = bucket.policy.as_ref().ok_or_else(|| {
        let message = "The bucket policy does not exist";
        Failure::new(404, "NoSuchBucketPolicy", message)
    })?;
    let mut reply = S3Reply::new(200, policy.text.clone().into());
    let content_type = ("content-type", "application/json".to_owned());
    reply.headers.push(content_type);
    Ok(reply)
}

fn put_policy(bucket: &mut Bucket, name: &str, body: &[u8]) -> Result<(), Failure> {
    let malformed = |message: String| Failure::new(400, "MalformedPolicy", message);
    let text = std::str::from_utf8(body).map_err(|error| malformed(error.to_string()))?;
    let parsed = Policy::of_bucket(text, name).map_err(malformed)?;
    if bucket.block.blocks_policy && parsed.is_public() {
        let message = "Access Denied: public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.";
        return Err(Failure::new(403, "AccessDenied", message));
    }
    let text = text.to_owned();
    bucket.policy = Some(StoredPolicy { text, parsed });
    Ok(())
}

fn get_block(bucket: &Bucket) -> Result<S3Reply, Failure> {
    if !bucket.has_block {
        let message = "The public access block configuration was not found";
        return Err(Failure::new(
            404,
            "NoSuchPublicAccessBlockConfiguration",
            message,
        ));
    }
    let block = bucket.block;
    let body = format!(
        "<PublicAccessBlockConfiguration><BlockPublicAcls>{}</BlockPublicAcls><IgnorePublicAcls>{}</IgnorePublicAcls>\
         <BlockPublicPolicy>{}</BlockPublicPolicy><RestrictPublicBuckets>{}</RestrictPublicBuckets>\
         </PublicAccessBlockConfiguration>",
        block.blocks_acls, block.ignores_acls, block.blocks_policy, block.restricts
    );
    Ok(S3Reply::xml(200, &body))
}

fn read_block(body: &[u8]) -> Result<AccessBlock, Failure> {
    let body = std::str::from_utf8(body).map_err(|_| Failure::malformed_xml())?;
    let block = xml::elements(body, "PublicAccessBlockConfiguration").next();
    let block = block.ok_or_else(Failure::malformed_xml)?;
    let setting = |name| match xml::first(block, name).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Failure::malformed_xml()),
    };
    Ok(AccessBlock {
        blocks_acls: setting("BlockPublicAcls")?,
        ignores_acls: setting("IgnorePublicAcls")?,
        blocks_policy: setting("BlockPublicPolicy")?,
        restricts: setting("RestrictPublicBuckets")?,
    })
}

fn get_lifecycle(bucket: &Bucket) -> Result<S3Reply, Failure> {
    let lifecycle = bucket.lifecycle.as_ref().ok_or_else(|| {
        let message = "The lifecycle configuration does not exist";
        Failure::new(404, "NoSuchLifecycleConfiguration", message)
    })?;
    let mut reply = S3Reply::new(200, lifecycle.text.clone().into());
    let content_type = ("content-type", "application/xml".to_owned());
    reply.headers.push(content_type);
    Ok(reply)
}
