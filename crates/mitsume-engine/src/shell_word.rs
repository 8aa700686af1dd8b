//! Paths in commands that the user can paste into a shell.

use std::path::Path;

/// The path as one word of a POSIX shell's command line, quoted where it must be.
pub fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    // A leading `-` would be read as an option.
    let text = if text.starts_with('-') {
        format!("./{text}")
    } else {
        text
    };
    shell_argument(&text)
}

/// Text, such as an option with its value, as one word of a POSIX shell's command line.
pub fn shell_argument(text: &str) -> String {
    match shlex::try_quote(text) {
        Ok(word) => word.into_owned(),
        // Fails for a NUL byte only, which no argument contains.
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_splits_the_word_into_the_same_path() {
        for path in [
            "runs/a",
            "my runs/it's",
            "$HOME/`x`",
            "a\"b\\c",
            "結果/一",
            "~x",
            "a*?[b]",
        ] {
            let word = shell_word(Path::new(path));
            assert_eq!(shlex::split(&word).unwrap(), [path], "{word}");
        }
        assert_eq!(shell_word(Path::new("runs/level2-001")), "runs/level2-001");
        assert_eq!(shell_word(Path::new("my runs")), "'my runs'");
        assert_eq!(shell_word(Path::new("-x")), "./-x");
    }
}
