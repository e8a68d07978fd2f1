//! Rates of outgoing requests: how many requests per minute go to each API host.
//!
//! Pure. Invariant: an API host for which neither the config nor an extension states a rate has no limit.

use std::collections::BTreeMap;

use tig_plugin_api::{Method, Rates};

/// Requests to an API host that share a rate.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum RateClass {
    /// `GET` and `HEAD`, which only read.
    Gets,
    /// `POST`, `PUT` and `DELETE`.
    Posts,
}

impl RateClass {
    /// The class of requests by `method`.
    pub(crate) fn from_method(method: Method) -> Self {
        match method {
            Method::Get | Method::Head => Self::Gets,
            Method::Post | Method::Put | Method::Delete => Self::Posts,
        }
    }

    /// Key of the class's rate in the config.
    fn key(self) -> &'static str {
        match self {
            Self::Gets => "gets_per_minute",
            Self::Posts => "posts_per_minute",
        }
    }
}

/// Requests per minute, as far as the config states them; 0 for no limit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ConfiguredRates {
    /// `GET` and `HEAD`.
    pub(crate) gets_per_minute: Option<u32>,
    /// `POST`, `PUT` and `DELETE`.
    pub(crate) posts_per_minute: Option<u32>,
}

impl ConfiguredRates {
    fn per_minute(self, class: RateClass) -> Option<u32> {
        match class {
            RateClass::Gets => self.gets_per_minute,
            RateClass::Posts => self.posts_per_minute,
        }
    }
}

impl From<Rates> for ConfiguredRates {
    fn from(rates: Rates) -> Self {
        Self {
            gets_per_minute: Some(rates.gets_per_minute),
            posts_per_minute: Some(rates.posts_per_minute),
        }
    }
}

/// The rates of all API hosts. For each class, the first of these counts: what the config states for the API host, what it
/// states for all of them, what an extension states for it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RateTable {
    /// `http.hosts`, by API host.
    hosts: BTreeMap<String, ConfiguredRates>,
    /// `http`.
    every_host: ConfiguredRates,
    /// What extensions state, by API host.
    stated: BTreeMap<String, Rates>,
}

impl RateTable {
    /// The rates that a config states.
    pub(crate) fn configured(
        every_host: ConfiguredRates,
        hosts: BTreeMap<String, ConfiguredRates>,
    ) -> Self {
        Self {
            hosts,
            every_host,
            stated: BTreeMap::new(),
        }
    }

    /// The same rates for every API host.
    #[must_use]
    pub fn same(rates: Rates) -> Self {
        Self::configured(rates.into(), BTreeMap::new())
    }

    /// Adds what an extension states for `host`, unless another has done so already.
    pub(crate) fn state(&mut self, host: String, rates: Rates) {
        self.stated.entry(host).or_insert(rates);
    }

    /// Requests of `class` per minute to `host`; 0 for no limit.
    pub(crate) fn per_minute(&self, host: &str, class: RateClass) -> u32 {
        let stated = || {
            let stated = self.stated.get(host).copied();
            stated.and_then(|rates| ConfiguredRates::from(rates).per_minute(class))
        };
        let of_host = self.of_host(host, class);
        let configured = of_host.or_else(|| self.every_host.per_minute(class));
        configured.or_else(stated).unwrap_or(0)
    }

    /// The key of the config that changes the rate of `class` to `host`.
    pub(crate) fn key(&self, host: &str, class: RateClass) -> String {
        match self.of_host(host, class) {
            Some(_) => format!("http.hosts.{host}.{}", class.key()),
            None => format!("http.{}", class.key()),
        }
    }

    fn of_host(&self, host: &str, class: RateClass) -> Option<u32> {
        self.hosts.get(host)?.per_minute(class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATED: Rates = Rates {
        gets_per_minute: 60,
        posts_per_minute: 20,
    };

    fn table(every_host: ConfiguredRates, of_a: ConfiguredRates) -> RateTable {
        let hosts = BTreeMap::from([("https://a".to_owned(), of_a)]);
        let mut table = RateTable::configured(every_host, hosts);
        table.state("https://a".to_owned(), STATED);
        table.state("https://b".to_owned(), STATED);
        table
    }

    fn per_minute(table: &RateTable, host: &str) -> [u32; 2] {
        [RateClass::Gets, RateClass::Posts].map(|class| table.per_minute(host, class))
    }

    #[test]
    fn host_without_a_stated_rate_has_no_limit() {
        let none = ConfiguredRates::default();
        let table = table(none, none);
        assert_eq!(per_minute(&table, "https://a"), [60, 20]);
        assert_eq!(per_minute(&table, "https://c"), [0, 0]);
    }

    #[test]
    fn rate_of_a_host_goes_before_that_of_all() {
        let every_host = ConfiguredRates {
            gets_per_minute: Some(30),
            posts_per_minute: None,
        };
        let of_a = ConfiguredRates {
            gets_per_minute: Some(0),
            posts_per_minute: Some(7),
        };
        let table = table(every_host, of_a);
        assert_eq!(per_minute(&table, "https://a"), [0, 7]);
        assert_eq!(per_minute(&table, "https://b"), [30, 20]);
        assert_eq!(per_minute(&table, "https://c"), [30, 0]);
    }

    #[test]
    fn first_extension_states_the_rates() {
        let mut table = RateTable::default();
        table.state("https://a".to_owned(), STATED);
        let other = Rates {
            gets_per_minute: 1,
            posts_per_minute: 1,
        };
        table.state("https://a".to_owned(), other);
        assert_eq!(per_minute(&table, "https://a"), [60, 20]);
    }

    #[test]
    fn key_names_the_place_that_counts() {
        let of_a = ConfiguredRates {
            gets_per_minute: Some(1),
            posts_per_minute: None,
        };
        let table = table(ConfiguredRates::default(), of_a);
        let key = |class| table.key("https://a", class);
        assert_eq!(key(RateClass::Gets), "http.hosts.https://a.gets_per_minute");
        assert_eq!(key(RateClass::Posts), "http.posts_per_minute");
    }
}
