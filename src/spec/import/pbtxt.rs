//! Protobuf in text form, read without a schema and within bounds.

/// How deep messages may nest. Google's readers stop at 100; configurations nest 6 deep.
const MAX_DEPTH: usize = 64;
/// How many fields there may be, elements of lists counted one by one.
const MAX_FIELDS: usize = 100_000;

/// A message: its fields in the order written. A list is its field once per element, as in protobuf itself.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Message {
    /// Names and values. The name of an extension keeps its brackets.
    pub(super) fields: Vec<(String, Field)>,
    /// Names of the fields that were given an empty list.
    pub(super) empty: Vec<String>,
}

/// The value of a field.
#[derive(Debug, PartialEq)]
pub(super) enum Field {
    /// Quoted text, its escapes resolved and adjacent pieces joined. Bytes that are not UTF-8 are replaced.
    Text(String),
    /// A number, a truth value or the name of a constant, as written.
    Word(String),
    /// A message.
    Message(Message),
}

impl Message {
    /// All values of the field.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value)
    }

    /// The value of a field that occurs once; the last if it occurs more often.
    pub(super) fn last(&self, name: &str) -> Option<&Field> {
        self.fields.iter().rev().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// The text of a field that occurs once.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.last(name)? {
            Field::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The word of a field that occurs once.
    pub(super) fn word(&self, name: &str) -> Option<&str> {
        self.last(name)?.word()
    }

    /// Whether the field is there and true.
    pub(super) fn is(&self, name: &str) -> bool {
        matches!(self.word(name), Some("true" | "True" | "t" | "1"))
    }
}

impl Field {
    /// The word.
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The message.
    pub(super) fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(message) => Some(message),
            _ => None,
        }
    }

    /// The whole number: decimal, hexadecimal behind `0x`, octal behind `0`.
    pub(super) fn whole(&self) -> Option<i64> {
        let word = self.word()?;
        let (sign, digits) = word.strip_prefix('-').map_or(("", word), |digits| ("-", digits));
        let (radix, digits) = match digits.as_bytes() {
            [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
            [b'0', _, ..] => (8, &digits[1..]),
            _ => (10, digits),
        };
        // `from_str_radix` would take a sign of its own.
        digits.bytes().all(|digit| digit.is_ascii_alphanumeric()).then_some(())?;
        i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
    }
}

