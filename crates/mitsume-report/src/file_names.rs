//! Names of the files that are written, without their extensions.

use std::collections::BTreeSet;

/// Whether a character stays as it is in a file name.
fn is_kept(c: char) -> bool {
    c.is_alphanumeric() || c == '.' || c == '-'
}

/// The parts joined by dashes; every other character becomes a dash.
pub(crate) fn file_stem_from_parts(parts: &[&str]) -> String {
    let joined = parts.join("-");
    let kept = joined.chars().map(|c| if is_kept(c) { c } else { '-' });
    kept.collect::<String>().trim_matches(['-', '.']).to_owned()
}

/// The file stem of a figure or table with this title: runs of other characters become one dash.
pub(crate) fn file_stem_from_title(title: &str) -> String {
    let mut name = String::new();
    for c in title.chars() {
        if is_kept(c) {
            name.push(c);
        } else if !name.ends_with('\u{0}') {
            name.push('\u{0}');
        }
    }
    let name = name.replace('\u{0}', "-");
    let name: String = name.trim_matches(['-', '.']).chars().take(100).collect();
    if name.is_empty() {
        "mitsume".to_owned()
    } else {
        name
    }
}

/// `name`, numbered if it is taken.
pub(crate) fn unique_file_stem(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (1_usize..).map(|n| match n {
        1 => name.to_owned(),
        n => format!("{name}-{n}"),
    });
    // Some file systems ignore case.
    let free = |candidate: &String| !taken.contains(&candidate.to_lowercase());
    let mut numbered = numbered.filter(free);
    let name = numbered.next().unwrap_or_default();
    drop(numbered);
    taken.insert(name.to_lowercase());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_names_of_files_of_their_own() {
        let mut taken = BTreeSet::new();
        let titles = [
            "Loss",
            "loss",
            "../a/b: c",
            "<img src=x>",
            "混同行列（run 1）",
            "…",
        ];
        let names = titles.map(|title| unique_file_stem(&file_stem_from_title(title), &mut taken));
        assert_eq!(
            names,
            [
                "Loss",
                "loss-2",
                "a-b-c",
                "img-src-x",
                "混同行列-run-1",
                "mitsume"
            ]
        );
    }
}
