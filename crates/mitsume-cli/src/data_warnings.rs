//! What is odd about a data set, in words: files that are not taken as images, images that occur twice.

use mitsume_data::OtherFiles;
use mitsume_engine::LeakedImages;
use mitsume_locale::{Language, text};

use mitsume_engine::shell_word;

/// How many of a long list are named.
const NAMED: usize = 5;

/// Kinds of files that are not taken as images, with the first few of each.
pub fn other_files(files: &[OtherFiles], language: Language) -> String {
    let kind = |other: &OtherFiles| {
        let named = few(&other.paths, ", ", language);
        format!("{} {} ({named})", other.paths.len(), other.kind)
    };
    files.iter().map(kind).collect::<Vec<_>>().join("; ")
}

/// Groups of equal images, a line each, and how many more there are.
pub fn groups(groups: &[Vec<String>], language: Language) -> String {
    let mut lines = String::new();
    for group in groups.iter().take(NAMED) {
        lines += &format!("  {}\n", few(group, " = ", language));
    }
    if groups.len() > NAMED {
        let count = groups.len() - NAMED;
        lines += &format!("  {}\n", text!(language, "command-more", count = count));
    }
    lines
}

/// Validation images that are trained on too: how many, the first few, and how to see all.
pub fn leaks(leaks: &LeakedImages, language: Language) -> String {
    let shown = |(valid, train): &(std::path::PathBuf, std::path::PathBuf)| {
        vec![valid.display().to_string(), train.display().to_string()]
    };
    let pairs: Vec<Vec<String>> = leaks.pairs.iter().map(shown).collect();
    let head = text!(
        language,
        "command-leaking",
        images = pairs.len(),
        of = leaks.validation_images
    );
    let command = format!(
        "mitsume data check {} {} --json",
        shell_word(&leaks.train),
        shell_word(&leaks.valid)
    );
    let all = text!(language, "command-leaking-all", command = command);
    format!("{head}\n{}  {all}", groups(&pairs, language))
}

/// The first few of a list, and how many more there are.
fn few(list: &[String], between: &str, language: Language) -> String {
    let mut named = list[..list.len().min(NAMED)].join(between);
    if list.len() > NAMED {
        let count = list.len() - NAMED;
        named += &format!(
            "{between}{}",
            text!(language, "command-more", count = count)
        );
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|i| format!("{i}.gif")).collect()
    }

    #[test]
    fn long_lists_are_counted_to_the_end() {
        let files = [OtherFiles {
            kind: "GIF".into(),
            paths: names(7),
        }];
        assert_eq!(
            other_files(&files, Language::English),
            "7 GIF (0.gif, 1.gif, 2.gif, 3.gif, 4.gif, and 2 more)"
        );
        let lines = groups(&vec![names(2); 6], Language::English);
        assert_eq!(lines.lines().count(), 6);
        assert!(lines.starts_with("  0.gif = 1.gif\n") && lines.ends_with("  and 1 more\n"));
    }

    #[test]
    fn the_command_to_see_all_can_be_pasted() {
        let pair = ("my set/b/1.png".into(), "a/b/1.png".into());
        let found = LeakedImages {
            train: "a".into(),
            valid: "my set".into(),
            validation_images: 9,
            pairs: vec![pair],
        };
        let words = leaks(&found, Language::English);
        assert!(words.starts_with("1 of 9 validation images"), "{words}");
        assert!(words.contains("  my set/b/1.png = a/b/1.png\n"), "{words}");
        assert!(
            words.contains("mitsume data check a 'my set' --json"),
            "{words}"
        );
    }
}
