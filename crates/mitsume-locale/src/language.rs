//! The languages, and how one is chosen from the environment.

use std::fmt;
use std::str::FromStr;

use crate::Value;
use crate::messages::Messages;

/// A language of the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, the default.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

/// A language tag that is not supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLanguage(String);

impl fmt::Display for UnknownLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown language {:?}: en or ja", self.0)
    }
}

impl std::error::Error for UnknownLanguage {}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(tag: &str) -> Result<Self, UnknownLanguage> {
        Self::ALL
            .into_iter()
            .find(|language| language.tag() == tag)
            .ok_or_else(|| UnknownLanguage(tag.to_owned()))
    }
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 2] = [Self::English, Self::Japanese];

    /// The language tag (BCP 47): `en` or `ja`. Also the `lang` attribute of a page.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }

    /// The language of a locale name such as `ja_JP.UTF-8`; English for any other.
    pub fn from_locale(locale: &str) -> Self {
        let language = locale.split(['_', '.', '@', '-']).next();
        language
            .and_then(|tag| tag.parse().ok())
            .unwrap_or_default()
    }

    /// The language of the environment, from the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that
    /// is set (POSIX, "Internationalization Variables").
    pub fn from_environment() -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty());
        set.map_or_else(Self::default, |locale| Self::from_locale(&locale))
    }

    /// The message `id`, which has no arguments.
    pub fn text(self, id: &str) -> String {
        self.format(id, &[])
    }

    /// What the measure of consistency is called whose name in JSON is `name`: the message
    /// `measure-NAME`.
    pub fn measure(self, name: &str) -> String {
        self.text(&format!("measure-{}", name.replace('_', "-")))
    }

    /// The message `id` with its arguments; see [`text!`](crate::text).
    pub fn format(self, id: &str, arguments: &[(&str, Value<'_>)]) -> String {
        Messages::for_language(self).format(id, arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_a_language() {
        let names = [
            "ja_JP.UTF-8",
            "ja",
            "ja-JP",
            "en_GB.UTF-8",
            "C",
            "",
            "jav_ID",
        ];
        let languages = names.map(Language::from_locale);
        use Language::{English, Japanese};
        assert_eq!(
            languages,
            [
                Japanese, Japanese, Japanese, English, English, English, English
            ]
        );
    }

    #[test]
    fn an_unknown_language_is_refused_with_the_known_ones() {
        let error = "fr".parse::<Language>().unwrap_err();
        assert_eq!(error.to_string(), "unknown language \"fr\": en or ja");
    }
}
