//! Lists of objects, in pages.

use horde_proto::Timestamp;
use horde_s3::{percent_encode, xml::escape};

use super::bucket::Bucket;
use super::call::Target;
use super::failure::Failure;
use super::reply::S3Reply;

/// Objects of one page, as at AWS.
const PAGE_OBJECTS_COUNT_MAX: usize = 1_000;

/// A page of version 2 if `list-type` asks for it, otherwise of version 1.
pub(super) fn list(bucket: &Bucket, target: &Target, now_us: i64) -> Result<S3Reply, Failure> {
    let invalid = |name: &str| {
        let message = format!("The parameter {name} is not valid");
        Failure::new(400, "InvalidArgument", message)
    };
    let is_second = match target.parameter("list-type") {
        "" => false,
        "2" => true,
        _ => return Err(invalid("list-type")),
    };
    let max_keys = match target.parameter("max-keys") {
        "" => PAGE_OBJECTS_COUNT_MAX,
        text => text.parse().map_err(|_| invalid("max-keys"))?,
    };
    let max_keys = max_keys.min(PAGE_OBJECTS_COUNT_MAX);
    let is_encoded = match target.parameter("encoding-type") {
        "" => false,
        "url" => true,
        _ => return Err(invalid("encoding-type")),
    };
    let after = if is_second {
        match target.parameter("continuation-token") {
            "" => target.parameter("start-after").to_owned(),
            token => read_token(token).ok_or_else(|| invalid("continuation-token"))?,
        }
    } else {
        target.parameter("marker").to_owned()
    };
    let prefix = target.parameter("prefix");
    let objects = bucket.objects_after(&after, now_us);
    let mut objects = objects.filter(|(key, _)| key.starts_with(prefix));
    let text = |key: &str| match is_encoded {
        true => percent_encode(key),
        false => escape(key),
    };
    let (mut contents, mut count, mut last) = (String::new(), 0, "");
    for (key, object) in objects.by_ref().take(max_keys) {
        let written = Timestamp::from_unix_micros(object.written_us);
        let written = written.map_or_else(String::new, |written| written.to_string());
        contents.push_str(&format!(
            "<Contents><Key>{}</Key><LastModified>{written}</LastModified><ETag>{}</ETag><Size>{}</Size>\
             <StorageClass>STANDARD</StorageClass></Contents>",
            text(key),
            escape(&object.etag),
            object.bytes.len()
        ));
        count += 1;
        last = key;
    }
    let is_truncated = max_keys > 0 && objects.next().is_some();
    let next = match (is_truncated, is_second) {
        (false, _) => String::new(),
        (true, true) => format!(
            "<NextContinuationToken>{}</NextContinuationToken>",
            hex::encode(last)
        ),
        (true, false) => format!("<NextMarker>{}</NextMarker>", text(last)),
    };
    let key_count = match is_second {
        true => format!("<KeyCount>{count}</KeyCount>"),
        false => String::new(),
    };
    let body = format!(
        "<ListBucketResult><Name>{}</Name><Prefix>{}</Prefix>{key_count}<MaxKeys>{max_keys}</MaxKeys>\
         <IsTruncated>{is_truncated}</IsTruncated>{next}{contents}</ListBucketResult>",
        target.bucket,
        text(prefix)
    );
    Ok(S3Reply::xml(200, &body))
}

/// The key in a token of ours.
fn read_token(token: &str) -> Option<String> {
    String::from_utf8(hex::decode(token).ok()?).ok()
}
