//! Endpoints.

use crate::{Endpoint, EndpointError};

fn base(url: Option<&str>, region: Option<&str>) -> (String, String) {
    let endpoint = Endpoint::parse(url, region, "prompts").unwrap();
    (endpoint.base_url(), endpoint.region().to_owned())
}

#[test]
fn address_follows_region_and_service() {
    for (url, region, expected_base, expected_region) in [
        (None, None, "https://s3.amazonaws.com", "us-east-1"),
        (
            None,
            Some("us-east-1"),
            "https://s3.amazonaws.com",
            "us-east-1",
        ),
        (Some(""), Some(" "), "https://s3.amazonaws.com", "us-east-1"),
        (
            None,
            Some("eu-central-1"),
            "https://s3.eu-central-1.amazonaws.com",
            "eu-central-1",
        ),
        (
            None,
            Some("cn-north-1"),
            "https://s3.cn-north-1.amazonaws.com.cn",
            "cn-north-1",
        ),
        (
            Some("https://s3.eu-west-3.amazonaws.com/"),
            None,
            "https://s3.eu-west-3.amazonaws.com",
            "eu-west-3",
        ),
        (
            Some("https://s3.amazonaws.com"),
            Some("eu-west-3"),
            "https://s3.amazonaws.com",
            "eu-west-3",
        ),
        (
            Some("https://0123abcd.r2.cloudflarestorage.com"),
            None,
            "https://0123abcd.r2.cloudflarestorage.com",
            "auto",
        ),
        (
            Some("http://127.0.0.1:9000"),
            None,
            "http://127.0.0.1:9000",
            "us-east-1",
        ),
        (
            Some("https://Minio.Example.org:443"),
            Some("home"),
            "https://minio.example.org",
            "home",
        ),
        (Some("http://[::1]:80"), None, "http://[::1]", "us-east-1"),
    ] {
        let (base, region) = base(url, region);
        assert_eq!(
            (base.as_str(), region.as_str()),
            (expected_base, expected_region)
        );
    }
}

#[test]
fn named_region_moves_the_default_address_only() {
    let aws = Endpoint::parse(None, None, "prompts").unwrap();
    let moved = aws.in_region("eu-west-3").unwrap();
    assert_eq!(moved.base_url(), "https://s3.eu-west-3.amazonaws.com");
    assert_eq!(moved.bucket(), "prompts");
    assert_eq!(moved.in_region("us-east-1"), Ok(aws.clone()));
    let own = Endpoint::parse(Some("http://127.0.0.1:9000"), None, "prompts").unwrap();
    let moved = own.in_region("home").unwrap();
    assert_eq!(
        (moved.base_url().as_str(), moved.region()),
        ("http://127.0.0.1:9000", "home")
    );
    assert!(aws.in_region("a b").is_err());
    assert!(aws.is_aws() && !own.is_aws());
}

#[test]
fn faulty_addresses_are_rejected_with_their_remedy() {
    let parse = |url: &str| Endpoint::parse(Some(url), None, "prompts").unwrap_err();
    for url in ["s3.example.org", "ftp://s3.example.org", "//x"] {
        assert!(matches!(parse(url), EndpointError::Scheme { .. }), "{url}");
    }
    for url in [
        "https://",
        "https://s3.example.org/prompts",
        "https://user:secret@s3.example.org",
        "https://s3.example.org?x=1",
        "https://s3.example.org:port",
        "https://s3.example.org:99999",
        "https://[::1",
        "https://[x]:80",
        "https://s3 .example.org",
    ] {
        let error = parse(url);
        assert!(matches!(error, EndpointError::Authority { .. }), "{url}");
        assert!(error.to_string().contains("set by itself"), "{error}");
    }
    let secret = parse("https://user:secret@s3.example.org?token=secret").to_string();
    assert!(!secret.contains("secret"), "{secret}");
    let region = Endpoint::parse(None, Some("EU (Frankfurt)"), "prompts");
    assert!(matches!(region, Err(EndpointError::Region { .. })));
    for bucket in [
        "", "ab", "Prompts", "-prompts", "prompts.", "a..b", "10.0.0.1", "a/b",
    ] {
        let error = Endpoint::parse(None, None, bucket).unwrap_err();
        assert!(matches!(error, EndpointError::Bucket { .. }), "{bucket}");
    }
}
