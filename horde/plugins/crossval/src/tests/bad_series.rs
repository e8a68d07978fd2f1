//! Series that cannot be sampled.

use super::*;

/// What becomes of a pool whose first series has this content: how many workloads there are, and whether that series is left.
fn sample(content: &[u8]) -> (World, bool) {
    let mut world = World::start();
    world.up();
    let asked = world.asked();
    let spoilt = asked.uploads()[0].clone();
    world.generate(&asked);
    world.objects.insert(spoilt.clone(), content.to_vec());
    world.settle();
    world.harness.advance_ms(60_000);
    world.settle();
    let uuid = spoilt.rsplit('/').next().unwrap();
    let is_left = world
        .harness
        .stored()
        .contains_key(&format!("series/{uuid}"));
    (world, is_left)
}

#[test]
fn spoilt_series_is_dropped_and_others_go_on() {
    let html = "<!DOCTYPE html><title>503 Service Unavailable</title>\n<p>Please try again later</p>\n<p>Thank you for waiting</p>";
    let blanks = " \n\t\n\u{3000}\n";
    let cases: [(&str, &[u8], bool); 7] = [
        ("empty", b"", false),
        ("one line", b"the only prompt there is", false),
        ("blanks", blanks.as_bytes(), false),
        (
            "not UTF-8",
            b"prompt number one\nprompt \xff number two\n",
            false,
        ),
        ("gzip", &[0x1f, 0x8b, 8, 0, 1, 2, 3], false),
        ("short lines", b"a\nb\nc\n", false),
        // It may be a proxy's, so that it is tried again.
        ("page", html.as_bytes(), true),
    ];
    for (name, content, is_left) in cases {
        let (mut world, left) = sample(content);
        assert_eq!(left, is_left, "{name}");
        let workloads = world.report()["workloads"].as_array().unwrap().len();
        assert!(workloads >= 1, "{name}: {}", world.report());
        for prompts in prompts_of(&world) {
            assert!(prompts.starts_with("prompt "), "{name}: {prompts}");
        }
    }
}

fn prompts_of(world: &World) -> Vec<String> {
    let workloads = world.harness.stored().into_iter();
    let workloads = workloads.filter(|(key, _)| key.starts_with("workload/"));
    let mut prompts = Vec::new();
    for (_, workload) in workloads {
        for sample in workload["samples"].as_array().unwrap() {
            for prompt in sample["prompts"].as_array().unwrap() {
                prompts.push(prompt.as_str().unwrap().to_owned());
            }
        }
    }
    prompts
}

#[test]
fn odd_lines_are_sampled_as_the_solver_reads_them() {
    let content = "  prompt with blanks\u{3000}\r\nprompt with \u{2028} inside\rprompt with blanks\nprompt without an end";
    let (world, is_left) = sample(content.as_bytes());
    assert!(is_left);
    let allowed = [
        "prompt with blanks",
        "prompt with \u{2028} inside",
        "prompt without an end",
    ];
    let mut odd = 0;
    for prompt in prompts_of(&world) {
        assert!(
            prompt.contains("of series") || allowed.contains(&&*prompt),
            "{prompt:?}"
        );
        odd += usize::from(allowed.contains(&&*prompt));
    }
    assert_eq!(odd, 1);
}

/// A line of megabytes within the bound of a file is not a prompt, and costs no other line.
#[test]
fn line_of_megabytes_is_not_sampled() {
    let content = format!(
        "{}\nprompt of a sensible length\nprompt of another length\n",
        "x".repeat(3 << 20)
    );
    let (world, is_left) = sample(content.as_bytes());
    assert!(is_left);
    let longest = prompts_of(&world).iter().map(String::len).max();
    assert!(longest < Some(300), "{longest:?}");
}

/// A generator that was interrupted has written fewer lines than it was asked for.
#[test]
fn fewer_lines_than_asked_are_enough_for_a_sample() {
    let (world, is_left) = sample(b"prompt the first of two\nprompt the second of two\n");
    assert!(is_left);
    let of_it = prompts_of(&world);
    let of_it = of_it.iter().filter(|prompt| prompt.ends_with("of two"));
    assert_eq!(of_it.count(), 1);
}

/// A generator that writes further files, which have no URL, or puts one into the bucket by other means.
#[test]
fn more_files_than_asked_are_not_series() {
    let mut world = World::start();
    world.up();
    let asked = world.asked();
    world
        .objects
        .insert("/prompts/one-more".to_owned(), series(9).into_bytes());
    world.generate(&asked);
    world.settle();
    assert_eq!(world.report()["series"]["live"], 4);
    let prompts = prompts_of(&world);
    assert!(prompts.iter().all(|prompt| !prompt.contains("series 9,")));
}

#[test]
fn series_that_is_too_long_is_dropped() {
    let mut world = World::with_series();
    let tag = world.tags()[0].clone();
    world.harness.fail(&tag, HttpFailureKind::TooLarge);
    world.settle();
    world.harness.advance_ms(60_000);
    assert!(!world.records("series/").contains(&tag));
}

/// A generator that had no time wrote fewer files, or a store shows them late.
#[test]
fn missing_series_is_dropped_after_three_tries() {
    let mut world = World::start();
    world.up();
    let asked = world.asked();
    let missing = asked.uploads()[0].clone();
    world.generate(&asked);
    world.objects.remove(&missing);
    let uuid = missing.rsplit('/').next().unwrap().to_owned();
    let failures = |world: &World| {
        let series = world.harness.stored().remove(&format!("series/{uuid}"));
        series.and_then(|series| series["failures"].as_u64())
    };
    let mut seen = Vec::new();
    for _ in 0..20 {
        world.settle();
        seen.extend(failures(&world));
        // Samples are used, so that further ones are drawn.
        while let Some(asked) = world.all_asked().pop() {
            if asked.is_generation() {
                world.generate(&asked);
            } else {
                world.solve(&asked);
            }
            world.settle();
        }
        world.want("b", &[("a", 4)]);
        world.harness.advance_ms(60_000);
    }
    assert!(seen.iter().any(|count| *count < 3), "{seen:?}");
    world.harness.advance_ms(60_000);
    assert!(
        !world
            .harness
            .stored()
            .contains_key(&format!("series/{uuid}"))
    );
}
