//! Volumes: the files that a job finds under `/volume/` (section 2.1).

use serde_json::Value;

use crate::error::FieldError;
use crate::json::object::{
    impl_serde, read_tag, tagged_object, wire_enum, wire_object, wire_union,
};
use crate::json::{FromJson, ToJson};
use crate::url::Url;

wire_enum! {
    /// The kind of a volume, for a reservation whose volume comes later.
    pub enum VolumeType {
        /// [`InlineVolume`].
        Inline = "inline",
        /// [`ZipUrlVolume`].
        ZipUrl = "zip_url",
        /// [`SingleFileVolume`].
        SingleFile = "single_file",
        /// [`MultiVolume`].
        Multi = "multi_volume",
        /// [`HuggingfaceVolume`].
        Huggingface = "huggingface_volume",
    }
}

wire_object! {
    /// A zip file inside the message.
    pub open struct InlineVolume {
        tag volume_type = "inline",
        /// The zip file in base64.
        pub contents: String,
        /// Where it is unpacked, below `/volume/`.
        pub relative_path: Option<String>,
    }
}

wire_object! {
    /// A zip file to download.
    pub open struct ZipUrlVolume {
        tag volume_type = "zip_url",
        /// The URL of the zip file.
        pub contents: Url,
        /// Where it is unpacked, below `/volume/`.
        pub relative_path: Option<String>,
    }
}

wire_object! {
    /// A file to download.
    pub open struct SingleFileVolume {
        tag volume_type = "single_file",
        /// The URL of the file.
        pub url: Url,
        /// The name of the file, below `/volume/`.
        pub relative_path: String,
    }
}

wire_object! {
    /// A repository of huggingface.co to download.
    pub open struct HuggingfaceVolume {
        tag volume_type = "huggingface_volume",
        /// The repository.
        pub repo_id: String,
        /// A branch, tag or commit of it.
        pub revision: Option<String>,
        /// Where it is put, below `/volume/`.
        pub relative_path: Option<String>,
    }
}

wire_object! {
    /// Volumes one above the other.
    pub open struct MultiVolume {
        tag volume_type = "multi_volume",
        /// The volumes, none of which is a multi-volume.
        pub volumes: Vec<SingleVolume>,
    }
}

wire_union! {
    /// A volume that can be part of a [`MultiVolume`].
    pub enum SingleVolume by "volume_type" {
        /// A zip file inside the message.
        Inline(InlineVolume),
        /// A zip file to download.
        ZipUrl(ZipUrlVolume),
        /// A file to download.
        SingleFile(SingleFileVolume),
        /// A repository of huggingface.co.
        Huggingface(HuggingfaceVolume),
    }
}

/// The files that a job finds under `/volume/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Volume {
    /// One volume.
    Single(SingleVolume),
    /// Several.
    Multi(MultiVolume),
}

impl Volume {
    /// The kind.
    pub fn volume_type(&self) -> VolumeType {
        match self {
            Self::Single(SingleVolume::Inline(_)) => VolumeType::Inline,
            Self::Single(SingleVolume::ZipUrl(_)) => VolumeType::ZipUrl,
            Self::Single(SingleVolume::SingleFile(_)) => VolumeType::SingleFile,
            Self::Single(SingleVolume::Huggingface(_)) => VolumeType::Huggingface,
            Self::Multi(_) => VolumeType::Multi,
        }
    }

    /// The volumes of a multi-volume, or the one that it is.
    pub fn parts(&self) -> &[SingleVolume] {
        match self {
            Self::Single(single) => std::slice::from_ref(single),
            Self::Multi(multi) => &multi.volumes,
        }
    }
}

impl FromJson for Volume {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        let object = tagged_object(value)?;
        let tag = read_tag(&object, "volume_type", VolumeType::TEXTS)?;
        if tag == VolumeType::Multi.as_str() {
            return MultiVolume::from_json(Value::Object(object)).map(Self::Multi);
        }
        SingleVolume::from_object(tag, object).map(Self::Single)
    }
}

impl ToJson for Volume {
    fn to_json(&self) -> Value {
        match self {
            Self::Single(single) => single.to_json(),
            Self::Multi(multi) => multi.to_json(),
        }
    }
}

impl_serde!(Volume);

impl<T: Into<SingleVolume>> From<T> for Volume {
    fn from(single: T) -> Self {
        Self::Single(single.into())
    }
}
