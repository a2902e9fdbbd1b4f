//! The part of Python's `ast.literal_eval` that a header can need, with the place of every value.
//!
//! The text is untrusted: nesting is limited, nothing is allocated from a number in it, and every input gives either
//! a value or a [`Problem`].

use std::ops::Range;

use crate::source::fault::{Found, HeaderFault};

/// What is wrong, and the bytes of the text that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) fault: HeaderFault,
    pub(super) span: Range<usize>,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) node: Node,
    pub(super) span: Range<usize>,
}

/// What a value is. Contents that no check reads are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(Int),
    Float,
    Complex,
    Str(String),
    Bytes,
    Ellipsis,
    Tuple(Vec<Value>),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Set,
}

/// A whole number of any length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Int {
    pub(super) negative: bool,
    /// The number without its sign; `None` from 2**64 on.
    pub(super) magnitude: Option<u64>,
}

impl Value {
    /// What the value is, for messages.
    pub(super) fn found(&self) -> Found {
        match self.node {
            Node::None => Found::None,
            Node::Bool(_) => Found::Bool,
            Node::Int(_) => Found::Int,
            Node::Float => Found::Float,
            Node::Complex => Found::Complex,
            Node::Str(_) => Found::Str,
            Node::Bytes => Found::Bytes,
            Node::Ellipsis => Found::Ellipsis,
            Node::Tuple(_) => Found::Tuple,
            Node::List(_) => Found::List,
            Node::Dict(_) => Found::Dict,
            Node::Set => Found::Set,
        }
    }

    /// A problem at the place of this value.
    pub(super) fn problem(&self, fault: HeaderFault) -> Problem {
        Problem { fault, span: self.span.clone() }
    }
}

/// A text that was read to its end.
#[derive(Debug)]
pub(super) struct Literal {
    pub(super) value: Value,
    /// The first integer with the `L` of Python 2.
    pub(super) long: Option<Range<usize>>,
}

/// Reads one literal and nothing else. `python2` allows integers such as `2L`, which NumPy repairs in versions 1.0
/// and 2.0 of the format. `most` levels of brackets are read: NumPy's deepest legal headers (nested structs) use two per
/// level of struct.
pub(super) fn parse(text: &str, python2: bool, most: usize) -> Result<Literal, Problem> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, depth: 0, most, python2, long: None };
    parser.blanks();
    if parser.at == text.len() {
        return Err(Problem { fault: HeaderFault::NotLiteral, span: 0..text.len() });
    }
    let value = parser.value()?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(Problem { fault: HeaderFault::TextAfter, span: parser.token() });
    }
    Ok(Literal { value, long: parser.long })
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    most: usize,
    python2: bool,
    long: Option<Range<usize>>,
}

