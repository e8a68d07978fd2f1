//! What would keep a validator from its work, each with its remedy.

pub(crate) mod bucket_key;
pub(crate) mod files;
pub(crate) mod machine;
pub(crate) mod validator;
