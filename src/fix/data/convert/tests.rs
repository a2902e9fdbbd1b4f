//! Every step against a model that does it in the plainest way.

use std::fs::File;

use proptest::prelude::*;

use super::super::samples;
use super::*;
use crate::values::unravel;

/// An array in memory, in C order: each element by its bytes.
#[derive(Debug, Clone, PartialEq)]
struct Naive {
    shape: Vec<u64>,
    elements: Vec<Vec<u8>>,
}

impl Naive {
    fn at(&self, index: &[u64]) -> Vec<u8> {
        let flat = index.iter().zip(&self.shape).fold(0, |all, (index, size)| all * size + index);
        self.elements[usize::try_from(flat).unwrap()].clone()
    }

    /// The array of that shape whose elements are those at the index that `from` gives.
    fn made(&self, shape: Vec<u64>, from: impl Fn(&[u64]) -> Vec<u64>) -> Self {
        let count: u64 = shape.iter().product();
        let elements = (0..count).map(|flat| self.at(&from(&unravel(flat, &shape)))).collect();
        Self { shape, elements }
    }

    fn step(&self, step: &Step) -> Self {
        match step {
            Step::Transpose(order) => {
                let shape = order.iter().map(|axis| self.shape[*axis]).collect();
                self.made(shape, |index| {
                    let mut from = vec![0; index.len()];
                    for (to, axis) in order.iter().enumerate() {
                        from[*axis] = index[to];
                    }
                    from
                })
            }
            Step::AddAxis(at) => {
                let mut shape = self.shape.clone();
                shape.insert(*at, 1);
                Self { shape, ..self.clone() }
            }
            Step::DropAxis(at) => {
                let mut shape = self.shape.clone();
                shape.remove(*at);
                Self { shape, ..self.clone() }
            }
            Step::MergeAxes => {
                let mut shape = self.shape.clone();
                let outer = shape.remove(0);
                shape[0] *= outer;
                Self { shape, ..self.clone() }
            }
            _ => panic!("{step:?} is not a move"),
        }
    }
}

/// Moves that fit an array of that shape.
fn moves(shape: Vec<u64>, count: usize) -> BoxedStrategy<Vec<Step>> {
    if count == 0 {
        return Just(Vec::new()).boxed();
    }
    let axes = shape.len();
    let order = Just((0..axes).collect::<Vec<_>>()).prop_shuffle().prop_map(Step::Transpose);
    let mut any = vec![order.clone().boxed(), order.boxed(), (0..=axes).prop_map(Step::AddAxis).boxed()];
    let ones: Vec<usize> = (0..axes).filter(|axis| shape[*axis] == 1).collect();
    if !ones.is_empty() {
        any.push(prop::sample::select(ones).prop_map(Step::DropAxis).boxed());
    }
    if axes > 1 {
        any.push(Just(Step::MergeAxes).boxed());
    }
    prop::strategy::Union::new(any)
        .prop_flat_map(move |step| {
            let header = Header { dtype: Dtype::new(Kind::Int, 1), shape: shape.clone(), fortran: false };
            let shape = step.apply(&header).unwrap().shape;
            moves(shape, count - 1).prop_map(move |mut rest| {
                rest.insert(0, step.clone());
                rest
            })
        })
        .boxed()
}

fn shapes() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(prop_oneof![4 => 1_u64..7, 1 => Just(1), 1 => 8_u64..40], 0..5)
        .prop_filter("small", |shape| shape.iter().product::<u64>() < 3000)
}

/// Everything that comes out, pulled in pieces of many sizes.
fn pulled(converted: &mut Converted<'_>, pieces: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut buffer = vec![0; 10_000];
    for piece in pieces.iter().cycle() {
        let read = converted.read(&mut buffer[..*piece]).unwrap();
        if read == 0 {
            return out;
        }
        out.extend_from_slice(&buffer[..read]);
    }
    out
}

/// How the array is stored.
#[derive(Debug, Clone, Copy)]
enum Stored {
    Npy,
    Member { deflated: bool },
}

