//! Prompts, drawn from words.

use horde_calc::mersenne::PythonRandom;

const TASKS: [&str; 12] = [
    "Explain",
    "Describe",
    "Compare two views on",
    "Write a short poem about",
    "List three facts about",
    "Summarise the history of",
    "Give advice to a beginner on",
    "Argue for and against",
    "Name the greatest danger of",
    "Invent a story that ends with",
    "Translate into plain words:",
    "Ask five questions about",
];
const QUALITIES: [&str; 20] = [
    "ancient",
    "blue",
    "careful",
    "distant",
    "early",
    "fragile",
    "gentle",
    "hidden",
    "invisible",
    "joyful",
    "late",
    "modern",
    "naïve",
    "old",
    "patient",
    "quiet",
    "rapid",
    "silent",
    "tall",
    "unknown",
];
const THINGS: [&str; 24] = [
    "bridges",
    "clocks",
    "deserts",
    "engines",
    "forests",
    "gardens",
    "harbours",
    "islands",
    "cafés",
    "lanterns",
    "maps",
    "networks",
    "orchards",
    "prisms",
    "queues",
    "rivers",
    "ships",
    "telescopes",
    "umbrellas",
    "volcanoes",
    "windmills",
    "words",
    "yards",
    "zebras",
];
const PLACES: [&str; 20] = [
    "in winter",
    "by the sea",
    "on the moon",
    "in a small town",
    "at midnight",
    "in the last century",
    "for children",
    "without money",
    "under water",
    "in the mountains",
    "at school",
    "during a storm",
    "in the desert",
    "on a train",
    "in a library",
    "after the harvest",
    "in the next ten years",
    "at the market",
    "in the rain",
    "far from home",
];

/// A prompt of a length that can be sampled; there are more than a hundred thousand.
pub(super) fn draw_prompt(random: &mut PythonRandom) -> String {
    let mut draw = |words: &[&'static str]| random.choose(words).copied().unwrap_or_default();
    format!(
        "{} {} {} {}.",
        draw(&TASKS),
        draw(&QUALITIES),
        draw(&THINGS),
        draw(&PLACES)
    )
}
