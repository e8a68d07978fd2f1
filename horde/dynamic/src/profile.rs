//! Profiles: what is in force before any file is read.

use horde_proto::ExecutorClass;

use crate::values::DynamicConfig;

/// Values that are built in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Profile {
    /// The defaults of the validator of November 2024 (section 3.10).
    #[default]
    Reference,
    /// What the main network used on 2024-11-28 (section 10.2).
    MainnetNovember2024,
}

impl Profile {
    /// The name by which operators choose it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::MainnetNovember2024 => "mainnet-2024-11",
        }
    }

    /// The profile of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        [Self::Reference, Self::MainnetNovember2024]
            .into_iter()
            .find(|profile| profile.name() == name)
    }

    /// Its values.
    #[must_use]
    pub fn config(self) -> DynamicConfig {
        match self {
            Self::Reference => DynamicConfig::default(),
            Self::MainnetNovember2024 => DynamicConfig {
                weights_version: 4,
                manifest_score_multiplier: 1.3,
                executor_class_weights: [
                    (ExecutorClass::SpinUp4MinGpu24Gb, 85.0),
                    (ExecutorClass::AlwaysOnLlmA6000, 15.0),
                ]
                .into(),
                miner_max_executors_per_class: [(ExecutorClass::AlwaysOnLlmA6000, 5)].into(),
                max_prompt_series: 3840,
                target_number_of_prompt_samples_ready: 3840,
                prompts_series_in_a_single_generation: 20,
                ..DynamicConfig::default()
            },
        }
    }
}
