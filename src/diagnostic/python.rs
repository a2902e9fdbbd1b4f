//! Python to paste: names of variables and of dtypes.

/// The array's name where Python can take it as a variable, else `x`.
#[must_use]
pub fn variable(name: &str) -> String {
    const KEYWORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    let start = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if start && rest && name.len() <= 40 && !KEYWORDS.contains(&name) { name.to_owned() } else { "x".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::variable;

    #[test]
    fn only_what_python_takes_becomes_a_variable() {
        assert_eq!(variable("image_1"), "image_1");
        for name in ["", "1st", "class", "a-b", "a;import os", "bild\u{e4}", &"a".repeat(41)] {
            assert_eq!(variable(name), "x", "{name}");
        }
    }
}
