//! What the converter makes is what the steps promise, and anything else is not.

use std::fs::File;

use proptest::prelude::*;

use super::super::convert::Converted;
use super::super::samples;
use super::*;
use crate::source::npy::write;

/// An array of that type in one file, and what its steps make of it in another.
struct Pair {
    folder: tempfile::TempDir,
    part: Part,
    made: Vec<u8>,
    header: usize,
}

impl Pair {
    fn new(descr: &str, fortran: bool, shape: &[u64], data: &[u8], part: Part) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old");
        let facts = samples::facts(&path, &samples::npy(descr, fortran, shape, data));
        let file = Arc::new(FileReader::from(File::open(&path).unwrap()));
        let progress = Progress::default();
        let steps = part.steps.clone().unwrap_or_default();
        let mut converted = Converted::new(&file, &facts.arrays[0], facts.size, &steps, &progress).unwrap();
        converted.rows(part.rows.as_ref()).unwrap();
        let header = result(&facts.arrays[0], &part).unwrap();
        let mut made = write::header(&write::descr(&header.dtype).unwrap(), &header.shape);
        let header = made.len();
        converted.read_to_end(&mut made).unwrap();
        Self { folder, part, made, header }
    }

    /// What comparing shows where these bytes were made.
    fn compared(&self, made: &[u8]) -> Result<Compared, String> {
        let (old, new) = (self.folder.path().join("old"), self.folder.path().join("new"));
        let (old_facts, new_facts) = (samples::seen(&old), samples::facts(&new, made));
        let open = |path| Arc::new(FileReader::from(File::open(path).unwrap()));
        let progress = Progress::default();
        compare(
            &self.part,
            (&open(&old), &old_facts.arrays[0], old_facts.size),
            (&open(&new), &new_facts.arrays[0], new_facts.size),
            &progress,
        )
        .map_err(|error| error.to_string())
    }

    /// The same after one value was changed.
    fn spoiled(&self, at: prop::sample::Index, bit: u8) -> Result<Compared, String> {
        let mut made = self.made.clone();
        let at = self.header + at.index(made.len() - self.header);
        made[at] ^= 1 << bit;
        self.compared(&made)
    }
}

fn part(steps: Vec<Step>, rows: Option<Range<u64>>) -> Part {
    Part { array: 0, steps: Some(steps), rows }
}

fn dtype(name: &str) -> Dtype {
    Dtype::from_name(name).unwrap()
}

const DIFFERENT: &str = "the values that were written are not those that they should be";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn moves_are_followed_and_no_change_is_missed(
        shape in prop::collection::vec(1_u64..6, 2..5),
        (descr, size) in prop::sample::select(vec![("|u1", 1), (">f4", 4), ("<f8", 8), (">c8", 8), (">U3", 12), ("|V5", 5), (">f16", 16)]),
        fortran in any::<bool>(),
        (seed, kept) in any::<(u64, bool)>(),
        rows in any::<bool>(),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut order: Vec<usize> = (0..shape.len()).collect();
        // Rows that stay rows are compared in a way of their own.
        order.sort_by_key(|axis| (kept && *axis > 0, seed.rotate_right(u32::try_from(axis * 13).unwrap()) % 64));
        let mut steps = vec![Step::Transpose(order)];
        if !kept {
            steps.extend([Step::AddAxis(1), Step::MergeAxes]);
        }
        let count = usize::try_from(shape.iter().product::<u64>()).unwrap();
        let header = Header { dtype: dtype("int8"), shape: shape.clone(), fortran };
        let all = super::super::step::apply_all(&steps, &header).unwrap().shape[0];
        let rows = rows.then_some(all / 3..all - all / 4);
        let pair = Pair::new(descr, fortran, &shape, &samples::bytes(count * size), part(steps, rows));
        let compared = pair.compared(&pair.made).unwrap();
        prop_assert_eq!((compared.exact, compared.rounded, compared.lost), (compared.values, 0, vec![]));
        if pair.made.len() > pair.header {
            prop_assert_eq!(pair.spoiled(at, bit).unwrap_err(), DIFFERENT);
        }
    }

    #[test]
    fn values_are_followed_and_no_change_is_missed(
        values in prop::collection::vec(prop_oneof![-3.0..3.0_f64, Just(0.0), Just(-0.0), Just(7.0), -1e7..1e7_f64], 12),
        (descr, fortran) in (prop::sample::select(vec!["<f8", ">f8"]), any::<bool>()),
        steps in prop::sample::select(vec![
            vec![Step::Cast(dtype("float32"))],
            vec![Step::Cast(dtype("float16"))],
            vec![Step::Cast(dtype("bfloat16"))],
            vec![Step::Cast(dtype("int64"))],
            vec![Step::Cast(dtype("float32")), Step::Scale { divisor: 3.0, less: 0.5 }],
            vec![Step::Subtract { by: 1, except: vec![0] }],
            vec![Step::Cast(dtype("int32")), Step::Cast(dtype("float32"))],
        ]),
        turned in any::<bool>(),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let big = descr.starts_with('>');
        let data: Vec<u8> = values.iter().flat_map(|value| if big { value.to_be_bytes() } else { value.to_le_bytes() }).collect();
        let mut steps = steps;
        if turned {
            steps.insert(0, Step::Transpose(vec![1, 0]));
        }
        let pair = Pair::new(descr, fortran, &[4, 3], &data, part(steps, None));
        let compared = pair.compared(&pair.made).unwrap();
        let lost: u64 = compared.lost.iter().map(|(_, count)| count).sum();
        prop_assert_eq!((compared.values, compared.exact + compared.rounded + lost), (12, 12));
        prop_assert_eq!(pair.spoiled(at, bit).unwrap_err(), DIFFERENT);
    }

    #[test]
    fn classes_are_followed_and_no_change_is_missed(
        ids in prop::collection::vec(0_u8..5, 6),
        to in prop::sample::select(vec!["float32", "uint8", "int64"]),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let steps = vec![Step::OneHot { classes: 5, to: dtype(to) }, Step::Transpose(vec![0, 2, 1])];
        let pair = Pair::new("|u1", false, &[3, 2], &ids, part(steps, Some(1..3)));
        prop_assert!(pair.compared(&pair.made).is_ok());
        prop_assert_eq!(pair.spoiled(at, bit).unwrap_err(), DIFFERENT);
        let rows: Vec<u8> = ids.iter().flat_map(|id| (0..5).map(|class| u8::from(class == *id)).collect::<Vec<_>>()).collect();
        let steps = vec![Step::Transpose(vec![1, 0, 2]), Step::Ids(dtype(to))];
        let pair = Pair::new("|u1", true, &[5, 2, 3], &rows, part(vec![Step::Transpose(vec![2, 1, 0])], None));
        prop_assert!(pair.compared(&pair.made).is_ok());
        let pair = Pair::new("|u1", false, &[3, 2, 5], &rows, part(steps, None));
        prop_assert!(pair.compared(&pair.made).is_ok());
        prop_assert_eq!(pair.spoiled(at, bit).unwrap_err(), DIFFERENT);
    }
}

