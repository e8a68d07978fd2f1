//! One side against the other.

use proptest::prelude::*;

use super::sent::{NOW, RULES, Sent, good, key};
use crate::{Credentials, Form, Rules, Verified, VerifyError};

#[test]
fn good_signatures_are_accepted_in_both_forms() {
    assert_eq!(
        Sent::presigned("a b+c/ü~(1)*'!.txt").result(),
        good(Form::Query)
    );
    assert_eq!(Sent::signed(&[("policy", "")]).result(), good(Form::Header));
    let unsigned = Sent::signed(&[]).with(|sent| sent.headers.clear());
    assert_eq!(unsigned.result(), Ok(Verified::Anonymous));
}

#[test]
fn headers_are_signed_without_their_blanks() {
    let sent = Sent::signed_by(
        &key(),
        &[],
        &[("content-type", "  text/plain;   charset=utf-8 ")],
    );
    let sent =
        sent.with(|sent| "text/plain; charset=utf-8".clone_into(sent.header("content-type")));
    assert_eq!(sent.result(), good(Form::Header));
}

#[test]
fn any_change_behind_the_signature_is_noticed() {
    let changes: [fn(&mut Sent); 5] = [
        |sent| "GET".clone_into(&mut sent.method),
        |sent| sent.path.push('x'),
        |sent| sent.query.push_str("&acl="),
        |sent| "127.0.0.1:9001".clone_into(sent.header("host")),
        |sent| sent.path = sent.path.replace("/prompts", "/answers"),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mismatch = Err(VerifyError::Mismatch);
        assert_eq!(
            Sent::presigned("k").with(change).result(),
            mismatch,
            "query {index}"
        );
        assert_eq!(
            Sent::signed(&[]).with(change).result(),
            mismatch,
            "header {index}"
        );
    }
    let longer = Sent::presigned("k").with(|sent| {
        sent.query = sent.query.replace("Expires=60", "Expires=61");
    });
    assert_eq!(longer.result(), Err(VerifyError::Mismatch));
    let forger = Credentials::new(key().access_key_id, "guess");
    let forged = Sent::presigned_by(&forger, "k");
    assert_eq!(forged.result(), Err(VerifyError::Mismatch));
}

#[test]
fn body_counts_in_the_header_form_only() {
    let other = |sent: &mut Sent| sent.body.push(0);
    assert_eq!(Sent::presigned("k").with(other).result(), good(Form::Query));
    let changed = Sent::signed(&[]).with(other);
    assert_eq!(changed.result(), Err(VerifyError::Payload));
    let unsigned = Sent::signed(&[]).with(|sent| {
        crate::UNSIGNED_PAYLOAD.clone_into(sent.header("x-amz-content-sha256"));
    });
    assert_eq!(unsigned.result(), Err(VerifyError::Payload));
}

#[test]
fn url_lives_from_its_time_to_its_end() {
    let url = Sent::presigned("k");
    assert_eq!(url.result_at(NOW + 60), good(Form::Query));
    assert_eq!(url.result_at(NOW - 900), good(Form::Query));
    let seconds = 1;
    assert_eq!(
        url.result_at(NOW + 61),
        Err(VerifyError::Expired { seconds })
    );
    let seconds = 901;
    assert_eq!(
        url.result_at(NOW - 901),
        Err(VerifyError::NotYet { seconds })
    );
    for expires in ["0", "604801", "x", "+5", "", "99999999999"] {
        let odd = Sent::presigned("k").with(|sent| {
            sent.query = sent
                .query
                .replace("Expires=60", &format!("Expires={expires}"));
        });
        assert_eq!(odd.result(), Err(VerifyError::Expires), "{expires}");
    }
}

#[test]
fn signed_headers_live_for_fifteen_minutes() {
    let sent = Sent::signed(&[]);
    assert_eq!(sent.result_at(NOW + 900), good(Form::Header));
    let skewed = |seconds| Err(VerifyError::Skewed { seconds });
    assert_eq!(sent.result_at(NOW + 901), skewed(-901));
    assert_eq!(sent.result_at(NOW - 901), skewed(901));
}

#[test]
fn other_regions_keys_and_services_are_refused() {
    let rules = Rules {
        region: Some("us-east-1"),
        ..RULES
    };
    let expected = Err(VerifyError::Region {
        expected: "us-east-1".to_owned(),
        found: "eu-west-3".to_owned(),
    });
    assert_eq!(Sent::presigned("k").verified(&rules, &key()), expected);
    let any = Rules {
        region: None,
        ..RULES
    };
    let any = Sent::presigned("k").verified(&any, &key());
    assert_eq!(any, good(Form::Query));
    let other = Credentials::new("other", "sesame");
    let id = key().access_key_id;
    let expected = Err(VerifyError::UnknownKey { id });
    assert_eq!(Sent::signed(&[]).verified(&RULES, &other), expected);
    let rules = Rules {
        service: "iam",
        ..RULES
    };
    let other_service = Sent::signed(&[]).verified(&rules, &key());
    assert!(matches!(other_service, Err(VerifyError::Malformed { .. })));
}

