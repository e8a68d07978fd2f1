//! What holds whatever comes.

use std::collections::BTreeMap;

use axum::body::Bytes;
use horde_s3::{Endpoint, Method, presign};
use proptest::prelude::*;

use super::{S3Core, S3Reply, S3Request};
use crate::s3::config::{S3Account, S3Config, s3_credentials};
use crate::s3::fault::S3Faults;

const NOW_US: i64 = 1_732_806_192_000_000;

fn core() -> S3Core {
    S3Core::new(&S3Config {
        buckets: vec!["prompts".parse().unwrap()],
        ..S3Config::default()
    })
}

fn sent(core: &mut S3Core, method: &str, path_and_query: &str, body: &Bytes) -> S3Reply {
    let (path, query) = path_and_query
        .split_once('?')
        .unwrap_or((path_and_query, ""));
    let request = S3Request {
        method,
        path,
        query,
        headers: &[("host", "127.0.0.1")],
        body,
    };
    core.answer(&request, NOW_US)
}

fn presigned(core: &mut S3Core, method: Method, key: &str, body: &Bytes) -> S3Reply {
    let endpoint = Endpoint::parse(Some("http://127.0.0.1"), None, "prompts").unwrap();
    let own = s3_credentials(0, S3Account::Validator);
    let url = presign(method, &endpoint, key, &own, NOW_US / 1_000_000, 60);
    let path = url.strip_prefix("http://127.0.0.1").unwrap();
    sent(core, method.as_str(), path, body)
}

proptest! {
    /// A bucket is a map, whatever is written, deleted and planted; its size is that of what it holds.
    #[test]
    fn bucket_is_a_map(steps in prop::collection::vec((0..3u8, "[a-c]{1,2}", 0..9usize), 1..60)) {
        let (mut core, mut model) = (core(), BTreeMap::new());
        for (step, key, length) in steps {
            let body = Bytes::from(vec![b'x'; length]);
            match step {
                0 => {
                    prop_assert_eq!(presigned(&mut core, Method::Put, &key, &body).status, 200);
                    model.insert(key, body);
                }
                1 => {
                    let reply = presigned(&mut core, Method::Delete, &key, &Bytes::new());
                    prop_assert_eq!(reply.status, 204);
                    model.remove(&key);
                }
                _ => {
                    prop_assert!(core.plant("prompts", &key, body.clone(), NOW_US));
                    model.insert(key, body);
                }
            }
        }
        for (key, body) in &model {
            let reply = presigned(&mut core, Method::Get, key, &Bytes::new());
            prop_assert_eq!((reply.status, &reply.body), (200, body));
        }
        let bucket = &core.buckets["prompts"];
        let bytes = model.values().map(Bytes::len).sum();
        prop_assert_eq!(bucket.size(), (bytes, model.len()));
    }

    /// No anonymous request changes anything, and none brings the service down.
    #[test]
    fn anonymous_requests_change_nothing(
        method in "GET|PUT|HEAD|DELETE|POST|PATCH",
        path in "/(prompts|foreign|\\PC{0,8})?(/(k|[ -~]{0,8}))?",
        query in "((policy|lifecycle|publicAccessBlock|location|list-type|max-keys|prefix|[a-zA-Z%-]{0,9})(=[ -~]{0,9})?&?){0,3}",
        body in "\\PC{0,40}",
        faults in prop::sample::subsequence(vec!["eventual:5", "slow:1", "hides-missing", "policy-removed", "clock-off:-9"], 0..5),
    ) {
        let mut core = core();
        core.plant("prompts", "k", Bytes::from_static(b"line"), NOW_US);
        core.set_faults(S3Faults::parse(&faults).unwrap());
        let mut before = core.report(NOW_US);
        sent(&mut core, &method, &format!("{path}?{query}"), &Bytes::from(body));
        let mut after = core.report(NOW_US);
        for report in [&mut before, &mut after] {
            report.request_count = 0;
            for object in report.buckets.iter_mut().flat_map(|bucket| &mut bucket.objects) {
                object.read_count = 0;
            }
        }
        prop_assert_eq!(before, after);
    }
}
