//! Every file of the corpus beside what NumPy says of it. `fixtures/corpus/make_corpus.py` builds the corpus; it needs
//! Python with numpy and `ml_dtypes`: `BATCHLINT_PYTHON`, or `.venv/bin/python` as `scripts/test` makes it.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use batchlint::rules::{Findings, Judge, RULES, SourceCx};
use batchlint::source::fault::{
    ArchiveFault, Duplicate, Found, HeaderFault, LineEnding, Looks, Stray, Trailing, Unsafe,
};
use batchlint::source::{
    ArrayFacts, Fault, FaultKind, FileFault, Header, Memo, Progress, Question, Reach, SourceFacts, Target, read_all,
    scan,
};
use batchlint::spec::Spec;
use batchlint::spec::dtype::{ByteOrder, Dtype, Kind};
use batchlint::values::Wants;
use serde_json::Value;
use support::corpus::corpus;

/// Where we give another verdict than NumPy, and why. Everything else must agree.
const KNOWN: &[(&str, &str)] = &[
    ("npy/hdr_descr_bfloat16.npy", "NumPy gives raw bytes; the header names the type, and so do we"),
    ("npy/hdr_descr_comma.npy", "'f4,i4' is a notation of numpy.dtype that no writer uses; refused"),
    ("npy/struct_aligned.npy", "the padding between fields counts, and is not listed as a field"),
    ("npy/struct_titles.npy", "a field with a title is shown by its name"),
    ("npz/bzip2.npz", BZIP2_LZMA),
    ("npz/lzma.npz", BZIP2_LZMA),
    ("npz/mixed.npz", BZIP2_LZMA),
    ("npz/lie_cd_offset_past_end.npz", "NumPy opens the archive and then fails on every member"),
];
const BZIP2_LZMA: &str = "not inflated here, and reported as not checked";
/// What only the data shows: a check of the headers finds nothing there, a whole one does.
const IN_THE_DATA: &[&str] = &[
    // Shares its bytes with b.npy, which the headers blame; its checksum is wrong for it.
    "npz/lie_csize_into_next.npz",
    "npz/crc_bad_deflated.npz",
    "npz/crc_bad_first_of_two.npz",
    "npz/crc_bad_stored.npz",
    "npz/crc_zero.npz",
    "npz/data_bitflip.npz",
    "npz/deflate_flip.npz",
    "npz/deflate_truncated.npz",
];

