//! The report on a terminal.

use tig_recording::PluginId;

use super::super::ReportSettings;
use super::super::samples::{compared, done, emitted, sample_report};
use super::super::sides::Side;
use super::*;

#[test]
fn report_names_differences_and_what_follows() {
    let mut report = sample_report();
    report.add_damage("block 7 is damaged");
    for (side, version) in [(Side::Recorded, "1.0.0"), (Side::Replayed, "1.1.0")] {
        let plugin = PluginId {
            name: "chooser".into(),
            version: version.into(),
            hash: "0123456789abcdef".into(),
        };
        report.add_plugin("chooser", side, &plugin);
    }
    let expected = r#"night.rec, with <candidate>
calls from 2023-11-14T22:13:21.000Z to 2023-11-14T22:13:24.000Z
damaged: block 7 is damaged

chooser: 4 calls, 2 the same, 2 different
  recorded: chooser 1.0.0 (0123456789ab)
  replayed: chooser 1.1.0 (0123456789ab)
  first at 2023-11-14T22:13:23.000Z, call 3, block:
    emits `choice` with 4 other values
      fee: "1.5", not "0.5"
      settings.kind: "c2", not "c1"
      settings.size.0: 60, not 50
      settings.size.1: 320, not 300
  at 2023-11-14T22:13:24.000Z, call 4, block:
    emits `choice` with 4 other values
      fee: "1.5", not "0.5"
      settings.kind: "c2", not "c1"
      settings.size.0: 60, not 50
      settings.size.1: 320, not 300
  event choice
                                  recorded  replayed  change
                      count              4         4       0
    fee               sum                2         4      +2
    fee               mean             0.5         1    +0.5
    fee               least            0.5       0.5       0
    fee               greatest         0.5       1.5      +1
    settings.kind     = c1               4         2      -2
    settings.kind     = c2               0         2      +2
    settings.size     = [50,300]         4         2      -2
    settings.size     = [60,320]         0         2      +2
    settings.size[0]  mean              50        55      +5
    settings.size[0]  least             50        50       0
    settings.size[0]  greatest          50        60     +10
    settings.size[1]  mean             300       310     +10
    settings.size[1]  least            300       300       0
    settings.size[1]  greatest         300       320     +20

other: 1 call, all the same

5 calls, 2 decisions differ"#;
    assert_eq!(text_lines(&report, false).join("\n"), expected);
    let all = text_lines(&report, true).join("\n");
    assert!(all.contains("GET https://a.example/x  requests         1         1       0"));
}

#[test]
fn report_without_differences_is_short() {
    let mut report = Report::new(ReportSettings::new("r"));
    assert_eq!(
        text_lines(&report, false),
        ["r", "", "no calls were compared"]
    );
    let made = done([emitted("e", "1")]);
    report.add(&compared("x", 1, "e", &made, &made));
    report.add(&compared("y", 1, "e", &made, &made));
    let lines = text_lines(&report, false);
    assert_eq!(
        lines[2..],
        [
            "",
            "x: 1 call, all the same",
            "y: 1 call, all the same",
            "",
            "2 calls, all decisions the same bit for bit"
        ]
    );
}

#[test]
fn hostile_texts_stay_on_their_lines() {
    let hostile = "a\n\u{1b}[2J\u{202e}";
    let mut report = Report::new(ReportSettings {
        has_consequences: true,
        ..ReportSettings::new(hostile)
    });
    report.add_skipped(hostile);
    let payload = serde_json::json!({ hostile: hostile }).to_string();
    let (one, other) = (done([]), done([emitted(hostile, &payload)]));
    report.add(&compared(hostile, 1, hostile, &one, &other));
    let lines = text_lines(&report, true);
    assert!(
        lines
            .iter()
            .any(|line| line.contains(r"= a\n\u{1b}[2J\u{202e}"))
    );
    for line in lines {
        let is_plain = |char: char| !char.is_control() && char != '\u{202e}';
        assert!(line.chars().all(is_plain), "{line:?}");
    }
}
