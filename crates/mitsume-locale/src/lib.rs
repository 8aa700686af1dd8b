//! User-facing messages in English and Japanese.
//!
//! Messages are Fluent files in one folder per language, `locales/en` and `locales/ja`, one file
//! per page or command. Code looks up a message by its identifier:
//!
//! ```rust
//! use mitsume_locale::{Language, text};
//!
//! assert_eq!(text!(Language::English, "language-name"), "English");
//! assert_eq!(text!(Language::Japanese, "language-images", count = 3), "画像 3 枚");
//!
//! let language = Language::from_locale("ja_JP.UTF-8");
//! assert_eq!(language.tag(), "ja");
//! ```
//!
//! Why Fluent: its files are made for translators, it has the plural rules of each language, and
//! each translation can order arguments by its grammar.
//!
//! Tests check that both languages have the same messages with the same arguments, and that the
//! code uses only messages that exist. The caller formats numbers and passes them as text; an
//! integer that selects a plural form is passed as a number.

mod language;
mod messages;

pub use language::{Language, UnknownLanguage};

/// Value of a message's argument: text, or an integer that may select a plural form.
pub use fluent_bundle::FluentValue as Value;

/// A message in a language, with named arguments if it has any: `text!(language, ID, count = 3)`.
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
