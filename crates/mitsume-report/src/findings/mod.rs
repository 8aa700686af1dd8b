//! What was found, in sentences: the first thing on the page.
//!
//! Every sentence claims what the figures bear and no more: runs are compared only with runs that differ
//! in nothing but lambda, one seed is called one seed, and a model that guesses is called that before
//! anything is said of where it looks.

mod classes;
mod lambda;
mod metrics;
pub(crate) mod surroundings;
mod terms;
mod title;

use mitsume_locale::{Language, text};

use crate::entries::Entry;

pub(crate) use title::title;

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub text: String,
    /// Whether it warns of taking the figures for more than they are.
    pub caution: bool,
}

impl Finding {
    fn plain(text: String) -> Self {
        let caution = false;
        Self { text, caution }
    }

    fn caution(text: String) -> Self {
        let caution = true;
        Self { text, caution }
    }

    /// As plain text, with a word before it where it warns.
    pub(crate) fn plain_text(&self, language: Language) -> String {
        if !self.caution {
            return self.text.clone();
        }
        let caution = text!(language, "findings-caution");
        format!("{caution}{}", self.text)
    }
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Findings {
    pub sentences: Vec<Finding>,
    /// The terms of the sentences and what they mean.
    pub terms: Vec<(String, String)>,
}

impl Findings {
    /// The sentences as plain text, with a word before those that warn.
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
        (None, Some(run)) => &run.config.model.name,
        (None, None) => "",
    }
}
