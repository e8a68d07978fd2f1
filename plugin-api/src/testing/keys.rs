//! Keys of the harness: the test signs.

/// Makes the signature of bytes.
type Sign = dyn Fn(&[u8]) -> Vec<u8> + Send;

/// A key that a harness has ([`super::Harness::start_with_keys`]).
pub struct TestKey {
    /// Name of the key.
    pub name: String,
    /// Its public key.
    pub public_key: Vec<u8>,
    /// Signs bytes.
    pub sign: Box<Sign>,
}

impl TestKey {
    /// A key of this name.
    #[must_use]
    pub fn new(
        name: &str,
        public_key: impl Into<Vec<u8>>,
        sign: impl Fn(&[u8]) -> Vec<u8> + Send + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            public_key: public_key.into(),
            sign: Box::new(sign),
        }
    }
}