/// What the steps make of an array whose data is `data` in the order of the file, in these rows.
fn converted(
    stored: Stored,
    (descr, fortran, shape, data): (&str, bool, &[u64], &[u8]),
    steps: &[Step],
    rows: &[Option<Range<u64>>],
    pieces: &[usize],
) -> (Header, Vec<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let npy = samples::npy(descr, fortran, shape, data);
    let bytes = match stored {
        Stored::Npy => npy,
        Stored::Member { deflated } => samples::npz(&[("first.npy", true, &npy), ("x.npy", deflated, &npy)]),
    };
    let facts = samples::facts(&path, &bytes);
    let array = facts.arrays.last().unwrap();
    let file = Arc::new(FileReader::from(File::open(&path).unwrap()));
    let progress = Progress::default();
    let mut converted = Converted::new(&file, array, facts.size, steps, &progress).unwrap();
    let header = converted.header().clone();
    let mut all = Vec::new();
    for rows in rows {
        converted.rows(rows.as_ref()).unwrap();
        all.push(pulled(&mut converted, pieces));
    }
    (header, all)
}

fn any_stored() -> impl Strategy<Value = Stored> {
    prop_oneof![Just(Stored::Npy), any::<bool>().prop_map(|deflated| Stored::Member { deflated })]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn moves_are_those_of_the_plainest_model(
        (shape, steps) in shapes().prop_flat_map(|shape| (Just(shape.clone()), (0_usize..5).prop_flat_map(move |count| moves(shape.clone(), count)))),
        (descr, size, unit) in prop::sample::select(vec![
            ("|u1", 1, 1), ("<f2", 2, 1), (">f4", 4, 4), ("<f8", 8, 1), (">i8", 8, 8), (">c8", 8, 4), ("<c16", 16, 1),
            (">U3", 12, 4), ("|S3", 3, 1), ("|V5", 5, 1), (">M8[s]", 8, 8), (">f16", 16, 16), ("|b1", 1, 1), (">u2", 2, 2),
        ]),
        fortran in any::<bool>(),
        stored in any_stored(),
        pieces in prop::collection::vec(1_usize..3000, 1..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let count = usize::try_from(shape.iter().product::<u64>()).unwrap();
        let data = samples::bytes(count * size);
        // What stands at each place, in C order and little-endian.
        let layout = crate::values::Layout { dtype: &Dtype::new(Kind::Int, 1), shape: &shape, fortran };
        let mut naive = Naive { shape: shape.clone(), elements: vec![Vec::new(); count] };
        for (place, element) in data.chunks(size).enumerate() {
            let flat = usize::try_from(layout.flat(place as u64)).unwrap();
            naive.elements[flat] = element.chunks(unit).flat_map(|unit| unit.iter().rev().copied()).collect();
        }
        for step in &steps {
            naive = naive.step(step);
        }
        // All of it, then all of it in parts that follow each other, then some of them once more.
        let mut rows = vec![None];
        let mut wanted = vec![naive.elements.concat()];
        if let Some(all) = naive.shape.first() {
            let mut places: Vec<u64> = cuts.iter().map(|cut| cut.index(usize::try_from(*all).unwrap() + 1) as u64).collect();
            places.extend([0, *all]);
            places.sort_unstable();
            let parts: Vec<Range<u64>> = places.windows(2).map(|pair| pair[0]..pair[1]).collect();
            let row = wanted[0].len() / usize::try_from(*all).unwrap();
            for part in parts.iter().chain(parts.iter().rev()) {
                let (start, end) = (usize::try_from(part.start).unwrap(), usize::try_from(part.end).unwrap());
                rows.push(Some(part.clone()));
                wanted.push(wanted[0][start * row..end * row].to_vec());
            }
        }
        let (header, found) = converted(stored, (descr, fortran, &shape, &data), &steps, &rows, &pieces);
        prop_assert_eq!(&header.shape, &naive.shape);
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn ids_and_rows_of_classes_are_each_others_inverse(
        ids in prop::collection::vec(0_u8..7, 1..60),
        to in prop::sample::select(vec!["float32", "float64", "uint8", "bool", "int64", "float16", "bfloat16"]),
        stored in any_stored(),
    ) {
        let count = ids.len() as u64;
        let to = Dtype::from_name(to).unwrap();
        let size = usize::try_from(to.size).unwrap();
        let one = Step::OneHot { classes: 7, to: to.clone() };
        let (header, rows) = converted(stored, ("|u1", false, &[count], &ids), std::slice::from_ref(&one), &[None], &[100]);
        prop_assert_eq!((header.shape, header.dtype), (vec![count, 7], to));
        for (id, row) in ids.iter().zip(rows[0].chunks(7 * size)) {
            for (class, value) in row.chunks(size).enumerate() {
                prop_assert_eq!(value.iter().any(|byte| *byte != 0), class == usize::from(*id));
            }
        }
        let back = Step::Ids(Dtype::from_name("uint8").unwrap());
        let (header, found) = converted(stored, ("|u1", false, &[count], &ids), &[one, back], &[None], &[9]);
        prop_assert_eq!(header.shape, vec![count]);
        prop_assert_eq!(&found[0], &ids);
    }

    #[test]
    fn so_many_are_taken_away_from_all_but_some(values in prop::collection::vec(-5_i64..300, 1..50), by in -3_i64..4) {
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        let step = Step::Subtract { by, except: vec![-1, 255] };
        let shape = [values.len() as u64];
        let (_, found) = converted(Stored::Npy, (">i8", false, &shape, &data), std::slice::from_ref(&step), &[None], &[64]);
        let less = |value: i64| if value == -1 || value == 255 { value } else { value - by };
        let wanted: Vec<u8> = values.iter().flat_map(|value| less(*value).to_le_bytes()).collect();
        prop_assert_eq!(&found[0], &wanted);
        let data: Vec<u8> = values.iter().flat_map(|value| (*value as f32 + 0.0).to_le_bytes()).collect();
        let (_, found) = converted(Stored::Npy, ("<f4", false, &shape, &data), &[step], &[None], &[64]);
        let wanted: Vec<u8> = values.iter().flat_map(|value| (less(*value) as f32).to_le_bytes()).collect();
        prop_assert_eq!(&found[0], &wanted);
    }
}

#[test]
fn values_are_scaled_in_float32() {
    let data: Vec<u8> = (0..=255).collect();
    let step = Step::Scale { divisor: 127.5, less: 1.0 };
    let (header, found) = converted(Stored::Npy, ("|u1", false, &[256], &data), &[step], &[None], &[1000]);
    assert_eq!(header.dtype, Dtype::from_name("float32").unwrap());
    let wanted: Vec<u8> = (0..=255_u8).flat_map(|value| (f32::from(value) / 127.5 - 1.0).to_le_bytes()).collect();
    assert_eq!(found[0], wanted);
}

#[test]
fn what_is_no_row_of_one_class_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let to = Dtype::from_name("int64").unwrap();
    let one_hot = Step::OneHot { classes: 3, to: to.clone() };
    for (values, shape, step, why) in [
        ([0_u8, 0, 0], &[1, 3][..], Step::Ids(to.clone()), "one of its rows has no 1"),
        ([0, 1, 1], &[1, 3], Step::Ids(to.clone()), "one of its rows is not one 1 among zeros"),
        ([0, 2, 0], &[1, 3], Step::Ids(to), "one of its rows is not one 1 among zeros"),
        ([0, 1, 3], &[3], one_hot, "one of its ids is none of the classes"),
    ] {
        let path = folder.path().join("x.npy");
        let facts = samples::facts(&path, &samples::npy("|u1", false, shape, &values));
        let file = Arc::new(FileReader::from(File::open(&path).unwrap()));
        let progress = Progress::default();
        let mut converted = Converted::new(&file, &facts.arrays[0], facts.size, &[step], &progress).unwrap();
        assert_eq!(converted.read_to_end(&mut Vec::new()).unwrap_err().to_string(), why);
    }
}

#[test]
fn damage_and_a_stop_end_the_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let npy = samples::npy("<f8", false, &[500], &samples::bytes(4000));
    for deflated in [false, true] {
        let mut bytes = samples::npz(&[("x.npy", deflated, &npy)]);
        let facts = samples::facts(&path, &bytes);
        let middle = usize::try_from(facts.arrays[0].location.start).unwrap() + 1500;
        bytes[middle] ^= 0x40;
        std::fs::write(&path, &bytes).unwrap();
        let file = Arc::new(FileReader::from(File::open(&path).unwrap()));
        let progress = Progress::default();
        let read = |progress: &Progress| {
            let mut converted = Converted::new(&file, &facts.arrays[0], facts.size, &[], progress).unwrap();
            converted.read_to_end(&mut Vec::new()).map_err(|error| error.to_string())
        };
        let why = read(&progress).unwrap_err();
        assert!(why == "its checksum is wrong" || (deflated && why.contains("damaged")), "{why}");
        progress.stop.store(true, Ordering::Relaxed);
        assert_eq!(read(&progress).unwrap_err(), STOPPED);
    }
}
