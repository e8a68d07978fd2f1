//! Reads and checks a plugin file from its bytes alone.

use std::ops::Range;
use std::path::Path;

use object::Endianness;
use object::elf::{EM_AARCH64, EM_X86_64, ET_DYN, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use tig_plugin_api::Manifest;
use tig_plugin_api::abi::{API_VERSION, MANIFEST_SECTION};

use super::file_fault::PLUGIN_BYTES_MAX;
use super::seal::{self, Seal};
use super::{FileFault, PluginError};

/// Reads a whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, PluginError> {
    let failed = PluginError::file("read", path);
    let length = match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(not_a_plugin(path, FileFault::NotAFile));
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
    if length > PLUGIN_BYTES_MAX {
        return Err(not_a_plugin(path, FileFault::TooLong { bytes: length }));
    }
    std::fs::read(path).map_err(failed)
}

/// Checks that `bytes` are a whole plugin file that this host can run, and reads its manifest.
///
/// A linker writes the section headers last, so a file that was cut short is found here: mapping it could kill the
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

/// The manifest, and the place of its digest's digits.
fn manifest(path: &Path, bytes: &[u8]) -> Result<(Manifest, Option<Range<usize>>), PluginError> {
    elf_manifest(bytes).map_err(|source| not_a_plugin(path, source))
}

fn not_a_plugin(path: &Path, source: FileFault) -> PluginError {
    let path = path.to_owned();
    PluginError::NotAPlugin { path, source }
}

fn elf_manifest(bytes: &[u8]) -> Result<(Manifest, Option<Range<usize>>), FileFault> {
    let damaged = |source| damaged(bytes, source);
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(|_| FileFault::NotElf)?;
    let endian = header.endian().map_err(damaged)?;
    if header.e_type(endian) != ET_DYN {
        return Err(FileFault::NotShared);
    }
    let machine = header.e_machine(endian);
    if machine != own_machine() {
        return Err(FileFault::OtherMachine(machine));
    }
    check_segments(header, endian, bytes)?;
    let sections = header.sections(endian, bytes).map_err(damaged)?;
    for section in sections.iter() {
        section.data(endian, bytes).map_err(damaged)?;
    }
    let (_, section) = sections
        .section_by_name(endian, MANIFEST_SECTION.as_bytes())
        .ok_or(FileFault::NoManifest)?;
    let text = section.data(endian, bytes).map_err(damaged)?;
    let manifest: Manifest = serde_json::from_slice(text)?;
    // The name becomes part of a file name, that of a command part of a path.
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_legal = |name: &str| !name.is_empty() && name.chars().all(legal);
    if !is_legal(&manifest.name) {
        return Err(FileFault::Name(manifest.name));
    }
    let mut commands = manifest.commands.iter();
    if let Some(command) = commands.find(|command| !is_legal(&command.name)) {
        return Err(FileFault::Command(command.name.clone()));
    }
    // The section's data was read above, so its range lies within the file.
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
) -> Result<(), FileFault> {
    let segments = header.program_headers(endian, bytes);
    for segment in segments.map_err(|source| damaged(bytes, source))? {
        segment.data(endian, bytes).map_err(|()| {
            let start = segment.p_offset(endian);
            FileFault::Truncated {
                end: start.saturating_add(segment.p_filesz(endian)),
                bytes: bytes.len(),
            }
        })?;
    }
    Ok(())
}

fn damaged(bytes: &[u8], source: object::read::Error) -> FileFault {
    let bytes = bytes.len();
    FileFault::Damaged { bytes, source }
}

