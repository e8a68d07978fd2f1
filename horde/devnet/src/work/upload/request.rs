//! The requests that an upload consists of.

use std::collections::BTreeSet;

use axum::body::Bytes;
use horde_proto::upload::{
    MultiUpload, SingleFilePostUpload, SingleFilePutUpload, SingleFileUpload, ZipUpload,
};
use horde_proto::{OutputUpload, TextMap};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use super::form::Form;
use super::{UploadError, zip_files};
use crate::work::output::Output;

/// What a zip file is called in a form.
const ZIP_FILE: &str = "output.zip";

/// A request that uploads something.
#[derive(Debug)]
pub(super) struct UploadRequest {
    /// The file, for texts.
    pub(super) what: String,
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl UploadRequest {
    /// The requests of an upload. A file that is not there is found before anything is sent.
    pub(super) fn list(upload: &OutputUpload, output: &Output) -> Result<Vec<Self>, UploadError> {
        match upload {
            OutputUpload::SingleFilePut(put) => Ok(vec![Self::put_file(put, output)?]),
            OutputUpload::SingleFilePost(post) => Ok(vec![Self::post_file(post, output)?]),
            OutputUpload::ZipAndHttpPut(put) => Ok(vec![Self::put_zip(
                put.url.as_str(),
                zip(output, &BTreeSet::new())?,
            )]),
            OutputUpload::ZipAndHttpPost(post) => {
                let zip = zip(output, &BTreeSet::new())?;
                let request = Self::post_zip(post.url.as_str(), post.form_fields.as_ref(), &zip);
                Ok(vec![request?])
            }
            OutputUpload::Multi(multi) => Self::list_multi(multi, output),
        }
    }

    fn list_multi(multi: &MultiUpload, output: &Output) -> Result<Vec<Self>, UploadError> {
        let mut single = BTreeSet::new();
        let mut requests = Vec::with_capacity(multi.uploads.len() + 1);
        for upload in &multi.uploads {
            let (path, request) = match upload {
                SingleFileUpload::Put(put) => (&put.relative_path, Self::put_file(put, output)?),
                SingleFileUpload::Post(post) => {
                    (&post.relative_path, Self::post_file(post, output)?)
                }
            };
            single.insert(path.as_str());
            requests.push(request);
        }
        if let Some(system_output) = &multi.system_output {
            let zip = zip(output, &single)?;
            requests.push(match system_output {
                ZipUpload::Put(put) => Self::put_zip(put.url.as_str(), zip),
                ZipUpload::Post(post) => {
                    Self::post_zip(post.url.as_str(), post.form_fields.as_ref(), &zip)?
                }
            });
        }
        Ok(requests)
    }

    fn put_file(put: &SingleFilePutUpload, output: &Output) -> Result<Self, UploadError> {
        Ok(Self {
            what: put.relative_path.clone(),
            method: Method::PUT,
            url: put.url.as_str().to_owned(),
            headers: header_list(put.signed_headers.as_ref()),
            body: file(output, &put.relative_path)?,
        })
    }

    fn post_file(post: &SingleFilePostUpload, output: &Output) -> Result<Self, UploadError> {
        let contents = file(output, &post.relative_path)?;
        let name = post.relative_path.rsplit('/').next().unwrap_or_default();
        let mut request = Self::post(
            post.url.as_str(),
            post.form_fields.as_ref(),
            name,
            &contents,
        )?;
        request.what.clone_from(&post.relative_path);
        let signed = header_list(post.signed_headers.as_ref()).into_iter();
        // The type is the form's, whose boundary the signer cannot know.
        request
            .headers
            .extend(signed.filter(|(name, _)| !name.eq_ignore_ascii_case(CONTENT_TYPE.as_str())));
        Ok(request)
    }

    fn put_zip(url: &str, zip: Vec<u8>) -> Self {
        Self {
            what: ZIP_FILE.to_owned(),
            method: Method::PUT,
            url: url.to_owned(),
            headers: Vec::new(),
            body: zip.into(),
        }
    }

    fn post_zip(url: &str, fields: Option<&TextMap>, zip: &[u8]) -> Result<Self, UploadError> {
        Self::post(url, fields, ZIP_FILE, zip)
    }

    fn post(
        url: &str,
        fields: Option<&TextMap>,
        name: &str,
        contents: &[u8],
    ) -> Result<Self, UploadError> {
        let mut form = Form::new(contents);
        for (name, value) in fields.iter().flat_map(|fields| fields.iter()) {
            form.add_field(name, value)?;
        }
        let (content_type, body) = form.finish(name, contents)?;
        Ok(Self {
            what: name.to_owned(),
            method: Method::POST,
            url: url.to_owned(),
            headers: vec![(CONTENT_TYPE.to_string(), content_type)],
            body: body.into(),
        })
    }
}

fn file(output: &Output, path: &str) -> Result<Bytes, UploadError> {
    output.get(path).ok_or_else(|| UploadError::Missing {
        path: path.to_owned(),
    })
}

/// A zip file of everything but these files.
fn zip(output: &Output, without: &BTreeSet<&str>) -> Result<Vec<u8>, UploadError> {
    let files = output.iter().filter(|(path, _)| !without.contains(path));
    zip_files(files).map_err(UploadError::Zip)
}

fn header_list(headers: Option<&TextMap>) -> Vec<(String, String)> {
    let headers = headers.iter().flat_map(|headers| headers.iter());
    headers
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
