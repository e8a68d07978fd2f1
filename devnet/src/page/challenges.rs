//! The challenges, each with its difficulties as a plot.

use std::collections::BTreeSet;

use super::markup::{Escaped, Html, Tig};
use super::plot::{Dot, Plot};
use crate::network::{ChallengeView, View};

pub(super) fn section(main: &mut Html, view: &View) {
    main.push(
        "<section><h2>Challenges</h2><ul class=\"legend\">\
         <li><i class=\"base_frontier\"></i>base_frontier</li>\
         <li><i class=\"scaled_frontier\"></i>scaled_frontier</li>\
         <li><i class=\"admissible\"></i>admissible</li>\
         <li><i class=\"qualifier\"></i>active, qualifies</li>\
         <li><i class=\"active\"></i>active</li></ul><div class=\"plots\">",
    );
    for challenge in &view.challenges {
        figure(main, challenge);
    }
    main.push("</div></section>");
}

fn figure(main: &mut Html, challenge: &ChallengeView) {
    let (id, name) = (Escaped(&challenge.id), Escaped(&challenge.name));
    main.add(format_args!("<figure><h3>{name} <code>{id}</code></h3>"));
    match plot(challenge) {
        Some(plot) => main.push(&plot.svg()),
        None => main.push("<p>Its difficulty is not a point in the plane.</p>"),
    }
    main.add(format_args!(
        "<figcaption>scaling factor {:.3}, {} qualifiers, {} benchmarks; base fee {} TIG, per nonce {} TIG</figcaption></figure>",
        challenge.scaling_factor,
        challenge.num_qualifiers,
        challenge.num_benchmarks,
        Tig(challenge.base_fee),
        Tig(challenge.per_nonce_fee),
    ));
}

fn plot(challenge: &ChallengeView) -> Option<Plot<'_>> {
    let [x, y] = challenge.parameters.as_slice() else {
        return None;
    };
    let qualifiers: BTreeSet<_> = challenge.qualifier_difficulties.iter().collect();
    let dots = challenge.active.iter().map(|point| Dot {
        at: &point.difficulty,
        num_solutions: point.num_solutions,
        num_benchmarks: point.num_benchmarks,
        qualifies: qualifiers.contains(&point.difficulty),
    });
    Some(Plot {
        axes: [&x.name, &y.name],
        base: &challenge.base_frontier,
        scaled: &challenge.scaled_frontier,
        base_is_lower: challenge.scaling_factor > 1.0,
        dots: dots.collect(),
    })
}
