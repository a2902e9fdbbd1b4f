//! Hostile pickles, written by hand. Real ones are compared with Python in `tests/pickle.rs`.

use super::*;

/// What `numpy` 2 writes in protocol 4 up to the list of an object array of shape `(3,)`, here in protocol 2 opcodes
/// without a memo.
const ARRAY: &[u8] =
    b"\x80\x02cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x03\x85\
    cnumpy\ndtype\nU\x02O8\x89\x88\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89";
/// What follows the list.
const END: &[u8] = b"tb.";

fn walk(data: &[u8]) -> Objects {
    let mut walker = Walker::new();
    for chunk in data.chunks(1 << 16) {
        walker.feed(chunk);
        assert!(walker.kept() <= Walker::MOST_KEPT, "{}", walker.kept());
    }
    walker.finish()
}

/// An array with that as the code that makes its list.
fn array(list: &[u8]) -> Objects {
    walk(&[ARRAY, list, END].concat())
}

fn trouble(data: &[u8]) -> Option<TroubleKind> {
    walk(data).trouble.map(|trouble| trouble.kind)
}

fn kinds(objects: &Objects) -> Vec<(ObjectKind, u64, u64)> {
    objects.kinds.each.iter().map(|tally| (tally.value.clone(), tally.count, tally.first)).collect()
}

/// The imports that are not known to be harmless.
fn foreign(objects: &Objects) -> Vec<String> {
    let name = |global: &Global| match &global.name {
        GlobalName::Named { module, name } => format!("{module}.{name}"),
        other => format!("{other:?}"),
    };
    objects.globals.iter().filter(|global| global.standing > Standing::Plain).map(name).collect()
}

#[test]
fn the_elements_are_counted_where_they_stand() {
    let objects = array(b"](NK\x01Ne");
    assert_eq!(objects.trouble, None);
    assert_eq!(kinds(&objects), [(ObjectKind::None, 2, 0), (ObjectKind::Int, 1, 1)]);
    assert_eq!((objects.elements, objects.shape), (3, Some(vec![3])));
    assert_eq!(objects.bytes, (ARRAY.len() + 7 + END.len()) as u64);
    // The same in protocol 0, and as one LIST.
    assert_eq!(kinds(&array(b"(lNaI1\naNa")), kinds(&array(b"(NI1\nNl")));
    assert_eq!(kinds(&array(b"(lNaI1\naNa")), kinds(&array(b"](NK\x01Ne")));
    // Other lists do not count.
    assert_eq!(kinds(&array(b"](](K\x01K\x02ee")), [(ObjectKind::List, 1, 0)]);
}

#[test]
fn every_way_to_import_is_seen() {
    let shell = b"cos\nsystem\nS'true'\n\x85R.".as_slice();
    for (code, name) in [
        (shell, "os.system"),
        (b"(S'true'\nios\nsystem\n.", "os.system"),
        (b"(cos\nsystem\nS'true'\no.", "os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.", "os.system"),
        (b"Vos\nVsystem\n\x93.", "os.system"),
        (b"V\\u006fs\nVsys\\u0074em\n\x93.", "os.system"),
        (b"S'\\x6fs'\nS\"system\"\n\x93.", "os.system"),
        (b"X\x02\x00\x00\x00osq\x050X\x06\x00\x00\x00systemq\x070h\x05h\x07\x93.", "os.system"),
        (b"\x8c\x02os\x94\x8c\x06system\x9400h\x00h\x01\x93.", "os.system"),
        (b"\x8c\x08builtins2\x8c\x07getattr\x93.", "builtins.getattr"),
        (b"cbuiltins\neval\n.", "builtins.eval"),
        (b"c__builtin__\nexec\n.", "__builtin__.exec"),
        (b"cnumpy\nload\n.", "numpy.load"),
        (b"\x8c\x08datetime\x8c\x0bsys.modules\x93.", "datetime.sys.modules"),
        (b"ccopyreg\n_reconstructor\n.", "copyreg._reconstructor"),
        (b"cnumpy\r\ndtype\r\n.", "numpy\r.dtype\r"),
        (b"\x82\x07.", "Extension(7)"),
        (b"\x83\x07\x01.", "Extension(263)"),
        (b"\x84\x07\x00\x00\x01.", "Extension(16777223)"),
        (b"P42\n.", "PersistentId"),
        (b"K\x01Q.", "PersistentId"),
    ] {
        assert_eq!(foreign(&walk(code)), [name], "{}", code.escape_ascii());
    }
}

