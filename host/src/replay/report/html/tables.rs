//! Tables of the page.

use super::super::rows::Row;
use super::super::sides::Sides;
use super::super::text::{described, plugins_text};
use super::super::{ExtensionReport, Found, Report, shown};
use super::markup::{Markup, Text};

/// All extensions: their calls and plugin files.
pub(super) fn add_summary(page: &mut Markup, report: &Report) {
    page.push(
        "<div class=\"wide\"><table><caption>Calls of each extension</caption><thead><tr><th scope=\"col\">extension</th>\
         <th scope=\"col\" class=\"number\">calls</th><th scope=\"col\" class=\"number\">different</th>\
         <th scope=\"col\" class=\"number\">failed, recorded</th><th scope=\"col\" class=\"number\">failed, replayed</th>\
         </tr></thead><tbody>",
    );
    for extension in &report.extensions {
        let calls = extension.calls;
        let Sides { recorded, replayed } = calls.failed;
        page.add(format_args!(
            "<tr><th scope=\"row\">{}</th>",
            Text(&extension.name)
        ));
        for count in [calls.all, calls.different(), recorded, replayed] {
            page.add(format_args!("<td class=\"number\">{count}</td>"));
        }
        page.push("</tr>");
    }
    page.push("</tbody></table></div>\n");
}

/// The plugin files of both sides.
pub(super) fn add_plugins(page: &mut Markup, extension: &ExtensionReport) {
    let plugins = extension.plugins.map(|plugins| plugins_text(plugins));
    for (side, text) in [
        ("Recorded", plugins.recorded),
        ("Replayed", plugins.replayed),
    ] {
        if !text.is_empty() {
            page.add(format_args!(
                "<p class=\"faint\">{side}: <code>{}</code></p>\n",
                Text(&text)
            ));
        }
    }
}

/// The first difference of an extension, and the further ones behind a line that opens them.
pub(super) fn add_differences(page: &mut Markup, extension: &ExtensionReport) {
    let Some((first, further)) = extension.differences.split_first() else {
        return;
    };
    add_table(page, "The first difference", std::slice::from_ref(first));
    if further.is_empty() {
        return;
    }
    let more = extension.calls.different() - described(extension);
    let more = if more > 0 {
        format!("; {more} more are not shown")
    } else {
        String::new()
    };
    page.add(format_args!(
        "<details><summary>{} further differences{more}</summary>\n",
        further.len()
    ));
    add_table(page, "Further differences", further);
    page.push("</details>\n");
}

fn add_table(page: &mut Markup, caption: &str, differences: &[Found]) {
    page.add(format_args!(
        "<table><caption>{caption}</caption><thead><tr><th scope=\"col\">call</th>\
         <th scope=\"col\">what the replayed extension does</th></tr></thead><tbody>"
    ));
    for found in differences {
        add_difference(page, found);
    }
    page.push("</tbody></table>\n");
}

fn add_difference(page: &mut Markup, found: &Found) {
    page.add(format_args!(
        "<tr><td>{}<br>call {}, {}</td><td>{}",
        Text(&shown::time(found.at_ms)),
        found.number,
        Text(&found.what),
        Text(&found.difference.text)
    ));
    if !found.difference.values.is_empty() {
        page.push("<ul>");
        for value in &found.difference.values {
            page.add(format_args!("<li><code>{}</code></li>", Text(value)));
        }
        if found.difference.values_more > 0 {
            let more = found.difference.values_more;
            page.add(format_args!("<li>and {more} more</li>"));
        }
        page.push("</ul>");
    }
    page.push("</td></tr>");
}

/// What follows, as numbers.
pub(super) fn add_rows(page: &mut Markup, caption: &str, rows: &[Row]) {
    page.add(format_args!(
        "<div class=\"wide\"><table><caption>{}</caption><thead><tr><th scope=\"col\">field</th><th scope=\"col\">measure</th>\
         <th scope=\"col\" class=\"number\">recorded</th><th scope=\"col\" class=\"number\">replayed</th>\
         <th scope=\"col\" class=\"number\">change</th></tr></thead><tbody>",
        Text(caption)
    ));
    for row in rows {
        page.add(format_args!(
            "<tr><td class=\"name\">{}</td><td class=\"name\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            Text(&row.field),
            Text(&row.measure),
            Text(&row.recorded),
            Text(&row.replayed),
            Text(&row.change)
        ));
    }
    page.push("</tbody></table></div>\n");
}