/// What a file is damaged by, though NumPy loads it without a word.
type Damage = fn(&FaultKind) -> bool;
const SILENT: &[(&str, Damage)] = &[
    ("npy/crlf_damage.npy", |kind| *kind == FaultKind::LineEnding(LineEnding::Shifted { extra: 1, crlf: true })),
    ("npy/hdr_no_newline.npy", |kind| *kind == FaultKind::LineEnding(LineEnding::Missing)),
    ("npy/hdr_unaligned.npy", |kind| *kind == FaultKind::LineEnding(LineEnding::Missing)),
    ("npy/hdr_len_10000.npy", |kind| *kind == FaultKind::Header(HeaderFault::Misaligned { offset: 10_010 })),
    ("npy/concat_3.npy", |kind| *kind == FaultKind::Trailing(Trailing::Arrays { following: 2 })),
    ("npy/trailing_1.npy", |kind| *kind == trailing(1, None)),
    ("npy/trailing_12.npy", |kind| *kind == trailing(12, Some(1))),
    ("npy/trailing_64.npy", |kind| *kind == trailing(64, None)),
    ("npy/trailing_newline.npy", |kind| *kind == trailing(1, None)),
    ("npy/hdr_dup_key.npy", |kind| matches!(kind, FaultKind::Header(HeaderFault::DuplicateKey(_)))),
    ("npy/hdr_py2_L.npy", |kind| *kind == FaultKind::Header(HeaderFault::Python2)),
    ("npy/evil_v0_huge.npy", |kind| *kind == FaultKind::Header(HeaderFault::NoBytes { elements: 1 << 62 })),
    ("npy/evil_s0_huge.npy", |kind| *kind == FaultKind::Header(HeaderFault::NoBytes { elements: 1 << 62 })),
    ("npy/evil_struct_empty_huge.npy", |kind| *kind == FaultKind::Header(HeaderFault::NoBytes { elements: 1 << 62 })),
    ("npy/shape_ndim64.npy", |kind| *kind == FaultKind::Header(HeaderFault::ManyAxes { axes: 64 })),
    ("npy/is_zip.npy", |kind| *kind == FaultKind::File(FileFault::NpzNamedNpy)),
    ("npz/npy_named_npz.npz", |kind| *kind == FaultKind::File(FileFault::NpyNamedNpz)),
    ("npz/member_trailing.npz", |kind| *kind == trailing(8, None)),
    ("npz/member_concat.npz", |kind| *kind == FaultKind::Trailing(Trailing::Arrays { following: 1 })),
    ("npz/bomb_trailing.npz", |kind| matches!(kind, FaultKind::Trailing(Trailing::Bytes { by_directory: true, .. }))),
    ("npz/duplicate.npz", |kind| *kind == FaultKind::Duplicate(Duplicate::Name { copies: 2 })),
    ("npz/odd_names.npz", |kind| matches!(kind, FaultKind::Duplicate(Duplicate::Key { key, .. }) if &**key == "a.npy")),
    ("npz/case_clash.npz", |kind| matches!(kind, FaultKind::Duplicate(Duplicate::Case { .. }))),
    ("npz/empty_member.npz", |kind| matches!(kind, FaultKind::Stray(Stray::NotAnArray { bytes: 0, .. }))),
    ("npz/text_as_npy.npz", |kind| matches!(kind, FaultKind::Stray(Stray::NotAnArray { bytes: 6, .. }))),
    ("npz/symlink.npz", |kind| matches!(kind, FaultKind::Stray(Stray::NotAnArray { .. }))),
    ("npz/macosx.npz", |kind| *kind == FaultKind::Stray(Stray::MacOs)),
    ("npz/text_member.npz", |kind| *kind == FaultKind::Stray(Stray::OtherFile)),
    ("npz/nested_npz.npz", |kind| *kind == FaultKind::File(FileFault::NoArrays)),
    ("npz/directory.npz", |kind| *kind == FaultKind::Stray(Stray::Folder)),
    ("npz/empty.npz", |kind| *kind == FaultKind::File(FileFault::NoArrays)),
    ("npz/comment_fake_eocd.npz", |kind| *kind == FaultKind::File(FileFault::NoArrays)),
    ("npz/name_ansi.npz", |kind| *kind == FaultKind::Stray(Stray::Name(Unsafe::Control))),
    ("npz/name_nul.npz", |kind| *kind == FaultKind::Stray(Stray::Name(Unsafe::Nul))),
    ("npz/name_dotdot.npz", |kind| *kind == FaultKind::Stray(Stray::Name(Unsafe::Parent))),
    ("npz/name_absolute.npz", |kind| *kind == FaultKind::Stray(Stray::Name(Unsafe::Absolute))),
    ("npz/name_64k.npz", |kind| *kind == FaultKind::Stray(Stray::Name(Unsafe::Long))),
    ("npz/lie_usize_big.npz", |kind| *kind == wrong_size(1 << 20, 4128, true)),
    ("npz/lie_usize_4gb.npz", |kind| *kind == wrong_size(0xffff_fffe, 4128, true)),
    ("npz/lie_stored_usize.npz", |kind| *kind == wrong_size(252, 152, true)),
    ("npz/lie_csize_big.npz", |kind| matches!(kind, FaultKind::Archive(ArchiveFault::PastEnd { .. }))),
    ("npz/lie_local_method.npz", |kind| matches!(kind, FaultKind::Archive(ArchiveFault::LocalMethod { .. }))),
    ("npz/lie_local_sizes.npz", |kind| *kind == FaultKind::Archive(ArchiveFault::LocalSizes)),
    ("npz/crc_bad_local_only.npz", |kind| *kind == FaultKind::Archive(ArchiveFault::LocalChecksum)),
    ("npz/lie_count_low.npz", |kind| *kind == FaultKind::Archive(ArchiveFault::EntryCount { declared: 1, found: 2 })),
    ("npz/lie_count_high.npz", |kind| matches!(kind, FaultKind::Archive(ArchiveFault::EntryCount { found: 1, .. }))),
    ("npz/multi_disk.npz", |kind| *kind == FaultKind::Archive(ArchiveFault::MultiDisk { disk: 3 })),
    ("npz/zip64_missing_extra.npz", |kind| *kind == FaultKind::Archive(ArchiveFault::Zip64 { present: false })),
    ("npz/zip64_huge_sizes.npz", |kind| matches!(kind, FaultKind::Archive(ArchiveFault::PastEnd { .. }))),
    ("npz/prefix_junk_pk.npz", |kind| *kind == outside(100, 0, 0)),
    ("npz/suffix_junk.npz", |kind| *kind == outside(0, 0, 100)),
    ("npz/gap_before_cd.npz", |kind| *kind == outside(0, 50, 0)),
    ("npz/appended.npz", |kind| matches!(kind, FaultKind::Trailing(Trailing::OutsideArchive { before: 4240, .. }))),
];

