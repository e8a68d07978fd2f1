//! The extensions beside which a plugin of a kind is tried: their names are taken.

use serde_json::Value;

use crate::name::{NameError, NameFault, PluginName};
use crate::templates::Kind;

impl Kind {
    /// Checks that no extension beside which such a plugin is tried has its name: two of one name do not start. The name of an
    /// extension in whose place it is tried is free.
    ///
    /// # Errors
    ///
    /// The name is taken.
    pub fn check_name(&self, name: &PluginName) -> Result<(), NameError> {
        match self.neighbours().iter().any(|taken| taken == name.as_str()) {
            true => Err(NameError::new(name.as_str(), NameFault::Taken)),
            false => Ok(()),
        }
    }

    /// Names of the extensions of this kind's world.
    fn neighbours(&self) -> Vec<String> {
        let world: Value = serde_json::from_str(self.world).unwrap_or_default();
        let extensions = world["config"]["extensions"].as_array().into_iter();
        let names = extensions.flatten().filter_map(Value::as_str);
        names.map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::KINDS;

    /// Kinds whose plugin takes the place of a stock extension, and its name.
    const SUCCESSORS: [(&str, &str); 2] =
        [("sampler", "difficulty_sampler"), ("scorer", "horde_score")];

    fn is_free(kind: &Kind, name: &str) -> bool {
        kind.check_name(&PluginName::parse(name).unwrap()).is_ok()
    }

    #[test]
    fn every_world_takes_the_names_of_its_extensions() {
        for kind in KINDS {
            let horde = is_free(kind, "precommit_manager");
            let taken = if horde {
                "horde_batch"
            } else {
                "precommit_manager"
            };
            assert!(!is_free(kind, taken), "{}", kind.name);
            assert!(is_free(kind, "zebra"), "{}", kind.name);
            assert!(kind.neighbours().contains(&"{{plugin}}".to_owned()));
        }
    }

    #[test]
    fn successor_may_have_the_name_of_the_stock_one() {
        for kind in KINDS {
            for (of_kind, name) in SUCCESSORS {
                if kind.name == of_kind {
                    assert!(is_free(kind, name), "{name}");
                }
            }
        }
        let observer = &KINDS[1];
        assert!(!is_free(observer, "difficulty_sampler"));
    }

    #[test]
    fn taken_name_has_its_remedy() {
        let name = PluginName::parse("precommit_manager").unwrap();
        let error = KINDS[0].check_name(&name).unwrap_err();
        let text = "\"precommit_manager\" cannot be the name of a plugin: a stock extension that such a plugin runs beside has this name; try `precommit_manager_plugin`";
        assert_eq!(error.to_string(), text);
    }
}
