//! Keras and TensorFlow about inputs: types and shapes.

use super::captured::{Captured, fits, order};
use super::{ENTRY, Entry, Grade};

/// Keras 2: `expected input_1 to have 4 dimensions`.
const DIMENSIONS: &[&[&str]] =
    &[&["expected {name:word} to have {rank:int} dimensions, but got array with shape {got:shape}"]];
/// An input that does not fit, in Keras 3 and 2.
const SHAPES: &[&[&str]] = &[
    &["expected shape={want:shape}, found shape={got:shape}"],
    &["Expected shape {want:shape}, but input has incompatible shape {got:shape}"],
    &[
        "Error when checking input: expected {name:word} to have shape {want:shape} but got array with shape {got:shape}",
    ],
];
const NDIM: &[&[&str]] = &[
    &[
        "is incompatible with the layer: expected min_ndim={want:int}, found ndim={got:int}. Full shape received: {shape:shape}",
    ],
    &[
        "is incompatible with the layer: expected ndim={want:int}, found ndim={got:int}. Full shape received: {shape:shape}",
    ],
];
const YIELDED: &[&[&str]] =
    &[&["generator yielded an element of shape {got:shape} where an element of shape {want:shape} was expected"]];

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "ragged-column",
        said_by: "keras 2",
        texts: DIMENSIONS,
        grade: Grade::Shown,
        when: |c| c.int("rank") > Some(2) && matches!(c.shape("got")[..], [_, Some(1)]),
        cause: "the samples differ in shape, or some are None, so the batch became an object array",
        why: "`{name}` should have {rank} axes and has shape {got}: one column of Python objects instead of numbers. \
              Images of different sizes do that, and so does `cv2.imread`, which returns None for a file that it \
              cannot read.",
        fix: "assert all(s is not None for s in samples)\nprint({np.shape(s) for s in samples})  # must be one shape\n\
              x = np.stack(samples).astype(np.float32)",
        rules: &["object-dtype", "wrong-rank"],
    },
    Entry {
        id: "keras2-single-sample",
        said_by: "keras 2",
        texts: DIMENSIONS,
        grade: Grade::Shown,
        when: |c| one_short(c) && c.shape("got").last().is_some_and(|last| matches!(last, Some(1..=4))),
        cause: "the generator yields single samples: the batch axis is missing",
        why: "`{name}` should have {rank} axes and has shape {got}, which is one image with its channels last.",
        fix: "x = x[None, ...]  # one sample; or np.stack(samples) for several",
        rules: &["missing-batch-axis"],
    },
    Entry {
        id: "keras2-no-channels",
        said_by: "keras 2",
        texts: DIMENSIONS,
        grade: Grade::Shown,
        when: |c| one_short(c) && !c.shape("got").last().is_some_and(|last| matches!(last, Some(1..=4))),
        cause: "an axis is missing: the channel axis of gray images, or the batch axis",
        why: "`{name}` should have {rank} axes and has shape {got}.",
        fix: "x = x[..., None]  # the channel axis; x[None, ...] for the batch axis",
        rules: &["missing-channel-axis", "missing-batch-axis"],
    },
    Entry {
        id: "keras2-rank",
        said_by: "keras 2",
        texts: DIMENSIONS,
        cause: "the array has the wrong number of axes",
        why: "`{name}` should have {rank} axes and has shape {got}.",
        fix: "print(x.shape)  # then x[..., None] adds an axis, x.squeeze(0) takes one away",
        rules: &["wrong-rank", "batched-twice", "missing-batch-axis"],
        ..ENTRY
    },
    Entry {
        id: "batched-twice",
        said_by: "keras 3",
        texts: SHAPES,
        grade: Grade::Shown,
        when: |c| {
            let (got, want) = (c.shape("got"), c.shape("want"));
            got.len() == want.len() + 1 && matches!(got[0], None | Some(1)) && fits(&got[1..], &want)
        },
        cause: "the data was batched twice",
        why: "shape {got} is {want} with one more axis in front: batches were put into a batch.",
        fix: "ds = ds.batch(32)  # once; or x = x.squeeze(0)",
        rules: &["batched-twice"],
    },
    Entry {
        id: "permuted-shape",
        said_by: "keras",
        texts: SHAPES,
        grade: Grade::Shown,
        when: |c| {
            let found = order(&c.shape("got"), &c.shape("want"));
            found.is_some_and(|order| {
                c.set("order", order.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
                true
            })
        },
        cause: "the axes are in another order than the model's: channels first and last, or height and width",
        why: "shape {got} holds the sizes of {want} in another order. `reshape` would scramble the pixels; \
              `transpose` moves the axes.",
        fix: "x = np.ascontiguousarray(x.transpose({order}))",
        rules: &["transposed-axes"],
    },
    Entry {
        id: "shape-without-batch",
        said_by: "keras",
        texts: SHAPES,
        grade: Grade::Shown,
        when: |c| {
            let (got, want) = (c.shape("got"), c.shape("want"));
            want.len() > 1 && want[1..].iter().all(Option::is_some) && fits(&got, &want[1..])
        },
        cause: "the batch axis is missing: a single sample was passed",
        why: "shape {got} is {want} without its first axis.",
        fix: "x = x[None, ...]",
        rules: &["missing-batch-axis"],
    },
    Entry {
        id: "input-shape",
        said_by: "keras",
        texts: SHAPES,
        cause: "the input has another shape than the model was built for",
        why: "The model takes {want} and got {got}.",
        fix: "print(x.shape)  # beside model.input_shape",
        rules: &["wrong-size", "wrong-rank", "missing-channel-axis"],
        ..ENTRY
    },
    Entry {
        id: "ndim-no-channels",
        said_by: "keras",
        texts: NDIM,
        grade: Grade::Shown,
        when: |c| short_by_one(c) && !ends_in_channels(c),
        cause: "the channel axis is missing",
        why: "The layer takes {want} axes, and shape {shape} has {got}: gray images without their channel axis.",
        fix: "x = x[..., None]",
        rules: &["missing-channel-axis"],
    },
    Entry {
        id: "ndim-no-batch",
        said_by: "keras",
        texts: NDIM,
        grade: Grade::Shown,
        when: |c| short_by_one(c) && ends_in_channels(c),
        cause: "the batch axis is missing: a single sample was passed",
        why: "The layer takes {want} axes, and shape {shape} has {got}: one image with its channels last.",
        fix: "x = x[None, ...]",
        rules: &["missing-batch-axis"],
    },
    Entry {
        id: "ndim",
        said_by: "keras",
        texts: NDIM,
        cause: "the input has the wrong number of axes",
        why: "The layer takes {want} axes, and shape {shape} has {got}.",
        fix: "print(x.shape)  # then x[None, ...] or x[..., None] adds an axis, x.squeeze(0) takes one away",
        rules: &["wrong-rank", "batched-twice"],
        ..ENTRY
    },
    Entry {
        id: "axis-value",
        said_by: "keras",
        texts: &[&[
            "expected axis {axis:int} of input shape to have value {want:int}, but received input with shape {got:shape}",
        ]],
        cause: "an axis has the wrong size: other images, other features, or another layout than the model was built for",
        why: "A layer inside wants {want} on axis {axis} and got {got}. A Sequential model does not check its input, \
              so the wrong size is noticed only here.",
        fix: "print(x.shape)  # beside model.input_shape; resize or select, and do not reshape",
        rules: &["wrong-size", "transposed-axes"],
        ..ENTRY
    },
    Entry {
        id: "no-batch-axis-conv",
        said_by: "tensorflow",
        texts: &[&[
            "Negative dimension size caused by subtracting {kernel:int} from {size:int}*input shapes: {got:shape}",
        ]],
        grade: Grade::Shown,
        when: |c| matches!(c.shape("got")[..], [Some(8..), Some(8..), Some(1..=4), Some(1)]),
        cause: "the batch axis is missing: the height was taken for the batch",
        why: "The layer saw {got}: height, width and channels of one image, and an axis that was added behind them.",
        fix: "x = x[None, ...]  # one image; or np.stack(images) for several",
        rules: &["missing-batch-axis"],
    },
    Entry {
        id: "image-too-small",
        said_by: "tensorflow",
        texts: &[&["Negative dimension size caused by subtracting {kernel:int} from {size:int}"]],
        cause: "an axis is smaller than the window that slides over it: the image is too small, or its axes are in another order",
        why: "A window of {kernel} does not fit into an axis of {size}.",
        fix: "print(x.shape)  # batch, height, width, channels?",
        rules: &["wrong-size", "transposed-axes", "missing-batch-axis"],
        ..ENTRY
    },
    Entry {
        id: "single-samples",
        said_by: "keras 3",
        texts: &[&["arrays must be at least rank 1. Received: {value:word} of rank 0"]],
        cause: "the generator yields single samples instead of batches",
        why: "{value} is the label of one sample: it has no axis at all, so it cannot be a batch of labels.",
        fix: "yield np.stack(xs), np.array(ys)  # one batch; or yield x[None, ...], np.array([y])",
        rules: &["scalar-array", "missing-batch-axis"],
        ..ENTRY
    },
    Entry {
        id: "yielded-single-samples",
        said_by: "tensorflow, keras",
        texts: YIELDED,
        grade: Grade::Shown,
        when: |c| {
            let (got, want) = (c.shape("got"), c.shape("want"));
            want.len() > 1 && want[0].is_none() && fits(&got, &want[1..]) && got.len() + 1 == want.len()
        },
        cause: "the generator yields single samples: the batch axis is missing",
        why: "It yielded shape {got} where {want} was declared, which is the same with a batch axis in front.",
        fix: "yield x[None, ...], y[None, ...]  # or collect a batch with np.stack first",
        rules: &["missing-batch-axis"],
    },
    Entry {
        id: "frozen-dimension",
        said_by: "keras 3, tensorflow",
        texts: YIELDED,
        cause: "the shape changes between batches, on an axis that was taken for fixed",
        why: "A later batch has shape {got}, and {want} was expected. Keras 3 looks at the first two batches only: an \
              axis on which these two agree is fixed from then on.",
        fix: "ds = tf.data.Dataset.from_generator(gen, output_signature=(\n    \
              tf.TensorSpec((None, None, 4), tf.float32),  # None for every axis that varies\n    \
              tf.TensorSpec((None,), tf.int64)))",
        rules: &["frozen-dimension", "shape-drift"],
        ..ENTRY
    },
    Entry {
        id: "rank-drift",
        said_by: "keras 3",
        texts: &[&["the corresponding arrays in each batch must have the same rank"]],
        cause: "the number of axes changes between batches",
        why: "The first two batches of the generator differ in rank. A `squeeze()` that also takes away a batch axis \
              of 1 does that.",
        fix: "x = x.reshape(-1, *sample_shape)  # the same rank in every batch",
        rules: &["shape-drift", "wrong-rank"],
        ..ENTRY
    },
    Entry {
        id: "scalar-indexed",
        said_by: "keras 3",
        texts: &[&["IndexError: tuple index out of range"]],
        grade: Grade::Vague,
        cause: "an array has no axis at all",
        why: "Its shape is `()`, so there is no first axis to count samples on. Indexing a 1-D array gives such a scalar.",
        fix: "y = np.atleast_1d(y)",
        rules: &["scalar-array"],
        ..ENTRY
    },
    Entry {
        id: "object-elements",
        said_by: "tensorflow",
        texts: &[&["Unsupported object type {element:word}"]],
        cause: "the array has dtype object, not a number type",
        why: "Its first odd element is of type {element}. \"object type float\" does not mean that floats are \
              unsupported: the array is a list of Python objects that happen to be floats.",
        fix: "x = x.astype(np.float32)  # if all are numbers; otherwise look at {type(v) for v in x.ravel()}",
        rules: &["object-dtype"],
        ..ENTRY
    },
    Entry {
        id: "object-dtype",
        said_by: "keras 3",
        texts: &[&["Invalid dtype: object"]],
        cause: "the array has dtype object, not a number type",
        why: "Rows of different lengths, None, or a mixed pandas column make one. The text names neither the array nor the element.",
        fix: "x = x.astype(np.float32)  # if all are numbers; otherwise pad the rows, or replace None",
        rules: &["object-dtype"],
        ..ENTRY
    },
    Entry {
        id: "text-dtype",
        said_by: "keras 3",
        texts: &[&["Invalid dtype: str{bits:int}"]],
        grade: Grade::Shown,
        when: |c| {
            let Some(bits) = c.int("bits").filter(|bits| *bits > 0 && bits % 32 == 0) else { return false };
            c.set("characters", bits / 32);
            true
        },
        cause: "the array holds text",
        why: "str{bits} counts bits: the longest text has {characters} characters, 32 bits each (NumPy: `<U{characters}`).",
        fix: "classes, y = np.unique(y, return_inverse=True)  # labels\nx = x.astype(np.float32)  # numbers written as text",
        rules: &["string-dtype"],
    },
    Entry {
        id: "bytes-dtype",
        said_by: "keras 3",
        texts: &[&["Invalid dtype: bytes{bits:int}"]],
        grade: Grade::Shown,
        when: |c| {
            let Some(bits) = c.int("bits").filter(|bits| *bits > 0 && bits % 8 == 0) else { return false };
            c.set("characters", bits / 8);
            true
        },
        cause: "the array holds text as bytes",
        why: "bytes{bits} counts bits: the longest has {characters} bytes (NumPy: `|S{characters}`).",
        fix: "classes, y = np.unique(y, return_inverse=True)  # labels\nx = x.astype(np.float32)  # numbers written as text",
        rules: &["string-dtype"],
    },
    Entry {
        id: "keras-no-number",
        said_by: "keras 3",
        texts: &[
            &["Invalid dtype: datetime64"],
            &["Invalid dtype: timedelta64"],
            &["Invalid dtype: void"],
            &["Invalid dtype: void{bits:int}"],
            &["Invalid dtype: float128"],
        ],
        cause: "the array's type is no number that a model takes: a date, a record, or long double",
        why: "`void` is a structured array, or bfloat16 that NumPy cannot name.",
        fix: "x = (t - t.min()) / np.timedelta64(1, \"s\")  # dates\n\
              x = numpy.lib.recfunctions.structured_to_unstructured(x, np.float32)  # records",
        rules: &["non-numeric-dtype", "opaque-dtype"],
        ..ENTRY
    },
    Entry {
        id: "tf-no-number",
        said_by: "tensorflow",
        texts: &[&["Unsupported numpy type: {type:word}"], &["Unexpected numpy data type"]],
        cause: "the array's type is one that TensorFlow cannot read: a date, a record, or bfloat16 saved as raw bytes",
        why: "`np.save` writes bfloat16 as `V2`, which is read back as bytes without a meaning.",
        fix: "x = (t - t.min()) / np.timedelta64(1, \"s\")  # dates\n\
              x = x.view(ml_dtypes.bfloat16).astype(np.float32)  # V2",
        rules: &["non-numeric-dtype", "opaque-dtype"],
        ..ENTRY
    },
    Entry {
        id: "text-cast",
        said_by: "tensorflow",
        texts: &[&["Cast string to {type:word} is not supported"]],
        cause: "an array holds text where numbers are expected",
        why: "The text names no input, only a node of the graph. Labels as names and CSV columns read as text do that.",
        fix: "classes, y = np.unique(y, return_inverse=True)  # labels\nx = x.astype(np.float32)  # numbers written as text",
        rules: &["string-dtype", "object-dtype"],
        ..ENTRY
    },
    Entry {
        id: "tf-double",
        said_by: "tensorflow",
        texts: MIXED,
        grade: Grade::Shown,
        when: |c| c.is("want", "double") || c.is("got", "double"),
        cause: "an array is float64, and the weights are float32",
        why: "{op} got a {want} and a {got} tensor. Division by 255.0, `np.random.rand` and Python floats make float64.",
        fix: "x = x.astype(np.float32)",
        rules: &["double-precision"],
    },
    Entry {
        id: "tf-mixed",
        said_by: "tensorflow",
        texts: MIXED,
        cause: "two arrays meet that have different types: usually whole-number targets or features in a custom loss or layer",
        why: "{op} got a {want} and a {got} tensor.",
        fix: "y = y.astype(np.float32)",
        rules: &["wrong-dtype"],
        ..ENTRY
    },
];

const MIXED: &[&[&str]] = &[&[
    "cannot compute {op:word} as input #{place:int}(zero-based) was expected to be a {want:word} tensor but is a {got:word} tensor",
]];

fn one_short(captured: &mut Captured) -> bool {
    captured.int("rank") == Some(captured.shape("got").len() as i128 + 1)
}

fn short_by_one(captured: &mut Captured) -> bool {
    captured.int("want").zip(captured.int("got")).is_some_and(|(want, got)| want == got + 1)
}

fn ends_in_channels(captured: &mut Captured) -> bool {
    matches!(captured.shape("shape")[..], [.., Some(1..=4)])
}
