//! The calls that the service knows, by the names that faults and the journal use.

macro_rules! calls {
    ($($(#[doc = $meaning:literal])* $variant:ident = $name:literal,)*) => {
        /// A call of the service, as faults and the journal name it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum S3Call {
            $($(#[doc = $meaning])* $variant,)*
        }

        impl S3Call {
            /// Every call.
            pub const ALL: [Self; [$($name,)*].len()] = [$(Self::$variant,)*];

            /// The name on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

calls! {
    /// GetObject.
    Get = "get",
    /// PutObject.
    Put = "put",
    /// HeadObject.
    Head = "head",
    /// DeleteObject.
    Delete = "delete",
    /// ListObjectsV2, and its first version.
    List = "list",
    /// ListBuckets.
    ListBuckets = "list-buckets",
    /// CreateBucket.
    CreateBucket = "create-bucket",
    /// HeadBucket.
    HeadBucket = "head-bucket",
    /// DeleteBucket.
    DeleteBucket = "delete-bucket",
    /// GetBucketLocation.
    Location = "location",
    /// GetBucketPolicy.
    GetPolicy = "get-policy",
    /// PutBucketPolicy.
    PutPolicy = "put-policy",
    /// DeleteBucketPolicy.
    DeletePolicy = "delete-policy",
    /// GetPublicAccessBlock.
    GetBlock = "get-block",
    /// PutPublicAccessBlock.
    PutBlock = "put-block",
    /// DeletePublicAccessBlock.
    DeleteBlock = "delete-block",
    /// GetBucketLifecycleConfiguration.
    GetLifecycle = "get-lifecycle",
    /// PutBucketLifecycleConfiguration.
    PutLifecycle = "put-lifecycle",
    /// DeleteBucketLifecycle.
    DeleteLifecycle = "delete-lifecycle",
    /// Any call of IAM.
    Iam = "iam",
    /// What the service does not know.
    Other = "other",
}
