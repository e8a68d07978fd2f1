//! What job kinds are asked for.

use std::collections::{BTreeMap, BTreeSet};

use horde_events::{ExecutorsOf, JOBS_PER_ASK_MAX};
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};

use crate::offers::Offer;
use crate::rules::Rules;

/// What a job kind was asked for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Ask {
    pub(crate) kind: String,
    pub(crate) class: ExecutorClass,
    pub(crate) miners: Vec<ExecutorsOf>,
}

/// The note of a class without a job kind.
const NO_KIND: &str = "no job kind is configured for the class: name one in `kinds`";

/// How the note ends of executors that run users' jobs.
const USERS: &str = " executors run users' jobs and are not tested";

/// How the note ends of a job kind that did not answer.
pub(crate) const NO_ANSWER: &str = ": is the extension loaded?";

/// Something that kept jobs from being made.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Note {
    pub(crate) class: ExecutorClass,
    pub(crate) text: String,
}

/// What a note is about. Reports have notes as texts only.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Obstacle {
    /// The class has no job kind.
    NoKind,
    /// Its job kind did not answer.
    NoAnswer,
    /// Its job kind has made fewer jobs than were wanted.
    Shortage,
    /// Some of its executors run users' jobs; the rows say of which miners.
    Users,
}

impl Obstacle {
    pub(crate) fn from_text(text: &str) -> Self {
        if text == NO_KIND {
            Self::NoKind
        } else if text.ends_with(NO_ANSWER) {
            Self::NoAnswer
        } else if text.ends_with(USERS) {
            Self::Users
        } else {
            Self::Shortage
        }
    }
}

/// Cuts what is wanted into pieces of at most [`JOBS_PER_ASK_MAX`] jobs, and notes classes without a kind and with users' jobs.
pub(crate) fn plan_asks(
    offers: &[Offer],
    kinds: &BTreeMap<ExecutorClass, String>,
    rules: &Rules,
) -> (Vec<Ask>, BTreeSet<Note>) {
    let mut by_class: BTreeMap<ExecutorClass, Vec<ExecutorsOf>> = BTreeMap::new();
    let (mut asks, mut notes) = (Vec::new(), note_users(offers, rules));
    for offer in offers {
        for class in offer.classes.iter().filter(|class| class.tested > 0) {
            by_class.entry(class.class).or_default().push(ExecutorsOf {
                hotkey: offer.miner.hotkey.clone(),
                count: class.tested,
            });
        }
    }
    for (class, miners) in by_class {
        let Some(kind) = kinds.get(&class) else {
            let text = NO_KIND.to_owned();
            notes.insert(Note { class, text });
            continue;
        };
        asks.extend(cut_to_pieces(miners).into_iter().map(|miners| Ask {
            kind: kind.clone(),
            class,
            miners,
        }));
    }
    (asks, notes)
}

/// Notes the classes of which executors are not tested because they run users' jobs.
fn note_users(offers: &[Offer], rules: &Rules) -> BTreeSet<Note> {
    let mut by_class: BTreeMap<ExecutorClass, u64> = BTreeMap::new();
    for class in offers.iter().flat_map(|offer| &offer.classes) {
        *by_class.entry(class.class).or_default() += u64::from(class.user_jobs(rules));
    }
    let busy = by_class.into_iter().filter(|(_, count)| *count > 0);
    busy.map(|(class, count)| Note {
        class,
        text: format!("{count}{USERS}"),
    })
    .collect()
}

fn cut_to_pieces(miners: Vec<ExecutorsOf>) -> Vec<Vec<ExecutorsOf>> {
    let max = JOBS_PER_ASK_MAX as u32;
    let (mut pieces, mut piece, mut room) = (Vec::new(), Vec::new(), max);
    for mut miner in miners {
        while miner.count > 0 {
            let count = miner.count.min(room);
            piece.push(ExecutorsOf {
                hotkey: miner.hotkey.clone(),
                count,
            });
            miner.count -= count;
            room -= count;
            if room == 0 {
                pieces.push(std::mem::take(&mut piece));
                room = max;
            }
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hotkey: &str, count: u32) -> ExecutorsOf {
        ExecutorsOf {
            hotkey: hotkey.to_owned(),
            count,
        }
    }

    #[test]
    fn pieces_have_all_jobs_and_are_bounded() {
        let pieces = cut_to_pieces(vec![of("a", 60), of("b", 70), of("c", 1)]);
        let expected = [
            vec![of("a", 60), of("b", 4)],
            vec![of("b", 64)],
            vec![of("b", 2), of("c", 1)],
        ];
        assert_eq!(pieces, expected);
        assert_eq!(cut_to_pieces(vec![of("a", 64)]).len(), 1);
    }
}
