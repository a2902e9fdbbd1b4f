//! Arrays from a few words of text: `float32[4, 32, 32, 3] = 0.5` becomes a real `.npy` file, several named lines a
//! real `.npz` archive.

use std::fmt::Write as _;

/// One array as described by a line.
pub(crate) struct Array {
    descr: String,
    shape: Vec<u64>,
    fortran: bool,
    size: u64,
    fill: Fill,
}

enum Fill {
    Number(f64),
    Arange,
}

/// The bytes of a `.npy` file with one array per line, one after another.
pub(crate) fn npy(lines: &[&str]) -> Vec<u8> {
    lines.iter().flat_map(|line| Array::parse(line).bytes()).collect()
}

/// The bytes of an `.npz` archive, stored, one member per line.
pub(crate) fn npz(lines: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
    for line in lines {
        let (name, text) = member(line);
        let content = match text.strip_prefix("text ") {
            Some(literal) => unquote(literal),
            None => Array::parse(text).bytes(),
        };
        let (mut entry, config) = archive.new_file(&name).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        std::io::Write::write_all(&mut writer, &content).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    out
}

/// Raw bytes: quoted strings with escapes, each optionally repeated (`"\0" * 4096`), joined.
pub(crate) fn bytes(lines: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        let end = line.rfind('"').unwrap_or_else(|| panic!("no closing quote: {line}"));
        let part = unquote(&line[..=end]);
        let times = line[end + 1..].trim().strip_prefix('*').map_or(1, |times| times.trim().parse().unwrap());
        for _ in 0..times {
            out.extend_from_slice(&part);
        }
    }
    out
}

fn member(line: &str) -> (String, &str) {
    if let Some(rest) = line.strip_prefix('"') {
        let end = rest.find('"').unwrap_or_else(|| panic!("no closing quote: {line}"));
        let text = rest[end + 1..].trim_start().strip_prefix(':').unwrap_or_else(|| panic!("no colon: {line}"));
        return (String::from_utf8(unquote(&line[..end + 2])).unwrap(), text.trim());
    }
    let (key, text) = line.split_once(':').unwrap_or_else(|| panic!("expected `key: dtype[shape]`: {line}"));
    (format!("{}.npy", key.trim()), text.trim())
}

fn unquote(literal: &str) -> Vec<u8> {
    let inner = literal.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let mut chars = inner.unwrap_or_else(|| panic!("not a quoted string: {literal}")).chars();
    let mut out = Vec::new();
    while let Some(c) = chars.next() {
        if c != '\\' {
            let mut buffer = [0; 4];
            out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            continue;
        }
        match chars.next() {
            Some('x') => {
                let hex: String = chars.by_ref().take(2).collect();
                out.push(u8::from_str_radix(&hex, 16).unwrap());
            }
            Some('n') => out.push(b'\n'),
            Some('r') => out.push(b'\r'),
            Some('t') => out.push(b'\t'),
            Some('0') => out.push(0),
            Some(c @ ('\\' | '"' | '\'')) => out.push(c as u8),
            other => panic!("unknown escape {other:?} in {literal}"),
        }
    }
    out
}

impl Array {
    /// Reads `dtype[shape] = fill`, with `fortran` after the shape where it is meant.
    pub(crate) fn parse(line: &str) -> Self {
        let (left, fill) = line.split_once(" = ").unwrap_or((line, "0"));
        let left = left.trim();
        let (left, fortran) = left.strip_suffix("fortran").map_or((left, false), |left| (left.trim_end(), true));
        let open = left.rfind('[').unwrap_or_else(|| panic!("no shape: {line}"));
        let sizes = left[open + 1..].strip_suffix(']').unwrap_or_else(|| panic!("shape is not closed: {line}"));
        let shape = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
        let shape = shape.map(|size| size.parse().unwrap_or_else(|_| panic!("not a size: {line}"))).collect();
        let (descr, size) = descr(left[..open].trim());
        let fill = if fill.trim() == "arange" { Fill::Arange } else { Fill::Number(fill.trim().parse().unwrap()) };
        Self { descr, shape, fortran, size, fill }
    }

    /// The array as `numpy.save` writes it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut sizes = String::new();
        for size in &self.shape {
            write!(sizes, "{size}, ").unwrap();
        }
        let sizes = if self.shape.len() == 1 { sizes.trim_end() } else { sizes.trim_end_matches(", ") };
        let fortran = if self.fortran { "True" } else { "False" };
        let header = format!("{{'descr': {}, 'fortran_order': {fortran}, 'shape': ({sizes}), }}", self.descr);
        let padded = (10 + header.len() + 1).next_multiple_of(64) - 10;
        let mut out = b"\x93NUMPY\x01\x00".to_vec();
        out.extend_from_slice(&u16::try_from(padded).unwrap().to_le_bytes());
        out.extend_from_slice(format!("{header:<width$}\n", width = padded - 1).as_bytes());
        let count: u64 = self.shape.iter().product();
        for i in 0..count {
            let value = match self.fill {
                Fill::Number(value) => value,
                Fill::Arange => i as f64,
            };
            out.extend(self.element(value));
        }
        out
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a recipe says what it means")]
    fn element(&self, value: f64) -> Vec<u8> {
        let code = self.descr.trim_matches('\'');
        let little = match code.trim_start_matches(['<', '>', '|']) {
            "b1" => vec![u8::from(value != 0.0)],
            "i1" => (value as i8).to_le_bytes().to_vec(),
            "i2" => (value as i16).to_le_bytes().to_vec(),
            "i4" => (value as i32).to_le_bytes().to_vec(),
            "i8" => (value as i64).to_le_bytes().to_vec(),
            "u1" => (value as u8).to_le_bytes().to_vec(),
            "u2" => (value as u16).to_le_bytes().to_vec(),
            "u4" => (value as u32).to_le_bytes().to_vec(),
            "u8" => (value as u64).to_le_bytes().to_vec(),
            "f4" => (value as f32).to_le_bytes().to_vec(),
            "f8" => value.to_le_bytes().to_vec(),
            _ => vec![0; usize::try_from(self.size).unwrap()],
        };
        if code.starts_with('>') { little.into_iter().rev().collect() } else { little }
    }
}

/// The descriptor as it stands in a header, and the bytes of one element.
fn descr(name: &str) -> (String, u64) {
    if let Some(fields) = name.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let mut text = String::from("[");
        let mut size = 0;
        for field in fields.split(',') {
            let (field, dtype) = field.split_once(':').unwrap();
            let (descr, bytes) = descr(dtype.trim());
            write!(text, "('{}', {descr}), ", field.trim()).unwrap();
            size += bytes;
        }
        return (format!("{}]", text.trim_end_matches(", ")), size);
    }
    let code = match name {
        "bool" => "|b1",
        "int8" => "|i1",
        "int16" => "<i2",
        "int32" => "<i4",
        "int64" => "<i8",
        "uint8" => "|u1",
        "uint16" => "<u2",
        "uint32" => "<u4",
        "uint64" => "<u8",
        "float16" => "<f2",
        "float32" => "<f4",
        "float64" => "<f8",
        "complex64" => "<c8",
        "complex128" => "<c16",
        "object" => "|O",
        other => other,
    };
    let code = if code.starts_with(['<', '>', '|']) { code.to_owned() } else { format!("<{code}") };
    let kind = code.chars().nth(1).unwrap_or_else(|| panic!("not a dtype: {name}"));
    let digits: String = code[2..].chars().take_while(char::is_ascii_digit).collect();
    let number: u64 = digits.parse().unwrap_or(8);
    (format!("'{code}'"), if kind == 'U' { number * 4 } else { number })
}
