//! Keras and TensorFlow about labels, targets and weights.

use super::captured::{Captured, Size};
use super::{ENTRY, Entry, Grade};

const LOGITS: &[&[&str]] = &[&[
    "logits and labels must have the same first dimension, got logits shape {logits:shape} and labels shape {labels:shape}",
]];
const LABEL: &[&[&str]] =
    &[&["Received a label value of {value:int} which is outside the valid range of [0, {classes:int})"]];
const TARGET: &[&[&str]] = &[&[
    "Error when checking target: expected {name:word} to have shape {want:shape} but got array with shape {got:shape}",
]];
const SAME_SHAPE: &[&[&str]] = &[
    &["must have the same shape. Received: target.shape={got:shape}, output.shape={want:shape}"],
    &["Shapes {got:shape} and {want:shape} are incompatible"],
];

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "one-hot-flattened",
        said_by: "tensorflow, keras",
        texts: LOGITS,
        grade: Grade::Shown,
        when: |c| {
            let (Some((rows, classes)), Some(labels)) = (logits(c), labels(c)) else { return false };
            c.set("rows", rows);
            c.set("classes", classes);
            c.set("count", labels);
            classes > 1 && rows.checked_mul(classes) == Some(labels)
        },
        cause: "the labels are one-hot, and the loss (sparse categorical crossentropy) takes class ids",
        why: "{count} labels are {rows} rows times {classes} classes: one-hot rows that were flattened.",
        fix: "y = np.argmax(y, axis=1)  # or keep y and use categorical_crossentropy",
        rules: &["target-encoding"],
    },
    Entry {
        id: "sequence-labels",
        said_by: "tensorflow, keras",
        texts: LOGITS,
        grade: Grade::Shown,
        when: |c| {
            let (Some((rows, classes)), Some(labels)) = (logits(c), labels(c)) else { return false };
            if rows == 0 || labels <= rows || labels % rows != 0 || labels / rows == classes {
                return false;
            }
            c.set("rows", rows);
            c.set("count", labels);
            c.set("steps", labels / rows);
            true
        },
        cause: "there is a label for every step of the sequence, and the model answers once per sequence",
        why: "{count} labels are {rows} sequences times {steps} steps; the model's output {logits} has one row per sequence.",
        fix: "y = y[:, -1]  # the last step only; or return_sequences=True in the last recurrent layer",
        rules: &["wrong-rank", "target-encoding"],
    },
    Entry {
        id: "logits-and-labels",
        said_by: "tensorflow, keras",
        texts: LOGITS,
        cause: "the batch holds another number of labels than of samples",
        why: "The model's output is {logits}, the labels are {labels}. Keras does not compare the lengths that a generator yields.",
        fix: "assert len(x) == len(y), (x.shape, y.shape)  # before each yield",
        rules: &["unequal-lengths", "dimension-mismatch"],
        ..ENTRY
    },
    Entry {
        id: "labels-from-one",
        said_by: "tensorflow",
        texts: LABEL,
        grade: Grade::Shown,
        when: |c| c.int("value").is_some() && c.int("value") == c.int("classes"),
        cause: "the labels start at 1, or the model has one class too few",
        why: "{value} is just above the last of {classes} classes, which are 0 to {classes} - 1.",
        fix: "y = y - 1  # labels 1..{classes}; or give the last layer one unit more",
        rules: &["label-out-of-range"],
    },
    Entry {
        id: "nan-label",
        said_by: "tensorflow, torch",
        texts: &[
            &["label value of -9223372036854775808"],
            &["label value -9223372036854775808"],
            &["label value of -2147483648"],
            &["Target -9223372036854775808 is out of bounds"],
        ],
        grade: Grade::Shown,
        cause: "a label is NaN, and was cast to a whole number",
        why: "The least whole number of its type is what NaN becomes in that cast. No label was ever that small.",
        fix: "keep = np.isfinite(y)\nx, y = x[keep], y[keep].astype(np.int64)",
        rules: &["non-finite-values", "label-out-of-range"],
        ..ENTRY
    },
    Entry {
        id: "unlabelled",
        said_by: "tensorflow",
        texts: LABEL,
        grade: Grade::Shown,
        when: |c| c.int("value") == Some(-1),
        cause: "-1 stands for rows without a label, and the loss takes it for a class",
        why: "The classes are 0 to {classes} - 1; -1 is a usual mark for \"not labelled\".",
        fix: "keep = y >= 0\nx, y = x[keep], y[keep]  # or SparseCategoricalCrossentropy(ignore_class=-1)",
        rules: &["label-out-of-range"],
    },
    Entry {
        id: "mask-label",
        said_by: "tensorflow",
        texts: LABEL,
        grade: Grade::Shown,
        when: |c| c.int("value") == Some(255) && c.int("classes") != Some(255),
        cause: "a mask holds 255: either its pixels are 0 and 255, or 255 marks what is to be ignored",
        why: "The model has {classes} classes, 0 to {classes} - 1.",
        fix: "y = (y > 127).astype(np.int64)  # a mask of 0 and 255\n\
              loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=255)  # 255 means ignore",
        rules: &["label-out-of-range"],
    },
    Entry {
        id: "label-range",
        said_by: "tensorflow",
        texts: LABEL,
        cause: "a label is no class of the model",
        why: "Label {value}, and the {classes} classes are 0 to {classes} - 1. On a GPU the same data gives a loss of NaN and no message.",
        fix: "classes, y = np.unique(y, return_inverse=True)  # over the whole dataset, not per batch",
        rules: &["label-out-of-range"],
        ..ENTRY
    },
    Entry {
        id: "one-hot-into-sparse",
        said_by: "keras 3",
        texts: &[&[
            "output must have rank (ndim) target.ndim - 1. Received: target.shape={got:shape}, output.shape={want:shape}",
        ]],
        cause: "the labels are one-hot, and the loss (sparse categorical crossentropy) takes class ids",
        why: "The labels have shape {got}, the output {want}: a label per class instead of one per sample.",
        fix: "y = np.argmax(y, axis=-1)  # or keep y and use categorical_crossentropy",
        rules: &["target-encoding", "wrong-rank"],
        ..ENTRY
    },
    Entry {
        id: "ids-into-categorical",
        said_by: "keras 3",
        texts: &[&["must have the same rank (ndim). Received: target.shape={got:shape}, output.shape={want:shape}"]],
        cause: "the labels are class ids, and the loss (categorical crossentropy) takes one-hot rows",
        why: "The labels have shape {got}, the output {want}.",
        fix: "y = keras.utils.to_categorical(y, num_classes)  # or keep y and use sparse_categorical_crossentropy",
        rules: &["target-encoding", "wrong-rank"],
        ..ENTRY
    },
    Entry {
        id: "ids-in-a-column",
        said_by: "keras, tensorflow",
        texts: SAME_SHAPE,
        grade: Grade::Shown,
        when: |c| id_column(&c.shape("got"), &c.shape("want")),
        cause: "the labels are class ids, and the loss (categorical crossentropy) takes one-hot rows",
        why: "The labels have shape {got}: one number per sample. The output is {want}: one per class.",
        fix: "y = keras.utils.to_categorical(y, num_classes)  # or keep y and use sparse_categorical_crossentropy",
        rules: &["target-encoding", "wrong-size"],
    },
    Entry {
        id: "target-shape",
        said_by: "keras, tensorflow",
        texts: SAME_SHAPE,
        cause: "the targets have another shape than the model's output",
        why: "{got} meets {want}. Another number of classes, or one-hot labels for a model with one output, do that.",
        fix: "print(y.shape)  # beside model.output_shape",
        rules: &["wrong-size", "target-encoding"],
        ..ENTRY
    },
    Entry {
        id: "keras1-ids-into-categorical",
        said_by: "keras 2",
        texts: &[&["You are passing a target array of shape {got:shape} while using as loss categorical_crossentropy"]],
        cause: "the labels are class ids, and the loss (categorical crossentropy) takes one-hot rows",
        why: "The labels have shape {got}: one number per sample.",
        fix: "y = keras.utils.to_categorical(y, num_classes)  # or use sparse_categorical_crossentropy",
        rules: &["target-encoding"],
        ..ENTRY
    },
    Entry {
        id: "keras2-ids",
        said_by: "keras 2",
        texts: TARGET,
        grade: Grade::Shown,
        when: |c| id_column(&c.shape("got"), &c.shape("want")),
        cause: "the labels are class ids, and the loss (categorical crossentropy) takes one-hot rows",
        why: "`{name}` gives {want} numbers per sample, and the labels have {got}.",
        fix: "y = keras.utils.to_categorical(y, num_classes)  # or keep y and use sparse_categorical_crossentropy",
        rules: &["target-encoding", "wrong-size"],
    },
    Entry {
        id: "keras2-one-hot",
        said_by: "keras 2",
        texts: TARGET,
        grade: Grade::Shown,
        when: |c| id_column(&c.shape("want"), &c.shape("got")),
        cause: "the labels are one-hot, and the loss (sparse or binary crossentropy) takes one number per sample",
        why: "`{name}` wants {want} per sample, and the labels have {got}.",
        fix: "y = np.argmax(y, axis=-1)  # or use categorical_crossentropy with one unit per class",
        rules: &["target-encoding", "wrong-size"],
    },
    Entry {
        id: "keras2-target",
        said_by: "keras 2",
        texts: TARGET,
        cause: "the targets have another shape than the model's output; perhaps x was passed as y",
        why: "`{name}` gives {want} per sample, and the targets have {got}.",
        fix: "print(x.shape, y.shape)  # is y really the labels, and in this order: yield x, y",
        rules: &["wrong-size", "swapped-arrays", "target-encoding"],
        ..ENTRY
    },
    Entry {
        id: "weights-shape",
        said_by: "keras 2",
        texts: &[&["Found a sample_weight array with shape {got:shape}"]],
        cause: "the sample weights have the wrong shape",
        why: "They have shape {got}; one weight per sample is a shape of (rows,).",
        fix: "w = w.reshape(-1).astype(np.float32)  # one per sample",
        rules: &["bad-sample-weight"],
        ..ENTRY
    },
    Entry {
        id: "weights-length",
        said_by: "keras",
        texts: &[&["Data cardinality is ambiguous", "sample_weight sizes: {weights:int}", "x sizes: {x:int}"]],
        grade: Grade::Shown,
        when: |c| c.int("weights") != c.int("x"),
        cause: "there is another number of sample weights than of samples",
        why: "{x} samples and {weights} weights.",
        fix: "assert len(w) == len(x), (w.shape, x.shape)",
        rules: &["unequal-lengths", "bad-sample-weight"],
    },
    Entry {
        id: "missing-labels",
        said_by: "keras 3",
        texts: &[&["ValueError: None values not supported"]],
        grade: Grade::Vague,
        cause: "the batches hold no targets",
        why: "The loss got None for y: the generator yields `(x,)`, or an iterator was made with `class_mode=None`.",
        fix: "yield x, y",
        rules: &["missing-input"],
        ..ENTRY
    },
    Entry {
        id: "id-too-large",
        said_by: "tensorflow",
        texts: &[
            &["indices{at:shape} = {value:int} is not in [0, {size:int})"],
            &["{value:int} is not in [0, {size:int})"],
        ],
        grade: Grade::Shown,
        when: |c| c.int("value").is_some() && c.int("value") == c.int("size"),
        cause: "an id is one too large for the embedding",
        why: "Ids up to {value} need {value} + 1 rows, and the embedding has {size}: `input_dim` is the largest id plus one.",
        fix: "layer = keras.layers.Embedding(input_dim=int(ids.max()) + 1, output_dim=dim)  # ids: the whole dataset",
        rules: &["id-out-of-range"],
    },
    Entry {
        id: "id-range",
        said_by: "tensorflow",
        texts: &[
            &["indices{at:shape} = {value:int} is not in [0, {size:int})"],
            &["{value:int} is not in [0, {size:int})"],
        ],
        cause: "an id is outside the embedding, or a label outside the classes",
        why: "Id {value}, and the table has rows 0 to {size} - 1. On a GPU the same id gives a row of zeros and no message.",
        fix: "ids = np.where((ids >= 0) & (ids < {size}), ids, UNKNOWN)  # or a larger input_dim",
        rules: &["id-out-of-range", "label-out-of-range"],
        ..ENTRY
    },
];

/// Rows and classes of logits with two axes.
fn logits(captured: &Captured) -> Option<(u64, u64)> {
    match captured.shape("logits")[..] {
        [Some(rows), Some(classes)] => Some((rows, classes)),
        _ => None,
    }
}

/// How many labels there are.
fn labels(captured: &Captured) -> Option<u64> {
    match captured.shape("labels")[..] {
        [Some(count)] => Some(count),
        _ => None,
    }
}

/// Whether the first shape is one number per sample where the second is several.
fn id_column(ids: &[Size], classes: &[Size]) -> bool {
    ids.len() <= classes.len() && matches!(ids, [.., Some(1)]) && matches!(classes, [.., Some(2..)])
}
