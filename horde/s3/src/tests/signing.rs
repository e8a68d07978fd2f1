//! Signatures that others made.

use std::path::Path;

use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::time::AmzTime;
use crate::{
    Credentials, DayKey, EXPIRES_SECONDS_MAX, Endpoint, Method, ToSign, payload_sha256, presign,
    presign_by_day, query_text, sign_headers,
};

#[test]
fn presigned_urls_match_bit_for_bit() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/horde/presigned_urls.json");
    let rows: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(rows.len(), 24);
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap();
        let method = match text("method") {
            "GET" => Method::Get,
            _ => Method::Put,
        };
        let endpoint = Endpoint::parse(
            row["endpoint"].as_str(),
            Some(text("region")),
            text("bucket"),
        );
        let credentials = Credentials::new(text("access_key_id"), text("secret_access_key"));
        let (time, seconds) = AmzTime::parse(text("time")).unwrap();
        assert_eq!(time.as_str(), text("time"));
        let expires = row["expires"].as_u64().unwrap() as u32;
        let endpoint = endpoint.unwrap();
        let url = presign(
            method,
            &endpoint,
            text("key"),
            &credentials,
            seconds,
            expires,
        );
        assert_eq!(url, text("url"));
        let secret = format!("AWS4{}", credentials.secret_access_key.as_str());
        let mut code = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes()).unwrap();
        code.update(DayKey::text(seconds).as_bytes());
        let code = code.finalize().into_bytes().into();
        let day_key = DayKey::new(credentials.access_key_id.clone(), code);
        let by_day = presign_by_day(method, &endpoint, text("key"), &day_key, seconds, expires);
        assert_eq!(by_day, url);
        let shown = format!("{day_key:?}");
        assert!(shown.ends_with("\", .. }"), "{shown}");
    }
}

/// The examples of "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)".
#[test]
fn signed_headers_match_the_documented_examples() {
    let credentials = Credentials::new(
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    );
    let (_, seconds) = AmzTime::parse("20130524T000000Z").unwrap();
    let empty = payload_sha256(b"");
    let body = payload_sha256(b"Welcome to Amazon S3.");
    let get = ToSign {
        method: Method::Get,
        host: "examplebucket.s3.amazonaws.com",
        path: "/",
        query: &[],
        headers: &[],
        payload_sha256: &empty,
    };
    let object = ToSign {
        path: "/test.txt",
        headers: &[("range", "bytes=0-9")],
        ..get
    };
    let put = ToSign {
        method: Method::Put,
        path: "/test%24file.text",
        headers: &[
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ],
        payload_sha256: &body,
        ..get
    };
    let lifecycle = ToSign {
        query: &[("lifecycle", "")],
        ..get
    };
    let list = ToSign {
        query: &[("prefix", "J"), ("max-keys", "2")],
        ..get
    };
    for (request, expected) in [
        (
            object,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            put,
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            lifecycle,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            list,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        let headers = sign_headers(&request, &credentials, "us-east-1", "s3", seconds);
        let (name, value) = headers.last().unwrap();
        assert_eq!(name, "authorization");
        assert!(value.ends_with(&format!("Signature={expected}")), "{value}");
    }
}

#[test]
fn lifetime_of_a_url_has_bounds() {
    let endpoint = Endpoint::parse(None, None, "prompts").unwrap();
    let credentials = Credentials::new("id", "secret");
    for (asked, expected) in [(0, 1), (u32::MAX, EXPIRES_SECONDS_MAX)] {
        let url = presign(Method::Get, &endpoint, "k", &credentials, 0, asked);
        assert!(url.contains(&format!("X-Amz-Expires={expected}&")), "{url}");
    }
}

#[test]
fn times_outside_of_the_calendar_are_the_nearest() {
    for (seconds, expected) in [
        (-5, "19700101T000000Z"),
        (i64::MAX, "99991231T235959Z"),
        (1_709_164_800, "20240229T000000Z"),
    ] {
        assert_eq!(AmzTime::from_unix(seconds).as_str(), expected);
    }
    for text in [
        "20241128T150312",
        "20241128 150312Z",
        "20240230T000000Z",
        "2024112üT50312Z",
    ] {
        assert_eq!(AmzTime::parse(text), None, "{text}");
    }
}

#[test]
fn query_is_sorted_and_encoded() {
    let query = query_text(&[("prefix", "a/b c"), ("list-type", "2"), ("acl", "")]);
    assert_eq!(query, "acl=&list-type=2&prefix=a%2Fb%20c");
}

#[test]
fn debug_shows_no_secret() {
    let mut credentials = Credentials::new("AKID", "sesame");
    credentials.session_token = Some("sesame too".into());
    let text = format!("{credentials:?}");
    assert!(text.contains("AKID") && !text.contains("sesame"), "{text}");
}