/// The message that the text is. The error is a fragment that says in which line what is wrong.
pub(super) fn read(text: &str) -> Result<Message, String> {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0, fields: 0 };
    reader.message(None, 0).map_err(|why| {
        let before = &reader.bytes[..reader.at.min(reader.bytes.len())];
        let line = before.split(|byte| *byte == b'\n').count();
        format!("line {line}: {why}")
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    fields: usize,
}

impl Reader<'_> {
    /// The fields up to `close`, which is taken, or to the end of the text.
    fn message(&mut self, close: Option<u8>, depth: usize) -> Result<Message, String> {
        if depth > MAX_DEPTH {
            return Err(format!("it nests deeper than {MAX_DEPTH} levels"));
        }
        let mut message = Message::default();
        loop {
            match (self.peek(), close) {
                (None, None) => return Ok(message),
                (None, Some(close)) => return Err(format!("the text ends before a `{}`", char::from(close))),
                (Some(byte), Some(close)) if byte == close => {
                    self.at += 1;
                    return Ok(message);
                }
                (Some(b';' | b','), _) => self.at += 1,
                _ => self.field(&mut message, depth)?,
            }
        }
    }

    /// A name and what it is: one value, or a list of them.
    fn field(&mut self, message: &mut Message, depth: usize) -> Result<(), String> {
        let name = self.name()?;
        let colon = self.take(b':');
        match self.peek() {
            Some(b'[') => {
                self.at += 1;
                if self.peek() == Some(b']') {
                    self.count()?;
                    message.empty.push(name.clone());
                }
                while !self.take(b']') {
                    let value = self.value(depth)?;
                    self.push(message, &name, value)?;
                    if !self.take(b',') && self.peek() != Some(b']') {
                        return Err(format!("the list of `{name}` has no `]`"));
                    }
                }
                Ok(())
            }
            Some(b'{' | b'<') => {
                let value = self.value(depth)?;
                self.push(message, &name, value)
            }
            _ if !colon => Err(format!("a `:` is missing behind `{name}`")),
            _ => {
                let value = self.value(depth)?;
                self.push(message, &name, value)
            }
        }
    }

    fn count(&mut self) -> Result<(), String> {
        if self.fields == MAX_FIELDS {
            return Err(format!("it has more than {MAX_FIELDS} fields"));
        }
        self.fields += 1;
        Ok(())
    }

    fn push(&mut self, message: &mut Message, name: &str, value: Field) -> Result<(), String> {
        self.count()?;
        message.fields.push((name.to_owned(), value));
        Ok(())
    }

    /// The name of a field, or of an extension with its brackets.
    fn name(&mut self) -> Result<String, String> {
        let start = self.at;
        if self.bytes[start] == b'[' {
            while self.bytes.get(self.at).is_some_and(|byte| !matches!(byte, b']' | b'\n')) {
                self.at += 1;
            }
            if self.bytes.get(self.at) != Some(&b']') {
                return Err("the name of an extension has no `]`".into());
            }
            self.at += 1;
            return Ok(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned());
        }
        match self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            Some(name) => Ok(name),
            None => Err(format!("{} stands where the name of a field should", shown(self.bytes[start]))),
        }
    }

    /// One value: a message, quoted text or a word.
    fn value(&mut self, depth: usize) -> Result<Field, String> {
        match self.peek() {
            None => Err("the text ends before a value".into()),
            Some(open @ (b'{' | b'<')) => {
                self.at += 1;
                let close = if open == b'{' { b'}' } else { b'>' };
                self.message(Some(close), depth + 1).map(Field::Message)
            }
            Some(b'"' | b'\'') => {
                let mut text = Vec::new();
                while let Some(quote @ (b'"' | b'\'')) = self.peek() {
                    self.at += 1;
                    self.quoted(quote, &mut text)?;
                }
                Ok(Field::Text(String::from_utf8_lossy(&text).into_owned()))
            }
            Some(byte) => {
                let minus = self.take(b'-');
                self.peek();
                match self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'+')) {
                    Some(mut word) => {
                        // The exponent of a number may be negative.
                        let is_number = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
                        if is_number && word.ends_with(['e', 'E']) && self.bytes.get(self.at) == Some(&b'-') {
                            self.at += 1;
                            word.push('-');
                            word += &self.run(|byte| byte.is_ascii_alphanumeric()).unwrap_or_default();
                        }
                        Ok(Field::Word(if minus { format!("-{word}") } else { word }))
                    }
                    None => Err(format!("{} stands where a value should", shown(byte))),
                }
            }
        }
    }

    /// Quoted text behind its first quote, up to and with its last.
    fn quoted(&mut self, quote: u8, text: &mut Vec<u8>) -> Result<(), String> {
        loop {
            let byte = self.next().filter(|byte| *byte != b'\n').ok_or("quoted text has no end in its line")?;
            match byte {
                byte if byte == quote => return Ok(()),
                b'\\' => self.escape(text)?,
                byte => text.push(byte),
            }
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), String> {
        let byte = self.next().ok_or("quoted text ends in a backslash")?;
        let plain = match byte {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => byte,
            b'0'..=b'7' => {
                self.at -= 1;
                // `\777` is more than a byte; the readers of Google keep its low bits.
                let [.., low] = self.digits(1, 3, 8)?.to_be_bytes();
                low
            }
            b'x' | b'X' => {
                let [.., low] = self.digits(1, 2, 16)?.to_be_bytes();
                low
            }
            b'u' | b'U' => {
                let digits = if byte == b'u' { 4 } else { 8 };
                let code = self.digits(digits, digits, 16)?;
                // Half of a surrogate pair is no character.
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            other => return Err(format!("{} is no escape", shown(other))),
        };
        text.push(plain);
        Ok(())
    }

    /// A number of `least` to `most` digits, 8 at most.
    fn digits(&mut self, least: usize, most: usize, radix: u32) -> Result<u32, String> {
        let (mut number, mut count) = (0, 0);
        while count < most {
            let Some(digit) = self.bytes.get(self.at).and_then(|byte| char::from(*byte).to_digit(radix)) else { break };
            number = number * radix + digit;
            self.at += 1;
            count += 1;
        }
        if count < least { Err("an escape has too few digits".into()) } else { Ok(number) }
    }

    /// The next byte that is neither white space nor in a comment; it is not taken.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at)? {
                b' ' | b'\t' | b'\r' | b'\n' | 11 | 12 => self.at += 1,
                b'#' => while self.next().is_some_and(|byte| byte != b'\n') {},
                byte => return Some(*byte),
            }
        }
    }

    /// Whether the next byte is this one, which is then taken.
    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    /// The bytes from here on that belong; `None` if there are none.
    fn run(&mut self, belongs: impl Fn(u8) -> bool) -> Option<String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| !belongs(*byte)).unwrap_or(rest.len());
        self.at += length;
        (length > 0).then(|| String::from_utf8_lossy(&rest[..length]).into_owned())
    }
}