#[test]
fn an_import_inside_of_the_array_is_listed_with_its_place() {
    let objects = array(b"](Ncos\nsystem\nS'true'\n\x85Re");
    assert_eq!(kinds(&objects), [(ObjectKind::None, 1, 0), (ObjectKind::Other("os.system".into()), 1, 1)]);
    let found = objects.globals.last().unwrap();
    assert_eq!((found.at, found.standing), (ARRAY.len() as u64 + 3, Standing::Foreign));
    assert!(objects.globals.iter().take(3).all(|global| global.standing == Standing::Numpy), "{:?}", objects.globals);
}

#[test]
fn a_name_that_is_made_while_loading_is_no_name() {
    // str(b"os", "ascii"), and the result of a foreign call.
    assert_eq!(foreign(&walk(b"cbuiltins\nstr\nC\x02osC\x05ascii\x86R\x8c\x06system\x93.")), ["Computed"]);
    assert_eq!(foreign(&walk(b"cfoo\nbar\n)R\x8c\x06system\x93."))[1..], ["Computed"]);
    assert_eq!(trouble(b"K\x01\x8c\x06system\x93."), Some(TroubleKind::GlobalName));
    assert_eq!(trouble(b"C\x02os\x8c\x06system\x93."), Some(TroubleKind::GlobalName));
    let long = [b"c".as_slice(), &[b'a'; 300], b"\nsystem\n."].concat();
    assert_eq!(foreign(&walk(&long)), ["Forgotten"]);
}

#[test]
fn a_known_import_that_is_misused_is_not_harmless() {
    let objects = walk(b"cnumpy._core.numeric\n_frombuffer\n}\x8c\x08__code__K\x01sb.");
    assert_eq!(objects.globals[0].standing, Standing::Misused);
    // A call that makes an array of objects from bytes, which are taken for addresses.
    let objects = walk(b"cnumpy\nndarray\nK\x01\x85X\x01\x00\x00\x00OC\x0800000000\x87R.");
    assert_eq!(foreign(&objects), ["numpy.ndarray"]);
    assert_eq!(foreign(&array(b"]cnumpy\nndarray\na")), [""; 0], "a class that is an element is only named");
    // The dtype of objects that says it has none, so that `_frombuffer` takes it.
    let state = b"cnumpy\ndtype\n\x8c\x02O8\x89\x88\x87R(K\x03\x8c\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK";
    let with_flags = |flags: u8| walk(&[state.as_slice(), &[flags], b"tb."].concat());
    assert_eq!(foreign(&with_flags(0x3e)), ["numpy.dtype"]);
    assert_eq!(foreign(&with_flags(0x3f)), [""; 0]);
}

#[test]
fn memo_entries_that_are_overwritten_are_what_was_written_last() {
    let code = b"\x8c\x05numpyq\x01\x8c\x05dtypeq\x02\x8c\x02osq\x01\x8c\x06systemq\x02h\x01h\x02\x93.";
    assert_eq!(foreign(&walk(code)), ["os.system"]);
    // The same behind the entries that are kept. Nothing is known then, and nothing passes for something else.
    let late = b"\x8c\x05numpyr\x00\x00\x02\x00\x8c\x05dtyper\x01\x00\x02\x00\
        \x8c\x02osr\x00\x00\x02\x00\x8c\x06systemr\x01\x00\x02\x00j\x00\x00\x02\x00j\x01\x00\x02\x00\x93.";
    assert_eq!(foreign(&walk(late)), ["Forgotten"]);
    // Entries that MEMOIZE writes after such a thing could be any.
    let hidden = b"Nr\x00\x00\x02\x00r\x00\x00\x02\x00\x8c\x02os\x94\x8c\x06system\x94h\x01h\x02\x93.";
    assert_eq!(foreign(&walk(hidden)), ["Forgotten"]);
    assert_eq!(trouble(b"h\x07."), Some(TroubleKind::MemoUnset { index: 7 }));
    assert_eq!(
        trouble(b"Nr\xff\xff\xff\xff0j\xfe\xff\xff\xff."),
        Some(TroubleKind::NotAnArray),
        "below a late entry anything may be"
    );
    assert_eq!(trouble(b"Nq\x01h\x00."), Some(TroubleKind::MemoUnset { index: 0 }));
    assert_eq!(trouble(b"g-1\n."), Some(TroubleKind::MemoNumber));
    // Numbers as Python reads them.
    assert_eq!(foreign(&walk(b"Vos\np1_0\n0Vsystem\np-0\n0g 10\ng+0\n\x93.")), ["os.system"]);
}

