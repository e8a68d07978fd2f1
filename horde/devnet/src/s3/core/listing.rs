//! Lists of objects, in pages.

use horde_proto::Timestamp;
use horde_s3::percent_encode;
use horde_s3::xml::escape;

use super::bucket::{Bucket, Object};
use super::failure::Failure;
use super::reply::S3Reply;
use super::target::Target;

/// Objects of one page, as at AWS.
const PAGE_OBJECTS_COUNT_MAX: usize = 1_000;

/// What a request asks of a list.
struct Question<'a> {
    /// Whether it is version 2, by `list-type`.
    is_second: bool,
    keys_count_max: usize,
    /// Whether keys are to come in percent encoding.
    is_encoded: bool,
    /// The page begins behind this key.
    after: String,
    prefix: &'a str,
}

impl<'a> Question<'a> {
    fn read(target: &'a Target) -> Result<Self, Failure> {
        let invalid = |name: &str| {
            let message = format!("The parameter {name} is not valid");
            Failure::new(400, "InvalidArgument", message)
        };
        let is_second = match target.parameter("list-type") {
            "" => false,
            "2" => true,
            _ => return Err(invalid("list-type")),
        };
        let keys_count_max = match target.parameter("max-keys") {
            "" => PAGE_OBJECTS_COUNT_MAX,
            text => text.parse().map_err(|_| invalid("max-keys"))?,
        };
        let is_encoded = match target.parameter("encoding-type") {
            "" => false,
            "url" => true,
            _ => return Err(invalid("encoding-type")),
        };
        let after = match (is_second, target.parameter("continuation-token")) {
            (false, _) => target.parameter("marker").to_owned(),
            (true, "") => target.parameter("start-after").to_owned(),
            (true, token) => read_token(token).ok_or_else(|| invalid("continuation-token"))?,
        };
        Ok(Self {
            is_second,
            keys_count_max: keys_count_max.min(PAGE_OBJECTS_COUNT_MAX),
            is_encoded,
            after,
            prefix: target.parameter("prefix"),
        })
    }

    fn text(&self, key: &str) -> String {
        match self.is_encoded {
            true => percent_encode(key),
            false => escape(key),
        }
    }

    fn contents(&self, key: &str, object: &Object) -> String {
        let written = Timestamp::from_unix_micros(object.written_us);
        format!(
            "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size>\
             <StorageClass>STANDARD</StorageClass></Contents>",
            self.text(key),
            written.map_or_else(String::new, |written| written.to_string()),
            escape(&object.etag),
            object.bytes.len()
        )
    }

    /// Where the next page begins.
    fn next(&self, last: &str) -> String {
        match self.is_second {
            true => {
                let token = hex::encode(last);
                format!("<NextContinuationToken>{token}</NextContinuationToken>")
            }
            false => format!("<NextMarker>{}</NextMarker>", self.text(last)),
        }
    }
}

/// A page of the list.
pub(super) fn list(bucket: &Bucket, target: &Target, now_us: i64) -> Result<S3Reply, Failure> {
    let question = Question::read(target)?;
    let objects = bucket.objects_after(&question.after, now_us);
    let mut objects = objects.filter(|(key, _)| key.starts_with(question.prefix));
    let (mut contents, mut count, mut last) = (String::new(), 0, "");
    for (key, object) in objects.by_ref().take(question.keys_count_max) {
        contents.push_str(&question.contents(key, object));
        count += 1;
        last = key;
    }
    let is_truncated = question.keys_count_max > 0 && objects.next().is_some();
    let mut body = format!(
        "<ListBucketResult><Name>{}</Name><Prefix>{}</Prefix><MaxKeys>{}</MaxKeys><IsTruncated>{is_truncated}</IsTruncated>",
        target.bucket,
        question.text(question.prefix),
        question.keys_count_max
    );
    if question.is_second {
        body.push_str(&format!("<KeyCount>{count}</KeyCount>"));
    }
    if question.is_encoded {
        body.push_str("<EncodingType>url</EncodingType>");
    }
    if is_truncated {
        body.push_str(&question.next(last));
    }
    body.push_str(&contents);
    body.push_str("</ListBucketResult>");
    Ok(S3Reply::xml(200, &body))
}

/// The key in a token of ours.
fn read_token(token: &str) -> Option<String> {
    String::from_utf8(hex::decode(token).ok()?).ok()
}
