//! How a job request is signed (section 2.6).
//!
//! Let S be the compact JSON of the signed fields, and P the JSON string literal of S in ASCII. The signed message is
//! BLAKE2b-512 of the time, as 8 bytes with the highest first, and P. Not covered are the job's UUID and the `system_output` of a
//! multi-upload.

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine as _};
use blake2::{Blake2b512, Digest as _};
use serde_json::{Map, Value};
use tig_keyring::{
    Keypair, PublicKey, RANDOMNESS_BYTES, SIGNATURE_BYTES, Signature, Ss58Error, VerifyError,
};

use super::job_request::V2JobRequest;
use super::job_signature::JobSignature;
use crate::blob::ascii_string;
use crate::error::quote;
use crate::json::ToJson;
use crate::upload::OutputUpload;
use crate::volume::Volume;

/// The only way of signing that is known.
pub const SIGNATURE_TYPE: &str = "bittensor";

/// Bytes of the hash that is signed.
const HASH_BYTES: usize = 64;

/// Why the signature of a job request does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobSignatureError {
    /// The request has no signature.
    #[error("the request is not signed")]
    Absent,
    /// The request is signed in another way than [`SIGNATURE_TYPE`].
    #[error("signature type {found} is unknown; only `bittensor` is known")]
    Type {
        /// The type, quoted, escaped and shortened.
        found: String,
    },
    /// The signer is not an account.
    #[error("the signatory is not an SS58 address")]
    Signatory(#[source] Ss58Error),
    /// The text is not base64.
    #[error("the signature is not base64")]
    Base64(#[source] DecodeError),
    /// The text is base64 of something else.
    #[error("the signature has {found} bytes, not 64")]
    Length {
        /// Bytes that it has.
        found: usize,
    },
    /// The signature is one of something else, or by someone else.
    #[error("the signature is not one of this request by its signatory")]
    Verify(#[source] VerifyError),
}

impl V2JobRequest {
    /// The signed fields as JSON.
    pub fn signed_text(&self) -> String {
        let parts = |volume: &Volume| volume.parts().iter().map(ToJson::to_json).collect();
        let volumes: Vec<Value> = self.volume.as_ref().map_or(Vec::new(), parts);
        let uploads = self.output_upload.as_ref();
        let uploads = uploads.map_or(Vec::new(), OutputUpload::signed_parts);
        let mut signed = Map::new();
        let mut put = |name: &str, value| signed.insert(name.to_owned(), value);
        put("executor_class", self.executor_class.to_json());
        put("docker_image", self.docker_image.to_json());
        put("raw_script", self.raw_script.to_json());
        put("args", Value::String(self.args.join(" ")));
        put("env", self.env.to_json());
        put("use_gpu", self.use_gpu.to_json());
        put("volumes", Value::Array(volumes));
        put("uploads", Value::Array(uploads));
        Value::Object(signed).to_string()
    }

    /// The bytes that are hashed for a signature made at this time.
    pub fn hash_input(&self, timestamp_ns: u64) -> Vec<u8> {
        let literal = ascii_string(&self.signed_text());
        [&timestamp_ns.to_be_bytes(), literal.as_bytes()].concat()
    }

    /// The hash that is signed.
    pub fn signed_hash(&self, timestamp_ns: u64) -> [u8; HASH_BYTES] {
        Blake2b512::digest(self.hash_input(timestamp_ns)).into()
    }

    /// Signs the request in the name of `keypair`. See [`Keypair::sign`] for the randomness.
    pub fn sign(
        &mut self,
        keypair: &Keypair,
        timestamp_ns: u64,
        randomness: &[u8; RANDOMNESS_BYTES],
    ) {
        let signature = keypair.sign(&self.signed_hash(timestamp_ns), randomness);
        self.signature = Some(JobSignature {
            signature_type: SIGNATURE_TYPE.to_owned(),
            signatory: keypair.public().to_ss58(),
            timestamp_ns,
            signature: STANDARD.encode(signature.as_bytes()),
        });
    }

    /// The account that has signed the request. The caller decides whether it may order jobs; nothing in
    /// the request shows that it is fresh.
    ///
    /// # Errors
    ///
    /// [`JobSignatureError`] if the request is not signed by its signatory.
    pub fn verify(&self) -> Result<PublicKey, JobSignatureError> {
        let Some(signature) = &self.signature else {
            return Err(JobSignatureError::Absent);
        };
        if signature.signature_type != SIGNATURE_TYPE {
            let found = quote(&signature.signature_type);
            return Err(JobSignatureError::Type { found });
        }
        let signatory =
            PublicKey::from_ss58(&signature.signatory).map_err(JobSignatureError::Signatory)?;
        let bytes = STANDARD
            .decode(&signature.signature)
            .map_err(JobSignatureError::Base64)?;
        let bytes: [u8; SIGNATURE_BYTES] = bytes
            .try_into()
            .map_err(|bytes: Vec<u8>| JobSignatureError::Length { found: bytes.len() })?;
        let hash = self.signed_hash(signature.timestamp_ns);
        signatory
            .verify_wrapped(&hash, &Signature::from_bytes(bytes))
            .map_err(JobSignatureError::Verify)?;
        Ok(signatory)
    }
}
