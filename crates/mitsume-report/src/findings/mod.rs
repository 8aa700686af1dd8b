//! The findings in sentences, at the top of the page.
//!
//! Sentences claim no more than the data supports: runs are compared only if they differ in nothing
//! but lambda, a single seed is named as such, and before its maps are described, a model is
//! checked for guessing.

mod classes;
mod lambda;
mod metrics;
pub(crate) mod surroundings;
mod terms;
mod title;

use mitsume_locale::{Language, text};

use crate::entries::Entry;

pub(crate) use surroundings::surroundings_sentences;
pub(crate) use title::title;

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub text: String,
    /// Whether it is a caution.
    pub caution: bool,
}

impl Finding {
    pub(crate) fn plain(text: String) -> Self {
        let caution = false;
        Self { text, caution }
    }

    pub(crate) fn caution(text: String) -> Self {
        let caution = true;
        Self { text, caution }
    }

    /// As plain text, with a prefix if it is a caution.
    pub(crate) fn plain_text(&self, language: Language) -> String {
        if !self.caution {
            return self.text.clone();
        }
        let caution = text!(language, "findings-caution");
        format!("{caution}{}", self.text)
    }
}

/// Findings and terms of a page.
#[derive(Debug)]
pub(crate) struct Findings {
    pub sentences: Vec<Finding>,
    /// The terms of the sentences and what they mean.
    pub terms: Vec<(String, String)>,
}

impl Findings {
    /// The sentences as plain text, cautions with a prefix.
    pub fn plain_text(&self, language: Language) -> Vec<String> {
        self.sentences
            .iter()
            .map(|finding| finding.plain_text(language))
            .collect()
    }
}

/// The sentences on the whole page, and the terms in them.
pub(crate) fn findings(entries: &[Entry], language: Language) -> Findings {
    let pairs = lambda::comparisons(entries);
    let mut sentences = metrics::sentences(entries, language);
    sentences.extend(lambda::sentences(entries, &pairs, language));
    sentences.extend(classes::sentences(entries, &pairs, language));
    sentences.extend(surroundings::for_entries(entries, language));
    Findings {
        sentences,
        terms: terms::terms(entries, language),
    }
}

/// Names as a list, such as "a, b".
fn listed(names: &[&str], language: Language) -> String {
    let between = text!(language, "findings-between");
    names.join(&between)
}

/// The model of an entry.
fn model(entry: &Entry) -> &str {
    match (&entry.evaluation, &entry.run) {
        (Some(evaluated), _) => &evaluated.summary.model.name,
        (None, Some(run)) => run.config.model.title(),
        (None, None) => "",
    }
}
