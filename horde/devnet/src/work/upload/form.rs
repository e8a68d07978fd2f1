//! Bodies of the type `multipart/form-data`.

use sha2::{Digest as _, Sha256};

use super::UploadError;

/// What the field of the file is called: S3 takes no other name.
const FILE_FIELD: &str = "file";

/// A form that is being written. Its file is the last field, as S3 wants it.
pub(super) struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// A form for a file with these contents, in which its boundary cannot be but by a broken hash.
    pub(super) fn new(contents: &[u8]) -> Self {
        Self {
            boundary: hex::encode(Sha256::digest(contents)),
            body: Vec::new(),
        }
    }

    pub(super) fn add_field(&mut self, name: &str, value: &str) -> Result<(), UploadError> {
        self.begin_part(name, "")?;
        self.body.extend_from_slice(b"\r\n");
        self.body.extend_from_slice(value.as_bytes());
        self.body.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// The type of the whole body, and the body.
    pub(super) fn finish(
        mut self,
        file_name: &str,
        contents: &[u8],
    ) -> Result<(String, Vec<u8>), UploadError> {
        check_name(file_name)?;
        self.begin_part(FILE_FIELD, &format!("; filename=\"{file_name}\""))?;
        self.body
            .extend_from_slice(b"Content-Type: application/octet-stream\r\n\r\n");
        self.body.extend_from_slice(contents);
        let end = format!("\r\n--{}--\r\n", self.boundary);
        self.body.extend_from_slice(end.as_bytes());
        let content_type = format!("multipart/form-data; boundary={}", self.boundary);
        Ok((content_type, self.body))
    }

    fn begin_part(&mut self, name: &str, more: &str) -> Result<(), UploadError> {
        check_name(name)?;
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n",
            self.boundary
        );
        self.body.extend_from_slice(head.as_bytes());
        Ok(())
    }
}

/// Names are between quotes in a header.
fn check_name(name: &str) -> Result<(), UploadError> {
    let is_plain = |letter: char| letter != '"' && letter != '\\' && !letter.is_control();
    match name.chars().all(is_plain) {
        true => Ok(()),
        false => Err(UploadError::Field {
            name: name.to_owned(),
        }),
    }
}