type Parsed<T> = Result<T, Problem>;

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        start..self.at
    }

    /// Skips blanks, line ends and comments.
    fn blanks(&mut self) {
        loop {
            self.take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c));
            if self.peek() != Some(b'#') {
                return;
            }
            self.take_while(|b| b != b'\n');
        }
    }

    /// The character at the position, for a problem that has no longer span.
    fn here(&self) -> Range<usize> {
        let length = self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        self.at..self.at + length
    }

    /// The word at the position, or the character.
    fn token(&self) -> Range<usize> {
        let word = self.bytes[self.at..].iter().take_while(|b| is_word(**b)).count();
        if word > 0 { self.at..self.at + word } else { self.here() }
    }

    fn unexpected<T>(&self) -> Parsed<T> {
        Err(Problem { fault: HeaderFault::NotLiteral, span: self.token() })
    }

    fn value(&mut self) -> Parsed<Value> {
        self.blanks();
        let start = self.at;
        let node = match self.peek() {
            Some(b'(' | b'[' | b'{') => {
                if self.depth == self.most {
                    let fault = HeaderFault::TooDeep { limit: self.most as u64 };
                    return Err(Problem { fault, span: self.here() });
                }
                self.depth += 1;
                let node = self.bracket()?;
                self.depth -= 1;
                node
            }
            Some(b'\'' | b'"') => self.strings()?,
            Some(b'.') if self.bytes[self.at..].starts_with(b"...") => {
                self.at += 3;
                Node::Ellipsis
            }
            Some(b'0'..=b'9' | b'.' | b'+' | b'-') => self.number()?,
            Some(b) if is_word(b) => self.word()?,
            _ => return self.unexpected(),
        };
        Ok(Value { node, span: start..self.at })
    }

    /// A tuple, a parenthesised value, a list, a dict or a set.
    fn bracket(&mut self) -> Parsed<Node> {
        let open = self.at;
        let close = match self.bytes[open] {
            b'(' => b')',
            b'[' => b']',
            _ => b'}',
        };
        self.at += 1;
        let (mut items, mut pairs) = (Vec::new(), Vec::new());
        let mut comma = false;
        loop {
            self.blanks();
            if self.eat(close) {
                break;
            }
            if !(comma || items.is_empty() && pairs.is_empty()) {
                return self.unexpected_in(open);
            }
            if self.peek().is_none() {
                return self.unexpected_in(open);
            }
            let item = self.value()?;
            self.blanks();
            if close == b'}' && items.is_empty() && self.eat(b':') {
                self.blanks();
                if self.peek().is_none() {
                    return self.unexpected_in(open);
                }
                let value = self.value()?;
                pairs.push((item, value));
            } else if pairs.is_empty() {
                items.push(item);
            } else {
                return self.unexpected_in(open);
            }
            self.blanks();
            comma = self.eat(b',');
        }
        Ok(match close {
            b')' if items.len() == 1 && !comma => items.remove(0).node,
            b')' => Node::Tuple(items),
            b']' => Node::List(items),
            _ if items.is_empty() => Node::Dict(pairs),
            _ => Node::Set,
        })
    }

    /// Inside a bracket: either the text ends, or there is something that does not belong.
    fn unexpected_in<T>(&self, open: usize) -> Parsed<T> {
        if self.peek().is_none() {
            return Err(Problem { fault: HeaderFault::Unclosed, span: open..open + 1 });
        }
        self.unexpected()
    }

    /// A constant, or a string with a prefix.
    fn word(&mut self) -> Parsed<Node> {
        let span = self.take_while(is_word);
        let word = &self.text[span.clone()];
        if matches!(self.peek(), Some(b'\'' | b'"')) && prefix(word).is_some() {
            self.at = span.start;
            return self.strings();
        }
        let fault = match word {
            "None" => return Ok(Node::None),
            "True" => return Ok(Node::Bool(true)),
            "False" => return Ok(Node::Bool(false)),
            "true" | "false" | "null" => HeaderFault::JsonWord,
            _ => HeaderFault::NotLiteral,
        };
        Err(Problem { fault, span })
    }

    /// One string, or several that stand side by side.
    fn strings(&mut self) -> Parsed<Node> {
        let mut all = String::new();
        let mut bytes = None;
        loop {
            let start = self.at;
            let word = self.take_while(is_word);
            let (is_bytes, raw) = match prefix(&self.text[word]) {
                Some(kind) if matches!(self.peek(), Some(b'\'' | b'"')) => kind,
                _ => {
                    self.at = start;
                    break;
                }
            };
            if *bytes.get_or_insert(is_bytes) != is_bytes {
                self.at = start;
                return self.unexpected();
            }
            self.string(start, raw, &mut all)?;
            let end = self.at;
            self.blanks();
            if !self.peek().is_some_and(|b| b == b'\'' || b == b'"' || is_word(b)) {
                self.at = end;
                break;
            }
        }
        Ok(if bytes == Some(true) { Node::Bytes } else { Node::Str(all) })
    }

    /// The text between two quotes, the first of which is next.
    fn string(&mut self, start: usize, raw: bool, out: &mut String) -> Parsed<()> {
        let quote = &self.text[self.at..=self.at];
        let triple = quote.repeat(3);
        let quote = if self.text[self.at..].starts_with(&triple) { triple.as_str() } else { quote };
        let unclosed = Problem { fault: HeaderFault::Unclosed, span: start..self.at + quote.len() };
        self.at += quote.len();
        loop {
            let rest = &self.text[self.at..];
            if rest.starts_with(quote) {
                self.at += quote.len();
                return Ok(());
            }
            match rest.chars().next() {
                None => return Err(unclosed),
                Some('\n') if quote.len() == 1 => return Err(unclosed),
                Some('\\') => self.escape(raw, out)?,
                Some(c) => {
                    self.at += c.len_utf8();
                    out.push(c);
                }
            }
        }
    }

    /// A backslash and what follows it. Python keeps the backslash of an escape that it does not know.
    fn escape(&mut self, raw: bool, out: &mut String) -> Parsed<()> {
        let start = self.at;
        self.at += 1;
        let Some(c) = self.text[self.at..].chars().next() else {
            return Ok(());
        };
        self.at += c.len_utf8();
        if raw {
            out.extend(['\\', c]);
            return Ok(());
        }
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            let hex = self.text.get(self.at..self.at + digits);
            let code = hex.filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
            let code = code.and_then(|hex| u32::from_str_radix(hex, 16).ok()).filter(|code| *code < 0x11_0000);
            let Some(code) = code else {
                return Err(Problem { fault: HeaderFault::NotLiteral, span: start..self.at });
            };
            // Python keeps lone surrogates, which no Rust string can hold.
            let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            self.at += digits;
            out.push(c);
            return Ok(());
        }
        match c {
            '\n' => {}
            '\\' | '\'' | '"' => out.push(c),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\x0b'),
            'N' => return Err(Problem { fault: HeaderFault::NotLiteral, span: start..self.at }),
            '0'..='7' => {
                self.at -= 1;
                let mut code = 0;
                for _ in 0..3 {
                    let Some(digit) = self.peek().filter(|b| (b'0'..=b'7').contains(b)) else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                out.extend(char::from_u32(code));
            }
            _ => out.extend(['\\', c]),
        }
        Ok(())
    }

    /// A number with at most one sign, or a complex number written as a sum.
    fn number(&mut self) -> Parsed<Node> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        if negative || self.peek() == Some(b'+') {
            self.at += 1;
            self.blanks();
        }
        let node = match self.unsigned()? {
            Node::Int(int) => Node::Int(Int { negative, ..int }),
            other => other,
        };
        let end = self.at;
        self.blanks();
        if matches!(node, Node::Int(_) | Node::Float) && (self.eat(b'+') || self.eat(b'-')) {
            self.blanks();
            if self.unsigned()? == Node::Complex {
                return Ok(Node::Complex);
            }
            return Err(Problem { fault: HeaderFault::NotLiteral, span: start..self.at });
        }
        self.at = end;
        Ok(node)
    }

    fn unsigned(&mut self) -> Parsed<Node> {
        let start = self.at;
        if !self.peek().is_some_and(|b| b.is_ascii_digit() || b == b'.') {
            return self.unexpected();
        }
        let radix = match self.bytes[start..] {
            [b'0', b'x' | b'X', ..] => 16,
            [b'0', b'o' | b'O', ..] => 8,
            [b'0', b'b' | b'B', ..] => 2,
            _ => 10,
        };
        let token = if radix == 10 {
            self.take_while(|b| b.is_ascii_digit() || b == b'_')
        } else {
            self.at += 2;
            self.take_while(|b| b.is_ascii_hexdigit() || b == b'_')
        };
        let mut node = None;
        if radix == 10 {
            if self.eat(b'.') {
                node = Some(Node::Float);
                self.take_while(|b| b.is_ascii_digit() || b == b'_');
            }
            if let [b'e' | b'E', b'0'..=b'9', ..] | [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..] = self.bytes[self.at..]
            {
                node = Some(Node::Float);
                self.at += 2;
                self.take_while(|b| b.is_ascii_digit() || b == b'_');
            }
            if self.eat(b'j') || self.eat(b'J') {
                node = Some(Node::Complex);
            }
            if node.is_none() && self.python2 && matches!(self.peek(), Some(b'L' | b'l')) {
                self.at += 1;
                self.long.get_or_insert(start..self.at);
            }
        }
        let digits = &self.text[token];
        let body = if radix == 10 { digits } else { digits.strip_prefix('_').unwrap_or(digits) };
        let spaced = body.starts_with('_') || body.ends_with('_') || body.contains("__");
        let zeros = radix == 10 && body.starts_with('0') && body.bytes().any(|b| b != b'0' && b != b'_');
        let foreign = body.bytes().any(|b| b != b'_' && !char::from(b).is_digit(radix));
        let wrong = spaced
            || self.peek().is_some_and(is_word)
            || match node {
                None => body.is_empty() || zeros || foreign,
                Some(_) => self.at - start == 1,
            };
        if wrong {
            self.take_while(is_word);
            return Err(Problem { fault: HeaderFault::BadNumber, span: start..self.at });
        }
        let magnitude = body.bytes().filter(|b| *b != b'_').try_fold(0_u64, |all, b| {
            all.checked_mul(u64::from(radix))?.checked_add(u64::from(char::from(b).to_digit(radix)?))
        });
        Ok(node.unwrap_or(Node::Int(Int { negative: false, magnitude })))
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Whether the letters in front of a quote make it bytes, and whether they make it raw.
fn prefix(word: &str) -> Option<(bool, bool)> {
    match word.to_ascii_lowercase().as_str() {
        "" | "u" => Some((false, false)),
        "r" => Some((false, true)),
        "b" => Some((true, false)),
        "br" | "rb" => Some((true, true)),
        _ => None,
    }
}
