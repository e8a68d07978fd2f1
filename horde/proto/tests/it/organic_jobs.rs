//! The content that all versions of a job request share.

use horde_proto::facilitator::{JobRequest, OrganicJob, ToValidator};
use horde_proto::upload::ZipAndHttpPutUpload;
use horde_proto::volume::ZipUrlVolume;
use horde_proto::{OutputUpload, Volume, VolumeType};

use crate::vectors::examples;

fn jobs(kind: &str) -> Vec<OrganicJob> {
    let frames = examples(kind).into_iter();
    let requests = frames.map(|frame| match ToValidator::parse(&frame.to_string()) {
        Ok(ToValidator::JobRequest(request)) => *request,
        other => panic!("{other:?}"),
    });
    requests
        .map(|request: JobRequest| {
            let uuid = request.uuid().to_owned();
            let job = OrganicJob::from(request);
            assert_eq!(job.uuid, uuid);
            job
        })
        .collect()
}

#[test]
fn urls_become_a_volume_and_an_upload() {
    let jobs = jobs("fv.V0JobRequest");
    assert_eq!((&jobs[0].volume, &jobs[0].output_upload), (&None, &None));
    let volume = ZipUrlVolume {
        contents: "http://127.0.0.1:9000/in.zip".into(),
        relative_path: None,
    };
    assert_eq!(jobs[1].volume, Some(Volume::from(volume)));
    let upload = ZipAndHttpPutUpload {
        url: "http://127.0.0.1:9000/out.zip".into(),
    };
    assert_eq!(jobs[1].output_upload, Some(OutputUpload::from(upload)));
    assert_eq!(jobs[2].raw_script, "print('hi')");
    assert!(jobs[2].use_gpu);
}

#[test]
fn volumes_and_uploads_stay_as_they_are() {
    for kind in ["fv.V1JobRequest", "fv.V2JobRequest"] {
        let jobs = jobs(kind);
        let kinds = jobs
            .iter()
            .map(|job| job.volume.as_ref().map(Volume::volume_type));
        assert_eq!(
            Vec::from_iter(kinds),
            [None, Some(VolumeType::Multi), Some(VolumeType::Inline)]
        );
        let parts = |job: &OrganicJob| job.volume.as_ref().map_or(0, |it| it.parts().len());
        assert_eq!(jobs.iter().map(parts).collect::<Vec<_>>(), [0, 4, 1]);
        let uploads = jobs
            .iter()
            .map(|job| job.output_upload.as_ref().map(OutputUpload::tag));
        assert_eq!(
            Vec::from_iter(uploads),
            [None, Some("multi_upload"), Some("zip_and_http_post")]
        );
    }
}

#[test]
fn only_the_latest_version_leaves_the_miner_open() {
    let miners =
        |kind| Vec::from_iter(jobs(kind).into_iter().map(|job| job.miner_hotkey.is_some()));
    assert_eq!(miners("fv.V0JobRequest"), [true; 3]);
    assert_eq!(miners("fv.V1JobRequest"), [true; 3]);
    assert_eq!(miners("fv.V2JobRequest"), [false; 3]);
}
