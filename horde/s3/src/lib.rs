//! S3 as the ComputeHorde validator needs it (sections 2.9 and 10.7): addresses in path style, signatures of version 4, and
//! what an answer of the service says.
//!
//! [`presign`] writes a URL with which whoever has it reads or writes one object for a while; [`presign_by_day`] does so where the
//! secret itself is kept elsewhere. [`sign_headers`] signs a request of
//! our own: bucket set-up, and IAM. [`verify`] is the other side of both, for a strict server. [`Complaint`] and
//! [`clock_skew_seconds`] read what a server answers.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no source of randomness. No text that comes from
//! outside makes it panic, and no error holds a secret.
//!
//! ```
//! use horde_s3::{Credentials, Endpoint, Method, presign};
//!
//! let endpoint = Endpoint::parse(None, Some("eu-central-1"), "prompts")?;
//! let key = "solved/4f7f3f7a.json";
//! assert_eq!(
//!     endpoint.object_url(key),
//!     "https://s3.eu-central-1.amazonaws.com/prompts/solved/4f7f3f7a.json"
//! );
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI");
//! let url = presign(Method::Put, &endpoint, key, &credentials, 1_732_806_192, 3_600);
//! assert!(url.starts_with(&endpoint.object_url(key)));
//! # Ok::<(), horde_s3::EndpointError>(())
//! ```

mod answer;
mod credentials;
mod encoding;
mod endpoint;
mod method;
mod object;
mod presign;
mod sign;
mod signature;
mod time;
mod verify;
pub mod xml;

#[cfg(test)]
mod tests;

pub use answer::{BUCKET_REGION_HEADER, Complaint, ERROR_BYTES_MAX, clock_skew_seconds};
pub use credentials::{Credentials, DayKey};
pub use encoding::{percent_decode, percent_encode, query_text};
pub use endpoint::{Endpoint, EndpointError, REGION_DEFAULT};
pub use method::Method;
pub use object::{ObjectAnswer, ObjectFault, ObjectFaultKind};
pub use presign::{EXPIRES_SECONDS_MAX, presign, presign_by_day};
pub use sign::{ToSign, UNSIGNED_PAYLOAD, payload_sha256, sign_headers};
pub use verify::{Form, Received, Rules, SKEW_SECONDS_MAX, Signed, Verified, VerifyError, verify};
