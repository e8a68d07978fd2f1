//! A PEM file with certificates of authorities, as an operator names it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject, SectionKind};

/// Largest CA file; the bundle of a whole system has a quarter of a megabyte.
const CA_FILE_BYTES_MAX: u64 = 4 << 20;
/// Byte order mark that some editors put before UTF-8 text.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
/// Byte order marks of UTF-16 text.
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
/// First byte of a certificate in binary form.
const DER_SEQUENCE: u8 = 0x30;

/// A CA file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("CA file {}: {fault}", path.display())]
pub struct CaFileError {
    path: PathBuf,
    fault: Fault,
}

/// A fault of a CA file.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("cannot be read: {0}")]
    Read(io::Error),
    #[error(
        "is longer than {CA_FILE_BYTES_MAX} bytes; name a file with the authority's certificate only"
    )]
    TooLong,
    #[error("is UTF-16 text; save it as UTF-8")]
    Utf16,
    #[error("is a certificate in binary form (DER); convert it with `openssl x509 -inform der`")]
    Der,
    #[error("is not sound PEM: {0:?}; fetch the authority's certificate again")]
    Pem(pem::Error),
    #[error(
        "holds a private key and no certificate; name the file with the authority's certificate"
    )]
    Key,
    #[error("holds no certificate; it must have a part `-----BEGIN CERTIFICATE-----`")]
    Empty,
    #[error("certificate {number} cannot be used as an authority: {source}")]
    Certificate {
        number: usize,
        source: rustls::Error,
    },
}

/// Adds every certificate of the file at `path` to `store`.
pub(crate) fn add(path: &Path, store: &mut RootCertStore) -> Result<(), CaFileError> {
    let added = read(path).and_then(|bytes| add_all(&bytes, store));
    added.map_err(|fault| CaFileError {
        path: path.to_owned(),
        fault,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Fault::Read)?;
    let mut bounded = file.take(CA_FILE_BYTES_MAX + 1);
    bounded.read_to_end(&mut bytes).map_err(Fault::Read)?;
    if bytes.len() as u64 > CA_FILE_BYTES_MAX {
        return Err(Fault::TooLong);
    }
    Ok(bytes)
}

fn add_all(bytes: &[u8], store: &mut RootCertStore) -> Result<(), Fault> {
    if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(Fault::Utf16);
    }
    let bytes = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    let (mut certificates, mut has_key) = (0, false);
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
        let (kind, der) = section.map_err(Fault::Pem)?;
        match kind {
            SectionKind::Certificate => {
                certificates += 1;
                let added = store.add(CertificateDer::from(der));
                added.map_err(|source| Fault::Certificate {
                    number: certificates,
                    source,
                })?;
            }
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
                has_key = true;
            }
            _ => {}
        }
    }
    match (certificates, has_key, bytes.first()) {
        (1.., _, _) => Ok(()),
        (_, true, _) => Err(Fault::Key),
        (_, _, Some(&DER_SEQUENCE)) => Err(Fault::Der),
        _ => Err(Fault::Empty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(bytes: &[u8]) -> Result<usize, String> {
        let mut store = RootCertStore::empty();
        add_all(bytes, &mut store).map_err(|fault| fault.to_string())?;
        Ok(store.len())
    }

    #[test]
    fn ca_bundle_adds_every_certificate() {
        let authority = || {
            let made = rcgen::generate_simple_self_signed(["ca".to_owned()]).unwrap();
            made.cert.pem()
        };
        let bundle = format!("\u{feff}# ours\n{}\n{}", authority(), authority());
        assert_eq!(added(bundle.as_bytes()), Ok(2));
    }

    #[test]
    fn ca_file_faults_are_named() {
        let made = rcgen::generate_simple_self_signed(["ca".to_owned()]).unwrap();
        let pem = made.cert.pem();
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let utf16: Vec<u8> = "\u{feff}-----"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for (bytes, part) in [
            (&b""[..], "holds no certificate"),
            (b"<html>", "holds no certificate"),
            (
                made.signing_key.serialize_pem().as_bytes(),
                "a private key and no certificate",
            ),
            (made.cert.der(), "in binary form (DER)"),
            (&utf16, "is UTF-16 text"),
            (garbage.as_bytes(), "certificate 1 cannot be used"),
            (&pem.as_bytes()[..pem.len() / 2], "is not sound PEM"),
        ] {
            let fault = added(bytes).unwrap_err();
            assert!(fault.contains(part), "{fault}");
        }
    }
}
