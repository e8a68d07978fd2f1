//! The manifest: the executors that a miner announces.

use horde_proto::ExecutorClass;
use horde_proto::miner::{
    ExecutorClassManifest, ExecutorManifest, ExecutorManifestRequest, ManifestClass, ToValidator,
};

use super::connection::ConnectionId;
use super::effect::Frame;
use super::faulty_frames;
use super::state::Miner;
use crate::vice::{Count, Mebibytes, Step, Vice};

/// A class that does not exist.
const UNKNOWN_CLASS: &str = "always_on.gpu-1tb";

impl Miner {
    /// Sends the manifest, with the vices that concern it.
    pub(super) fn send_manifest(&mut self, connection: ConnectionId) {
        self.begin_step(connection, Step::Manifest);
        let delay = self.vices.step_delay(Step::Manifest);
        if !self.vices.has(Vice::NoManifest) {
            self.send_after(connection, delay, self.manifest(1));
        }
        if self.vices.has(Vice::TwoManifests) {
            self.send_after(connection, delay, self.manifest(2));
        }
        let huge = self.vices.find(|vice| match vice {
            Vice::HugeFrame(Mebibytes(mebibytes)) => Some(mebibytes),
            _ => None,
        });
        if let Some(mebibytes) = huge {
            self.send_frame(connection, faulty_frames::huge(mebibytes));
        }
        self.end_step(connection, Step::Manifest);
    }

    /// The manifest with so many times the executors that there are.
    fn manifest(&self, factor: i64) -> Frame {
        let announced = self.vices.find(|vice| match vice {
            Vice::ManifestCount(Count(count)) => Some(count),
            _ => None,
        });
        let executors = self.jobs.executors().iter();
        let executor_classes = executors.map(|(class, count)| ExecutorClassManifest {
            executor_class: ManifestClass::Named(match self.vices.has(Vice::ManifestOtherClass) {
                true => other_class(*class),
                false => *class,
            }),
            count: announced.unwrap_or(i64::from(*count) * factor),
        });
        let request = ExecutorManifestRequest {
            manifest: ExecutorManifest {
                executor_classes: executor_classes.collect(),
            },
        };
        let mut text = ToValidator::ExecutorManifest(request).to_text();
        if self.vices.has(Vice::ManifestUnknownClass) {
            for class in self.jobs.executors().keys() {
                text = text.replace(class.as_str(), UNKNOWN_CLASS);
            }
        }
        Frame::Text(text)
    }
}

/// A class that is not this one.
fn other_class(class: ExecutorClass) -> ExecutorClass {
    match class {
        ExecutorClass::AlwaysOnGpu24Gb => ExecutorClass::SpinUp4MinGpu24Gb,
        ExecutorClass::SpinUp4MinGpu24Gb | ExecutorClass::AlwaysOnLlmA6000 => {
            ExecutorClass::AlwaysOnGpu24Gb
        }
    }
}
