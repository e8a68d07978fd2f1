//! The master's base URL from what the operator types: an address, a host name or a whole URL.

use reqwest::Url;

/// The master named on the command line cannot be turned into a URL.
#[derive(Debug, thiserror::Error)]
#[error("master `{master}` is not an address, a host name or an http(s) URL")]
pub struct BadMaster {
    master: String,
}

/// Base URL of `master`; `port` is used unless `master` is a whole `http://` or `https://` URL.
///
/// # Errors
/// When the result is not an `http` or `https` URL with a host.
pub fn master_url(master: &str, port: u16) -> Result<Url, BadMaster> {
    let bad = || BadMaster {
        master: master.to_owned(),
    };
    let text = if master.contains("://") {
        master.to_owned()
    } else if master.parse::<std::net::Ipv6Addr>().is_ok() {
        format!("http://[{master}]:{port}")
    } else {
        format!("http://{master}:{port}")
    };
    let url = Url::parse(&text).map_err(|_| bad())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.username().is_empty();
    if plain { Ok(url) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_names_and_urls_are_understood() {
        for (master, url) in [
            ("127.0.0.1", "http://127.0.0.1:5115/"),
            ("::1", "http://[::1]:5115/"),
            ("master.lan", "http://master.lan:5115/"),
            ("https://pool.example", "https://pool.example/"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9/"),
        ] {
            assert_eq!(master_url(master, 5115).unwrap().as_str(), url);
        }
    }

    #[test]
    fn what_is_no_master_is_refused() {
        for master in [
            "",
            "a b",
            "ftp://x",
            "http://x/path",
            "http://u@x",
            "10.0.0.1/24",
            "host:1:2",
        ] {
            assert!(master_url(master, 5115).is_err(), "{master}");
        }
    }
}
