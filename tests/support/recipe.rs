//! Arrays from a few words of text: `float32[4, 32, 32, 3] = 0.5` becomes a real `.npy` file, several named lines a
//! real `.npz` archive. `fill` may be a number, `arange`, `[0, 1, 2]` (repeated), `uniform LOW HIGH`, `normal MEAN DEVIATION`,
//! `choice A B C`, `smooth LOW HIGH` (images without sudden changes along the last axes), `scrambled LOW HIGH` (such images
//! with three channels last, under whatever shape), or `words A B C` (in turns, for text); without one the values vary as data
//! does. Behind a `;` stand single places: `; [3, 0] = nan; [7] = 0`, where an index that is too short means all
//! below it. Random values depend on the name of the file and of the array, and on nothing else.

use std::fmt::Write as _;

/// One array as described by a line.
pub(crate) struct Array {
    descr: String,
    shape: Vec<u64>,
    fortran: bool,
    size: u64,
    fill: Fill,
    patches: Vec<(Vec<u64>, f64)>,
}

enum Fill {
    Number(f64),
    Arange,
    Cycle(Vec<f64>),
    Uniform(f64, f64),
    Normal(f64, f64),
    Choice(Vec<f64>),
    Smooth(f64, f64),
    Scrambled(f64, f64),
    Words(Vec<String>),
    Varied,
}

/// The bytes of a `.npy` file with one array per line, one after another.
pub(crate) fn npy(name: &str, lines: &[&str]) -> Vec<u8> {
    let arrays = lines.iter().enumerate();
    arrays.flat_map(|(i, line)| Array::parse(line).bytes(&format!("{name}:{i}"))).collect()
}

