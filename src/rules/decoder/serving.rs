//! ONNX Runtime and Triton.

use super::captured::Captured;
use super::{ENTRY, Entry, Grade};

const TYPES: &[&[&str]] = &[
    &["Unexpected input data type. Actual: (tensor({got:word})) , expected: (tensor({want:word}))"],
    &["Unexpected input data type. Actual: (tensor({got:word})), expected: (tensor({want:word}))"],
    &["Actual: (tensor({got:word}))"],
];
const DIMS: &[&[&str]] = &[&[
    "Got invalid dimensions for input: {name:word} for the following indices index: {axis:int} Got: {got:int} Expected: {want:int}",
]];
const RANK: &[&[&str]] = &[&["Invalid rank for input: {name:word} Got: {got:int} Expected: {want:int}"]];
const BYTES: &[&[&str]] = &[
    &["invalid size {got:int} bytes for input {name:word}, expects {want:int} bytes"],
    &["unexpected total byte size {got:int} for input {name:word}, expecting {want:int}"],
];
const DATATYPE: &[&[&str]] =
    &[&["unexpected datatype TYPE_{got:word} for inference input {name:word}, expecting TYPE_{want:word}"]];

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "ort-object",
        said_by: "onnxruntime",
        texts: TYPES,
        grade: Grade::Shown,
        when: |c| c.is("got", "string"),
        cause: "the array has dtype object (or text), not a number type",
        why: "ONNX Runtime calls an object array a string, also when it holds numbers.",
        fix: "x = x.astype(np.float32)  # if all are numbers; look at {type(v) for v in x.ravel()}",
        rules: &["object-dtype", "string-dtype"],
    },
    Entry {
        id: "ort-double",
        said_by: "onnxruntime",
        texts: TYPES,
        grade: Grade::Shown,
        when: |c| c.is("got", "double") && (c.is("want", "float") || c.text("want").is_empty()),
        cause: "the array is float64, and the model takes float32",
        why: "`tensor(double)` is float64: what NumPy makes by default. ONNX Runtime casts nothing.",
        fix: "x = x.astype(np.float32)",
        rules: &["double-precision"],
    },
    Entry {
        id: "ort-type",
        said_by: "onnxruntime",
        texts: TYPES,
        when: |c| {
            let dtype = numpy_type(c.text("want"));
            c.set("dtype", dtype);
            !c.text("want").is_empty()
        },
        cause: "the array's type is not the model's",
        why: "It is {got}, and the model takes {want}. ONNX Runtime casts nothing.",
        fix: "x = x.astype(np.{dtype})",
        rules: &["wrong-dtype", "double-precision"],
        ..ENTRY
    },
    Entry {
        id: "ort-channels-last",
        said_by: "onnxruntime",
        texts: &[&[
            "Got invalid dimensions for input: {name:word} for the following indices index: 1 Got: {got:int} Expected: {want:int} index: {other:int} Got: {last:int} Expected:",
        ]],
        grade: Grade::Shown,
        when: |c| {
            c.int("last").is_some() && c.int("last") == c.int("want") && c.int("want").is_some_and(|want| want <= 4)
        },
        cause: "the images are channels-last (NHWC), the model takes channels-first (NCHW)",
        why: "`{name}` has {got} on axis 1, where {want} channels are expected, and {last} on axis {other}.",
        fix: "x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))",
        rules: &["transposed-axes"],
    },
    Entry {
        id: "ort-fixed-batch",
        said_by: "onnxruntime",
        texts: DIMS,
        grade: Grade::Shown,
        when: |c| c.int("axis") == Some(0),
        cause: "the model was exported with a fixed batch size, or the batch axis is missing",
        why: "Axis 0 of `{name}` is {got}, and the model takes exactly {want}.",
        fix: "torch.onnx.export(model, (x,), path, dynamo=True, dynamic_shapes=({0: \"batch\"},))\n\
              x = x[None, ...]  # if the batch axis is missing",
        rules: &["missing-batch-axis", "wrong-size", "oversize-batch"],
    },
    Entry {
        id: "ort-size",
        said_by: "onnxruntime",
        texts: DIMS,
        cause: "an axis has the wrong size: other images, other features, or another layout than the model was exported with",
        why: "Axis {axis} of `{name}` is {got}, and the model takes {want}.",
        fix: "print([(i.name, i.shape) for i in session.get_inputs()])  # resize or pad to that",
        rules: &["wrong-size", "transposed-axes"],
        ..ENTRY
    },
    Entry {
        id: "ort-no-batch",
        said_by: "onnxruntime",
        texts: RANK,
        grade: Grade::Shown,
        when: |c| ranks(c).is_some_and(|(got, want)| got + 1 == want),
        cause: "the batch axis is missing, or the channel axis of gray images",
        why: "`{name}` has {got} axes, and the model takes {want}.",
        fix: "x = x[None, ...]  # one sample; x[:, None] for the channel axis",
        rules: &["missing-batch-axis", "missing-channel-axis"],
    },
    Entry {
        id: "ort-batched-twice",
        said_by: "onnxruntime",
        texts: RANK,
        grade: Grade::Shown,
        when: |c| ranks(c).is_some_and(|(got, want)| got == want + 1),
        cause: "there is an axis too many: usually the batch axis was added twice",
        why: "`{name}` has {got} axes, and the model takes {want}.",
        fix: "x = x.squeeze(0)",
        rules: &["batched-twice", "wrong-rank"],
    },
    Entry {
        id: "ort-rank",
        said_by: "onnxruntime",
        texts: RANK,
        cause: "the array has the wrong number of axes",
        why: "`{name}` has {got} axes, and the model takes {want}.",
        fix: "print(x.shape, [(i.name, i.shape) for i in session.get_inputs()])",
        rules: &["wrong-rank"],
        ..ENTRY
    },
    Entry {
        id: "ort-names",
        said_by: "onnxruntime",
        texts: &[
            &["are missing from input feed"],
            &["Invalid input name: {name:word}"],
            &["Invalid Feed Input Name: {name:word}"],
            &["Cannot find binding of given name: {name:word}"],
        ],
        cause: "the names of the inputs are not the model's",
        why: "The keys of the feed have to be the names in the model; case counts.",
        fix: "print([i.name for i in session.get_inputs()])",
        rules: &["missing-input", "misnamed-input", "unexpected-array"],
        ..ENTRY
    },
    Entry {
        id: "ort-no-number",
        said_by: "onnxruntime",
        texts: &[&["Numpy_type {number:int} cant be converted to MLDataType"]],
        when: |c| {
            c.set(
                "meaning",
                match c.int("number") {
                    Some(21 | 22) => "dates or durations",
                    Some(20) => "a structured array or raw bytes",
                    Some(14..=16) => "complex numbers",
                    Some(13) => "long double",
                    _ => "a type that ONNX does not have",
                },
            );
            true
        },
        cause: "the array's type is no number that a model takes",
        why: "NumPy's type number {number} is {meaning}.",
        fix: "x = (t - t.min()) / np.timedelta64(1, \"s\")  # dates\n\
              x = np.stack([x.real, x.imag], -1).astype(np.float32)  # complex numbers",
        rules: &["non-numeric-dtype", "opaque-dtype"],
        ..ENTRY
    },
    Entry {
        id: "triton-double",
        said_by: "triton",
        texts: BYTES,
        grade: Grade::Shown,
        when: |c| ranks(c).is_some_and(|(got, want)| want > 0 && got == want * 2),
        cause: "the array is float64, and the model takes float32",
        why: "{got} bytes for `{name}` are exactly 2 × {want}: every number takes twice its place.",
        fix: "x = x.astype(np.float32)",
        rules: &["double-precision"],
    },
    Entry {
        id: "triton-narrow",
        said_by: "triton",
        texts: BYTES,
        grade: Grade::Shown,
        when: |c| {
            let Some((got, want)) = ranks(c) else { return false };
            c.set("dtype", if got * 4 == want { "uint8" } else { "float16" });
            c.set("times", if got * 4 == want { 4 } else { 2 });
            got > 0 && (got * 4 == want || got * 2 == want)
        },
        cause: "the array is {dtype}, and the model takes float32",
        why: "{got} bytes for `{name}`, and {want} are exactly {times} times as many.",
        fix: "x = x.astype(np.float32)",
        rules: &["wrong-dtype"],
    },
    Entry {
        id: "triton-bytes",
        said_by: "triton",
        texts: BYTES,
        cause: "the array has another shape or type than the model's configuration says",
        why: "`{name}` came with {got} bytes, and {want} are expected.",
        fix: "print(x.dtype, x.shape, x.nbytes)  # beside `dims` and `data_type` in config.pbtxt",
        rules: &["wrong-size", "wrong-dtype"],
        ..ENTRY
    },
    Entry {
        id: "triton-datatype",
        said_by: "triton",
        texts: DATATYPE,
        when: |c| {
            let dtype = triton_type(c.text("want"));
            c.set("dtype", dtype);
            true
        },
        cause: "the array's type is not the one in the model's configuration",
        why: "`{name}` is {got}, and {want} is expected. Triton casts nothing.",
        fix: "x = x.astype(np.{dtype})",
        rules: &["wrong-dtype", "double-precision"],
        ..ENTRY
    },
    Entry {
        id: "triton-batch-axis",
        said_by: "triton",
        texts: &[&["Expected {want:shape}, got {got:shape}"], &["Expected [-1,-1"]],
        grade: Grade::Shown,
        when: |c| {
            let (got, want) = (c.shape("got"), c.shape("want"));
            (got.is_empty() && want.is_empty()) || (want.len() == got.len() + 1 && want.starts_with(&[None, None]))
        },
        cause: "`dims` in config.pbtxt holds a batch axis, and max_batch_size adds one more",
        why: "Two open axes are expected in front. With max_batch_size above 0, Triton puts a batch axis before `dims` by itself.",
        fix: "# config.pbtxt: take the leading -1 out of dims, or set max_batch_size: 0",
        rules: &["wrong-rank", "missing-batch-axis", "batched-twice"],
    },
    Entry {
        id: "triton-batch-size",
        said_by: "triton",
        texts: &[&["inference request batch-size must be <= {most:int}"]],
        cause: "the batch is larger than max_batch_size",
        why: "The model takes at most {most} rows in one request.",
        fix: "for i in range(0, len(x), {most}):\n    infer(x[i:i + {most}])",
        rules: &["oversize-batch"],
        ..ENTRY
    },
    Entry {
        id: "triton-order",
        said_by: "triton",
        texts: &[&["DLPack tensor is not contiguous"]],
        cause: "the array is not in C order: a transpose or a slice that was not copied",
        why: "The memory is handed over as it lies.",
        fix: "x = np.ascontiguousarray(x)",
        rules: &["fortran-order"],
        ..ENTRY
    },
];

/// What was found and what was expected, as numbers.
fn ranks(captured: &Captured) -> Option<(i128, i128)> {
    captured.int("got").zip(captured.int("want"))
}

/// The NumPy name of an ONNX type.
fn numpy_type(name: &str) -> &'static str {
    match name {
        "double" => "float64",
        "float16" => "float16",
        "int8" => "int8",
        "uint8" => "uint8",
        "int16" => "int16",
        "int32" => "int32",
        "int64" => "int64",
        "bool" => "bool_",
        "string" => "str_",
        _ => "float32",
    }
}

/// The NumPy name of a Triton type.
fn triton_type(name: &str) -> &'static str {
    match name {
        "FP64" => "float64",
        "FP16" => "float16",
        "INT8" => "int8",
        "UINT8" => "uint8",
        "INT16" => "int16",
        "INT32" => "int32",
        "INT64" => "int64",
        "BOOL" => "bool_",
        _ => "float32",
    }
}
