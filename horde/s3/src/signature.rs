//! The signature itself: a chain of hashes under the secret key.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use horde_proto::Secret;
use sha2::{Digest, Sha256};

use crate::time::AmzTime;

pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Ends each scope.
pub(crate) const SCOPE_END: &str = "aws4_request";
/// In front of the secret key where the chain begins.
const KEY_START: &str = "AWS4";
/// Bytes of a block of SHA-256.
const BLOCK_BYTES: usize = 64;

/// What a signature is for: a day, a region and a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope<'a> {
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

impl Scope<'_> {
    pub(crate) fn text(&self) -> String {
        let (date, region, service) = (self.date, self.region, self.service);
        format!("{date}/{region}/{service}/{SCOPE_END}")
    }
}

/// The parts of a request that are signed, each in its canonical form.
pub(crate) struct Canonical<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    /// `name:value\n` of each signed header, in the order of their names.
    pub(crate) headers: &'a str,
    pub(crate) signed_headers: &'a str,
    pub(crate) payload: &'a str,
}

impl Canonical<'_> {
    /// The signature by this secret, in lower-case hexadecimal digits.
    pub(crate) fn sign(&self, secret: &Secret, time: &AmzTime, scope: &Scope<'_>) -> String {
        let key = [KEY_START, secret.as_str()].concat();
        self.sign_by_day(&hmac(key.as_bytes(), scope.date), time, scope)
    }

    /// The signature by the first key of the chain, which the scope's day has.
    pub(crate) fn sign_by_day(
        &self,
        day_key: &[u8; 32],
        time: &AmzTime,
        scope: &Scope<'_>,
    ) -> String {
        let mut hash = Sha256::new();
        for line in [self.method, self.path, self.query, self.headers] {
            hash.update(line);
            hash.update("\n");
        }
        hash.update(self.signed_headers);
        hash.update("\n");
        hash.update(self.payload);
        let request = hex::encode(hash.finalize());
        let (time, scope_text) = (time.as_str(), scope.text());
        let text = format!("{ALGORITHM}\n{time}\n{scope_text}\n{request}");
        let key = hmac(day_key, scope.region);
        let key = hmac(&key, scope.service);
        let key = hmac(&key, SCOPE_END);
        hex::encode(hmac(&key, &text))
    }
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    let mut block = [0; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut hmac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    hmac.update(text.as_bytes());
    hmac.finalize().into_bytes().into()
}
