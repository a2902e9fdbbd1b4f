//! NumPy: files that cannot be read, arrays that cannot be made, casts.

use super::captured::elements;
use super::{ENTRY, Entry, Grade};

const KEY: &[&[&str]] = &[&["invalid load key, {key:key}"]];
const RESHAPE: &[&[&str]] = &[
    &["cannot reshape array of size {size:int} into shape {shape:shape}", "np.load"],
    &["cannot reshape array of size {size:int} into shape {shape:shape}", "numpy.load"],
    &["cannot reshape array of size {size:int} into shape {shape:shape}", "read_array"],
];
const ALLOCATE: &[&[&str]] = &[
    &["Unable to allocate {size:num} {unit:word} for an array with shape {shape:shape} and data type {dtype:word}"],
    // NumPy writes `532. MiB`.
    &["Unable to allocate {size:num}. {unit:word} for an array with shape {shape:shape} and data type {dtype:word}"],
];

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "not-a-pickle",
        said_by: "numpy",
        texts: &[
            &["This file contains pickled (object) data"],
            &["Failed to interpret file * as a pickle"],
            &["Cannot load file containing pickled data when allow_pickle=False"],
        ],
        cause: "the file is no array file at all: a Git LFS pointer, an HTML page, an archive, or cut off at the start",
        why: "NumPy takes everything that does not start like an array for a pickle. Do not follow its advice: \
              `allow_pickle=True` runs what the file says, and does not read a text file.",
        fix: "git lfs pull  # in the shell: if the file is small and starts with `version https://git-lfs`",
        rules: &["unreadable-source"],
        ..ENTRY
    },
    Entry {
        id: "lfs-pointer",
        said_by: "numpy, pickle",
        texts: KEY,
        grade: Grade::Shown,
        when: |c| c.text("key") == "v",
        cause: "the file is a Git LFS pointer, not the data",
        why: "Its first letter is \"{key}\", as in `version https://git-lfs`: the repository holds a few lines of text in its place.",
        fix: "git lfs install && git lfs pull  # in the shell",
        rules: &["unreadable-source"],
    },
    Entry {
        id: "html-page",
        said_by: "numpy, pickle",
        texts: KEY,
        grade: Grade::Shown,
        when: |c| c.text("key") == "<",
        cause: "the file is an HTML page: the download gave a page, such as a quota notice, instead of the data",
        why: "Its first letter is \"{key}\".",
        fix: "print(open(path, errors=\"replace\").read(300))  # what the page says; then download again",
        rules: &["unreadable-source"],
    },
    Entry {
        id: "other-file",
        said_by: "numpy, pickle",
        texts: KEY,
        when: |c| {
            let what = match c.text("key") {
                "\\x1f" => "a gzip file (its first byte is 0x1f)",
                "\\x89" => "an HDF5 file or a PNG image (its first byte is 0x89)",
                "P" => "a zip file: .npz, .pt or .keras (its first letter is P)",
                "{" | "[" => "a JSON text",
                "\\x00" | "\\x0" => "zeros, as a file that was never written to the end",
                _ => "something else",
            };
            c.set("what", what);
            true
        },
        cause: "the file is not what its name says, but {what}",
        why: "It starts with \"{key}\", and no pickle does.",
        fix: "print(open(path, \"rb\").read(16))  # what it is; then read it with what wrote it",
        rules: &["unreadable-source"],
        ..ENTRY
    },
    Entry {
        id: "truncated-reshape",
        said_by: "numpy",
        texts: RESHAPE,
        grade: Grade::Shown,
        when: |c| {
            let whole = elements(&c.shape("shape")).map(i128::from);
            let missing = whole.zip(c.int("size")).map_or(0, |(whole, size)| whole - size);
            c.set("missing", missing);
            missing > 0
        },
        cause: "the file is cut off: a copy, a download or a writer that did not finish",
        why: "Its header promises shape {shape}, {missing} elements more than the {size} that are there.",
        fix: "print(os.path.getsize(path))  # then copy or write it again",
        rules: &["truncated-array"],
    },
    Entry {
        id: "reshape",
        said_by: "numpy",
        texts: &[&["cannot reshape array of size {size:int} into shape {shape:shape}"]],
        grade: Grade::Vague,
        cause: "if `np.load` said it, the file is cut off; otherwise the data does not hold whole samples of that shape",
        why: "{size} elements do not make shape {shape}.",
        fix: "print(x.shape, x.size)  # before the reshape",
        rules: &["truncated-array", "wrong-size"],
        ..ENTRY
    },
    Entry {
        id: "truncated-data",
        said_by: "numpy",
        texts: &[&[
            "Failed to read all data for array. Expected {shape:shape} = {want:int} elements, could only read {got:int} elements",
        ]],
        grade: Grade::Shown,
        cause: "the file is cut off: a copy, a download or a writer that did not finish",
        why: "{got} of {want} elements of shape {shape} are there.",
        fix: "print(os.path.getsize(path))  # then copy or write it again",
        rules: &["truncated-array"],
        ..ENTRY
    },
    Entry {
        id: "truncated-header",
        said_by: "numpy",
        texts: &[
            &["EOF: reading {what:word} header, expected {want:int} bytes got {got:int}"],
            &["EOF: reading {what:word}, expected {want:int} bytes got {got:int}"],
            &["EOF: reading {what:word} length, expected {want:int} bytes got {got:int}"],
            &["EOF: reading magic string, expected {want:int} bytes got {got:int}"],
        ],
        cause: "the file is cut off within its first bytes",
        why: "{got} of {want} bytes are there.",
        fix: "print(os.path.getsize(path))  # then copy or write it again",
        rules: &["truncated-array", "malformed-header", "unreadable-source"],
        ..ENTRY
    },
    Entry {
        id: "empty-file",
        said_by: "numpy",
        texts: &[&["No data left in file"], &["EOFError: Ran out of input"]],
        cause: "the file is empty: 0 bytes",
        why: "A writer that was stopped, or a full disk, leaves such a file.",
        fix: "print([p for p in Path(folder).rglob(\"*.np[yz]\") if p.stat().st_size == 0])  # all of them",
        rules: &["unreadable-source"],
        ..ENTRY
    },
    Entry {
        id: "cut-archive",
        said_by: "numpy, zipfile",
        texts: &[&["File is not a zip file"]],
        cause: "the .npz file is cut off at its end, or is no .npz file",
        why: "A zip archive has its list of members at the end; without it nothing can be found, however well it starts.",
        fix: "print(os.path.getsize(path), open(path, \"rb\").read(4))  # b'PK\\x03\\x04': cut off, copy it again",
        rules: &["unreadable-source", "corrupt-member"],
        ..ENTRY
    },
    Entry {
        id: "bad-crc",
        said_by: "numpy, zipfile",
        texts: &[&["Bad CRC-32 for file {name:word}"], &["Error -3 while decompressing data"]],
        when: |c| {
            let name = if c.text("name").is_empty() { "a member".to_owned() } else { format!("`{}`", c.text("name")) };
            c.set("member", name);
            true
        },
        cause: "the bytes of an archive member were damaged after they were written",
        why: "The checksum of {member} does not match. It is noticed only when that member is read, maybe in the middle of training.",
        fix: "assert zipfile.ZipFile(path).testzip() is None  # then copy the file again",
        rules: &["corrupt-member"],
        ..ENTRY
    },
    Entry {
        id: "object-array-file",
        said_by: "numpy",
        texts: &[&["Object arrays cannot be loaded when allow_pickle=False"]],
        cause: "the file holds an array of Python objects, not of numbers",
        why: "Rows of different lengths, None, or strings of a DataFrame make one. It is a pickle: reading it can run code.",
        fix: "np.save(path, np.stack(rows).astype(np.float32))  # where the file is made: one type, one shape",
        rules: &["object-dtype"],
        ..ENTRY
    },
    Entry {
        id: "numpy2-pickle",
        said_by: "numpy 1",
        texts: &[&["No module named numpy._core"]],
        cause: "an array of Python objects was pickled by NumPy 2 and is read by NumPy 1",
        why: "Arrays of numbers do not have this trouble: they are not pickled.",
        fix: "np.save(path, np.stack(rows).astype(np.float32))  # where the file is made",
        rules: &["object-dtype"],
        ..ENTRY
    },
    Entry {
        id: "header",
        said_by: "numpy",
        texts: &[
            &["Header info length ({size:int}) is large"],
            &["shape is not valid"],
            &["descr is not a valid dtype descriptor"],
            &["Cannot parse header"],
            &["the magic string is not correct"],
        ],
        cause: "the header of the file is damaged, or made by a program that does not keep to the format",
        why: "A shape that is no tuple, a type that NumPy cannot read back (float8), or thousands of fields do that.",
        fix: "print(open(path, \"rb\").read(200))  # the header as it stands",
        rules: &["malformed-header", "opaque-dtype"],
        ..ENTRY
    },
    Entry {
        id: "missing-member",
        said_by: "numpy",
        texts: &[&["{name:word} is not a file in the archive"]],
        cause: "the .npz file has no array named `{name}`",
        why: "Arrays that are passed to `np.savez` without a name are called arr_0, arr_1, and so on.",
        fix: "print(np.load(path).files)",
        rules: &["missing-input", "misnamed-input"],
        ..ENTRY
    },
    Entry {
        id: "ragged-rows",
        said_by: "numpy",
        texts: &[
            &[
                "The requested array has an inhomogeneous shape after {axes:int} dimensions. The detected shape was {shape:shape} + inhomogeneous part",
            ],
            &["The requested array has an inhomogeneous shape after {axes:int} dimensions"],
        ],
        grade: Grade::Shown,
        cause: "the samples differ in shape, so they make no array",
        why: "They agree on the first {axes} axes only; on the next one they differ. An older NumPy only hides that: it makes an object array.",
        fix: "print({np.shape(s) for s in samples})  # which shapes there are\n\
              x = keras.utils.pad_sequences(samples, dtype=\"float32\")  # sequences; images: resize to one size",
        rules: &["object-dtype", "shape-drift"],
        ..ENTRY
    },
    Entry {
        id: "ragged-sequence",
        said_by: "numpy, sklearn",
        texts: &[&["setting an array element with a sequence"], &["Creating an ndarray from ragged nested sequences"]],
        cause: "the rows have different lengths, or a list stands where a number is needed",
        why: "An array needs the same shape in every row.",
        fix: "print({np.shape(row) for row in rows})  # must be one shape\nx = np.stack(rows).astype(np.float32)",
        rules: &["object-dtype"],
        ..ENTRY
    },
    Entry {
        id: "allocate-double",
        said_by: "numpy",
        texts: ALLOCATE,
        grade: Grade::Shown,
        when: |c| c.is("dtype", "float64"),
        cause: "an array was made as float64, twice as large as float32",
        why: "{size} {unit} for shape {shape}; float32 takes half of it, and a slice of it at a time takes less still.",
        fix: "x = np.zeros(shape, dtype=np.float32)  # and image.astype(np.float32) / 255 instead of image / 255.0",
        rules: &["double-precision", "whole-dataset-batch"],
    },
    Entry {
        id: "allocate",
        said_by: "numpy",
        texts: ALLOCATE,
        cause: "the whole dataset is put into one array",
        why: "{size} {unit} for shape {shape} of {dtype}.",
        fix: "for i in range(0, n, size):\n    yield load(i, i + size)  # a batch at a time",
        rules: &["whole-dataset-batch", "oversize-batch"],
        ..ENTRY
    },
    Entry {
        id: "overflow-in-cast",
        said_by: "numpy",
        texts: &[&["overflow encountered in cast"], &["invalid value encountered in cast"]],
        cause: "values do not fit into the type they are cast to, and become infinite or wrong",
        why: "float32 ends at 3.4e38, float16 at 65504; NaN has no whole number. It is a warning only.",
        fix: "print(np.nanmin(x), np.nanmax(x))  # then scale, clip or np.log1p(x)",
        rules: &["lossy-cast", "non-finite-values"],
        ..ENTRY
    },
    Entry {
        id: "in-place-cast",
        said_by: "numpy",
        texts: &[&["output from dtype({from:word}) to dtype({to:word}) with casting rule same_kind"]],
        cause: "arithmetic in place (`x /= 255`) on an array whose type cannot hold the result",
        why: "The result is {from}, and the array is {to}.",
        fix: "x = x.astype(np.float32) / 255.0",
        rules: &["wrong-dtype", "unscaled-images"],
        ..ENTRY
    },
];
