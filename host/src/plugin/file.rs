//! What can be said of a plugin file from its bytes alone.

use std::{ops::Range, path::Path};

use object::{
    Endianness,
    elf::{EM_AARCH64, EM_X86_64, ET_DYN, FileHeader64},
    read::elf::{FileHeader, ProgramHeader, SectionHeader},
};
use tig_plugin_api::{
    Manifest,
    abi::{API_VERSION, MANIFEST_SECTION},
};

use super::{
    PluginError,
    seal::{self, Seal},
};

/// A longer file is refused.
const FILE_BYTES_MAX: u64 = 512 << 20;

/// Reads a whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, PluginError> {
    let failed = |source| PluginError::File {
        what: "read",
        path: path.to_owned(),
        source,
    };
    let length = match std::fs::metadata(path) {
        // Reading a pipe would wait for its writer.
        Ok(metadata) if !metadata.is_file() => {
            return Err(PluginError::NoPlugin {
                path: path.to_owned(),
                reason: "it is a folder, or another thing that is not a file".to_owned(),
            });
        }
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(PluginError::Missing {
                path: path.to_owned(),
                suggestion: String::new(),
            });
        }
        Err(error) => return Err(failed(error)),
    };
    if length > FILE_BYTES_MAX {
        let reason = format!("{length} bytes are more than the limit of {FILE_BYTES_MAX}");
        return Err(PluginError::NoPlugin {
            path: path.to_owned(),
            reason,
        });
    }
    std::fs::read(path).map_err(failed)
}

/// Checks that `bytes` are a whole plugin file that this host can run, and reads its manifest.
///
/// A linker writes the section headers last, so a file that was cut short is found out here: mapping it could kill the
/// process.
///
/// # Errors
///
/// See [`PluginError`].
pub(crate) fn inspect(path: &Path, bytes: &[u8]) -> Result<Manifest, PluginError> {
    let (manifest, slot) = manifest(path, bytes)?;
    let (path, version) = (path.to_owned(), manifest.version.clone());
    if slot.map(|slot| seal::check(bytes, slot)) == Some(Seal::Broken) {
        return Err(PluginError::Broken { path, version });
    }
    if manifest.api_version != API_VERSION {
        return Err(PluginError::ApiVersion {
            path,
            version,
            plugin: manifest.api_version,
            host: API_VERSION,
        });
    }
    if manifest.panic != "unwind" {
        return Err(PluginError::PanicAbort { path, version });
    }
    Ok(manifest)
}

/// Writes the digest of the plugin file at `path` into its `bytes`.
pub(super) fn seal(path: &Path, bytes: &mut [u8]) -> Result<(), PluginError> {
    let (_, slot) = manifest(path, bytes)?;
    let no_slot = || PluginError::NoSlot {
        path: path.to_owned(),
    };
    seal::write(bytes, slot.ok_or_else(no_slot)?);
    Ok(())
}

/// The manifest, and where its digest's digits are.
fn manifest(path: &Path, bytes: &[u8]) -> Result<(Manifest, Option<Range<usize>>), PluginError> {
    elf_manifest(bytes).map_err(|reason| PluginError::NoPlugin {
        path: path.to_owned(),
        reason,
    })
}

fn elf_manifest(bytes: &[u8]) -> Result<(Manifest, Option<Range<usize>>), String> {
    let header = FileHeader64::<Endianness>::parse(bytes)
        .map_err(|_| "it is not a 64-bit ELF file".to_owned())?;
    let endian = header.endian().map_err(|error| error.to_string())?;
    if header.e_type(endian) != ET_DYN {
        return Err("it is an ELF file, but not a shared library".to_owned());
    }
    let machine = header.e_machine(endian);
    if machine != own_machine() {
        return Err(format!(
            "it was built for another processor (ELF machine {machine})"
        ));
    }
    check_segments(header, endian, bytes)?;
    let sections = header
        .sections(endian, bytes)
        .map_err(|error| cut_short(bytes, &error))?;
    for section in sections.iter() {
        section
            .data(endian, bytes)
            .map_err(|error| cut_short(bytes, &error))?;
    }
    let (_, section) = sections
        .section_by_name(endian, MANIFEST_SECTION.as_bytes())
        .ok_or("it has no manifest")?;
    let text = section
        .data(endian, bytes)
        .map_err(|error| error.to_string())?;
    let manifest: Manifest = serde_json::from_slice(text)
        .map_err(|error| format!("its manifest is damaged: {error}"))?;
    // The name becomes part of a file name.
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if manifest.name.is_empty() || !manifest.name.chars().all(legal) {
        return Err(format!(
            "its manifest has a name that is none: {:?}",
            manifest.name
        ));
    }
    // Its data was read above, so its range is one of this file.
    let (start, length) = section.file_range(endian).unwrap_or_default();
    let slot = usize::try_from(start)
        .ok()
        .zip(usize::try_from(length).ok())
        .and_then(|(start, length)| seal::slot(bytes, start..start + length));
    Ok((manifest, slot))
}

fn check_segments(
    header: &FileHeader64<Endianness>,
    endian: Endianness,
    bytes: &[u8],
) -> Result<(), String> {
    let segments = header
        .program_headers(endian, bytes)
        .map_err(|error| cut_short(bytes, &error))?;
    for segment in segments {
        segment.data(endian, bytes).map_err(|()| {
            let end = segment
                .p_offset(endian)
                .saturating_add(segment.p_filesz(endian));
            format!(
                "it is cut short: a segment ends at byte {end} of {}",
                bytes.len()
            )
        })?;
    }
    Ok(())
}

fn cut_short(bytes: &[u8], error: &dyn std::error::Error) -> String {
    format!(
        "it is damaged or cut short at {} bytes ({error})",
        bytes.len()
    )
}

const fn own_machine() -> u16 {
    if cfg!(target_arch = "aarch64") {
        EM_AARCH64
    } else {
        EM_X86_64
    }
}
