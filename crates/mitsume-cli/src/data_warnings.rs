//! Warnings about a data set: files that are not images, duplicates, leaks.

use std::path::{Path, PathBuf};

use mitsume_data::OtherFiles;
use mitsume_engine::{LeakedImages, SharedPatients, shell_word};
use mitsume_locale::{Language, text};

/// Number of items that are listed of a long list.
const MAX_LISTED: usize = 5;

/// Files that are not used as images, by kind, with the first few of each.
pub fn other_files(files: &[OtherFiles], language: Language) -> String {
    let kind = |other: &OtherFiles| {
        let listed = first_few(&other.paths, ", ", language);
        format!("{} {} ({listed})", other.paths.len(), other.kind)
    };
    files.iter().map(kind).collect::<Vec<_>>().join("; ")
}

/// Images of whose files the first of several frames is used.
pub fn more_frames(images: &[PathBuf], language: Language) -> String {
    let names = images.iter().map(|path| path.display().to_string());
    let names: Vec<String> = names.collect();
    let files = first_few(&names, ", ", language);
    text!(
        language,
        "command-more-frames",
        images = names.len(),
        files = files
    )
}

/// Groups of equal images, one per line, and the number of groups that are not shown.
pub fn groups(groups: &[Vec<String>], language: Language) -> String {
    let mut lines = String::new();
    for group in groups.iter().take(MAX_LISTED) {
        lines += &format!("  {}\n", first_few(group, " = ", language));
    }
    if groups.len() > MAX_LISTED {
        let count = groups.len() - MAX_LISTED;
        lines += &format!("  {}\n", text!(language, "command-more", count = count));
    }
    lines
}

/// Leaked validation images: their number, the first few, and the command that lists all.
pub fn leaks(leaks: &LeakedImages, language: Language) -> String {
    let paths = |(valid, train): &(std::path::PathBuf, std::path::PathBuf)| {
        vec![valid.display().to_string(), train.display().to_string()]
    };
    let pairs: Vec<Vec<String>> = leaks.pairs.iter().map(paths).collect();
    let head = text!(
        language,
        "command-leaking",
        images = pairs.len(),
        of = leaks.validation_images
    );
    let all = see_all(&leaks.train, &leaks.valid, language);
    format!("{head}\n{}  {all}", groups(&pairs, language))
}

/// Patients of training and validation: their number, the first few, and the command that lists all.
pub fn shared_patients(shared: &SharedPatients, language: Language) -> String {
    let names = shared.patients.iter().map(|one| one.patient.clone());
    let names: Vec<String> = names.collect();
    let head = text!(
        language,
        "command-shared-patients",
        patients = names.len(),
        images = shared.images(),
        of = shared.validation_images
    );
    let all = see_all(&shared.train, &shared.valid, language);
    format!("{head}\n  {}\n  {all}", first_few(&names, ", ", language))
}

/// The command that lists all that is wrong with two splits.
fn see_all(train: &Path, valid: &Path, language: Language) -> String {
    let (train, valid) = (shell_word(train), shell_word(valid));
    let command = format!("mitsume data check {train} {valid} --json");
    text!(language, "command-leaking-all", command = command)
}

/// The first few items of a list, and the number of the others.
pub fn first_few(list: &[String], separator: &str, language: Language) -> String {
    let mut listed = list[..list.len().min(MAX_LISTED)].join(separator);
    if list.len() > MAX_LISTED {
        let count = list.len() - MAX_LISTED;
        listed += &format!(
            "{separator}{}",
            text!(language, "command-more", count = count)
        );
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|i| format!("{i}.gif")).collect()
    }

    #[test]
    fn items_that_are_not_listed_are_counted() {
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
