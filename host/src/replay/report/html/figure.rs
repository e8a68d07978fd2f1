//! The frame of a figure: title and description for those who do not see it, axes, legend.

use super::super::shown;
use super::markup::{Markup, Text};
use super::scale::Scale;

/// Size of a picture in its own units, which are pixels on a narrow screen.
pub(super) const WIDTH: f64 = 440.0;
/// Height of a picture with axes.
pub(super) const HEIGHT: f64 = 240.0;
/// Where the axes are.
pub(super) const LEFT: f64 = 66.0;
pub(super) const RIGHT: f64 = WIDTH - 14.0;
pub(super) const TOP: f64 = 10.0;
pub(super) const BOTTOM: f64 = HEIGHT - 42.0;

/// Least distance of two labels on the horizontal axis.
const LABEL_WIDTH: f64 = 62.0;

/// Between an axis and its labels.
const LABEL_GAP: f64 = 6.0;

/// What a figure says.
#[derive(Debug)]
pub(super) struct Caption<'a> {
    /// Under which it stands.
    pub title: &'a str,
    /// The picture in a sentence.
    pub description: &'a str,
}

/// Numbers figures, so that each has its own ids.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) count: usize,
}

impl Figures {
    /// Adds a figure, whose picture `draw` draws.
    pub(super) fn add(
        &mut self,
        page: &mut Markup,
        caption: &Caption<'_>,
        height: f64,
        draw: impl FnOnce(&mut Markup),
    ) {
        self.count += 1;
        let id = self.count;
        let (title, description) = (Text(caption.title), Text(caption.description));
        page.add(format_args!(
            "<figure><figcaption>{title}</figcaption>\
             <svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"t{id} d{id}\">\
             <title id=\"t{id}\">{title}</title><desc id=\"d{id}\">{description}</desc>"
        ));
        draw(page);
        page.push("</svg></figure>\n");
    }
}

/// Lines and labels of both axes, with their names.
pub(super) fn add_axes(svg: &mut Markup, (x, y): (&Scale, &Scale), names: [&str; 2]) {
    svg.push("<g class=\"axes\">");
    let mut free = f64::MIN;
    for tick in x.ticks() {
        let at = x.place(tick);
        svg.add(format_args!("<path d=\"M{at:.1} {TOP}V{BOTTOM}\"/>"));
        // A label that would lie over the one before is left out.
        if at >= free {
            free = at + LABEL_WIDTH;
            let (below, tick) = (BOTTOM + LABEL_GAP + 9.0, shown::number(tick));
            svg.add(format_args!(
                "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{tick}</text>"
            ));
        }
    }
    for tick in y.ticks() {
        let at = y.place(tick);
        let (left, below, tick) = (LEFT - LABEL_GAP, at + 4.0, shown::number(tick));
        svg.add(format_args!(
            "<path d=\"M{LEFT} {at:.1}H{RIGHT}\"/>\
             <text x=\"{left}\" y=\"{below:.1}\" text-anchor=\"end\">{tick}</text>"
        ));
    }
    let [x, y] = names.map(Text);
    let (middle_x, middle_y) = (f64::midpoint(LEFT, RIGHT), f64::midpoint(TOP, BOTTOM));
    svg.add(format_args!(
        "<text class=\"name\" x=\"{middle_x}\" y=\"{}\" text-anchor=\"middle\">{x}</text>\
         <text class=\"name\" transform=\"translate(11 {middle_y}) rotate(-90)\" text-anchor=\"middle\">{y}</text></g>",
        HEIGHT - 6.0
    ));
}
