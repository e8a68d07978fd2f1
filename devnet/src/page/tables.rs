//! Players and algorithms.

use super::ROWS_MAX;
use super::markup::{Escaped, Html, Percent, ShortId, Tig};
use crate::network::View;

pub(super) fn players(main: &mut Html, view: &View) {
    main.push(
        "<section><h2>Players</h2><div class=\"wide\"><table><thead><tr><th>player<th class=\"number\">balance, TIG\
         <th class=\"number\">fees paid, TIG<th class=\"number\">benchmarks<th class=\"number\">active\
         <th class=\"number\">cutoff<th class=\"number\">influence<th class=\"number\">round earnings, TIG</tr></thead><tbody>",
    );
    for player in view.players.iter().take(ROWS_MAX) {
        main.add(format_args!(
            "<tr><td>{}<td class=\"number\">{}<td class=\"number\">{}<td class=\"number\">{}<td class=\"number\">{}\
             <td class=\"number\">{}<td class=\"number\">{}<td class=\"number\">{}</tr>",
            ShortId(&player.id),
            Tig(player.available_fee_balance),
            Tig(player.total_fees_paid),
            player.num_benchmarks,
            player.num_active,
            player.cutoff,
            Percent(player.influence),
            Tig(player.round_earnings),
        ));
    }
    end(main, view.players.len());
}

pub(super) fn algorithms(main: &mut Html, view: &View) {
    main.push(
        "<section><h2>Algorithms</h2><div class=\"wide\"><table><thead><tr><th>algorithm<th>name<th>challenge<th>state\
         <th class=\"number\">benchmarks<th class=\"number\">adoption</tr></thead><tbody>",
    );
    for algorithm in view.algorithms.iter().take(ROWS_MAX) {
        main.add(format_args!(
            "<tr><td><code>{}</code><td>{}<td>{}<td>{}<td class=\"number\">{}<td class=\"number\">{}</tr>",
            Escaped(&algorithm.id),
            Escaped(&algorithm.name),
            Escaped(&algorithm.challenge),
            if algorithm.active { "active" } else { "from the next block on" },
            algorithm.num_benchmarks,
            Percent(algorithm.adoption),
        ));
    }
    end(main, view.algorithms.len());
}

fn end(main: &mut Html, num_rows: usize) {
    main.push("</tbody></table></div>");
    if let Some(more) = num_rows.checked_sub(ROWS_MAX).filter(|&more| more > 0) {
        main.add(format_args!("<p>and {more} more</p>"));
    }
    main.push("</section>");
}
