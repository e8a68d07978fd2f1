//! Zip archives for inline volumes.

use std::io::{Cursor, Write};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An archive with one file, of the same time whenever it is made.
pub fn zip_file(name: &str, contents: &[u8]) -> Vec<u8> {
    write(name, contents).expect("memory takes all that is written to it")
}

fn write(name: &str, contents: &[u8]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // Hashes and tokens do not get much smaller.
    let stored = SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Stored);
    archive.start_file(name, stored)?;
    archive.write_all(contents)?;
    Ok(archive.finish()?.into_inner())
}
