//! Both languages have the same messages with the same arguments, and the code uses no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use regex::Regex;

/// Arguments of each message.
type Messages = BTreeMap<String, BTreeSet<String>>;

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(dir: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, endings, found);
        } else if endings
            .iter()
            .any(|ending| path.extension().is_some_and(|e| e == *ending))
        {
            found.push(path);
        }
    }
    found.sort();
}

fn arguments_of_pattern(pattern: &Pattern<&str>, into: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            match expression {
                Expression::Inline(inline) => arguments_of_inline(inline, into),
                Expression::Select { selector, variants } => {
                    arguments_of_inline(selector, into);
                    for variant in variants {
                        arguments_of_pattern(&variant.value, into);
                    }
                }
            }
        }
    }
}

fn arguments_of_inline(expression: &InlineExpression<&str>, into: &mut BTreeSet<String>) {
    match expression {
        InlineExpression::VariableReference { id } => {
            into.insert(id.name.to_owned());
        }
        InlineExpression::Placeable { expression } => {
            if let Expression::Inline(inline) = &**expression {
                arguments_of_inline(inline, into);
            }
        }
        _ => {}
    }
}

/// The messages of a language; fails if a file does not parse or a message is there twice.
fn messages(language: &str) -> Messages {
    let mut found = Vec::new();
    files(
        &crates().join("mitsume-locale/locales").join(language),
        &["ftl"],
        &mut found,
    );
    let mut messages = Messages::new();
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let resource = fluent_syntax::parser::parse(text.as_str())
            .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", path.display()));
        for entry in &resource.body {
            if let Entry::Message(message) = entry {
                let mut arguments = BTreeSet::new();
                let value = message.value.as_ref().expect("a message has a value");
                arguments_of_pattern(value, &mut arguments);
                let before = messages.insert(message.id.name.to_owned(), arguments);
                assert!(before.is_none(), "{} is written twice", message.id.name);
            }
        }
    }
    messages
}

/// Rust sources and templates, without tests and benchmarks.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&crates(), &["rs", "html"], &mut found);
    found.retain(|path| {
        let parts: Vec<_> = path
            .components()
            .map(|part| part.as_os_str().to_owned())
            .collect();
        !parts
            .iter()
            .any(|part| part == "tests" || part == "benches")
    });
    let read = |path: PathBuf| (path.clone(), std::fs::read_to_string(path).unwrap());
    found.into_iter().map(read).collect()
}

#[test]
fn both_languages_have_the_same_messages_with_the_same_arguments() {
    let (english, japanese) = (messages("en"), messages("ja"));
    for (id, arguments) in &english {
        let other = japanese
            .get(id)
            .unwrap_or_else(|| panic!("{id} has no Japanese"));
        assert_eq!(arguments, other, "arguments of {id}");
    }
    let only: Vec<_> = japanese
        .keys()
        .filter(|id| !english.contains_key(*id))
        .collect();
    assert!(only.is_empty(), "only in Japanese: {only:?}");
}

#[test]
fn the_code_uses_only_messages_that_exist() {
    let english = messages("en");
    let asked = Regex::new(r#"(?s)\btext!\s*\(\s*[^,"]+,\s*"([a-z0-9-]+)""#).unwrap();
    for (path, text) in sources() {
        for id in asked.captures_iter(&text).map(|found| found[1].to_owned()) {
            assert!(
                english.contains_key(&id),
                "{} asks for {id}",
                path.display()
            );
        }
    }
}

/// The identifier of a message selected at run time is a literal where it is selected; those of
/// measures of consistency are made of the measures' names in their list.
#[test]
fn every_message_is_used() {
    let sources = sources();
    for id in messages("en").into_keys() {
        let literal = match id.strip_prefix("measure-") {
            Some(name) => format!("{}: Source::", name.replace('-', "_")),
            None => format!("\"{id}\""),
        };
        assert!(
            sources.iter().any(|(_, text)| text.contains(&literal)),
            "nothing asks for {id}"
        );
    }
}
