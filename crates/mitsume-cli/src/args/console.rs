//! Options of every command: language and verbosity of its output.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use mitsume_locale::Language;

/// `--lang`, `--verbose`, `--quiet`
#[derive(clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub struct ConsoleArgs {
    /// Language of summaries, messages and pages; files and JSON are the same in both [default: the
    /// locale]
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = language_parser())]
    pub lang: Option<Language>,
    /// Also say what was settled on, and how long each part took
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// On stderr only errors and warnings: no progress, no notes
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

fn language_parser() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(Language::ALL.map(Language::tag))
        .try_map(|tag| tag.parse::<Language>())
}
