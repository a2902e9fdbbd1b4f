//! The course of a run: lengths, structure, counts, memory, losses. Keras, TensorFlow and JAX.

use super::{ENTRY, Entry, Grade};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "list-of-samples",
        said_by: "keras",
        texts: &[&["x sizes: {sizes:ints}"]],
        grade: Grade::Shown,
        when: |c| {
            let sizes = c.ints("sizes");
            c.set("count", sizes.len());
            c.set("first", sizes.first().copied().unwrap_or_default());
            sizes.len() > 2
        },
        cause: "x is a Python list of samples, and Keras takes each for an input of its own",
        why: "It counts {count} inputs or more, the first with {first} rows: that is the first axis of each sample.",
        fix: "x = np.array(x)  # or np.stack(x)",
        rules: &["wrong-container", "unexpected-array"],
    },
    Entry {
        id: "unequal-lengths",
        said_by: "keras",
        texts: &[
            &["x sizes: {x:int}", "y sizes: {y:int}"],
            &[
                "should have the same number of samples as target arrays. Found {x:int} input samples and {y:int} target samples",
            ],
        ],
        when: |c| c.int("x") != c.int("y"),
        cause: "x and y hold different numbers of samples",
        why: "{x} samples and {y} targets.",
        fix: "assert len(x) == len(y), (x.shape, y.shape)  # then look where one of them loses rows",
        rules: &["unequal-lengths"],
        ..ENTRY
    },
    Entry {
        id: "incompatible-lengths",
        said_by: "tensorflow, keras",
        texts: &[
            &["Dimensions {x:int} and {y:int} are not compatible"],
            &["should have the same length. Found: x.shape = {x:shape}, y.shape = {y:shape}"],
            &["Found: x.shape = {x:shape}, y.shape = {y:shape}"],
        ],
        cause: "x and y hold different numbers of samples",
        why: "{x} against {y}.",
        fix: "assert len(x) == len(y), (x.shape, y.shape)",
        rules: &["unequal-lengths"],
        ..ENTRY
    },
    Entry {
        id: "partial-batch-shapes",
        said_by: "tensorflow, keras 3",
        texts: &[&["Incompatible shapes: {a:shape} vs. {b:shape}"]],
        grade: Grade::Shown,
        when: |c| {
            let (a, b) = (c.shape("a"), c.shape("b"));
            a.len() > 1 && a.len() == b.len() && a[0] != b[0] && a[1..] == b[1..] && a[0] != Some(1) && b[0] != Some(1)
        },
        cause: "the last batch is shorter than the others, and something keeps the batch size",
        why: "{a} meets {b}: the same but for the number of rows. A stateful recurrent layer is built for one batch size.",
        fix: "ds = ds.batch(batch_size, drop_remainder=True)",
        rules: &["partial-last-batch", "uneven-batches"],
    },
    Entry {
        id: "incompatible-shapes",
        said_by: "tensorflow, keras 3",
        texts: &[
            &["Incompatible shapes: {a:shape} vs. {b:shape}"],
            &["Dimensions must be equal, but are {a:int} and {b:int}"],
        ],
        cause: "targets or sample weights do not line up with the model's output",
        why: "{a} meets {b}. Labels of shape (N,) against an output (N, k), and weights with an axis too many, do that.",
        fix: "w = w.reshape(-1)  # weights: one per sample\ny = y.reshape(len(y), -1)  # targets: one row per sample",
        rules: &["broadcast-danger", "bad-sample-weight", "wrong-rank"],
        ..ENTRY
    },
    Entry {
        id: "arity-drift",
        said_by: "tensorflow",
        texts: &[&["tuple arity mismatch; expected: {want:int}, got: {got:int}"]],
        cause: "a later batch has another structure than the first",
        why: "The first batch was a tuple of {want}, a later one of {got}: for instance sample weights that only some batches carry.",
        fix: "yield x, y, w  # the same number of elements every time",
        rules: &["structure-drift"],
        ..ENTRY
    },
    Entry {
        id: "signature-arity",
        said_by: "tensorflow",
        texts: &[&["Arguments and signature arguments do not match. got: {got:int}, expected: {want:int}"]],
        cause: "a batch has another number of arrays than the first, often an empty one at the end",
        why: "{got} arrays arrived where {want} were expected.",
        fix: "steps = math.ceil(n / batch_size)  # round() makes one batch too many",
        rules: &["structure-drift", "empty-batch"],
        ..ENTRY
    },
    Entry {
        id: "container-list",
        said_by: "keras",
        texts: &[
            &["the generator must return a tuple, either (input,) or (inputs, targets)"],
            &["Output of generator should be a tuple"],
            &["Data is expected to be in format x, (x,), (x, y), or (x, y, sample_weight)"],
        ],
        cause: "the generator yields a list, a dict, a bare array or None instead of a tuple",
        why: "Keras takes `(x,)`, `(x, y)` or `(x, y, weights)`. None means that the generator ended, or makes no labels (`class_mode=None`).",
        fix: "yield (x, y)",
        rules: &["wrong-container"],
        ..ENTRY
    },
    Entry {
        id: "container-inputs",
        said_by: "keras, tensorflow",
        texts: &[
            &["output_signature must contain objects that are subclass of tf.TypeSpec but found"],
            &["generator yielded an element that did not match the expected structure"],
        ],
        cause: "the inputs of a batch are a list, where a tuple or a dict is needed",
        why: "TensorFlow takes a list for one tensor to be made, not for several inputs.",
        fix: "yield (a, b), y  # or: yield {\"a\": a, \"b\": b}, y",
        rules: &["wrong-container", "structure-drift"],
        ..ENTRY
    },
    Entry {
        id: "container-two-inputs",
        said_by: "keras 2",
        texts: &[&["expects {want:int} input(s), but it received {got:int} input tensors"]],
        cause: "`[x, y]` was passed where `(x, y)` is needed: a list is taken for several inputs",
        why: "The model has {want} input(s) and got {got}. `validation_data=[x, y]` does that too.",
        fix: "yield (x, y)  # and validation_data=(x, y)",
        rules: &["unexpected-array", "missing-input"],
        ..ENTRY
    },
    Entry {
        id: "dict-batch",
        said_by: "keras 2",
        texts: &[&["str object has no attribute shape"]],
        cause: "the generator yields a dict where a tuple is needed",
        why: "Going through a dict gives its keys, which are text and have no shape.",
        fix: "yield batch[\"x\"], batch[\"y\"]",
        rules: &["wrong-container"],
        ..ENTRY
    },
    Entry {
        id: "missing-input",
        said_by: "keras",
        texts: &[
            &["Missing data for input {name:word}. You passed a data dictionary with keys"],
            &["No data provided for {name:word}. Need data for each key in"],
        ],
        cause: "the batch has no array named `{name}`",
        why: "The keys of the batch have to be the names of the model's inputs; case counts.",
        fix: "print([i.name for i in model.inputs])  # the keys that the batch needs",
        rules: &["missing-input", "misnamed-input"],
        ..ENTRY
    },
    Entry {
        id: "target-structure",
        said_by: "keras 3",
        texts: &[&["y_true and y_pred have different structures"]],
        cause: "the targets are not arranged like the model's outputs",
        why: "A model with several outputs takes a target for each, under the same names or in the same order.",
        fix: "yield x, {\"out_a\": ya, \"out_b\": yb}  # names: model.output_names",
        rules: &["missing-input", "misnamed-input", "unexpected-array"],
        ..ENTRY
    },
    Entry {
        id: "ran-out",
        said_by: "keras, tensorflow",
        texts: &[
            &["Your input ran out of data; interrupting training"],
            &["Your dataset ran out of data; interrupting training"],
        ],
        cause: "the generator ended before steps_per_epoch × epochs batches",
        why: "Keras 3 then goes on with the batches that it kept: later epochs train on two batches, and nothing more is said.",
        fix: "def batches():\n    while True:\n        for i in range(0, len(x), size):\n            yield x[i:i + size], y[i:i + size]",
        rules: &["too-few-batches", "whole-dataset-batch"],
        ..ENTRY
    },
    Entry {
        id: "stop-iteration",
        said_by: "keras 2, Python",
        texts: &[&["StopIteration"]],
        grade: Grade::Vague,
        cause: "the generator ended while more batches were asked for",
        why: "Generators for `fit` have to go on for ever, or give steps × epochs batches.",
        fix: "def batches():\n    while True:\n        for i in range(0, len(x), size):\n            yield x[i:i + size], y[i:i + size]",
        rules: &["too-few-batches"],
        ..ENTRY
    },
    Entry {
        id: "stateful-remainder",
        said_by: "keras 2",
        texts: &[&[
            "In a stateful network, you should only pass inputs with a number of samples that can be divided by the batch size",
        ]],
        cause: "the last batch is shorter than the others, and the network keeps its batch size",
        why: "The validation part counts as well: both have to divide.",
        fix: "n = len(x) // batch_size * batch_size\nx, y = x[:n], y[:n]",
        rules: &["partial-last-batch"],
        ..ENTRY
    },
    Entry {
        id: "replica-remainder",
        said_by: "tensorflow, jax",
        texts: &[
            &["batch_size must be divisible by the number of TPU cores"],
            &["slice index 0 of dimension 0 out of bounds"],
            &["is not divisible by the number of devices"],
        ],
        cause: "the rows of a batch cannot be shared out to all devices: usually the short last batch",
        why: "Every device needs the same number of rows.",
        fix: "ds = ds.batch(batch_size, drop_remainder=True)  # a batch_size that the number of devices divides",
        rules: &["partial-last-batch", "uneven-batches"],
        ..ENTRY
    },
    Entry {
        id: "last-step",
        said_by: "a progress bar",
        texts: &[
            &["{step:int}/{steps:int} [", "Traceback"],
            &["{step:int}/{steps:int} [", "RuntimeError"],
            &["{step:int}/{steps:int} [", "ValueError"],
            &["{step:int}/{steps:int} [", "InvalidArgumentError"],
            &["{step:int}/{steps:int} {left:int}s {pace:word}", "Traceback"],
            &["{step:int}/{steps:int} {left:int}s {pace:word}", "RuntimeError"],
            &["{step:int}/{steps:int} {left:int}s {pace:word}", "ValueError"],
            &["{step:int}/{steps:int} {left:int}s {pace:word}", "InvalidArgumentError"],
            &["fails at the last step"],
            &["fails at the last batch"],
            &["fails on the last batch"],
        ],
        grade: Grade::Vague,
        when: |c| {
            let (Some(step), Some(steps)) = (c.int("step"), c.int("steps")) else {
                c.set("place", "the last step");
                return true;
            };
            c.set("place", format!("step {step} of {steps}"));
            steps > 2 && (step == steps || step + 1 == steps)
        },
        cause: "the last batch is shorter than the others",
        why: "All went well until {place}; what is special there is the remainder of the dataset.",
        fix: "loader = DataLoader(dataset, batch_size, drop_last=True)  # torch\n\
              ds = ds.batch(batch_size, drop_remainder=True)  # tensorflow",
        rules: &["partial-last-batch"],
    },
    Entry {
        id: "jax-empty-batch",
        said_by: "jax",
        texts: &[&["Gradient only defined for scalar-output functions. Output had shape: {shape:shape}"]],
        grade: Grade::Shown,
        when: |c| c.shape("shape").contains(&Some(0)),
        cause: "the batch is empty",
        why: "The loss has shape {shape}: there was no sample. `range(n // size + 1)` makes such a batch when n divides exactly.",
        fix: "for i in range(math.ceil(n / size)):\n    yield x[i * size:(i + 1) * size], y[i * size:(i + 1) * size]",
        rules: &["empty-batch"],
    },
    Entry {
        id: "jax-loss-shape",
        said_by: "jax",
        texts: &[&["Gradient only defined for scalar-output functions. Output had shape: {shape:shape}"]],
        cause: "the loss is an array, one number per sample, where one number is needed",
        why: "It has shape {shape}. This is the loss function, not the data.",
        fix: "loss = jnp.mean(loss)",
        ..ENTRY
    },
    Entry {
        id: "jax-type",
        said_by: "jax",
        texts: &[&["Error interpreting argument to * as a JAX value", "numpy.ndarray"]],
        cause: "the array's type is one that JAX does not know: object, text, big-endian, or dates",
        why: "The text does not name it: `print(x.dtype)` does.",
        fix: "x = x.astype(np.float32)  # for big-endian: x.astype(x.dtype.newbyteorder(\"=\"))",
        rules: &["object-dtype", "string-dtype", "foreign-byte-order", "non-numeric-dtype"],
        ..ENTRY
    },
    Entry {
        id: "jax-byte-order",
        said_by: "jax",
        texts: &[&["Dtype {dtype:word} is not a valid JAX array type"]],
        grade: Grade::Shown,
        when: |c| c.text("dtype").starts_with('>'),
        cause: "the array is big-endian",
        why: "{dtype} has its bytes in the other order; FITS, old netCDF, MATLAB and Java files do.",
        fix: "x = x.astype(x.dtype.newbyteorder(\"=\"))",
        rules: &["foreign-byte-order"],
    },
    Entry {
        id: "jax-dtype",
        said_by: "jax",
        texts: &[&["Dtype {dtype:word} is not a valid JAX array type"]],
        cause: "the array's type is one that JAX does not know",
        why: "It is {dtype}.",
        fix: "x = x.astype(np.float32)",
        rules: &["object-dtype", "string-dtype", "non-numeric-dtype"],
        ..ENTRY
    },
    Entry {
        id: "masked-array",
        said_by: "jax, numpy",
        texts: &[
            &["numpy masked arrays are not supported as direct inputs"],
            &["MaskedArray.tofile() not implemented yet"],
        ],
        cause: "the array is masked",
        why: "Other frameworks, and `np.savez`, drop the mask without a word and take the values under it.",
        fix: "x = x.filled(0)",
        rules: &["masked-array"],
        ..ENTRY
    },
    Entry {
        id: "two-gigabytes",
        said_by: "tensorflow",
        texts: &[&["Cannot create a tensor proto whose content is larger than 2GB"]],
        cause: "the whole dataset went into one tensor",
        why: "It became a constant of the graph, and such a constant can hold 2 GB.",
        fix: "for i in range(0, len(x), size):\n    yield x[i:i + size], y[i:i + size]",
        rules: &["whole-dataset-batch", "oversize-batch"],
        ..ENTRY
    },
    Entry {
        id: "out-of-memory",
        said_by: "tensorflow",
        texts: &[&["OOM when allocating tensor with shape{shape:shape}"]],
        when: |c| {
            let rows = c.shape("shape").first().copied().flatten();
            rows.is_some_and(|rows| {
                c.set("rows", rows);
                true
            })
        },
        cause: "the batch is too large for the device; is its first axis the batch size you asked for?",
        why: "A tensor of shape {shape} did not fit. If it is a layer's output, its batch has {rows} rows.",
        fix: "for i in range(0, len(x), size):\n    yield x[i:i + size], y[i:i + size]",
        rules: &["oversize-batch", "whole-dataset-batch"],
        ..ENTRY
    },
    Entry {
        id: "nothing-to-concatenate",
        said_by: "numpy",
        texts: &[&["need at least one array to concatenate"], &["need at least one array to stack"]],
        cause: "a batch is empty: there was no sample to join",
        why: "`range(n // size + 1)` makes one batch too many when n divides exactly, and so do folders without files.",
        fix: "for i in range(math.ceil(n / size)):  # never an empty batch",
        rules: &["empty-batch"],
        ..ENTRY
    },
    Entry {
        id: "negative-loss",
        said_by: "the training log",
        texts: &[
            &["loss: -{loss:num}"],
            &["loss = -{loss:num}"],
            &["loss=-{loss:num}"],
            &["loss is negative"],
            &["negative loss"],
        ],
        grade: Grade::Vague,
        when: |c| {
            let said = c.num("loss").map_or_else(|| "Such a loss".to_owned(), |loss| format!("A loss of -{loss}"));
            c.set("said", said);
            c.num("loss") != Some(0.0)
        },
        cause: "the targets are not within 0 and 1",
        why: "{said} cannot come from crossentropy on targets between 0 and 1. Masks of 0 and 255, and labels -1 and 1 or \
              1 and 2, do that, and nothing is said. (A loss that is a log-likelihood may be negative.)",
        fix: "y = (y > 127).astype(np.float32)  # a mask of 0 and 255; (y + 1) / 2 for labels -1 and 1",
        rules: &["target-domain", "label-out-of-range"],
    },
    Entry {
        id: "loss-nan",
        said_by: "the training log",
        texts: &[
            &["loss: nan"],
            &["loss = nan"],
            &["loss=nan"],
            &["loss is nan"],
            &["Invalid loss, terminating training"],
        ],
        grade: Grade::Vague,
        cause: "NaN or Inf in the data, labels outside the classes (on a GPU), or an empty batch",
        why: "The loss says nothing about where it came from, and the weights are lost from that step on.",
        fix: "assert np.isfinite(x).all(), np.argwhere(~np.isfinite(x))[:5]",
        rules: &["non-finite-values", "label-out-of-range", "empty-batch"],
        ..ENTRY
    },
    Entry {
        id: "zero-loss",
        said_by: "the training log",
        texts: &[&["loss: {loss:num}"], &["loss = {loss:num}"], &["loss={loss:num}"]],
        grade: Grade::Vague,
        when: |c| c.num("loss") == Some(0.0),
        cause: "a softmax over one unit, or an epoch without any batch",
        why: "A loss of exactly {loss} from the start is no success: with one output, categorical crossentropy is always 0; \
              and Keras 3 reports 0 for an epoch that got no data.",
        fix: "model.add(keras.layers.Dense(1, activation=\"sigmoid\"))  # with binary_crossentropy",
        rules: &["too-few-batches", "target-encoding", "empty-batch"],
    },
];
