//! Orders of users over HTTP: the fields of the published client, and some of this facilitator.

use axum::http::HeaderMap;
use horde_proto::facilitator::JobSignature;
use horde_proto::upload::SingleFileUpload;
use horde_proto::volume::SingleVolume;
use horde_proto::{ExecutorClass, TextMap, Url};
use serde::Deserialize;

use crate::facilitator::order::{JobOrder, JobVersion};

/// Headers of the user's signature.
const SIGNATURE_TYPE: &str = "x-ch-signature-type";
const SIGNATORY: &str = "x-ch-signatory";
const TIMESTAMP_NS: &str = "x-ch-timestamp-ns";
const SIGNATURE: &str = "x-ch-signature";

/// The arguments of a container: a list, or a text that is split at white space, as older clients send it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Args {
    List(Vec<String>),
    Text(String),
}

impl Default for Args {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// The body of an order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderBody {
    #[serde(default)]
    pub(super) docker_image: String,
    #[serde(default)]
    pub(super) raw_script: String,
    #[serde(default)]
    args: Args,
    #[serde(default)]
    env: TextMap,
    #[serde(default)]
    use_gpu: bool,
    #[serde(default)]
    input_url: Url,
    #[serde(default)]
    output_url: Url,
    #[serde(default)]
    volumes: Vec<SingleVolume>,
    #[serde(default)]
    uploads: Vec<SingleFileUpload>,
    #[serde(default)]
    executor_class: ExecutorClass,
    #[serde(default)]
    version: JobVersion,
    miner_hotkey: Option<String>,
    validator: Option<String>,
}

impl OrderBody {
    /// The order, with the signature that the headers carry.
    pub(super) fn order(self, headers: &HeaderMap) -> Result<JobOrder, String> {
        let args = match self.args {
            Args::List(args) => args,
            Args::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
        };
        Ok(JobOrder {
            version: self.version,
            miner_hotkey: self.miner_hotkey,
            validator: self.validator,
            executor_class: self.executor_class,
            docker_image: self.docker_image,
            raw_script: self.raw_script,
            args,
            env: self.env,
            use_gpu: self.use_gpu,
            input_url: self.input_url,
            output_url: self.output_url,
            volumes: self.volumes,
            uploads: self.uploads,
            signature: signature(headers)?,
        })
    }
}

/// The signature in the headers: all four of them, or none.
fn signature(headers: &HeaderMap) -> Result<Option<JobSignature>, String> {
    let names = [SIGNATURE_TYPE, SIGNATORY, TIMESTAMP_NS, SIGNATURE];
    if !names.iter().any(|name| headers.contains_key(*name)) {
        return Ok(None);
    }
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        let value = value.map(str::to_owned);
        value.ok_or_else(|| format!("a signed order has the header {name} in ASCII"))
    };
    let timestamp_ns = text(TIMESTAMP_NS)?.parse();
    Ok(Some(JobSignature {
        signature_type: text(SIGNATURE_TYPE)?,
        signatory: text(SIGNATORY)?,
        timestamp_ns: timestamp_ns
            .map_err(|_| format!("the header {TIMESTAMP_NS} is nanoseconds since 1970"))?,
        signature: text(SIGNATURE)?,
    }))
}
