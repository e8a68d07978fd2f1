//! S3 and IAM as an operator meets them: the account, rights, and what the servers say.

pub(crate) mod account;
pub(crate) mod check;
pub(crate) mod policy;
pub(crate) mod reason;
pub(crate) mod remote;