fn trailing(bytes: u64, rows: Option<u64>) -> FaultKind {
    FaultKind::Trailing(Trailing::Bytes { bytes, rows, by_directory: false })
}

fn wrong_size(declared: u64, actual: u64, whole: bool) -> FaultKind {
    FaultKind::Archive(ArchiveFault::WrongSize { declared, actual, whole })
}

fn outside(before: u64, between: u64, after: u64) -> FaultKind {
    FaultKind::Trailing(Trailing::OutsideArchive { before, between, after })
}

/// What a file is that NumPy refuses, where one word says it all.
const REFUSED: &[(&str, Damage)] = &[
    ("npy/trunc_000.npy", |kind| *kind == FaultKind::File(FileFault::Empty)),
    ("npy/trunc_009.npy", |kind| *kind == FaultKind::File(FileFault::TooShort { bytes: 9 })),
    ("npy/trunc_011.npy", |kind| *kind == header(HeaderFault::PastEnd { declared: 118, available: 1 })),
    ("npy/zeros_4k.npy", |kind| *kind == FaultKind::File(FileFault::Zeros { bytes: 4096 })),
    ("npy/git_lfs_pointer.npy", |kind| *kind == looks(Looks::LfsPointer)),
    ("npy/gzip.npy", |kind| *kind == looks(Looks::Gzip)),
    ("npy/pickle.npy", |kind| *kind == looks(Looks::Pickle)),
    ("npy/text.npy", |kind| *kind == looks(Looks::Text)),
    ("npy/raw_floats.npy", |kind| *kind == looks(Looks::Unknown)),
    ("npy/bad_magic.npy", |kind| *kind == looks(Looks::DamagedMagic)),
    ("npy/bad_magic_ascii.npy", |kind| *kind == looks(Looks::DamagedMagic)),
    ("npy/bad_magic_utf8.npy", |kind| *kind == looks(Looks::TextModeNpy)),
    ("npy/hdr_json_false.npy", |kind| *kind == header(HeaderFault::JsonWord)),
    ("npy/hdr_unclosed.npy", |kind| *kind == header(HeaderFault::Unclosed)),
    ("npy/evil_len_short.npy", |kind| *kind == header(HeaderFault::Unclosed)),
    ("npy/hdr_nul_pad.npy", |kind| *kind == header(HeaderFault::TextAfter)),
    ("npy/evil_nest_struct_500.npy", |kind| *kind == header(HeaderFault::TooDeep { limit: 32 })),
    ("npy/hdr_shape_leading_zero.npy", |kind| *kind == header(HeaderFault::BadNumber)),
    ("npy/hdr_shape_list.npy", |kind| *kind == header(HeaderFault::ShapeNotTuple(Found::List))),
    ("npy/evil_shape_digits.npy", |kind| *kind == header(HeaderFault::DimensionTooLarge)),
    ("npy/evil_shape_overflow_zero.npy", |kind| *kind == header(HeaderFault::ShapeOverflow)),
    ("npy/evil_u_size_overflow.npy", |kind| *kind == header(HeaderFault::ItemTooLarge)),
    ("npy/evil_subarray_overflow.npy", |kind| *kind == header(HeaderFault::ItemTooLarge)),
    ("npy/hdr_len_10001.npy", |kind| *kind == header(HeaderFault::TooLong { declared: 10_001, limit: Some(10_000) })),
    ("npz/bomb_header.npz", |kind| *kind == header(HeaderFault::TooLong { declared: 256 << 20, limit: Some(10_000) })),
    ("npz/truncated_97.npz", |kind| *kind == FaultKind::File(FileFault::NoEndRecord)),
    ("npz/suffix_zeros_70k.npz", |kind| *kind == FaultKind::File(FileFault::EndRecordTooFar { after: 70_000 })),
    ("npz/prefix_junk.npz", |kind| *kind == FaultKind::File(FileFault::BytesBefore { bytes: 100 })),
    ("npz/truncated_head.npz", |kind| *kind == FaultKind::File(FileFault::HeadMissing { bytes: 64 })),
    ("npz/lie_usize_small.npz", |kind| *kind == wrong_size(200, 4128, true)),
    ("npz/bomb_lie.npz", |kind| matches!(kind, FaultKind::Archive(ArchiveFault::WrongSize { whole: false, .. }))),
    ("npz/deflate_garbage.npz", |kind| *kind == FaultKind::Archive(ArchiveFault::Inflate)),
    ("npz/lie_csize_into_next.npz", |kind| matches!(kind, FaultKind::Archive(ArchiveFault::Overlap { .. }))),
    ("npz/overlap_same_local.npz", |kind| matches!(kind, FaultKind::Archive(ArchiveFault::LocalName { .. }))),
];

