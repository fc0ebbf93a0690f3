//! Sentences that have to be decoded: their subject comes late, or a word is not in common use.

use std::sync::LazyLock;

use anyhow::Result;
use regex::Regex;

use super::finding::Finding;
use super::passages::passages;
use super::tree::Tree;

/// Returns the sentences that break a rule, and how many sentences there are.
pub(super) fn findings(tree: &Tree) -> Result<(Vec<Finding>, usize)> {
    let mut found = Vec::new();
    let mut count = 0;
    for file in ENDINGS.iter().flat_map(|ending| tree.with_ending(ending)) {
        for passage in passages(file)? {
            for sentence in sentences(&passage.text) {
                count += 1;
                found.extend(judge(sentence).map(|rule| Finding {
                    file: file.path.clone(),
                    line: passage.line,
                    rule,
                    text: sentence.to_owned(),
                }));
            }
        }
    }
    Ok((found, count))
}

/// Cuts a passage into sentences of at least three words.
fn sentences(passage: &str) -> impl Iterator<Item = &str> {
    let mut rest = passage;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = END.find(rest).map_or(rest.len(), |end| end.start() + 1);
        let (sentence, after) = rest.split_at(end);
        rest = after;
        Some(sentence.trim())
    })
    .filter(|sentence| sentence.split_whitespace().count() >= 3)
}

/// Returns the rule that a sentence breaks.
fn judge(sentence: &str) -> Option<&'static str> {
    let plain = CODE.replace_all(sentence, "`x`");
    let opening = OPENING.find(&plain).is_some() && !plain.ends_with('?');
    if opening {
        return Some("opening");
    }
    let word = WORDS.find(&plain).is_some();
    let is_no = IS_NO.captures_iter(&plain).any(|is_no| {
        let after = is_no.get(2).map_or("", |word| word.as_str());
        is_no.get(1).is_none() && after != "longer" && after != "such"
    });
    (word || is_no).then_some("words")
}

/// The end of a sentence that another one follows.
static END: LazyLock<Regex> = LazyLock::new(|| pattern(r#"[.!?:]["”)]?\s+["“(]?[A-Z`]"#));
static CODE: LazyLock<Regex> = LazyLock::new(|| pattern("`[^`]*`"));
/// Also "Where" and "Whether": as a subject they need a second reading, and as a condition "If" says the same.
static OPENING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[^A-Za-z`]*(What|Whatever|Who|Whom|Whose|Whoever|Where|Whether)\b"));
static WORDS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b((is|are) none|anew|nobody|somebody|apart by)\b"));
static IS_NO: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b(there )?(?:is|are) no\b(?:\s+(\w+))?"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant, and tests use each")
}

const ENDINGS: [&str; 4] = [".rs", ".md", ".toml", ".yaml"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_is_cut_into_sentences() {
        let passage =
            "It is sent. `x` comes back (see e.g. below). Is it good? Two words. \"Well, it is.\" Yes it is";
        let wanted = [
            "It is sent.",
            "`x` comes back (see e.g. below).",
            "Is it good?",
            "\"Well, it is.\"",
            "Yes it is",
        ];
        // A quotation mark that closes belongs to the sentence before it.
        let found: Vec<_> = sentences(passage).collect();
        assert_eq!(found.len(), wanted.len(), "{found:?}");
        assert_eq!(found[..3], wanted[..3]);
    }

    #[test]
    fn an_opening_that_hides_the_subject_is_found() {
        for bad in [
            "What is sent twice is lost.",
            "Whom it is for is unknown.",
            "Who waits gets it.",
            "Whether it is good.",
        ] {
            assert_eq!(judge(bad), Some("opening"), "{bad}");
        }
        for good in [
            "What is sent?",
            "Whole numbers are read.",
            "`What` is a type.",
            "The server says what it wants.",
        ] {
            assert_eq!(judge(good), None, "{good}");
        }
    }

    #[test]
    fn words_that_have_to_be_decoded_are_found() {
        for bad in [
            "a value that is none",
            "It is sent anew.",
            "Nobody waits for it.",
            "apart by spaces",
            "It is no URL.",
        ] {
            assert_eq!(judge(bad), Some("words"), "{bad}");
        }
        for good in [
            "There is no token.",
            "It is no longer good.",
            "It is no such thing.",
            "`nobody` is a user",
            "The server is noisy.",
        ] {
            assert_eq!(judge(good), None, "{good}");
        }
    }
}
