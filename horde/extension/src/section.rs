//! Numbers of a config section and their bounds, which the schema does not know.

use std::fmt::Display;
use std::ops::RangeInclusive;

use tig_plugin_api::prelude::*;

/// The config section of the extension of this name.
#[derive(Clone, Copy, Debug)]
pub struct Section(pub &'static str);

impl Section {
    /// Checks a number of the section.
    ///
    /// # Errors
    ///
    /// It is out of bounds.
    pub fn check<T: PartialOrd + Display>(
        self,
        key: &str,
        value: T,
        bounds: RangeInclusive<T>,
    ) -> Result<()> {
        if bounds.contains(&value) {
            return Ok(());
        }
        let (min, max) = bounds.into_inner();
        bail!(
            "config.{}.{key}: {value} is not between {min} and {max}",
            self.0
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_out_of_bounds_is_named() {
        let section = Section("horde_x");
        section.check("wait_ms", 1, 1..=9).unwrap();
        section.check("wait_ms", 9, 1..=9).unwrap();
        for value in [0, 10] {
            let error = section.check("wait_ms", value, 1..=9).unwrap_err();
            let expected = format!("config.horde_x.wait_ms: {value} is not between 1 and 9");
            assert_eq!(error.to_string(), expected);
        }
        assert!(section.check("share", f64::NAN, 0.0..=1.0).is_err());
    }
}