/// The bytes of an `.npz` archive, stored, one member per line.
pub(crate) fn npz(file: &str, lines: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
    for line in lines {
        let (name, text) = member(line);
        let content = match text.strip_prefix("text ") {
            Some(literal) => unquote(literal),
            None => Array::parse(text).bytes(&format!("{file}:{name}")),
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
        let mut parts = line.split(';');
        let line = parts.next().unwrap_or_default().trim();
        let patches = parts.map(patch).collect();
        let (left, fill) = line.split_once(" = ").unwrap_or((line, ""));
        let left = left.trim();
        let (left, fortran) = left.strip_suffix("fortran").map_or((left, false), |left| (left.trim_end(), true));
        let open = left.rfind('[').unwrap_or_else(|| panic!("no shape: {line}"));
        let sizes = left[open + 1..].strip_suffix(']').unwrap_or_else(|| panic!("shape is not closed: {line}"));
        let shape = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
        let shape = shape.map(|size| size.parse().unwrap_or_else(|_| panic!("not a size: {line}"))).collect();
        let (descr, size) = descr(left[..open].trim());
        Self { descr, shape, fortran, size, fill: Fill::parse(fill.trim()), patches }
    }

    /// The array as `numpy.save` writes it.
    fn bytes(&self, seed: &str) -> Vec<u8> {
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
        let elements: u64 = self.shape.iter().product();
        for place in 0..elements {
            let index = self.index(place);
            // Random values are the same whatever the order of the file is.
            let flat = index.iter().zip(&self.shape).fold(0, |flat, (at, size)| flat * size + at);
            let patch = self.patches.iter().rev().find(|(at, _)| index.starts_with(at));
            if let Fill::Words(words) = &self.fill {
                // Every word occurs, and no two files have the same order.
                let count = words.len() as u64;
                let turn = xxhash_rust::xxh3::xxh3_64(format!("{seed}:{}", flat / count).as_bytes());
                out.extend(self.word(&words[usize::try_from((flat % count + turn % count) % count).unwrap()]));
                continue;
            }
            let value = patch.map_or_else(|| self.value(seed, flat, &index), |(_, value)| *value);
            out.extend(self.element(value));
        }
        out
    }

    /// A text of a `<U` or an `|S` array.
    fn word(&self, word: &str) -> Vec<u8> {
        let mut bytes: Vec<u8> = if self.descr.contains('U') {
            word.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()
        } else {
            word.as_bytes().to_vec()
        };
        bytes.resize(usize::try_from(self.size).unwrap(), 0);
        bytes
    }

    /// The index of the element that stands at that place of the file.
    fn index(&self, mut place: u64) -> Vec<u64> {
        let mut index = vec![0; self.shape.len()];
        let axes: Vec<usize> =
            if self.fortran { (0..self.shape.len()).collect() } else { (0..self.shape.len()).rev().collect() };
        for axis in axes {
            index[axis] = place % self.shape[axis];
            place /= self.shape[axis];
        }
        index
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a recipe says what it means")]
    fn value(&self, seed: &str, flat: u64, index: &[u64]) -> f64 {
        let random = |salt: u64| {
            let mut bytes = seed.as_bytes().to_vec();
            bytes.extend(flat.to_le_bytes());
            bytes.extend(salt.to_le_bytes());
            (xxhash_rust::xxh3::xxh3_64(&bytes) >> 11) as f64 / (1_u64 << 53) as f64
        };
        let pick = |choices: &[f64]| choices[(random(0) * choices.len() as f64) as usize];
        match &self.fill {
            Fill::Number(value) => *value,
            Fill::Arange => flat as f64,
            Fill::Cycle(values) => values[flat as usize % values.len()],
            Fill::Uniform(low, high) => low + (high - low) * random(0),
            Fill::Normal(mean, deviation) => {
                let radius = (-2.0 * random(1).max(1e-300).ln()).sqrt();
                mean + deviation * radius * (std::f64::consts::TAU * random(2)).cos()
            }
            Fill::Choice(choices) => pick(choices),
            Fill::Smooth(low, high) => {
                let phase = xxhash_rust::xxh3::xxh3_64(format!("{seed}:{:?}", index.first()).as_bytes()) % 1000;
                let along: f64 =
                    index.iter().skip(1).enumerate().map(|(i, at)| (0.7 + i as f64) * *at as f64 * 0.11).sum();
                low + (high - low) * (0.5 + 0.45 * (along + phase as f64).sin() + 0.04 * (random(0) - 0.5))
            }
            Fill::Scrambled(low, high) => {
                let along = (flat / 3 % 32) as f64 * 0.11 + (flat / 96) as f64 * 0.7 + (flat % 3) as f64 * 0.8;
                low + (high - low) * (0.5 + 0.45 * along.sin() + 0.04 * (random(0) - 0.5))
            }
            Fill::Words(_) => 0.0,
            Fill::Varied if self.descr.contains('f') => random(0),
            Fill::Varied => pick(&[0.0, 1.0]),
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a recipe says what it means")]
    fn element(&self, value: f64) -> Vec<u8> {
        let code = self.descr.trim_matches('\'');
        let little = match code.trim_start_matches(['<', '>', '|']) {
            "b1" => vec![if value > 1.0 { value as u8 } else { u8::from(value != 0.0) }],
            "i1" => (value as i8).to_le_bytes().to_vec(),
            "i2" => (value as i16).to_le_bytes().to_vec(),
            "i4" => (value as i32).to_le_bytes().to_vec(),
            "i8" => (value as i64).to_le_bytes().to_vec(),
            "u1" => (value as u8).to_le_bytes().to_vec(),
            "u2" => (value as u16).to_le_bytes().to_vec(),
            "u4" => (value as u32).to_le_bytes().to_vec(),
            "u8" => (value as u64).to_le_bytes().to_vec(),
            "f2" => half::f16::from_f64(value).to_le_bytes().to_vec(),
            "V2" if code.starts_with('<') => half::bf16::from_f64(value).to_le_bytes().to_vec(),
            "bfloat16" => half::bf16::from_f64(value).to_le_bytes().to_vec(),
            "f4" => (value as f32).to_le_bytes().to_vec(),
            "f8" => value.to_le_bytes().to_vec(),
            _ => vec![0; usize::try_from(self.size).unwrap()],
        };
        if code.starts_with('>') { little.into_iter().rev().collect() } else { little }
    }
}

impl Fill {
    fn parse(text: &str) -> Self {
        if let Some(words) = text.strip_prefix("words ") {
            return Self::Words(words.split_whitespace().map(str::to_owned).collect());
        }
        let number = |text: &str| text.trim().parse().unwrap_or_else(|_| panic!("not a number: {text}"));
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let numbers: Vec<f64> = match text.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
            Some(list) => list.split(',').map(number).collect(),
            None => rest.split_whitespace().map(number).collect(),
        };
        match (word, numbers.as_slice()) {
            ("", _) => Self::Varied,
            ("arange", _) => Self::Arange,
            ("uniform", [low, high]) => Self::Uniform(*low, *high),
            ("normal", [mean, deviation]) => Self::Normal(*mean, *deviation),
            ("smooth", [low, high]) => Self::Smooth(*low, *high),
            ("scrambled", [low, high]) => Self::Scrambled(*low, *high),
            ("choice", choices) => Self::Choice(choices.to_vec()),
            _ if text.starts_with('[') => Self::Cycle(numbers),
            _ => Self::Number(number(text)),
        }
    }
}

/// `[3, 0] = nan`: an index, whole or the start of one, and the value of all that it names.
fn patch(text: &str) -> (Vec<u64>, f64) {
    let (index, value) = text.split_once('=').unwrap_or_else(|| panic!("expected `[index] = value`: {text}"));
    let index = index.trim().trim_start_matches('[').trim_end_matches(']');
    let index = index.split(',').map(|at| at.trim().parse().unwrap_or_else(|_| panic!("not an index: {text}")));
    (index.collect(), value.trim().parse().unwrap_or_else(|_| panic!("not a number: {text}")))
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
