//! Every word that the program shows a person, in English and Japanese.
//!
//! The words of one language are the files of one folder, `locales/en` or `locales/ja`, one file
//! per page or command. Code asks for a message by its identifier:
//!
//! ```
//! use mitsume_locale::{Language, text};
//!
//! assert_eq!(text!(Language::English, "language-name"), "English");
//! assert_eq!(text!(Language::Japanese, "language-images", count = 3), "画像 3 枚");
//! ```
//!
//! Why Fluent: its files are made for translators, it knows the plural forms of each language,
//! and a translation may order its arguments as its grammar wants.
//!
//! The tests hold the two languages to the same messages and the same arguments, and the code to
//! messages that exist. Numbers are formatted by the caller and passed as text; an integer is
//! passed as a number where the message chooses a plural by it.

mod language;
mod messages;

pub use language::{Language, UnknownLanguage};

/// A value of a message's argument: text, or an integer that may choose a plural.
pub use fluent_bundle::FluentValue as Value;

/// A message in a language, with named arguments where it has any: `text!(language, ID, count = 3)`.
#[macro_export]
macro_rules! text {
    ($language:expr, $id:expr $(,)?) => {
        $crate::Language::text($language, $id)
    };
    ($language:expr, $id:expr, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::Language::format(
            $language,
            $id,
            &[$((stringify!($name), $crate::Value::from($value))),+],
        )
    };
}
