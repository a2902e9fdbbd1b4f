use super::super::testing::{labelled, live, text};
use super::super::{OutputFormat, Page, render};
use crate::diagnostic::Label;

fn page(labels: Vec<Label>) -> String {
    let plain = drawn(labels.clone(), false);
    // Colour adds nothing but its commands.
    let colored = drawn(labels, true);
    let mut parts = colored.split("\u{1b}[");
    let mut bare = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| bare.push_str(part.split_once('m').unwrap().1));
    assert_eq!(bare, plain);
    plain
}

fn drawn(labels: Vec<Label>, color: bool) -> String {
    let (spec, report) = live(labels);
    let mut out = Vec::new();
    let page = Page::new("run", &report, &spec);
    render(OutputFormat::Full, page, color, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_users_source_is_drawn_with_all_its_labels_and_the_spec_in_one_line() {
    let drawn = page(vec![
        labelled("np.random.rand(batch_size, 32, 32, 3)", "float64 made here"),
        labelled("data, ", "yielded here: float64 [32, 32, 32, 3], in 20 of 20 batches"),
    ]);
    let expected = "\
error[double-precision]: input `data` is float64, the model takes float32
   ╭─[train.py:5:16]
 4 │     for _ in range(steps):
 5 │         data = np.random.rand(batch_size, 32, 32, 3)
   ·                ──────────────────┬──────────────────
   ·                                  ╰── float64 made here
 6 │         labels = np.random.randint(0, 2, size=batch_size)
 7 │         yield data, labels
   ·               ───┬──
   ·                  ╰── yielded here: float64 [32, 32, 32, 3], in 20 of 20 batches
   ╰────
  declared: batchlint.toml:2  dtype = \"float32\"
  expected: `data` has dtype float32.
       fix: data = data.astype(np.float32)
            (unverified: nobody looked)

";
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn what_was_found_is_said_where_no_label_says_it() {
    let found = "     found: float64 in 20 of 20 batches\n";
    assert!(page(vec![labelled("data, ", "yielded here: float64 [32, 3]")]).contains(found));
    assert!(page(vec![labelled("data, ", "yielded here, in 20 of 20 batches")]).contains(found));
    assert!(!page(vec![labelled("data, ", "yielded here: float64 [32], in 20 of 20 batches")]).contains("found:"));
}

#[test]
fn each_file_has_its_own_snippet_and_far_lines_are_left_out() {
    let body = format!("def made():\n    return zeros()\n{}    last()\n", "    more()\n".repeat(30));
    let far = |words: &str, says: &str| {
        let start = body.find(words).unwrap();
        Label { text: text("src/data.py", &body), span: start..start + words.len(), says: says.into() }
    };
    let drawn = page(vec![labelled("data, ", "yielded here"), far("zeros()", "made here"), far("last()", "and here")]);
    assert_eq!(drawn.matches("error[double-precision]").count(), 1);
    assert!(drawn.contains("╭─[train.py:7:15]") && drawn.contains("╭─[src/data.py:2:12]"), "{drawn}");
    assert!(drawn.contains("2 │     return zeros()") && drawn.contains("last()"), "{drawn}");
    assert!(drawn.matches("more()").count() <= 2, "{drawn}");
    assert!(drawn.find("train.py:7") < drawn.find("src/data.py:2"));
}

#[test]
fn a_long_place_is_its_first_line_and_a_long_line_is_cut() {
    let body = format!("x = [\n{}]\ny = '{}'\nyield x\n", "    1,\n".repeat(50), "é".repeat(4000));
    let at =
        |start: usize, end: usize, says: &str| Label { text: text("a.py", &body), span: start..end, says: says.into() };
    let yielded = body.find("yield x").unwrap();
    let drawn = page(vec![at(4, body.find(']').unwrap() + 1, "made here"), at(yielded, yielded + 7, "yielded here")]);
    assert!(drawn.matches("    1,\n").count() <= 2, "{drawn}");
    assert!(drawn.contains("made here") && drawn.contains("yielded here"), "{drawn}");
    assert!(drawn.lines().all(|line| line.chars().count() < 330), "{drawn}");
    assert!(drawn.contains('…'));
}

#[test]
fn a_source_cannot_command_the_terminal() {
    let body = "x = '\u{1b}[2J\u{202e}'\nyield x  # \r\n";
    let label = Label { text: text("a\u{1b}[31m.py", body), span: 15..22, says: "made by \u{1b}[1m".into() };
    let drawn = page(vec![label]);
    assert!(!drawn.contains('\u{1b}') && !drawn.contains('\u{202e}'), "{drawn}");
    assert!(
        drawn.contains("x = '?[2J???'") && drawn.contains("a\\u{1b}[31m.py") && drawn.contains("made by \\u{1b}[1m")
    );
}

#[test]
fn without_labels_the_spec_is_drawn_as_before() {
    let drawn = page(Vec::new());
    assert!(drawn.contains("╭─[batchlint.toml:2:9]") && !drawn.contains("declared:"), "{drawn}");
}
