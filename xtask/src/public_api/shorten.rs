//! The list without what follows from other lines of it, so that a difference shows what has changed and nothing else.

/// Crates whose traits only macros implement. The layout check at loading guards what they stand for.
const LAYOUT_CRATE: &str = "abi_stable::";
/// A trait of the compiler that comes with `PartialEq`.
const COMPILERS_TRAIT: &str = "core::marker::StructuralPartialEq";
/// Modules that `#[sabi_trait]` writes.
const WRITTEN_MODULES: [&str; 2] = ["::Host_trait", "::Instance_trait"];

/// What is left out of the items of an implementation.
#[derive(Clone, Copy)]
enum LeftOut {
    /// All items, and the implementation itself.
    Whole,
    /// Functions: the trait says which there are.
    Functions,
}

/// Leaves out modules that macros write, layouts, and functions that a trait of another crate prescribes.
pub(super) fn shorten<'a>(own: &str, lines: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    // The type of an implementation, and what is left out of it.
    let mut implementation: Option<(&str, LeftOut)> = None;
    for line in lines {
        if let Some((name, implemented)) = parse_implementation(line) {
            implementation = left_out(own, name).map(|left_out| (implemented, left_out));
            if matches!(implementation, Some((_, LeftOut::Whole))) {
                continue;
            }
        } else if line.starts_with("impl") {
            implementation = None;
        } else if let Some((implemented, left_out)) = implementation {
            let is_item = line.contains(&format!("{implemented}::"));
            let is_left_out = match left_out {
                LeftOut::Whole => true,
                LeftOut::Functions => line.contains("fn "),
            };
            if is_item && is_left_out {
                continue;
            }
        }
        if !WRITTEN_MODULES.iter().any(|module| line.contains(module)) {
            text += line;
            text.push('\n');
        }
    }
    text
}

fn left_out(own: &str, name: &str) -> Option<LeftOut> {
    if name.starts_with(LAYOUT_CRATE) || name == COMPILERS_TRAIT {
        Some(LeftOut::Whole)
    } else if name.starts_with(own) {
        None
    } else {
        Some(LeftOut::Functions)
    }
}

/// The trait and the type of `impl<..> Trait for Type where ..`.
fn parse_implementation(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("unsafe ").unwrap_or(line);
    let rest = skip_generics(line.strip_prefix("impl")?).trim_start();
    let rest = rest.split_once(" where ").map_or(rest, |(rest, _)| rest);
    rest.split_once(" for ")
}

fn skip_generics(text: &str) -> &str {
    if !text.starts_with('<') {
        return text;
    }
    let mut depth = 0;
    let mut before = ' ';
    for (at, char) in text.char_indices() {
        match char {
            '<' => depth += 1,
            // The arrow of a function is not a bracket.
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
        before = char;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(list: &str) -> String {
        shorten("api::", list.lines())
    }

    #[test]
    fn prescribed_functions_are_left_out() {
        let list = "pub struct api::A<'a>\n\
            impl<'a, F: Fn(u8) -> Vec<u8>> core::clone::Clone for api::A<'a> where F: Copy\n\
            pub fn api::A<'a>::clone(&self) -> api::A<'a>\n\
            pub fn api::free()\n";
        let expected = "pub struct api::A<'a>\n\
            impl<'a, F: Fn(u8) -> Vec<u8>> core::clone::Clone for api::A<'a> where F: Copy\n\
            pub fn api::free()\n";
        assert_eq!(shortened(list), expected);
    }

    #[test]
    fn own_functions_stay() {
        let list = "impl api::A\npub fn api::A::new() -> Self\n\
            impl api::Event for api::A\npub fn api::A::name()\n\
            impl core::iter::Iterator for api::A\npub type api::A::Item = u8\n";
        assert_eq!(shortened(list), list);
    }

    #[test]
    fn layouts_are_left_out() {
        let list = "impl abi_stable::StableAbi for api::A\npub type api::A::Kind = u8\n\
            impl core::marker::StructuralPartialEq for api::A\n\
            pub mod api::Host_trait\npub const api::B: u8\n";
        assert_eq!(shortened(list), "pub const api::B: u8\n");
    }
}
