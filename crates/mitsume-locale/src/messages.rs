//! The messages of one language, parsed once.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

use crate::{Language, Value};

/// The Fluent files of a language, embedded in the program: a macro, because `include_str!` needs
/// literals.
macro_rules! files {
    ($folder:literal) => {
        files!(
            $folder: "language", "explain", "findings", "report", "figures", "analysis", "study", "roar", "trust", "controls",
            "multi_label", "compare", "command", "measures"
        )
    };
    ($folder:literal: $($file:literal),+) => {
        [$(include_str!(concat!("../locales/", $folder, "/", $file, ".ftl"))),+]
    };
}

/// The messages of one language.
pub(crate) struct Messages {
    bundle: FluentBundle<FluentResource>,
}

impl Messages {
    /// The messages of `language`.
    pub fn for_language(language: Language) -> &'static Self {
        static ENGLISH: OnceLock<Messages> = OnceLock::new();
        static JAPANESE: OnceLock<Messages> = OnceLock::new();
        let (once, files) = match language {
            Language::English => (&ENGLISH, files!("en")),
            Language::Japanese => (&JAPANESE, files!("ja")),
        };
        once.get_or_init(|| Self::parse(language, &files))
    }

    fn parse(language: Language, files: &[&str]) -> Self {
        let tag: LanguageIdentifier = language.tag().parse().expect("a language tag");
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Unicode isolation marks around arguments would be drawn as boxes in pictures.
        bundle.set_use_isolating(false);
        for file in files {
            // Errors are impossible here: the files are embedded, and tests parse all of them.
            let resource = FluentResource::try_new((*file).to_owned());
            let resource = resource.unwrap_or_else(|(resource, _)| resource);
            bundle.add_resource_overriding(resource);
        }
        Self { bundle }
    }

    /// The formatted message. A missing message gives its identifier; tests ensure that none is
    /// missing.
    pub fn format(&self, id: &str, arguments: &[(&str, Value<'_>)]) -> String {
        let pattern = self
            .bundle
            .get_message(id)
            .and_then(|message| message.value());
        let Some(pattern) = pattern else {
            debug_assert!(false, "no message {id:?}");
            return id.to_owned();
        };
        let mut named = FluentArgs::with_capacity(arguments.len());
        for (name, value) in arguments {
            named.set(*name, value.clone());
        }
        let mut errors = Vec::new();
        let text = self
            .bundle
            .format_pattern(pattern, Some(&named), &mut errors);
        debug_assert!(errors.is_empty(), "message {id:?}: {errors:?}");
        text.into_owned()
    }
}
