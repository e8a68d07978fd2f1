//! Conditions of dynamic config and of the collector, for operators. Pure.

use horde_extension::shown;
use tig_plugin_api::{Condition, Severity};

use crate::dynamic::{Dynamic, Trouble};
use crate::system_events::SystemEvents;

/// All that is so now.
pub(crate) fn present(dynamic: &Dynamic, events: &SystemEvents) -> Vec<Condition> {
    let troubles = dynamic.troubles();
    let mut conditions: Vec<_> = troubles
        .map(|(file, trouble, is_held)| {
            let in_force = match is_held {
                true => "the last values stay in force".to_owned(),
                false => format!("no sound one came before, so {}", of_profile(dynamic)),
            };
            of_file(file, trouble, &in_force)
        })
        .collect();
    // A trouble with a file says the same.
    if conditions.is_empty() && dynamic.has_fetched_none() {
        conditions.push(no_files(dynamic));
    }
    conditions.extend(dynamic.conflict().map(contradiction));
    conditions.extend(events.trouble().map(collector_failing));
    conditions
}

fn of_profile(dynamic: &Dynamic) -> String {
    format!(
        "the values of the profile `{}` are in force where nothing else sets them",
        dynamic.profile_name()
    )
}

/// A network need not have the files, so this is not an alert; but a mistyped URL looks the same.
fn no_files(dynamic: &Dynamic) -> Condition {
    let text = format!(
        "no file of dynamic config has been fetched, so {}",
        of_profile(dynamic)
    );
    Condition::new("no_dynamic_config", Severity::Info, text).with_remedy(
        "check `url_validator` and `url_common` of config.horde_report, then `tig-host call horde_report fetch_dynamic_config`; nothing, if the network has no such files",
    )
}

fn of_file(file: &'static str, trouble: Trouble<'_>, in_force: &str) -> Condition {
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
        "the dynamic config file `{file}` {what}; {in_force}: {}",
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
