//! The page at `/`: a [`View`] for people.
//!
//! Invariant: one document with nothing from elsewhere. Every text in it is escaped, and its policy lets nothing run but
//! its own script, which only asks for the page again.

mod benchmarks;
mod blocks;
mod challenges;
mod markup;
mod plot;
mod scale;
mod tables;

use markup::{Escaped, Html};

use crate::network::View;

/// The document around `MAIN`, with style and script.
const PAGE: &str = include_str!("page/page.html");
const MAIN: &str = "<main></main>";

/// The header `Content-Type` of the page.
pub(crate) const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// The header `Content-Security-Policy`; the hashes are those of style and script in `page.html`.
pub(crate) const POLICY: &str = "default-src 'none'; connect-src 'self'; \
    script-src 'sha256-Qj3a+X+bkuttazH+L3M7CqPOlcDac8++K41YB0U8BNY='; \
    style-src 'sha256-wWB4TiXND2zTpN2TMmPyApahlQx1VuJ/HsEo48dRGFQ='; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Rows of a table; the rest is counted.
const ROWS_MAX: usize = 100;

/// The page that shows `view`.
pub(crate) fn html(view: &View) -> String {
    let mut main = Html::new("<main>");
    facts(&mut main, view);
    blocks::section(&mut main, view);
    benchmarks::section(&mut main, view);
    challenges::section(&mut main, view);
    tables::players(&mut main, view);
    tables::algorithms(&mut main, view);
    main.push("</main>");
    PAGE.replacen(MAIN, &main.into_text(), 1)
}

fn facts(main: &mut Html, view: &View) {
    let in_round = view.height % view.blocks_per_round.max(1) + 1;
    main.push("<dl class=\"facts\">");
    for (name, value) in [
        ("height", view.height.to_string()),
        ("block", view.block_id.clone()),
        (
            "round",
            format!(
                "{}, block {in_round} of {}",
                view.round, view.blocks_per_round
            ),
        ),
        ("lifespan", format!("{} blocks", view.lifespan_period)),
        ("rollbacks", view.num_rollbacks.to_string()),
        ("seed", view.seed.to_string()),
    ] {
        main.add(format_args!(
            "<div><dt>{name}</dt><dd>{}</dd></div>",
            Escaped(&value)
        ));
    }
    main.push("</dl>");
}
