//! The three versions of a request.

use horde_proto::facilitator::JobRequest;
use horde_proto::{Volume, volume};

use super::fixture::{Bench, MINER, order, requests};
use crate::facilitator::{JobOrder, JobVersion, user_keypair};

#[test]
fn v2_request_is_signed_by_the_user_of_the_seed() {
    let mut bench = Bench::new(&[]);
    let id = bench.admit(1);
    let (_, effects) = bench.submit(JobVersion::V2);
    let JobRequest::V2(request) = &requests(&effects, id)[0] else {
        panic!("another version");
    };
    assert_eq!(request.verify().unwrap(), user_keypair(0).public());
    let timestamp_ns = request.signature.as_ref().unwrap().timestamp_ns;
    assert_eq!(i64::try_from(timestamp_ns).unwrap(), bench.now_us * 1_000);
}

#[test]
fn named_miner_is_that_of_the_order_or_the_config() {
    let mut bench = Bench::new(&[]);
    let id = bench.admit(1);
    for version in [JobVersion::V0, JobVersion::V1] {
        let (_, effects) = bench.submit(version);
        let request = requests(&effects, id).remove(0);
        let job = horde_proto::facilitator::OrganicJob::from(request);
        assert_eq!(job.miner_hotkey.as_deref(), Some(MINER));
    }
    let named = JobOrder {
        miner_hotkey: Some("other".to_owned()),
        ..order(JobVersion::V0)
    };
    let (uuid, _) = bench.core.submit(&named, bench.now_us).unwrap();
    assert_eq!(bench.job(&uuid).miner_hotkey.as_deref(), Some("other"));
}

#[test]
fn volumes_are_in_a_multi_volume() {
    let mut bench = Bench::new(&[]);
    let id = bench.admit(1);
    let file = volume::SingleFileVolume {
        url: "http://s3/b".into(),
        relative_path: "b".to_owned(),
    };
    let order = JobOrder {
        input_url: "http://s3/a.zip".into(),
        volumes: vec![file.into()],
        ..order(JobVersion::V1)
    };
    let (_, effects) = bench.core.submit(&order, bench.now_us).unwrap();
    let JobRequest::V1(request) = requests(&effects, id).remove(0) else {
        panic!("another version");
    };
    let Some(Volume::Multi(multi)) = request.volume else {
        panic!("another volume");
    };
    assert_eq!(multi.volumes.len(), 2);
}