#[test]
fn each_loss_is_counted() {
    let counted = |values: &[f64], to: &str| {
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let pair = Pair::new("<f8", false, &[values.len() as u64], &data, part(vec![Step::Cast(dtype(to))], None));
        let compared = pair.compared(&pair.made).unwrap();
        (compared.exact, compared.rounded, compared.lost)
    };
    let values = [0.0, 0.5, 0.1, 1e39, 1e-300, 1e-44, 16_777_217.0, f64::NAN, f64::NEG_INFINITY];
    let lost = [HitKind::Overflow, HitKind::Vanished, HitKind::Changed, HitKind::Coarse].map(|kind| (kind, 1));
    assert_eq!(counted(&values, "float32"), (4, 1, lost.to_vec()));
    assert_eq!(
        counted(&[1.0, -2.0, 300.0, -1.0, 0.5], "uint8"),
        (1, 0, vec![(HitKind::Cut, 1), (HitKind::Wrapped, 3)])
    );
    assert_eq!(counted(&vec![0.1; 40_000], "float32"), (0, 40_000, vec![]));
    assert_eq!(counted(&[1e17, 9_007_199_254_740_994.0], "int64"), (2, 0, vec![]));
}

#[test]
fn another_header_is_no_result() {
    let pair = Pair::new("<f8", false, &[2, 3], &samples::bytes(48), part(vec![], None));
    let wrong = "what was written has another type or shape than it should";
    for (descr, fortran, shape) in
        [("<i8", false, [2, 3]), (">f8", false, [2, 3]), ("<f8", true, [2, 3]), ("<f8", false, [3, 2])]
    {
        let made = samples::npy(descr, fortran, &shape, &pair.made[pair.header..]);
        assert_eq!(pair.compared(&made).unwrap_err(), wrong);
    }
}

#[test]
fn large_integers_are_compared_to_the_last_digit() {
    let values = [u64::MAX, 1 << 53, (1 << 53) + 1, 5];
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
    let less = Step::Subtract { by: 3, except: vec![] };
    for steps in [vec![Step::Cast(dtype("float64"))], vec![less.clone()], vec![less, Step::Transpose(vec![1, 0])]] {
        let pair = Pair::new(">u8", false, &[2, 2], &data, part(steps, None));
        assert!(pair.compared(&pair.made).is_ok());
        let mut made = pair.made.clone();
        made[pair.header] ^= 1;
        assert_eq!(pair.compared(&made).unwrap_err(), DIFFERENT);
    }
}
