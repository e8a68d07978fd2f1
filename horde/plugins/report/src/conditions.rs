//! Conditions of dynamic config and of the collector, for operators. Pure.

use horde_extension::shown;
use tig_plugin_api::{Condition, Severity};

use crate::dynamic::{Dynamic, Trouble};
use crate::system_events::SystemEvents;

/// All that is so now.
pub(crate) fn present(dynamic: &Dynamic, events: &SystemEvents) -> Vec<Condition> {
    let troubles = dynamic.troubles();
    let mut conditions: Vec<_> = troubles
        .map(|(file, trouble)| of_file(file, trouble))
        .collect();
    conditions.extend(dynamic.conflict().map(contradiction));
    conditions.extend(events.trouble().map(collector_failing));
    conditions
}

fn of_file(file: &'static str, trouble: Trouble<'_>) -> Condition {
    let (what, reason, remedy) = match trouble {
        Trouble::Refused(reason) => (
            "has a fault and changes nothing",
            reason,
            "wait for a corrected file, or set the value yourself: `tig-host call horde_report constance_set --key KEY --value VALUE`"
                .to_owned(),
        ),
        Trouble::NotFetched(reason) => (
            "cannot be fetched",
            reason,
            format!(
                "check the network and `config.horde_report.url_{file}`, then `tig-host call horde_report fetch_dynamic_config`"
            ),
        ),
    };
    let text = format!(
        "the dynamic config file `{file}` {what}, so the last values stay in force: {}",
        shown(reason)
    );
    let condition = Condition::new("dynamic_config_failing", Severity::Warning, text);
    condition.about(file).with_remedy(remedy)
}

fn contradiction(reason: &str) -> Condition {
    let text = format!(
        "the sources of dynamic config contradict each other, so the values that were in force stay: {}",
        shown(reason)
    );
    Condition::new("dynamic_config_failing", Severity::Warning, text).with_remedy(
        "see the sources (`tig-host call horde_report constance_list`), and drop the value that does not fit: `constance_set --key KEY`",
    )
}

fn collector_failing(reason: &str) -> Condition {
    let text = format!(
        "the statistics collector does not take system events: {}",
        shown(reason)
    );
    Condition::new("collector_failing", Severity::Warning, text).with_remedy(
        "check `config.horde_report.stats_collector_url`; events are kept for two days and sent again, then they are lost",
    )
}
