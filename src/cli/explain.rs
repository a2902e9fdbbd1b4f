//! `explain`: the page of a rule, or the likely cause of an error text.

use std::io::Read as _;

use super::output::print;
use crate::error::{Error, Fault, nearest, quoted};
use crate::exit::Exit;
use crate::render;
use crate::rules::RULES;
use crate::rules::decoder::decode;

/// The most that is read from stdin, in bytes. Far more than is looked at: the error stands at the end of a log.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A longer word is no misspelt rule, in bytes.
const LONGEST_ID: usize = 60;

/// What the words are: a rule, a text near a rule's id, or an error text, quoted or not.
pub(super) fn explain(words: &[String]) -> Result<Exit, Error> {
    let text = match words {
        [dash] if dash == "-" => piped()?,
        _ => words.join(" "),
    };
    let text = text.trim();
    if let Some(rule) = RULES.iter().find(|rule| rule.id == text) {
        print(rule.page)?;
        return Ok(Exit::Clean);
    }
    let one_word = !text.contains(char::is_whitespace);
    if one_word
        && text.len() <= LONGEST_ID
        && let Some(near) = nearest(text, RULES.iter().map(|rule| rule.id))
    {
        return Err(Fault::new(format!("there is no rule {}", quoted(text)))
            .help(format!("did you mean `{near}`?"))
            .into());
    }
    let causes = decode(text);
    if causes.is_empty() {
        return Err(unknown(text, one_word).into());
    }
    let mut out = Vec::new();
    render::causes(&causes, &mut out).map_err(|error| Error::plain(format!("cannot write: {error}")))?;
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Clean)
}

fn piped() -> Result<String, Error> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LONGEST).read_to_end(&mut bytes);
    read.map_err(|error| Error::plain(format!("cannot read stdin: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn unknown(text: &str, one_word: bool) -> Fault {
    if text.is_empty() {
        return Fault::new("there is no text to explain").help("`batchlint explain -` reads an error text from stdin");
    }
    let message = if one_word {
        format!("{} is no rule, and no error text that is known", quoted(text))
    } else {
        "nothing in this text is known".to_owned()
    };
    Fault::new(message).help(
        "pass the error itself, from the name of the exception to its end, as keras, tensorflow, torch, jax, \
         onnxruntime, triton, sklearn or numpy printed it: `batchlint explain -` reads a whole traceback from stdin. \
         `batchlint rules` lists what can be found in the batches themselves",
    )
}
