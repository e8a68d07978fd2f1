//! The frame of a status, never longer than the facilitator takes.

use horde_proto::facilitator::{
    FACILITATOR_FRAME_BYTES_MAX, JobStatus, JobStatusMetadata, JobStatusUpdate, ToFacilitator,
};

/// Bytes that are left of each text of metadata that are too long, tried one after the other. An escape has six bytes for one, so
/// the five texts fit in any case at the last length.
const TEXT_BYTES: [usize; 4] = [256 << 10, 128 << 10, 64 << 10, 32 << 10];

/// The frame that reports a status.
pub(crate) fn status_frame(uuid: &str, status: JobStatus, metadata: JobStatusMetadata) -> String {
    ToFacilitator::JobStatusUpdate(JobStatusUpdate {
        uuid: uuid.to_owned(),
        status,
        metadata: Some(metadata),
    })
    .to_text()
}

/// The metadata, with texts cut if the frame would be too long. Returns whether they were.
pub(crate) fn fit(
    uuid: &str,
    status: JobStatus,
    mut metadata: JobStatusMetadata,
) -> (JobStatusMetadata, bool) {
    let is_long = |metadata: &JobStatusMetadata| {
        status_frame(uuid, status, metadata.clone()).len() > FACILITATOR_FRAME_BYTES_MAX
    };
    if !is_long(&metadata) {
        return (metadata, false);
    }
    // Nobody has asked for these, and nothing bounds them.
    metadata.extra.clear();
    if let Some(response) = &mut metadata.miner_response {
        response.extra.clear();
    }
    for bytes in TEXT_BYTES {
        cut_texts(&mut metadata, bytes);
        if !is_long(&metadata) {
            break;
        }
    }
    (metadata, true)
}

fn cut_texts(metadata: &mut JobStatusMetadata, bytes: usize) {
    let cut = |text: &mut String| text.truncate(text.floor_char_boundary(bytes));
    cut(&mut metadata.comment);
    if let Some(response) = &mut metadata.miner_response {
        cut(&mut response.job_uuid);
        cut(&mut response.docker_process_stdout);
        cut(&mut response.docker_process_stderr);
        if let Some(message_type) = &mut response.message_type {
            cut(message_type);
        }
    }
}

#[cfg(test)]
mod tests {
    use horde_proto::facilitator::MinerResponse;
    use proptest::prelude::*;

    use super::*;

    fn metadata(comment: String, stdout: String, stderr: String) -> JobStatusMetadata {
        JobStatusMetadata {
            comment,
            miner_response: Some(MinerResponse {
                job_uuid: "u".to_owned(),
                message_type: Some("V0JobFinishedRequest".to_owned()),
                docker_process_stderr: stderr,
                docker_process_stdout: stdout,
                extra: serde_json::Map::new(),
            }),
            extra: serde_json::Map::new(),
        }
    }

    #[test]
    fn short_texts_stay_as_they_are() {
        let sent = metadata("\0\u{1b}".to_owned(), "é".to_owned(), String::new());
        let (fitting, is_cut) = fit("u", JobStatus::Completed, sent.clone());
        assert_eq!((fitting, is_cut), (sent, false));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn every_frame_fits(
            units in prop::array::uniform3(prop::sample::select(vec!["\0", "a", "é", "\u{1f600}"])),
            counts in prop::array::uniform3(0_usize..400_000),
        ) {
            let [comment, stdout, stderr] = [0, 1, 2].map(|i| units[i].repeat(counts[i]));
            let (fitting, _) = fit("u", JobStatus::Failed, metadata(comment, stdout, stderr));
            let frame = status_frame("u", JobStatus::Failed, fitting);
            prop_assert!(frame.len() <= FACILITATOR_FRAME_BYTES_MAX);
            prop_assert!(ToFacilitator::parse(&frame).is_ok());
        }
    }
}