#[test]
fn names_stay_known_whatever_stands_between() {
    // Module and name are in the memo, then come 200 000 strings, then they are named again.
    let mut data = b"\x80\x04\x8c\x08datetime\x94\x8c\x04date\x94\x93\x94](".to_vec();
    for number in 0..200_000 {
        let text = format!("text_{number}");
        data.extend([0x8c, u8::try_from(text.len()).unwrap()]);
        data.extend(text.as_bytes());
        data.push(opcodes::MEMOIZE);
    }
    data.extend(b"eh\x00\x8c\x09timedelta\x94\x93h\x00\x8c\x04time\x94\x93\x8c\x02os\x94\x8c\x06system\x94\x93.");
    let objects = walk(&data);
    assert_eq!(foreign(&objects), ["os.system"]);
    assert_eq!(objects.globals.len(), 4, "{:?}", objects.globals);
}

#[test]
fn what_is_too_deep_or_too_much_still_lists_imports() {
    let attack = b"cos\nsystem\nS'true'\n\x85R.".as_slice();
    let marks = [vec![b'('; 100_000].as_slice(), attack].concat();
    let lists = [b"](".repeat(100_000).as_slice(), attack].concat();
    let many = [vec![b'N'; 200_000].as_slice(), attack].concat();
    for (data, kind) in [(marks, TroubleKind::TooDeep), (lists, TroubleKind::TooDeep), (many, TroubleKind::TooMany)] {
        let objects = walk(&data);
        assert_eq!(objects.trouble.map(|trouble| trouble.kind), Some(kind));
        assert!(!kind.refused());
        assert_eq!(foreign(&objects), ["os.system"]);
        assert_eq!(objects.bytes, data.len() as u64);
    }
    // Names from the part of which track was lost.
    let taken =
        [b"\x8c\x02os\x8c\x06system".as_slice(), &b"N".repeat(100_000), &b"0".repeat(100_000), b"\x93."].concat();
    assert_eq!(foreign(&walk(&taken)), ["Forgotten"]);
    let below = [b"\x8c\x05numpy\x8c\x05dtype(\x8c\x02os\x8c\x06system".as_slice(), &b"N".repeat(100_000)].concat();
    let below = [below.as_slice(), &b"0".repeat(100_000), b"\x93."].concat();
    assert_eq!(foreign(&walk(&below)), ["Forgotten"]);
}

#[test]
fn tuples_of_any_depth_and_length_are_values_like_others() {
    let deep = array(&[b"](N".as_slice(), &b"\x85".repeat(100_000), b"e"].concat());
    assert_eq!((kinds(&deep), deep.trouble), (vec![(ObjectKind::Tuple, 1, 0)], None));
    let long = array(&[b"]((".as_slice(), &b"N".repeat(300_000), b"tNe"].concat());
    assert_eq!(kinds(&long), [(ObjectKind::None, 1, 1), (ObjectKind::Tuple, 1, 0)]);
    assert_eq!(long.lengths[0].1.most, 300_000);
    // Elements that are never appended in parts.
    let flat = array(&[b"](".as_slice(), &b"N".repeat(300_000), b"e"].concat());
    assert_eq!(flat.elements, 300_000);
    assert_eq!(flat.kinds.each.iter().map(|tally| tally.count).sum::<u64>(), 300_000);
}

#[test]
fn doubling_through_the_memo_takes_no_room() {
    // Each list holds the one before twice.
    let mut data = b"](](NNe\x94".to_vec();
    for level in 0..200_u8 {
        data.extend([b']', b'(', b'h', level, b'h', level, b'e', opcodes::MEMOIZE]);
    }
    data.push(b'e');
    let objects = array(&data);
    assert_eq!(objects.elements, 201);
    assert_eq!(objects.lengths[0].1.each.each, [Tally { value: 2, count: 201, first: 0 }]);
}

