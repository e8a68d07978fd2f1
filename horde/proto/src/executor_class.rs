//! Classes of executors, which are classes of hardware.

use std::time::Duration;

use crate::json::object::wire_enum;

/// The longest time for which an executor is reserved.
pub const EXECUTOR_TIMEOUT_MAX: Duration = Duration::from_secs(360);

wire_enum! {
    /// A class of executors (section 2.0).
    #[derive(Default)]
    pub enum ExecutorClass {
        /// Started on demand, within four minutes.
        #[default]
        SpinUp4MinGpu24Gb = "spin_up-4min.gpu-24gb",
        /// Always running.
        AlwaysOnGpu24Gb = "always_on.gpu-24gb",
        /// Always running, for LLM prompts.
        AlwaysOnLlmA6000 = "always_on.llm.a6000",
    }
}

impl ExecutorClass {
    /// How long an executor may take from reservation to readiness.
    pub const fn spin_up_time(self) -> Duration {
        match self {
            Self::SpinUp4MinGpu24Gb | Self::AlwaysOnLlmA6000 => Duration::from_secs(240),
            Self::AlwaysOnGpu24Gb => Duration::ZERO,
        }
    }

    /// The memory of its graphics card in gigabytes.
    pub const fn vram_gb(self) -> u32 {
        match self {
            Self::SpinUp4MinGpu24Gb | Self::AlwaysOnGpu24Gb => 24,
            Self::AlwaysOnLlmA6000 => 48,
        }
    }
}
