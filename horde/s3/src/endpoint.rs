//! Where a bucket is: service, region and name (section 10.7).

use std::fmt;

use crate::encoding::push_encoded;

/// The region where nobody names one, as in the libraries of AWS.
pub const REGION_DEFAULT: &str = "us-east-1";
/// The only region of R2.
const REGION_AUTO: &str = "auto";
const AWS_DOMAIN: &str = ".amazonaws.com";
/// Regions of China have a domain of their own.
const CHINA_REGION_START: &str = "cn-";
const R2_DOMAIN: &str = ".r2.cloudflarestorage.com";
const REGION_BYTES_MAX: usize = 64;
const BUCKET_BYTES_MIN: usize = 3;
const BUCKET_BYTES_MAX: usize = 63;

/// Why there is no such endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It does not begin as a URL of HTTP.
    #[error("the endpoint {url:?} does not begin with http:// or https://")]
    Scheme {
        /// The text.
        url: String,
    },
    /// It has a user name, a path, a query or a fragment. A path is most often the bucket's name, which R2's pages show with it.
    #[error(
        "the endpoint {url:?} must be a scheme and a host, with a port if need be, such as https://s3.example.org; \
         the name of the bucket is set by itself"
    )]
    Authority {
        /// The text, without what may be a secret: user name, password and query.
        url: String,
    },
    /// A region that no service has.
    #[error(
        "{region:?} is not a region: write its name, such as eu-central-1, with letters, digits, - and _ only"
    )]
    Region {
        /// The text.
        region: String,
    },
    /// A name that no bucket can have.
    #[error(
        "{bucket:?} is not the name of a bucket: it has 3 to 63 lower-case letters, digits, hyphens and dots, \
         and a letter or digit at each end"
    )]
    Bucket {
        /// The text.
        bucket: String,
    },
}

/// A bucket of a service, addressed in path style: `{endpoint}/{bucket}/{key}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    scheme: &'static str,
    host: String,
    region: String,
    bucket: String,
    /// AWS without an address: the host follows the region.
    is_default: bool,
}

impl Endpoint {
    /// The bucket at `url`, or at AWS if there is none: at `https://s3.amazonaws.com` for us-east-1, and at the region's own host
    /// for any other. Without a region it is the one in a host of AWS, `auto` for R2, and otherwise [`REGION_DEFAULT`]. An empty
    /// text counts as none, since files of settings have such lines.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] with the part that is wrong.
    pub fn parse(
        url: Option<&str>,
        region: Option<&str>,
        bucket: &str,
    ) -> Result<Self, EndpointError> {
        let url = url.map(str::trim).filter(|url| !url.is_empty());
        let region = region.map(str::trim).filter(|region| !region.is_empty());
        let (scheme, host) = match url {
            Some(url) => authority(url)?,
            None => ("https", aws_host(region.unwrap_or(REGION_DEFAULT))),
        };
        let region = region.unwrap_or_else(|| region_of(&host)).to_owned();
        if !is_region(&region) {
            return Err(EndpointError::Region { region });
        }
        if !is_bucket(bucket) {
            let bucket = bucket.to_owned();
            return Err(EndpointError::Bucket { bucket });
        }
        Ok(Self {
            scheme,
            host,
            region,
            bucket: bucket.to_owned(),
            is_default: url.is_none(),
        })
    }

    /// The same bucket in another region, which a server named. Without an address of its own, the host changes, too.
    ///
    /// # Errors
    ///
    /// [`EndpointError::Region`] if no region has this name.
    pub fn in_region(&self, region: &str) -> Result<Self, EndpointError> {
        let base = self.base_url();
        let url = (!self.is_default).then_some(base.as_str());
        Self::parse(url, Some(region), &self.bucket)
    }

    /// The region of signatures.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The header `Host`: a port that the scheme has anyway is left out.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the service is AWS itself, which alone has IAM.
    pub fn is_aws(&self) -> bool {
        self.host.ends_with(AWS_DOMAIN) || self.host.ends_with(".amazonaws.com.cn")
    }

    /// The URL of the service, without a slash at the end.
    pub fn base_url(&self) -> String {
        [self.scheme, "://", &self.host].concat()
    }

    /// The path of the bucket.
    pub fn bucket_path(&self) -> String {
        ["/", &self.bucket].concat()
    }

    /// The path of an object, in percent encoding.
    pub fn object_path(&self, key: &str) -> String {
        let mut path = String::with_capacity(self.bucket.len() + key.len() + 8);
        path.push('/');
        path.push_str(&self.bucket);
        path.push('/');
        push_encoded(&mut path, key.as_bytes(), true);
        path
    }

    /// The URL of an object, with which it is read if reading is public.
    pub fn object_url(&self, key: &str) -> String {
        [self.base_url(), self.object_path(key)].concat()
    }
}

impl fmt::Display for Endpoint {
    /// The URL of the bucket.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}/{}", self.scheme, self.host, self.bucket)
    }
}

/// Scheme and host of a URL that has nothing else.
fn authority(url: &str) -> Result<(&'static str, String), EndpointError> {
    let (scheme, default_port, rest) = if let Some(rest) = url.strip_prefix("https://") {
        ("https", ":443", rest)
    } else if let Some(rest) = url.strip_prefix("http://") {
        ("http", ":80", rest)
    } else {
        let url = url.to_owned();
        return Err(EndpointError::Scheme { url });
    };
    let host = rest.strip_suffix('/').unwrap_or(rest);
    if !is_host(host) {
        let public = rest.split(['?', '#']).next().unwrap_or_default();
        let public = public.rsplit('@').next().unwrap_or_default();
        let url = format!("{scheme}://{public}");
        return Err(EndpointError::Authority { url });
    }
    let host = host.strip_suffix(default_port).unwrap_or(host);
    Ok((scheme, host.to_ascii_lowercase()))
}

/// A name, an IPv4 address, or an IPv6 address in brackets; a port may follow.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, port)) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (
                "v6",
                port.strip_prefix(':').or(port.is_empty().then_some("0")),
            )
        }
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, Some("0")),
        },
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    !name.is_empty() && name.bytes().all(is_name) && port.is_some_and(is_port)
}

fn aws_host(region: &str) -> String {
    match region {
        REGION_DEFAULT => format!("s3{AWS_DOMAIN}"),
        _ if region.starts_with(CHINA_REGION_START) => format!("s3.{region}{AWS_DOMAIN}.cn"),
        _ => format!("s3.{region}{AWS_DOMAIN}"),
    }
}

/// The region that a host says by itself.
fn region_of(host: &str) -> &str {
    if host.ends_with(R2_DOMAIN) {
        return REGION_AUTO;
    }
    let name = host.strip_suffix(".cn").unwrap_or(host);
    let region = name
        .strip_suffix(AWS_DOMAIN)
        .and_then(|name| name.strip_prefix("s3."));
    region.unwrap_or(REGION_DEFAULT)
}

fn is_region(region: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=REGION_BYTES_MAX).contains(&region.len()) && region.bytes().all(is_part)
}

fn is_bucket(bucket: &str) -> bool {
    let is_end = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = bucket.as_bytes();
    (BUCKET_BYTES_MIN..=BUCKET_BYTES_MAX).contains(&bytes.len())
        && bytes
            .iter()
            .all(|byte| is_end(byte) || b"-.".contains(byte))
        && bytes.first().is_some_and(is_end)
        && bytes.last().is_some_and(is_end)
        && !bucket.contains("..")
        && bucket.parse::<std::net::Ipv4Addr>().is_err()
}
