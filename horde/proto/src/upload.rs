//! Uploads of the files that a job leaves in `/output/` (section 2.1).

use serde_json::Value;

use crate::error::FieldError;
use crate::json::object::{Tagged, impl_serde, read_tag, tagged_object, wire_object, wire_union};
use crate::json::{FromJson, ToJson};
use crate::text_map::TextMap;
use crate::url::Url;

wire_object! {
    /// A multipart POST of all files as `output.zip`.
    pub open struct ZipAndHttpPostUpload {
        tag output_upload_type = "zip_and_http_post",
        /// The URL.
        pub url: Url,
        /// Further fields of the form.
        pub form_fields: Option<TextMap>,
    }
}

wire_object! {
    /// A PUT of all files as a zip file.
    pub open struct ZipAndHttpPutUpload {
        tag output_upload_type = "zip_and_http_put",
        /// The URL.
        pub url: Url,
    }
}

wire_object! {
    /// A multipart POST of one file.
    pub open struct SingleFilePostUpload {
        tag output_upload_type = "single_file_post",
        /// The URL.
        pub url: Url,
        /// Further fields of the form.
        pub form_fields: Option<TextMap>,
        /// The file, below `/output/`.
        pub relative_path: String,
        /// Headers that the URL's signature covers.
        pub signed_headers: Option<TextMap>,
    }
}

wire_object! {
    /// A PUT of one file.
    pub open struct SingleFilePutUpload {
        tag output_upload_type = "single_file_put",
        /// The URL.
        pub url: Url,
        /// The file, below `/output/`.
        pub relative_path: String,
        /// Headers that the URL's signature covers.
        pub signed_headers: Option<TextMap>,
    }
}

wire_object! {
    /// Single files to one place each, all others to another.
    pub open struct MultiUpload {
        tag output_upload_type = "multi_upload",
        /// The single files.
        pub uploads: Vec<SingleFileUpload>,
        /// The upload of all other files.
        pub system_output: Option<ZipUpload>,
    }
}

wire_union! {
    /// An upload of one file.
    pub enum SingleFileUpload by "output_upload_type" {
        /// By POST.
        Post(SingleFilePostUpload),
        /// By PUT.
        Put(SingleFilePutUpload),
    }
}

/// An upload of all files as one zip file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZipUpload {
    /// By POST.
    Post(ZipAndHttpPostUpload),
    /// By PUT.
    Put(ZipAndHttpPutUpload),
}

impl ZipUpload {
    const TAGS: &'static [&'static str] = &[ZipAndHttpPostUpload::TAG, ZipAndHttpPutUpload::TAG];
}

impl FromJson for ZipUpload {
    /// Unlike other unions, this one has no discriminator in the schema: without a type it is a POST, as the reference reads it.
    fn from_json(value: Value) -> Result<Self, FieldError> {
        let object = tagged_object(value)?;
        let tag = if object.contains_key("output_upload_type") {
            read_tag(&object, "output_upload_type", Self::TAGS)?
        } else {
            ZipAndHttpPostUpload::TAG
        };
        let value = Value::Object(object);
        if tag == ZipAndHttpPutUpload::TAG {
            ZipAndHttpPutUpload::from_json(value).map(Self::Put)
        } else {
            ZipAndHttpPostUpload::from_json(value).map(Self::Post)
        }
    }
}

impl ToJson for ZipUpload {
    fn to_json(&self) -> Value {
        match self {
            Self::Post(post) => post.to_json(),
            Self::Put(put) => put.to_json(),
        }
    }
}

impl_serde!(ZipUpload);

wire_union! {
    /// The upload of the files that a job leaves.
    pub enum OutputUpload by "output_upload_type" {
        /// One file by POST.
        SingleFilePost(SingleFilePostUpload),
        /// One file by PUT.
        SingleFilePut(SingleFilePutUpload),
        /// All files by POST.
        ZipAndHttpPost(ZipAndHttpPostUpload),
        /// All files by PUT.
        ZipAndHttpPut(ZipAndHttpPutUpload),
        /// Several places.
        Multi(MultiUpload),
    }
}

impl OutputUpload {
    /// The parts that a job request's signature covers, each as it is on the wire: the single files of a multi-upload, or
    /// the one upload that it is.
    pub(crate) fn signed_parts(&self) -> Vec<Value> {
        match self {
            Self::Multi(multi) => multi.uploads.iter().map(ToJson::to_json).collect(),
            other => vec![other.to_json()],
        }
    }
}
