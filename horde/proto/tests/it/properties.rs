//! Messages of any content survive the wire, and texts of any kind do not break the readers.

use horde_proto::facilitator::{
    JobRequest, JobSignature, V0JobRequest, V1JobRequest, V2JobRequest,
};
use horde_proto::miner::{
    DockerRunOptionsPreset, ExecutorClassManifest, ExecutorManifest, ExecutorManifestRequest,
    InitialJobRequest, JobFailedRequest, MachineSpecsRequest, ManifestClass,
};
use horde_proto::receipt::{
    JobAcceptedReceiptPayload, JobFinishedReceiptPayload, JobStartedReceiptPayload, Receipt,
    ReceiptPayload, csv, jsonl,
};
use horde_proto::upload::{
    MultiUpload, SingleFilePostUpload, SingleFilePutUpload, SingleFileUpload, ZipAndHttpPostUpload,
    ZipAndHttpPutUpload, ZipUpload,
};
use horde_proto::volume::{
    HuggingfaceVolume, InlineVolume, MultiVolume, SingleFileVolume, SingleVolume, ZipUrlVolume,
};
use horde_proto::{
    ExecutorClass, MachineSpecs, OutputUpload, TextMap, Timestamp, Url, Volume, VolumeType,
    facilitator, miner,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::vectors::{KINDS, examples};

/// Any text, control characters included.
fn text() -> impl Strategy<Value = String> {
    let any_text = vec(any::<char>(), 0..8).prop_map(String::from_iter);
    prop_oneof![any_text, "[a-z\\x00-\\x1f\"\\\\,\r\n]{0,8}"]
}

fn given_text() -> impl Strategy<Value = String> {
    text().prop_map(|text| text + "x")
}

fn url() -> impl Strategy<Value = Url> {
    text().prop_map(Url::from)
}

fn map() -> impl Strategy<Value = TextMap> {
    vec((text(), text()), 0..3).prop_map(TextMap::from_iter)
}

fn class() -> impl Strategy<Value = ExecutorClass> {
    select(ExecutorClass::ALL)
}

fn time() -> impl Strategy<Value = Timestamp> {
    let first = -62_135_596_800_000_000_i64;
    let last = 253_402_300_799_999_999_i64;
    let whole = (first / 1_000_000..=last / 1_000_000).prop_map(|seconds| seconds * 1_000_000);
    let utc = prop_oneof![whole, first..=last]
        .prop_map(|micros| Timestamp::from_unix_micros(micros).unwrap());
    let offset = "([+-](0[0-9]|1[0-9]|2[0-3]):[0-5][0-9])?".prop_map(|offset| {
        let text = format!("2024-11-28T15:03:12.000001{offset}");
        text.parse().unwrap()
    });
    prop_oneof![utc, offset]
}

fn single_volume() -> impl Strategy<Value = SingleVolume> {
    let path = || option::of(text());
    prop_oneof![
        (text(), path()).prop_map(|(contents, relative_path)| {
            SingleVolume::from(InlineVolume {
                contents,
                relative_path,
            })
        }),
        (url(), path()).prop_map(|(contents, relative_path)| {
            SingleVolume::from(ZipUrlVolume {
                contents,
                relative_path,
            })
        }),
        (url(), text()).prop_map(|(url, relative_path)| {
            SingleVolume::from(SingleFileVolume { url, relative_path })
        }),
        (text(), path(), path()).prop_map(|(repo_id, revision, relative_path)| {
            SingleVolume::from(HuggingfaceVolume {
                repo_id,
                revision,
                relative_path,
            })
        }),
    ]
}

fn volume() -> impl Strategy<Value = Volume> {
    let multi =
        vec(single_volume(), 0..3).prop_map(|volumes| Volume::Multi(MultiVolume { volumes }));
    prop_oneof![single_volume().prop_map(Volume::Single), multi]
}

fn post() -> impl Strategy<Value = SingleFilePostUpload> {
    (url(), option::of(map()), text(), option::of(map())).prop_map(
        |(url, form_fields, relative_path, signed_headers)| SingleFilePostUpload {
            url,
            form_fields,
            relative_path,
            signed_headers,
        },
    )
}

fn put() -> impl Strategy<Value = SingleFilePutUpload> {
    (url(), text(), option::of(map())).prop_map(|(url, relative_path, signed_headers)| {
        SingleFilePutUpload {
            url,
            relative_path,
            signed_headers,
        }
    })
}

fn zip_post() -> impl Strategy<Value = ZipAndHttpPostUpload> {
    (url(), option::of(map()))
        .prop_map(|(url, form_fields)| ZipAndHttpPostUpload { url, form_fields })
}

fn zip_put() -> impl Strategy<Value = ZipAndHttpPutUpload> {
    url().prop_map(|url| ZipAndHttpPutUpload { url })
}

fn output_upload() -> impl Strategy<Value = OutputUpload> {
    let single = prop_oneof![
        post().prop_map(SingleFileUpload::from),
        put().prop_map(SingleFileUpload::from)
    ];
    let zip = prop_oneof![
        zip_post().prop_map(ZipUpload::Post),
        zip_put().prop_map(ZipUpload::Put)
    ];
    let multi = (vec(single, 0..3), option::of(zip)).prop_map(|(uploads, system_output)| {
        OutputUpload::from(MultiUpload {
            uploads,
            system_output,
        })
    });
    prop_oneof![
        multi,
        post().prop_map(OutputUpload::from),
        put().prop_map(OutputUpload::from),
        zip_post().prop_map(OutputUpload::from),
        zip_put().prop_map(OutputUpload::from),
    ]
}

fn started() -> impl Strategy<Value = JobStartedReceiptPayload> {
    let parties = (text(), text(), text());
    let numbers = (any::<i64>(), any::<bool>(), any::<i64>());
    (parties, time(), class(), numbers).prop_map(
        |(
            (job_uuid, miner_hotkey, validator_hotkey),
            timestamp,
            executor_class,
            (max_timeout, is_organic, ttl),
        )| {
            JobStartedReceiptPayload {
                job_uuid,
                miner_hotkey,
                validator_hotkey,
                timestamp,
                executor_class,
                max_timeout,
                is_organic,
                ttl,
            }
        },
    )
}

fn payload() -> impl Strategy<Value = ReceiptPayload> {
    let rest = (time(), any::<i64>(), text());
    (started(), 0..3, rest).prop_map(|(started, kind, (time, number, score_str))| match kind {
        0 => ReceiptPayload::JobStarted(started),
        1 => ReceiptPayload::JobAccepted(JobAcceptedReceiptPayload {
            job_uuid: started.job_uuid,
            miner_hotkey: started.miner_hotkey,
            validator_hotkey: started.validator_hotkey,
            timestamp: started.timestamp,
            time_accepted: time,
            ttl: number,
        }),
        _ => ReceiptPayload::JobFinished(JobFinishedReceiptPayload {
            job_uuid: started.job_uuid,
            miner_hotkey: started.miner_hotkey,
            validator_hotkey: started.validator_hotkey,
            timestamp: started.timestamp,
            time_started: time,
            time_took_us: number,
            score_str,
        }),
    })
}

fn receipts() -> impl Strategy<Value = Vec<Receipt>> {
    let receipt =
        (payload(), text(), text()).prop_map(|(payload, validator_signature, miner_signature)| {
            Receipt {
                payload,
                validator_signature,
                miner_signature,
            }
        });
    vec(receipt, 0..4)
}

fn to_miner() -> impl Strategy<Value = miner::ToMiner> {
    let job = (
        text(),
        option::of(class()),
        option::of(given_text()),
        given_text(),
        vec(text(), 0..3),
    );
    let places = (
        option::of(volume()),
        option::of(output_upload()),
        any::<bool>(),
    );
    let reservation = (
        option::of(any::<i64>()),
        option::of(select(VolumeType::ALL)),
        started(),
    );
    (job, places, reservation, 0..4).prop_map(|(job, places, reservation, kind)| {
        let (job_uuid, executor_class, docker_image_name, script, docker_run_cmd) = job;
        let (volume, output_upload, uses_gpu) = places;
        let (timeout_seconds, volume_type, payload) = reservation;
        match kind {
            0 => miner::ToMiner::InitialJob(Box::new(InitialJobRequest {
                job_uuid,
                executor_class,
                base_docker_image_name: docker_image_name,
                timeout_seconds,
                volume_type: volume_type.filter(|_| volume.is_none()),
                volume,
                job_started_receipt_payload: payload,
                job_started_receipt_signature: script,
            })),
            1 => miner::ToMiner::GenericError(miner::GenericError {
                details: docker_image_name,
            }),
            _ => miner::ToMiner::Job(Box::new(miner::JobRequest {
                job_uuid,
                executor_class,
                docker_image_name,
                raw_script: Some(script),
                docker_run_options_preset: DockerRunOptionsPreset::from(uses_gpu),
                docker_run_cmd,
                volume,
                output_upload,
            })),
        }
    })
}

fn from_miner() -> impl Strategy<Value = miner::ToValidator> {
    let manifest = vec(
        (
            prop_oneof![
                class().prop_map(ManifestClass::Named),
                any::<i64>().prop_map(ManifestClass::Numbered)
            ],
            any::<i64>(),
        ),
        0..4,
    );
    (text(), text(), option::of(any::<i64>()), manifest, 0..3).prop_map(
        |(job_uuid, output, status, manifest, kind)| match kind {
            0 => miner::ToValidator::from(JobFailedRequest {
                job_uuid,
                docker_process_exit_status: status,
                docker_process_stderr: output.clone(),
                docker_process_stdout: output,
            }),
            1 => miner::ToValidator::from(MachineSpecsRequest {
                job_uuid,
                specs: MachineSpecs {
                    specs: [(output, serde_json::json!(status))].into_iter().collect(),
                },
            }),
            _ => {
                let classes = manifest.into_iter();
                let executor_classes = classes
                    .map(|(executor_class, count)| ExecutorClassManifest {
                        executor_class,
                        count,
                    })
                    .collect();
                miner::ToValidator::from(ExecutorManifestRequest {
                    manifest: ExecutorManifest { executor_classes },
                })
            }
        },
    )
}

fn job_request() -> impl Strategy<Value = JobRequest> {
    let v1 = (
        (text(), text(), class(), text(), given_text()),
        (vec(text(), 0..3), map(), any::<bool>()),
        (option::of(volume()), option::of(output_upload())),
    );
    let signature = (text(), text(), any::<u64>(), text());
    (v1, option::of(signature), 0..3).prop_map(|(v1, signature, kind)| {
        let (
            (uuid, miner_hotkey, executor_class, docker_image, raw_script),
            (args, env, use_gpu),
            (volume, output_upload),
        ) = v1;
        match kind {
            0 => JobRequest::from(V0JobRequest {
                uuid: uuid.clone(),
                miner_hotkey: miner_hotkey.clone(),
                executor_class,
                docker_image,
                raw_script,
                args,
                env,
                use_gpu,
                input_url: uuid.into(),
                output_url: miner_hotkey.into(),
            }),
            1 => JobRequest::from(V1JobRequest {
                uuid,
                miner_hotkey,
                executor_class,
                docker_image,
                raw_script,
                args,
                env,
                use_gpu,
                volume,
                output_upload,
            }),
            _ => JobRequest::from(V2JobRequest {
                signature: signature.map(|(signature_type, signatory, timestamp_ns, signature)| {
                    JobSignature {
                        signature_type,
                        signatory,
                        timestamp_ns,
                        signature,
                    }
                }),
                uuid,
                executor_class,
                docker_image,
                raw_script,
                args,
                env,
                use_gpu,
                volume,
                output_upload,
            }),
        }
    })
}

/// Everything that reads what comes from outside.
fn read_by_all(text: &str) {
    let _ = miner::ToMiner::parse(text);
    let _ = miner::ToValidator::parse(text);
    let _ = facilitator::ToFacilitator::parse(text);
    let _ = facilitator::ToValidator::parse(text);
    let _ = facilitator::ToValidator::parse_tolerant(text);
    let _ = text.parse::<Timestamp>();
    let _ = text.parse::<ExecutorClass>();
    read_files(text.as_bytes());
}

fn read_files(bytes: &[u8]) {
    let page = jsonl::read_page(bytes);
    assert!(page.complete_bytes <= bytes.len());
    if let Ok(rows) = csv::read_rows(bytes) {
        // Each row takes at least one byte.
        assert!(rows.count() <= bytes.len());
    }
}

/// Frames of every kind.
fn frame() -> impl Strategy<Value = String> {
    let all = KINDS.iter().flat_map(|(kind, _)| examples(kind));
    let all: Vec<String> = all.map(|example| example.to_string()).collect();
    select(all)
}

/// Characters that mean something to a reader of JSON.
const PIECES: &[&str] = &[
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "\\udc00", "null", "-", "1e999",
    "0.5", "\u{0}", "\u{e9}", "\r\n",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,64}") {
        read_by_all(&text);
    }

    #[test]
    fn any_bytes_of_a_file_are_read_or_refused(bytes in vec(any::<u8>(), 0..64)) {
        read_files(&bytes);
        read_files(&[b"type,validator_signature,miner_signature\n", &bytes[..]].concat());
    }

    #[test]
    fn damaged_frames_are_read_or_refused(
        frame in frame(),
        begin in any::<prop::sample::Index>(),
        length in 0..8_usize,
        piece in select(PIECES),
    ) {
        let boundaries: Vec<usize> = frame.char_indices().map(|(at, _)| at).collect();
        let first = begin.index(boundaries.len());
        let last = (first + length).min(boundaries.len() - 1);
        let (head, tail) = (&frame[..boundaries[first]], &frame[boundaries[last]..]);
        read_by_all(&format!("{head}{piece}{tail}"));
        read_by_all(head);
    }

    #[test]
    fn messages_to_miners_survive_the_wire(message in to_miner()) {
        prop_assert_eq!(miner::ToMiner::parse(&message.to_text()).unwrap(), message);
    }

    #[test]
    fn messages_of_miners_survive_the_wire(message in from_miner()) {
        prop_assert_eq!(miner::ToValidator::parse(&message.to_text()).unwrap(), message);
    }

    #[test]
    fn job_requests_survive_the_wire(request in job_request()) {
        let message = facilitator::ToValidator::JobRequest(Box::new(request));
        let frame = message.to_text();
        prop_assert_eq!(&facilitator::ToValidator::parse(&frame).unwrap(), &message);
        let tolerated = facilitator::ToValidator::parse_tolerant(&frame).unwrap();
        prop_assert_eq!(tolerated.message, message);
        prop_assert!(tolerated.dropped.is_empty());
    }

    #[test]
    fn receipts_survive_both_files(receipts in receipts()) {
        let lines = jsonl::write_lines(&receipts);
        let page = jsonl::read_page(lines.as_bytes());
        let read: Vec<Receipt> = page.rows.into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(&read, &receipts);
        let mut table = Vec::new();
        csv::write_rows(&mut table, &receipts).unwrap();
        let rows = csv::read_rows(&table).unwrap();
        let read: Vec<Receipt> = rows.map(Result::unwrap).collect();
        prop_assert_eq!(&read, &receipts);
    }

    #[test]
    fn times_survive_their_texts(time in time()) {
        let text = time.to_string();
        prop_assert_eq!(text.parse::<Timestamp>().unwrap(), time);
    }
}
