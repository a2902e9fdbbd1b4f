//! Error texts as frameworks print them, and what the decoder says to each.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod arrays;
mod labels;
mod runs;
mod tracebacks;

use std::collections::BTreeSet;

use batchlint::rules::RULES;
use batchlint::rules::decoder::{MOST, decode, entries};
use proptest::prelude::*;

/// The entry that comes first, the text, and what the answer has to hold: numbers of the text above all.
type Case = (&'static str, &'static str, &'static [&'static str]);

fn cases() -> impl Iterator<Item = &'static Case> {
    arrays::CASES.iter().chain(labels::CASES).chain(runs::CASES)
}

#[test]
fn every_text_gives_its_cause_and_its_numbers() {
    let mut wrong = Vec::new();
    for (id, text, shows) in cases() {
        let causes = decode(text);
        let Some(best) = causes.first() else {
            wrong.push(format!("{id}: not recognised: {text}"));
            continue;
        };
        if best.entry.id != *id {
            wrong.push(format!("{id}: {} comes first: {text}", best.entry.id));
        }
        let answer = [&*best.cause, &best.why, &best.fix].join("\n");
        for part in shows.iter().filter(|part| !answer.contains(**part)) {
            wrong.push(format!("{id}: no `{part}` in:\n{answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_entry_has_a_text() {
    let tried: BTreeSet<&str> = cases().map(|(id, ..)| *id).collect();
    let known: BTreeSet<&str> = entries().map(|entry| entry.id).collect();
    assert_eq!(entries().count(), known.len(), "an id is used twice");
    assert_eq!(tried, known);
}

#[test]
fn answers_are_whole_sentences_with_every_value_filled_in() {
    for (id, text, _) in cases() {
        for cause in decode(text) {
            let name = cause.entry.id;
            for part in [&cause.cause, &cause.why, &cause.fix] {
                assert!(!part.trim().is_empty(), "{id}: {name}: an empty part");
                let open = part.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(inside, _)| inside);
                // `{np.shape(s) for s in x}` and `{type(v) ...}` are Python.
                let unfilled: Vec<_> = open.filter(|name| name.bytes().all(|b| b.is_ascii_lowercase())).collect();
                assert!(unfilled.is_empty(), "{id}: {name}: {unfilled:?} is not filled in: {part}");
                assert!(!part.contains("  ") || part == &cause.fix, "{id}: {name}: two blanks: {part}");
            }
            assert!(!cause.cause.ends_with('.'), "{name}: the cause is a clause");
            assert!(cause.why.ends_with(['.', ')']), "{name}: the reason is a sentence: {}", cause.why);
        }
    }
}

#[test]
fn every_rule_that_is_named_exists() {
    for entry in entries() {
        for rule in entry.rules {
            let known = RULES.iter().any(|known| known.id == *rule);
            assert!(known, "{}: there is no rule {rule}", entry.id);
        }
    }
}

#[test]
fn case_quotes_and_line_breaks_do_not_matter() {
    for (id, text, _) in cases() {
        let wrapped: String = text.split(' ').collect::<Vec<_>>().join("\n    ");
        let boxed = format!("│ \u{1b}[31m{}\u{1b}[0m │", text.replace('\n', "\u{1b}[0m │\n│ "));
        for changed in [text.to_uppercase(), text.replace('\'', "\""), wrapped, boxed] {
            // Words of a fixed case decide in some: `double`, `nan`.
            let found = decode(&changed);
            assert!(!found.is_empty(), "{id}: not recognised: {changed}");
        }
    }
}

#[test]
fn what_is_no_error_gives_nothing() {
    for text in [
        "",
        " \n ",
        "hello world",
        "Epoch 3/10",
        "loss: 0.6931 - accuracy: 0.5",
        "all tests passed",
        "ValueError",
        "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!",
        "Input type (torch.cuda.FloatTensor) and weight type (torch.FloatTensor) should be the same",
        "KeyError: 'name'",
        "Epoch 3/3\nTraceback (most recent call last):\n  File \"a.py\", line 3\nNameError: name 'z' is not defined",
        "the model takes x and gives y",
    ] {
        let found: Vec<_> = decode(text).iter().map(|cause| cause.entry.id).collect();
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn equally_telling_texts_are_all_shown_at_most_three() {
    let text = "Invalid dtype: object\nTarget 3 is out of bounds.\nInput X contains NaN.\nNo data left in file";
    assert_eq!(decode(text).len(), 3);
    let twice = "Invalid dtype: str1024 ... Unsupported object type NoneType";
    let ids: Vec<_> = decode(twice).iter().map(|cause| cause.entry.id).collect();
    assert_eq!(ids, ["text-dtype", "object-elements"]);
}

#[test]
fn a_huge_text_is_read_at_its_start_and_end() {
    let noise = "0.123 ".repeat(MOST);
    for text in [format!("Invalid dtype: object {noise}"), format!("{noise} Invalid dtype: object")] {
        assert_eq!(decode(&text).first().map(|cause| cause.entry.id), Some("object-dtype"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn words_of_no_meaning_are_not_recognised(words in "([a-z]{2,9} ){0,30}") {
        prop_assert!(decode(&words).is_empty());
    }

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        prop_assert!(decode(&text).len() <= 3);
    }

    #[test]
    fn a_text_with_any_end_is_survived(text in "expected (input)?[\\[({][0-9, None?-]{0,40}[\\])}] to have -?[0-9]{1,40} channels, but got -?[0-9]{1,40} channels") {
        prop_assert!(decode(&text).len() <= 3);
    }
}