fn looks(looks: Looks) -> FaultKind {
    FaultKind::File(FileFault::Other(looks))
}

fn header(fault: HeaderFault) -> FaultKind {
    FaultKind::Header(fault)
}

#[test]
fn damage_is_told_as_what_it_is() {
    let (folder, files) = corpus();
    let mut memo = Memo::default();
    let mut problems = Vec::new();
    for (path, expected) in SILENT.iter().chain(REFUSED) {
        assert!(files.iter().any(|file| file["path"] == **path), "{path} is not in the corpus");
        let facts = scan(&Target::file(&folder.join(path)), &mut memo);
        if !facts.faults.iter().any(|fault| expected(&fault.kind)) {
            problems.push(format!("{path}: {:?}", facts.faults));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_file_that_numpy_refuses_has_a_fault_and_every_plain_file_has_none() {
    let (folder, files) = corpus();
    let mut memo = Memo::default();
    for file in &files {
        let path = file["path"].as_str().unwrap();
        let facts = scan(&Target::file(&folder.join(path)), &mut memo);
        let numpy = &file["numpy"];
        let loads = numpy["loads"] == true && numpy["loads_all"] != false;
        let elsewhere = facts.arrays.iter().any(|array| left_to_dtype_rules(&array.header.dtype));
        assert!(loads || elsewhere || IN_THE_DATA.contains(&path) || !facts.faults.is_empty(), "{path}: {numpy}");
        let group = file["group"].as_str().unwrap();
        let plain = matches!(group, "npy: dtypes" | "npy: format versions" | "npz: as numpy writes them");
        let odd = SILENT.iter().any(|(known, _)| *known == path);
        assert!(!(plain && loads && !odd) || facts.faults.is_empty(), "{path}: {:?}", facts.faults);
    }
}

#[test]
fn the_verdict_of_the_headers_is_that_of_numpy() {
    verdicts(scan, |path| KNOWN.iter().any(|(known, _)| *known == path) || IN_THE_DATA.contains(&path));
}

#[test]
fn the_verdict_of_headers_and_values_is_that_of_numpy() {
    verdicts(scan_whole, |path| KNOWN.iter().any(|(known, _)| *known == path));
}

/// Headers, and the values of arrays up to 64 MiB.
fn scan_whole(target: &Target, memo: &mut Memo) -> SourceFacts {
    let mut sources = vec![scan(target, memo)];
    let question = |array| Question { array, wants: Wants::JUDGED, asks: std::sync::Arc::default() };
    let questions = vec![(0..sources[0].arrays.len()).map(question).collect()];
    let limits = Reach { array_bytes: Some(64 << 20), ..Reach::default() };
    read_all(&mut sources, &questions, |_| Some(target), limits, &Progress::default());
    sources.remove(0)
}

#[test]
fn only_what_no_array_needs_is_a_bomb() {
    let (folder, _) = corpus();
    let bombs = |path: &str| {
        let facts = scan_whole(&Target::file(&folder.join(path)), &mut Memo::default());
        let bomb = |fault: &Fault| matches!(fault.kind, FaultKind::Archive(ArchiveFault::Bomb { array: 144, .. }));
        facts.faults.iter().any(bomb)
    };
    assert!(bombs("npz/bomb_trailing.npz"));
    // A sound array of zeros; the two others are told as what they are by their headers.
    for path in ["npz/bomb_256mib.npz", "npz/bomb_lie.npz", "npz/bomb_header.npz"] {
        assert!(!bombs(path), "{path}");
    }
}

/// Compares every file of the corpus with NumPy's verdict; those in `known` must differ.
fn verdicts(scan: fn(&Target, &mut Memo) -> SourceFacts, known: impl Fn(&str) -> bool) {
    let (folder, files) = corpus();
    let mut memo = Memo::default();
    let mut problems = Vec::new();
    for file in &files {
        let path = file["path"].as_str().unwrap();
        let facts = scan(&Target::file(&folder.join(path)), &mut memo);
        let differences = compare(&facts, &file["numpy"]);
        match (known(path), differences.is_empty()) {
            (false, false) => problems.push(format!("{path}: {}\n    {:?}", differences.join("; "), facts.faults)),
            (true, true) => problems.push(format!("{path}: listed as a known difference, and agrees")),
            _ => {}
        }
    }
    assert!(problems.is_empty(), "{} of {} files:\n{}", problems.len(), files.len(), problems.join("\n"));
}

/// What differs between the facts and NumPy's verdict.
fn compare(facts: &SourceFacts, numpy: &Value) -> Vec<String> {
    let Some(members) = numpy["members"].as_object() else {
        return array(facts, None, numpy).into_iter().collect();
    };
    let whole = facts.faults.iter().filter(|fault| fault.member.is_none() && refuses(&fault.kind));
    let whole = whole.map(|fault| format!("numpy opens the archive, {:?}", fault.kind));
    whole.chain(members.iter().filter_map(|(key, verdict)| array(facts, Some(key), verdict))).collect()
}

fn array(facts: &SourceFacts, key: Option<&str>, numpy: &Value) -> Option<String> {
    let found = find(&facts.arrays, key);
    let member = found.and_then(|array| array.member.clone());
    let ours = facts
        .faults
        .iter()
        .filter(|fault| key.is_none() || fault.member.is_none() || names(fault, key, member.as_deref()));
    let refused = ours.map(|fault| &fault.kind).find(|kind| refuses(kind));
    let what = key.map_or(String::new(), |key| format!("[{key}] "));
    if numpy["loads"] == false {
        let spoken_of = refused.is_some() || found.is_some_and(|array| left_to_dtype_rules(&array.header.dtype));
        return (!spoken_of).then(|| format!("{what}numpy refuses it: {}", numpy["error"]));
    }
    if numpy["type"] == "bytes" {
        return found.map(|_| format!("{what}numpy finds no array there"));
    }
    let (Some(array), None) = (found, refused) else {
        return Some(format!("{what}numpy loads it, we say {refused:?}"));
    };
    let theirs = (numpy["dtype"].as_str()?.to_owned(), numpy["shape"].to_string(), numpy["fortran"] == true);
    let header = &array.header;
    let ours = (clip(&numpy_name(&header.dtype)), serde_json::to_string(&header.shape).unwrap(), is_fortran(header));
    (theirs != ours).then(|| format!("{what}numpy says {theirs:?}, we say {ours:?}"))
}

#[test]
fn every_fault_is_told_by_exactly_one_rule() {
    let (folder, files) = corpus();
    let mut memo = Memo::default();
    let spec = Spec::default();
    for file in &files {
        let facts = scan(&Target::file(&folder.join(file["path"].as_str().unwrap())), &mut memo);
        for fault in &facts.faults {
            let source = SourceFacts { faults: vec![fault.clone()], ..facts.clone() };
            let cx = SourceCx { spec: &spec, source: &source, of: 1 };
            let mut told = Vec::new();
            for rule in RULES {
                let mut out = Findings::default();
                if let Judge::Source(judge) = rule.judge {
                    judge(&cx, &mut out);
                }
                told.extend(out.take().into_iter().map(|finding| (rule.id, finding)));
            }
            let [(rule, finding)] = told.as_slice() else { panic!("{fault:?}: {told:?}") };
            let place = source.path.trim_end_matches(char::is_alphanumeric);
            assert!(!finding.message.contains(place) && !finding.message.ends_with('.'), "{rule}: {}", finding.message);
            assert!(finding.expected.ends_with('.') && !finding.found.ends_with('.'), "{rule}: {finding:?}");
            assert!(finding.message.chars().all(|c| !c.is_control()), "{rule}: {:?}", finding.message);
        }
    }
}

#[test]
fn archives_that_are_not_read_whole_say_the_same() {
    let (folder, files) = corpus();
    let copy = folder.join("copy.dat");
    let mut memo = Memo::default();
    let mut compared = 0;
    for file in files.iter().filter(|file| file["kind"] == "npz" && file["size"].as_u64() > Some(4096)) {
        let path = folder.join(file["path"].as_str().unwrap());
        std::fs::copy(&path, &copy).unwrap();
        let (whole, parts) = (scan(&Target::file(&path), &mut memo), scan(&Target::file(&copy), &mut memo));
        let kinds = |facts: &SourceFacts| facts.faults.iter().map(|fault| fault.kind.clone()).collect::<Vec<_>>();
        assert_eq!(kinds(&whole), kinds(&parts), "{}", path.display());
        assert_eq!(whole.arrays, parts.arrays, "{}", path.display());
        compared += 1;
    }
    assert!(compared > 15, "{compared}");
}

/// The array that NumPy gives for a key: a member of that name first, else the last one with that key.
fn find<'f>(arrays: &'f [ArrayFacts], key: Option<&str>) -> Option<&'f ArrayFacts> {
    let Some(key) = key else { return arrays.first() };
    let named = |array: &&ArrayFacts| array.member.as_deref().is_some_and(|member| clip(member) == key);
    arrays.iter().rfind(named).or_else(|| arrays.iter().rfind(|array| clip(&array.key) == key))
}

fn names(fault: &Fault, key: Option<&str>, member: Option<&str>) -> bool {
    let Some(name) = fault.member.as_deref() else { return false };
    match member {
        Some(member) => member == name,
        None => key.is_some_and(|key| name == key || name.strip_suffix(".npy") == Some(key)),
    }
}

/// Whether the fault means that `np.load` stops with an error.
fn refuses(kind: &FaultKind) -> bool {
    match kind {
        FaultKind::File(fault) => {
            !matches!(fault, FileFault::NpyNamedNpz | FileFault::NpzNamedNpy | FileFault::NoArrays)
        }
        FaultKind::Header(fault) => !matches!(
            fault,
            HeaderFault::DuplicateKey(_)
                | HeaderFault::ManyAxes { .. }
                | HeaderFault::NoBytes { .. }
                | HeaderFault::Python2
                | HeaderFault::Misaligned { .. }
        ),
        FaultKind::Archive(fault) => match fault {
            ArchiveFault::Method { id } => !matches!(id, 12 | 14),
            ArchiveFault::Zip64 { present } => *present,
            ArchiveFault::WrongSize { declared, actual, .. } => actual > declared,
            ArchiveFault::Encrypted
            | ArchiveFault::Inflate
            | ArchiveFault::Checksum { .. }
            | ArchiveFault::NotAMember { .. }
            | ArchiveFault::LocalName { .. }
            | ArchiveFault::ExtraField
            | ArchiveFault::BadName
            | ArchiveFault::Directory { .. } => true,
            _ => false,
        },
        FaultKind::Truncated(_) => true,
        FaultKind::Trailing(_) | FaultKind::LineEnding(_) | FaultKind::Duplicate(_) | FaultKind::Stray(_) => false,
    }
}

/// What NumPy refuses because of its dtype is no fault of the file: `object-dtype` and `opaque-dtype` speak of it.
fn left_to_dtype_rules(dtype: &Dtype) -> bool {
    match &dtype.kind {
        Kind::Object | Kind::Ml(_) => true,
        Kind::Struct(fields) => fields.iter().any(|field| left_to_dtype_rules(&field.dtype)),
        _ => false,
    }
}

fn is_fortran(header: &Header) -> bool {
    header.fortran && header.shape.iter().filter(|size| **size > 1).count() > 1
}

/// The type as NumPy writes it: `<f4`, `|S5`, `[('x', '<f4')]`.
fn numpy_name(dtype: &Dtype) -> String {
    let mark = match dtype.order {
        ByteOrder::Little => '<',
        ByteOrder::Big => '>',
        ByteOrder::None => '|',
    };
    let size = dtype.size;
    let time = |letter, unit: &str| {
        let unit = if unit.is_empty() { String::new() } else { format!("[{unit}]") };
        format!("{mark}{letter}8{unit}")
    };
    match &dtype.kind {
        Kind::Bool => format!("|b{size}"),
        Kind::Int => format!("{mark}i{size}"),
        Kind::Uint => format!("{mark}u{size}"),
        Kind::Float | Kind::LongDouble => format!("{mark}f{size}"),
        Kind::Complex => format!("{mark}c{size}"),
        Kind::Bytes => format!("|S{size}"),
        Kind::Text if size == 0 => "<U0".into(),
        Kind::Text => format!("{mark}U{}", size / 4),
        Kind::Void | Kind::UnnamedMl => format!("|V{size}"),
        Kind::Ml(ml) => ml.name().into(),
        Kind::Datetime(unit) => time('M', unit),
        Kind::Timedelta(unit) => time('m', unit),
        Kind::Object => "|O".into(),
        Kind::Struct(fields) => {
            let field = |field: &batchlint::spec::dtype::Field| {
                let dtype = match &field.dtype.kind {
                    Kind::Struct(_) => numpy_name(&field.dtype),
                    _ => format!("'{}'", numpy_name(&field.dtype)),
                };
                let sizes: Vec<String> = field.shape.iter().map(u64::to_string).collect();
                let shape = if sizes.is_empty() { String::new() } else { format!(", ({})", sizes.join(", ")) };
                format!("('{}', {dtype}{shape})", python_text(&field.name))
            };
            format!("[{}]", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Control characters as Python's `repr` writes them.
fn python_text(text: &str) -> String {
    let one = |c: char| match c {
        '\u{202e}' => "\\u202e".into(),
        c if c.is_control() => format!("\\x{:02x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}

/// What the manifest does with long texts.
fn clip(text: &str) -> String {
    let length = text.chars().count();
    if length <= 300 {
        return text.into();
    }
    format!("{}... [{length} chars]", text.chars().take(300).collect::<String>())
}
