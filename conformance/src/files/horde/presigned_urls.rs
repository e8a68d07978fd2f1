//! `presigned_urls.json`: URLs that the reference's library signed with a fixed clock.

use horde_proto::Timestamp;
use horde_s3::{Credentials, Endpoint, Method, presign};

use crate::case::{Case, equal, text};
use crate::files::{List, TOP_LEVEL, no_law};

const MICROS_PER_SECOND: i64 = 1_000_000;

pub(crate) const ROWS: List = List {
    name: TOP_LEVEL,
    check: |_, case| {
        let method = match case.field::<String>("method")?.as_str() {
            "GET" => Method::Get,
            "PUT" => Method::Put,
            method => return Err(format!("field `method`: {method}").into()),
        };
        let (url, region, bucket): (Option<String>, String, String) = (
            case.field("endpoint")?,
            case.field("region")?,
            case.field("bucket")?,
        );
        let endpoint = Endpoint::parse(url.as_deref(), Some(&region), &bucket).map_err(text)?;
        let credentials = Credentials::new(
            case.field::<String>("access_key_id")?,
            case.field::<String>("secret_access_key")?,
        );
        let (key, expires): (String, u32) = (case.field("key")?, case.field("expires")?);
        let url = presign(
            method,
            &endpoint,
            &key,
            &credentials,
            seconds(case)?,
            expires,
        );
        equal("url", case.get("url"), url)
    },
    uphold: no_law,
};

/// The clock, which is written as `20241128T150312Z`.
fn seconds(case: Case<'_>) -> Result<i64, String> {
    let time: String = case.field("time")?;
    let part = |range| {
        time.get(range)
            .ok_or_else(|| format!("field `time`: {time}"))
    };
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(9..11)?, part(11..13)?, part(13..15)?);
    let iso = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    let stamp: Timestamp = iso.parse().map_err(text)?;
    Ok(stamp.unix_micros() / MICROS_PER_SECOND)
}