const fn own_machine() -> u16 {
    if cfg!(target_arch = "aarch64") {
        EM_AARCH64
    } else {
        EM_X86_64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER_BYTES: usize = 64;
    const SEGMENT_BYTES: usize = 56;
    const SECTION_BYTES: usize = 64;
    const VALID: &str = r#"{"name":"x","version":"1.0.0","api_version":1,"panic":"unwind","events":[],"routes":[]}"#;

    /// The smallest ELF file that holds a manifest: header, one segment, three sections, their names, the manifest.
    fn elf(manifest: &str) -> Vec<u8> {
        let names = format!("\0.names\0{MANIFEST_SECTION}\0");
        let sections = HEADER_BYTES + SEGMENT_BYTES;
        let names_at = sections + 3 * SECTION_BYTES;
        let manifest_at = names_at + names.len();
        let length = manifest_at + manifest.len();
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(16, 0);
        let mut put = |value: usize, width: usize| {
            file.extend_from_slice(&value.to_le_bytes()[..width]);
        };
        // e_type, e_machine, e_version, e_entry, e_phoff, e_shoff, e_flags, and the sizes and counts of the tables.
        [
            (3, 2),
            (own_machine().into(), 2),
            (1, 4),
            (0, 8),
            (64, 8),
            (sections, 8),
            (0, 4),
        ]
        .into_iter()
        .chain([(64, 2), (56, 2), (1, 2), (64, 2), (3, 2), (1, 2)])
        // p_type, p_flags, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align.
        .chain([
            (1, 4),
            (4, 4),
            (0, 8),
            (0, 8),
            (0, 8),
            (length, 8),
            (length, 8),
            (1, 8),
        ])
        .for_each(|(value, width)| put(value, width));
        for (name, kind, start, size) in [
            (0, 0, 0, 0),
            (1, 3, names_at, names.len()),
            (8, 1, manifest_at, manifest.len()),
        ] {
            // sh_name, sh_type, sh_flags, sh_addr, sh_offset, sh_size, sh_link, sh_info, sh_addralign, sh_entsize.
            [
                (name, 4),
                (kind, 4),
                (0, 8),
                (0, 8),
                (start, 8),
                (size, 8),
                (0, 4),
                (0, 4),
                (1, 8),
                (0, 8),
            ]
            .into_iter()
            .for_each(|(value, width)| put(value, width));
        }
        file.extend_from_slice(names.as_bytes());
        file.extend_from_slice(manifest.as_bytes());
        file
    }

    fn fault(bytes: &[u8]) -> FileFault {
        match inspect(Path::new("x.so"), bytes) {
            Err(PluginError::NotAPlugin { source, .. }) => source,
            other => panic!("expected a fault, got {other:?}"),
        }
    }

    #[test]
    fn smallest_file_with_a_manifest_is_a_plugin() {
        assert_eq!(inspect(Path::new("x.so"), &elf(VALID)).unwrap().name, "x");
    }

    #[test]
    fn damaged_file_is_rejected_with_its_fault() {
        let changed = |place: usize, value: u8| {
            let mut bytes = elf(VALID);
            bytes[place] = value;
            fault(&bytes)
        };
        assert!(matches!(fault(b"not a library"), FileFault::NotElf));
        assert!(matches!(changed(16, 2), FileFault::NotShared));
        assert!(matches!(changed(18, 8), FileFault::OtherMachine(8)));
        assert!(matches!(changed(5, 7), FileFault::NotElf), "byte order");
        let whole = elf(VALID);
        let cut = fault(&whole[..whole.len() - 1]);
        assert!(matches!(cut, FileFault::Truncated { .. }), "{cut}");
        let section_offset = HEADER_BYTES + SEGMENT_BYTES + 2 * SECTION_BYTES + 24;
        assert!(matches!(
            changed(section_offset + 2, 9),
            FileFault::Damaged { .. }
        ));
        let name = HEADER_BYTES + SEGMENT_BYTES + 2 * SECTION_BYTES;
        assert!(matches!(changed(name, 1), FileFault::NoManifest));
    }

    #[test]
    fn unusable_manifest_is_rejected() {
        assert!(matches!(fault(&elf("{")), FileFault::Manifest(_)));
        let named = elf(&VALID.replace(r#""x""#, r#""../x""#));
        assert!(matches!(fault(&named), FileFault::Name(name) if name == "../x"));
        let commands = r#""commands":[{"name":"run"},{"name":"a/b"}],"events""#;
        let named = elf(&VALID.replace(r#""events""#, commands));
        assert!(matches!(fault(&named), FileFault::Command(name) if name == "a/b"));
    }

    /// A whole file whose manifest has the key `name` with another value, and ends with `digest`.
    fn changed(old: &str, new: &str, digest: char) -> Vec<u8> {
        let digest = digest
            .to_string()
            .repeat(tig_plugin_api::abi::DIGEST_DIGITS);
        let manifest = VALID
            .replace(old, new)
            .replace("[]}", &format!(r#"[],"digest":"{digest}"}}"#));
        elf(&manifest)
    }

    #[test]
    fn plugin_that_does_not_fit_the_host_is_rejected() {
        let rejected = |bytes: &[u8]| inspect(Path::new("x.so"), bytes).unwrap_err();
        let error = rejected(&changed("", "", '1'));
        assert!(matches!(error, PluginError::Broken { .. }), "{error}");
        assert!(
            inspect(Path::new("x.so"), &changed("", "", '0')).is_ok(),
            "not sealed"
        );
        let error = rejected(&changed(r#""api_version":1"#, r#""api_version":9"#, '0'));
        assert!(
            matches!(error, PluginError::ApiVersion { plugin: 9, .. }),
            "{error}"
        );
        let error = rejected(&changed("unwind", "abort", '0'));
        assert!(matches!(error, PluginError::PanicAbort { .. }), "{error}");
    }

    #[test]
    fn file_without_room_for_a_digest_is_not_sealed() {
        let error = seal(Path::new("x.so"), &mut elf(VALID)).unwrap_err();
        assert!(matches!(error, PluginError::NoSlot { .. }), "{error}");
    }

    #[test]
    fn folders_and_huge_files_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let fault = |path: &Path| match read(path) {
            Err(PluginError::NotAPlugin { source, .. }) => source,
            other => panic!("expected a fault, got {:?}", other.map(|bytes| bytes.len())),
        };
        assert!(matches!(fault(folder.path()), FileFault::NotAFile));
        let huge = folder.path().join("huge.so");
        let file = std::fs::File::create(&huge).unwrap();
        file.set_len(PLUGIN_BYTES_MAX + 1).unwrap();
        assert!(matches!(fault(&huge), FileFault::TooLong { .. }));
        let missing = read(&folder.path().join("missing.so"));
        assert!(matches!(missing, Err(PluginError::Missing { .. })));
    }
}
