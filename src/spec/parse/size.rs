//! Shape entries and their expressions, and amounts of memory.

use std::ops::Range;

use crate::config::file::Entry;
use crate::error::quoted;
use crate::spec::dims::{Bindings, Dim, Expr};
use crate::spec::fit::BATCH;

/// Deeper nesting is refused: what walks an expression may recurse.
const MAX_DEPTH: usize = 16;
/// More numbers, names and signs in one entry are refused.
const MAX_TOKENS: usize = 128;

/// What is wrong with a text, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The bytes of the text that are wrong.
    pub(super) range: Range<usize>,
    /// What is wrong.
    pub(super) message: String,
    /// What to write instead.
    pub(super) help: Option<String>,
}

impl Wrong {
    fn at(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// One entry of a shape.
pub(super) fn dim(entry: &Entry) -> Result<Dim, Wrong> {
    match entry {
        Entry::Number(number) => match u64::try_from(*number) {
            Ok(size) => fixed(size, 0..0),
            Err(_) => Err(no_size(&number.to_string(), 0..0)),
        },
        Entry::Text(text) => alternatives(text),
        Entry::Other => Err(Wrong::at(0..0, format!("an entry of `shape` takes {}", Entry::EXPECTED))),
    }
}

fn alternatives(text: &str) -> Result<Dim, Wrong> {
    let mut dims = Vec::new();
    let mut start = 0;
    for part in text.split('|') {
        dims.push((single(text, start..start + part.len())?, start..start + part.len()));
        start += part.len() + 1;
    }
    if let [(dim, _)] = dims.as_slice() {
        return Ok(dim.clone());
    }
    for (dim, range) in &dims {
        let message = match dim {
            Dim::Any => "`*` allows every size, so an alternative to it says nothing",
            Dim::Rest => "`...` stands alone: it is no size",
            _ => continue,
        };
        return Err(Wrong::at(range.clone(), message));
    }
    Ok(Dim::Either(dims.into_iter().map(|(dim, _)| dim).collect()))
}

/// An entry, or one side of a `|`.
fn single(text: &str, range: Range<usize>) -> Result<Dim, Wrong> {
    let part = &text[range.clone()];
    match part.trim() {
        "*" => return Ok(Dim::Any),
        "..." => return Ok(Dim::Rest),
        BATCH => return Ok(Dim::Batch),
        "" => return Err(Wrong::at(range, "a size is missing").help("write \"*\" for any size")),
        word @ ("None" | "none" | "null" | "?") => return Err(no_size(word, range)),
        word if word.eq_ignore_ascii_case(BATCH) => {
            let message = format!("{} is not the batch axis: names are told apart by case", quoted(word));
            return Err(Wrong::at(range, message).help("write \"batch\""));
        }
        _ => {}
    }
    let mut parser = Parser { tokens: tokens(text, range.clone())?, next: 0, range: range.clone() };
    let expr = parser.sum(0)?;
    if let Some((_, place)) = parser.tokens.get(parser.next) {
        return Err(Wrong::at(place.clone(), format!("{} is one too many", quoted(&text[place.clone()]))).help(SIGNS));
    }
    if expr.symbols().next().is_some() {
        return Ok(Dim::Size(expr));
    }
    match expr.eval(&Bindings::new()) {
        Some(size) => fixed(size, range),
        None => Err(Wrong::at(range, format!("{} is no size: a size is a whole number from 1", quoted(part.trim())))),
    }
}

fn fixed(size: u64, range: Range<usize>) -> Result<Dim, Wrong> {
    if size == 0 {
        return Err(Wrong::at(range, "an axis of size 0 holds no values").help("write \"*\" for any size"));
    }
    Ok(Dim::Fixed(size))
}

fn no_size(word: &str, range: Range<usize>) -> Wrong {
    Wrong::at(range, format!("{} is no size", quoted(word)))
        .help("write \"batch\" for the batch axis, \"*\" for any size")
}

const SIGNS: &str = "sizes know numbers, names, `+` `-` `*` `/` and parentheses";

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Number(u64),
    Name(String),
    Sign(char),
}

fn tokens(text: &str, range: Range<usize>) -> Result<Vec<(Token, Range<usize>)>, Wrong> {
    let mut tokens = Vec::new();
    let mut at = range.start;
    while let Some(first) = text[at..range.end].chars().next() {
        let start = at;
        at += first.len_utf8();
        if first == ' ' || first == '\t' {
            continue;
        }
        let mut run = |more: fn(char) -> bool| {
            while let Some(c) = text[at..range.end].chars().next().filter(|c| more(*c)) {
                at += c.len_utf8();
            }
            (&text[start..at], start..at)
        };
        let (token, place) = match first {
            '0'..='9' => {
                let (digits, place) = run(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
                let number = digits.parse().map_err(|_| {
                    let message = format!("{} is neither a whole number nor a name", quoted(digits));
                    Wrong::at(place.clone(), message).help("a product needs its sign: `2*T`")
                })?;
                (Token::Number(number), place)
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let (name, place) = run(|c| c.is_ascii_alphanumeric() || c == '_');
                if name == BATCH {
                    let wrong = Wrong::at(place, "`batch` stands alone: the batch axis has no expression");
                    return Err(wrong.help("write \"*\", or a symbol of its own"));
                }
                (Token::Name(name.to_owned()), place)
            }
            '+' | '-' | '*' | '/' | '(' | ')' => (Token::Sign(first), start..at),
            _ => {
                let message = format!("{} means nothing in a size", quoted(&text[start..at]));
                return Err(Wrong::at(start..at, message).help(SIGNS));
            }
        };
        if tokens.len() == MAX_TOKENS {
            return Err(Wrong::at(range, "this expression is too long"));
        }
        tokens.push((token, place));
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    range: Range<usize>,
}

impl Parser {
    fn sum(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let mut left = self.product(depth)?;
        while let Some(sign) = self.sign(['+', '-']) {
            let right = self.product(depth)?.into();
            left = if sign == '+' { Expr::Add(left.into(), right) } else { Expr::Sub(left.into(), right) };
        }
        Ok(left)
    }

    fn product(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let mut left = self.single(depth)?;
        while let Some(sign) = self.sign(['*', '/']) {
            let start = self.next;
            let right = self.single(depth)?;
            if sign == '/' && right == Expr::Number(0) {
                return Err(Wrong::at(self.tokens[start].1.clone(), "nothing divides by 0"));
            }
            left =
                if sign == '*' { Expr::Mul(left.into(), right.into()) } else { Expr::Div(left.into(), right.into()) };
        }
        Ok(left)
    }

    fn single(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let Some((token, place)) = self.tokens.get(self.next).cloned() else {
            let wrong = Wrong::at(self.range.clone(), "this expression ends too early");
            return Err(wrong.help("a number, a name or a parenthesis has to follow"));
        };
        self.next += 1;
        match token {
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Name(name) => Ok(Expr::Symbol(name)),
            Token::Sign('(') if depth == MAX_DEPTH => Err(Wrong::at(place, "these parentheses are too deep")),
            Token::Sign('(') => {
                let inner = self.sum(depth + 1)?;
                match self.sign([')', ')']) {
                    Some(_) => Ok(inner),
                    None => Err(Wrong::at(place, "this parenthesis is never closed").help("add `)`")),
                }
            }
            Token::Sign(sign) => {
                let after = self.next.checked_sub(2).and_then(|before| self.tokens.get(before)).map(|(token, _)| token);
                let wrong = Wrong::at(place, format!("`{sign}` stands where a number or a name is needed"));
                Err(match (sign, after) {
                    ('/', Some(Token::Sign('/'))) => wrong.help("write `/`: division has to be exact here"),
                    ('*', Some(Token::Sign('*'))) => wrong.help("write the product out: `T*T`"),
                    _ => wrong.help(SIGNS),
                })
            }
        }
    }

    fn sign(&mut self, wanted: [char; 2]) -> Option<char> {
        match self.tokens.get(self.next) {
            Some((Token::Sign(sign), _)) if wanted.contains(sign) => {
                self.next += 1;
                Some(*sign)
            }
            _ => None,
        }
    }
}

/// Whether a symbol can have that name.
pub(in crate::spec) fn is_symbol(name: &str) -> bool {
    matches!(single(name, 0..name.len()), Ok(Dim::Size(Expr::Symbol(symbol))) if symbol == name)
}

/// The units of memory, and their bytes.
const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1000),
    ("MB", 1000 * 1000),
    ("GB", 1000 * 1000 * 1000),
    ("TB", 1000 * 1000 * 1000 * 1000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// An amount of memory in bytes, at least one.
pub(super) fn bytes(entry: &Entry) -> Result<u64, Wrong> {
    let (whole, bytes) = match entry {
        Entry::Number(number) => (0..0, u64::try_from(*number).ok()),
        Entry::Text(text) => (0..text.len(), amount(text)),
        Entry::Other => (0..0, None),
    };
    bytes.filter(|bytes| *bytes > 0).ok_or_else(|| {
        Wrong::at(whole, "this is no amount of memory").help(
            "write a number of bytes, or a text with a unit: \"512 MB\" (KB MB GB TB) or \"2 GiB\" (KiB MiB GiB TiB)",
        )
    })
}

/// The same of a flag, where a number alone is bytes.
pub(super) fn bytes_of_flag(text: &str) -> Result<u64, Wrong> {
    match text.trim().parse() {
        Ok(number) => bytes(&Entry::Number(number)),
        Err(_) => bytes(&Entry::Text(text.to_owned())),
    }
}

fn amount(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = number.trim().split_once('.').unwrap_or((number.trim(), "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = u128::from(fraction.parse::<u64>().ok()?) * u128::from(*factor) / u128::from(scale);
    whole.parse::<u64>().ok()?.checked_mul(*factor)?.checked_add(u64::try_from(part).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Dim, Wrong> {
        dim(&Entry::Text(text.into()))
    }

    /// The words at fault, and what is said of them.
    fn wrong(text: &str) -> (String, String) {
        let wrong = read(text).expect_err(text);
        (text[wrong.range].to_owned(), wrong.message)
    }

    #[test]
    fn every_kind_of_entry_is_read() {
        let symbol = |name: &str| Dim::Size(Expr::Symbol(name.into()));
        assert_eq!(read(" batch "), Ok(Dim::Batch));
        assert_eq!(read("*"), Ok(Dim::Any));
        assert_eq!(read("..."), Ok(Dim::Rest));
        assert_eq!(read("32"), Ok(Dim::Fixed(32)));
        assert_eq!(read("seq_len"), Ok(symbol("seq_len")));
        assert_eq!(read("1 | C"), Ok(Dim::Either(vec![Dim::Fixed(1), symbol("C")])));
        assert_eq!(read("1|batch"), Ok(Dim::Either(vec![Dim::Fixed(1), Dim::Batch])));
        assert_eq!(read("2 * (3 + 4)"), Ok(Dim::Fixed(14)), "an expression without symbols is a number");
    }

    #[test]
    fn signs_bind_as_in_arithmetic_and_from_the_left() {
        for (text, at_three) in [("2*T-1", 5), ("10-T-1", 6), ("24/T/2", 4), ("2*(T+1)", 8), ("T+T*T", 12), ("(T)", 3)]
        {
            let Ok(Dim::Size(expr)) = read(text) else { panic!("{text}") };
            assert_eq!(expr.eval(&[("T".to_owned(), 3)].into()), Some(at_three), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_named() {
        assert_eq!(wrong("2*T+"), ("2*T+".into(), "this expression ends too early".into()));
        assert_eq!(wrong("2T"), ("2T".into(), "`2T` is neither a whole number nor a name".into()));
        assert_eq!(wrong("T 2"), ("2".into(), "`2` is one too many".into()));
        assert_eq!(wrong("H//2"), ("/".into(), "`/` stands where a number or a name is needed".into()));
        assert_eq!(wrong("T^2"), ("^".into(), "`^` means nothing in a size".into()));
        assert_eq!(wrong("2*(T+1"), ("(".into(), "this parenthesis is never closed".into()));
        assert_eq!(wrong("T/0"), ("0".into(), "nothing divides by 0".into()));
        assert_eq!(wrong("1-2"), ("1-2".into(), "`1-2` is no size: a size is a whole number from 1".into()));
        assert_eq!(wrong("2*batch").0, "batch");
        assert_eq!(wrong("Batch").0, "Batch");
        assert_eq!(wrong("None"), ("None".into(), "`None` is no size".into()));
        assert_eq!(wrong("1 | "), (" ".into(), "a size is missing".into()));
        assert_eq!(wrong("1 | *").0, " *");
        assert_eq!(wrong("... | 3").0, "... ");
        assert_eq!(wrong("99999999999999999999").1, "`99999999999999999999` is neither a whole number nor a name");
        assert!(dim(&Entry::Number(-1)).is_err_and(|wrong| wrong.message == "`-1` is no size"));
        assert!(dim(&Entry::Number(0)).is_err());
    }

    #[test]
    fn long_and_deep_expressions_are_refused_before_they_recurse() {
        assert_eq!(wrong(&"(".repeat(100)).1, "these parentheses are too deep");
        assert_eq!(wrong(&"1+".repeat(100_000)).1, "this expression is too long");
    }

    #[test]
    fn memory_is_bytes_or_a_number_with_a_unit() {
        let text = |text: &str| bytes(&Entry::Text(text.into())).ok();
        assert_eq!(text("2 GiB"), Some(2 << 30));
        assert_eq!(text("1.5GiB"), Some(3 << 29));
        assert_eq!(text("0.1 KB"), Some(100));
        assert_eq!(text("512 MB"), Some(512_000_000));
        assert_eq!(bytes(&Entry::Number(7)), Ok(7));
        for bad in
            ["2", "2 G", "GiB", "-1 GB", "1e3 KB", "0 GB", "1. GB", ".5 GB", "99999999999999999999 B", "20000000 TiB"]
        {
            assert_eq!(text(bad), None, "{bad}");
        }
        assert!(bytes(&Entry::Number(0)).is_err());
        assert_eq!((bytes_of_flag("1000"), bytes_of_flag(" 2 MiB")), (Ok(1000), Ok(2 << 20)));
        assert!(bytes_of_flag("0").is_err() && bytes_of_flag("2 G").is_err() && bytes_of_flag("").is_err());
    }

    fn expr() -> impl Strategy<Value = Expr> {
        let leaf = prop_oneof![
            (0..100_u64).prop_map(Expr::Number),
            "[A-Z][a-z0-9_]{0,4}".prop_filter("reserved", |name| is_symbol(name)).prop_map(Expr::Symbol)
        ];
        leaf.prop_recursive(4, 24, 2, |inner| {
            (inner.clone(), inner, 0..4).prop_map(|(a, b, sign)| {
                let (a, b) = (Box::new(a), Box::new(b));
                match sign {
                    0 => Expr::Add(a, b),
                    1 => Expr::Sub(a, b),
                    2 => Expr::Mul(a, b),
                    _ => Expr::Div(a, b),
                }
            })
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(expr in expr()) {
            let divides_by_zero = |text: &str| read(text).is_err_and(|wrong| wrong.message == "nothing divides by 0");
            let text = expr.to_string();
            if expr.symbols().next().is_some() && !divides_by_zero(&text) {
                prop_assert_eq!(read(&text), Ok(Dim::Size(expr)));
            }
        }

        #[test]
        fn any_text_is_read_or_refused_at_a_place_inside_it(text in "[a-cT0-9 |*/+().\\-…]{0,40}") {
            if let Err(wrong) = read(&text) {
                prop_assert!(text.get(wrong.range).is_some());
            }
        }
    }
}
