//! What a build has read, as cargo notes it beside the plugin's file.

use std::path::{Path, PathBuf};

/// Ending of the name of cargo's note.
const NOTE_EXTENSION: &str = "d";
/// Bytes of it.
const NOTE_BYTES_MAX: u64 = 4 << 20;

/// Files that the build of `plugin` has read; those of crates beside it are among them. None if there is no note.
pub(super) fn read(plugin: &Path) -> Vec<PathBuf> {
    let note = plugin.with_extension(NOTE_EXTENSION);
    let text = tig_process::text_file::read(&note, NOTE_BYTES_MAX);
    text.map(|text| parse(&text)).unwrap_or_default()
}

/// `PLUGIN: FILE FILE`, as for make: a space in a name has a backslash before it.
fn parse(text: &str) -> Vec<PathBuf> {
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    lines.flat_map(|(_, files)| split(files)).collect()
}

fn split(files: &str) -> Vec<PathBuf> {
    let mut names = vec![String::new()];
    let mut characters = files.chars();
    while let Some(character) = characters.next() {
        match (character, names.last_mut()) {
            (' ', _) => names.push(String::new()),
            ('\\', Some(name)) => name.extend(characters.next()),
            (_, Some(name)) => name.push(character),
            (_, None) => {}
        }
    }
    let names = names.into_iter().filter(|name| !name.is_empty());
    names.map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_note_are_found() {
        let text = "/t/liba.so: /p/src/lib.rs /p/a\\ b.txt\n\n";
        assert_eq!(
            parse(text),
            ["/p/src/lib.rs", "/p/a b.txt"].map(PathBuf::from)
        );
        assert_eq!(parse(""), Vec::<PathBuf>::new());
    }
}