/// A byte for a message.
fn shown(byte: u8) -> String {
    if byte.is_ascii() { format!("`{}`", byte.escape_ascii()) } else { "a byte that is not ASCII".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(word: &str) -> Field {
        Field::Word(word.into())
    }

    fn text(text: &str) -> Field {
        Field::Text(text.into())
    }

    /// The values of `f` in the text.
    fn values(text: &str) -> Vec<Field> {
        read(text)
            .unwrap_or_else(|why| panic!("{text}: {why}"))
            .fields
            .into_iter()
            .map(|(name, value)| {
                assert_eq!(name, "f");
                value
            })
            .collect()
    }

    #[test]
    fn fields_are_written_in_many_ways() {
        let two = || vec![word("1"), word("2")];
        for written in [
            "f: 1 f: 2",
            "f:1 f:2",
            "f : 1\nf\n:\n2",
            "f: 1, f: 2",
            "f: 1; f: 2;",
            "f: [1, 2]",
            "f: [ 1 , 2 ]",
            "f:[1,2],",
            "f [1, 2]",
            "f: [1] f: 2",
            "# a\nf: 1 # f: 3\r\n#\nf: 2#",
            "f: [1, # one\n2]",
            "\t\u{b}\u{c}f: 1 f: 2",
            ",;f: 1;;f: 2",
            "f: [1, 2,]",
        ] {
            assert_eq!(values(written), two(), "{written}");
        }
        assert_eq!(read("f: []").unwrap(), Message { fields: vec![], empty: vec!["f".into()] });
        assert_eq!(read(" # nothing").unwrap(), Message::default());
    }

    #[test]
    fn messages_are_written_in_many_ways() {
        let inner = || Field::Message(Message { fields: vec![("g".into(), word("x"))], empty: vec![] });
        for written in [
            "f { g: x }",
            "f: { g: x }",
            "f{g:x}",
            "f < g: x >",
            "f: <g:x>",
            "f {\n g: x,\n}",
            "f [{ g: x }]",
            "f: [<g: x;>]",
        ] {
            assert_eq!(values(written), vec![inner()], "{written}");
        }
        assert_eq!(values("f [ { g: x }, { g: x } ]"), vec![inner(), inner()]);
        assert_eq!(values("f { } f <>"), vec![Field::Message(Message::default()), Field::Message(Message::default())]);
        let extension = read("[a.b/c.D] { e: 1 } [x]: 2").unwrap();
        assert_eq!(extension.last("[x]"), Some(&word("2")));
        assert!(extension.last("[a.b/c.D]").unwrap().message().is_some());
    }

    #[test]
    fn quoted_text_has_escapes_and_pieces() {
        for (written, expected) in [
            (r#"f: "a" 'b'  "c""#, "abc"),
            ("f: 'a' # x\n \"b\"", "ab"),
            (r#"f: "a \"quoted\" # not comment \x41""#, "a \"quoted\" # not comment A"),
            (r#"f: 'it\'s "it"'"#, "it's \"it\""),
            (r#"f: "\101\7\x4\u00e9\U0001F600\?\n\t\r\\""#, "A\u{7}\u{4}é😀?\n\t\r\\"),
            (r#"f: "\303\251""#, "é"),
            (r#"f: "\377\ud800""#, "\u{fffd}\u{fffd}"),
            ("f: \"ü\"", "ü"),
            ("f: ''", ""),
        ] {
            assert_eq!(values(written), vec![text(expected)], "{written}");
        }
        assert_eq!(values(r#"f: ["a", 'b' "c"]"#), vec![text("a"), text("bc")]);
    }

    #[test]
    fn numbers_are_decimal_hexadecimal_and_octal() {
        for (written, expected) in [
            ("0", Some(0)),
            ("11", Some(11)),
            ("-1", Some(-1)),
            ("- 1", Some(-1)),
            ("0x1F", Some(31)),
            ("-0X10", Some(-16)),
            ("017", Some(15)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("08", None),
            ("0x", None),
            ("1.5", None),
            ("1e3", None),
            ("TYPE_FP32", None),
            ("--1", None),
            ("0x+1", None),
            ("true", None),
        ] {
            let whole =
                read(&format!("f: {written}")).ok().and_then(|message| message.last("f").and_then(Field::whole));
            assert_eq!(whole, expected, "{written}");
        }
        assert_eq!(
            values("f: [1.5e-3, -inf, 1.0f, .5E-2, 1e+5]"),
            ["1.5e-3", "-inf", "1.0f", ".5E-2", "1e+5"].map(word)
        );
        assert!(["f: true", "f: True", "f: t", "f: 1"].iter().all(|yes| read(yes).unwrap().is("f")));
        assert!(!read("f: false g: true").unwrap().is("f"));
    }

    #[test]
    fn damage_is_located() {
        for (written, why) in [
            ("\nf", "line 2: a `:` is missing behind `f`"),
            ("f:\n\n", "line 3: the text ends before a value"),
            ("f: 1\ng {", "line 2: the text ends before a `}`"),
            ("g < h: 1 }", "line 1: `}` stands where the name of a field should"),
            ("f: [1 2]", "line 1: the list of `f` has no `]`"),
            ("f: [1,", "line 1: the text ends before a value"),
            ("f: \"a\n\"", "line 2: quoted text has no end in its line"),
            ("f: 'a", "line 1: quoted text has no end in its line"),
            ("f: '\\q'", "line 1: `q` is no escape"),
            ("f: '\\xg'", "line 1: an escape has too few digits"),
            ("}", "line 1: `}` stands where the name of a field should"),
            ("f: }", "line 1: `}` stands where a value should"),
            ("ü: 1", "line 1: a byte that is not ASCII stands where the name of a field should"),
            ("[a", "line 1: the name of an extension has no `]`"),
            ("f: [[1]]", "line 1: `[` stands where a value should"),
        ] {
            assert_eq!(read(written), Err(why.into()), "{written}");
        }
    }

    #[test]
    fn messages_are_bounded() {
        for open in ["f {", "f <", "f: [{"] {
            assert_eq!(read(&open.repeat(100_000)), Err("line 1: it nests deeper than 64 levels".into()));
        }
        assert!(read(&format!("{}{}", "f{".repeat(64), "}".repeat(64))).is_ok());
        assert!(read(&"f:1 ".repeat(100_000)).is_ok());
        for many in ["f:1 ".repeat(100_001), format!("f: [{}]", "1,".repeat(100_001)), "f:[]".repeat(100_001)] {
            assert_eq!(read(&many), Err("line 1: it has more than 100000 fields".into()));
        }
    }
}
