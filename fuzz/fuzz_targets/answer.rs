//! The result block of an algorithm: any bytes decode to a solution or an error, within the bound on their size.
//!
//! The decoder is compiled from its source, so that no engine has to be built with it.
#![no_main]

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use libfuzzer_sys::fuzz_target;
use tig_protocol::Solution;

#[path = "../../worker/src/answer.rs"]
#[expect(dead_code, reason = "the fields of errors are for their texts")]
mod answer;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some(solution)) = answer::decode(bytes) {
        assert!(!solution.is_empty());
    }
    // Hardly any input is a zlib stream, so every input is the content of one too.
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writing to memory");
    let stream = encoder.finish().expect("writing to memory");
    let expected = serde_json::from_slice::<Solution>(bytes).ok();
    let expected = expected.filter(|solution| !solution.is_empty());
    assert_eq!(answer::decode(&stream).ok().flatten(), expected);
    if let Some((_, truncated)) = stream.split_last() {
        let cut = &stream[..truncated.len()];
        assert!(
            answer::decode(cut).is_err(),
            "a stream without its checksum"
        );
    }
});