#[test]
fn session_token_belongs_to_its_key() {
    let mut expiring = key();
    expiring.session_token = Some("token+/=".into());
    for sent in [
        Sent::presigned_by(&expiring, "k"),
        Sent::signed_by(&expiring, &[], &[]),
    ] {
        assert!(matches!(
            sent.verified(&RULES, &expiring),
            Ok(Verified::Signed(_))
        ));
        assert_eq!(sent.result(), Err(VerifyError::Token));
    }
    let without = Sent::signed(&[]);
    assert_eq!(without.verified(&RULES, &expiring), Err(VerifyError::Token));
}

#[test]
fn headers_that_matter_must_be_signed() {
    for sent in [Sent::presigned("k"), Sent::signed(&[])] {
        let sent = sent.with(|sent| sent.add("x-amz-acl", "public-read"));
        let name = "x-amz-acl".to_owned();
        assert_eq!(sent.result(), Err(VerifyError::UnsignedHeader { name }));
    }
    let absent = Sent::signed_by(&key(), &[], &[("content-md5", "x")]);
    let absent = absent.with(|sent| sent.headers.retain(|(name, _)| name != "content-md5"));
    assert!(matches!(
        absent.result(),
        Err(VerifyError::Malformed { .. })
    ));
}

#[test]
fn old_and_double_signatures_are_refused() {
    let old = Sent::presigned("k").with(|sent| {
        "AWSAccessKeyId=AKID&Signature=x&Expires=1".clone_into(&mut sent.query);
    });
    assert_eq!(old.result(), Err(VerifyError::VersionTwo));
    let old = Sent::signed(&[]).with(|sent| "AWS AKID:x".clone_into(sent.header("authorization")));
    assert_eq!(old.result(), Err(VerifyError::VersionTwo));
    let both = Sent::signed(&[]).with(|sent| sent.query = Sent::presigned("k").query);
    assert_eq!(both.result(), Err(VerifyError::TwoForms));
    let twice = Sent::signed(&[]).with(|sent| sent.add("authorization", "x"));
    assert_eq!(twice.result(), Err(VerifyError::TwoForms));
}

#[test]
fn damaged_signatures_are_refused() {
    for (from, to) in [
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
        ("X-Amz-Date=", "X-Amz-Dato="),
        ("&X-Amz-Expires=60", ""),
        ("aws4_request", "aws3_request"),
        ("%2Fs3%2F", "%2F"),
        ("%2Fs3%2F", "%2F%2F"),
        ("X-Amz-Date=2024", "X-Amz-Date=x024"),
        ("X-Amz-Date=20241128", "X-Amz-Date=20241127"),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=60"),
        ("%2Fs3%2F", "%2Fs3%2"),
        ("SignedHeaders=host", "SignedHeaders=host%3Bx"),
    ] {
        let damaged = Sent::presigned("k").with(|sent| sent.query = sent.query.replace(from, to));
        let result = damaged.result();
        assert!(
            matches!(result, Err(VerifyError::Malformed { .. })),
            "{to}: {result:?}"
        );
    }
    for (from, to) in [
        ("AWS4-HMAC-SHA256 ", "Bearer "),
        (", Signature=", ", Sign="),
        (", SignedHeaders=", " SignedHeaders="),
    ] {
        let damaged = Sent::signed(&[]).with(|sent| {
            let header = sent.header("authorization");
            *header = header.replace(from, to);
        });
        assert!(
            matches!(damaged.result(), Err(VerifyError::Malformed { .. })),
            "{to}"
        );
    }
    let long = Sent::presigned("k").with(|sent| sent.query.push_str(&"&x".repeat(20_000)));
    assert!(matches!(long.result(), Err(VerifyError::Malformed { .. })));
}

proptest! {
    #[test]
    fn every_object_has_a_url_that_is_accepted(object in "\\PC{1,40}") {
        prop_assert_eq!(Sent::presigned(&object).result(), good(Form::Query));
    }

    #[test]
    fn nothing_that_comes_makes_it_panic(
        path in "\\PC{0,40}",
        query in "(X-Amz-(Date|Signature|Credential|Algorithm)=[ -~]{0,30}&?){0,4}",
        header in "(AWS4-HMAC-SHA256 )?\\PC{0,60}",
    ) {
        let sent = Sent::presigned("k").with(|sent| {
            sent.path = path;
            sent.query = query;
        });
        prop_assert!(!matches!(sent.result(), Ok(Verified::Signed(_))));
        let sent = Sent::signed(&[]).with(|sent| *sent.header("authorization") = header);
        prop_assert!(sent.result().is_err());
    }
}