#[test]
fn lengths_that_lie_are_never_believed() {
    for code in [
        b"\x8b\xff\xff\xff\x7f12".as_slice(),
        b"B\xff\xff\xff\xff12",
        b"\x8e\0\0\0\0\0\0\0\x0112",
        b"X\xff\xff\xff\xff",
    ] {
        let objects = walk(code);
        assert_eq!(objects.trouble.map(|trouble| trouble.kind), Some(TroubleKind::Truncated));
        assert_eq!(objects.bytes, code.len() as u64);
    }
    for code in [b"\x8b\xff\xff\xff\xff12".as_slice(), b"T\0\0\0\x80", b"\x96\xff\xff\xff\xff\xff\xff\xff\xff"] {
        assert_eq!(trouble(code), Some(TroubleKind::Length), "{}", code.escape_ascii());
    }
    // Frames only group bytes; what they say of their length changes nothing.
    let framed = |length: [u8; 8]| array(&[b"\x95".as_slice(), &length, b"](NNe"].concat());
    assert_eq!(framed([0xff; 8]), framed([0; 8]));
    assert_eq!(framed([0; 8]).elements, 2);
    // Long bytes are counted.
    let mut long = b"](B\x00\x00\x10\x00".to_vec();
    long.extend(vec![b'.'; 1 << 20]);
    long.push(b'e');
    assert_eq!(array(&long).lengths, [(ObjectKind::Bytes, lengths(1 << 20))]);
}

fn lengths(length: u64) -> Lengths {
    let each = Tallies { each: vec![Tally { value: length, count: 1, first: 0 }], beyond: 0 };
    Lengths { least: length, most: length, each }
}

#[test]
fn every_byte_is_an_opcode_or_trouble_and_underflow_is_seen() {
    for byte in 0..=u8::MAX {
        let objects = walk(&[byte]);
        let kind = objects.trouble.unwrap().kind;
        match opcodes::argument(byte) {
            None => assert_eq!(kind, TroubleKind::UnknownOpcode { byte }),
            Some(opcodes::Argument::None) => assert_ne!(kind, TroubleKind::UnknownOpcode { byte }),
            Some(_) => assert_eq!(kind, TroubleKind::Truncated, "{byte:#x}"),
        }
        walk(&[ARRAY, b"](N", &[byte; 300], END].concat());
    }
    for code in
        [b".".as_slice(), b"0", b"1", b"2", b"a", b"e", b"s", b"t", b"R", b"b", b"N\x86", b"\x94", b"q\0", b"(."]
    {
        assert_eq!(trouble(code), Some(TroubleKind::Underflow), "{}", code.escape_ascii());
    }
    assert_eq!(trouble(b"\x80\x06"), Some(TroubleKind::Protocol { version: 6 }));
    assert_eq!(trouble(b"\x97."), Some(TroubleKind::OutOfBand));
    assert_eq!(trouble(b"\x98."), Some(TroubleKind::Underflow));
    assert_eq!(foreign(&walk(b"C\x01a\x98cos\nsystem\n.")), ["os.system"]);
    assert_eq!(trouble(b""), Some(TroubleKind::Truncated));
    assert_eq!(trouble(b"}."), Some(TroubleKind::NotAnArray));
    assert_eq!(trouble(b"](NNe."), Some(TroubleKind::NotAnArray));
}

#[test]
fn floods_of_different_things_are_counted_beyond_the_list() {
    let names = |count: u32| (0..count).flat_map(|n| format!("cm\nn{n}\n0").into_bytes()).collect::<Vec<_>>();
    let objects = walk(&[names(3000).as_slice(), b"N."].concat());
    assert_eq!((objects.globals.len(), objects.globals_beyond), (1024, 3000 - 1024));
    let mut data = b"(".to_vec();
    data.splice(0..0, b"]".iter().copied());
    for length in 0..200_u8 {
        data.push(0x8c);
        data.push(length);
        data.extend(vec![b'x'; usize::from(length)]);
    }
    data.push(b'e');
    let seen = &array(&data).lengths[0].1;
    assert_eq!((seen.least, seen.most, seen.each.each.len(), seen.each.beyond), (0, 199, 64, 136));
}

#[test]
fn what_is_seen_survives_json() {
    let objects = array(b"](N}\x8c\x05imageK\x01scos\nsystem\n)Re");
    assert_eq!(objects.keys, ["image"]);
    let text = serde_json::to_string(&objects).unwrap();
    assert_eq!(serde_json::from_str::<Objects>(&text).unwrap(), objects);
}
