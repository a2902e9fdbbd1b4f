//! PyTorch about inputs: types, shapes, collation.

use super::captured::{Captured, Size};
use super::{ENTRY, Entry, Grade};

const CHANNELS: &[&[&str]] =
    &[&["expected input{input:shape} to have {want:int} channels, but got {got:int} channels"]];
const DTYPES: &[&[&str]] = &[
    &["must have the same dtype, but got {a:word} and {b:word}"],
    &["Input type ({a:word}) and bias type ({b:word}) should be the same"],
    &["Input type ({a:word}) and weight type ({b:word}) should be the same"],
    &["expected scalar type {b:word} but found {a:word}"],
    &["Expected object of scalar type {b:word} but got scalar type {a:word} for argument"],
    &["expected m1 and m2 to have the same dtype, but got: {a:word} != {b:word}"],
    &["Found dtype {a:word} but expected {b:word}"],
];
const CONVERT: &[&[&str]] = &[&["cant convert np.ndarray of type {type:word}"]];
const COLLATE: &[&[&str]] = &[
    &["batch must contain tensors, numpy arrays, numbers, dicts or lists; found {type:word}"],
    &["batch must contain tensors, numbers, dicts or lists; found {type:word}"],
    &["batch must contain tensors, numpy arrays, numbers, dicts or lists; found <class {type:word}"],
];
const STACK: &[&[&str]] = &[&[
    "stack expects each tensor to be equal size, but got {a:shape} at entry {i:int} and {b:shape} at entry {j:int}",
]];

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "channels-last",
        said_by: "torch",
        texts: CHANNELS,
        grade: Grade::Shown,
        when: |c| channels(c).is_some_and(|(input, want, got)| input[1] == Some(got) && input[3] == Some(want)),
        cause: "the images are channels-last (NHWC), the model takes channels-first (NCHW)",
        why: "The input {input} has its {want} channels last; the {got} that was taken for channels is the height. \
              `reshape` would scramble the pixels; `transpose` moves the axis.",
        fix: "x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))",
        rules: &["transposed-axes"],
    },
    Entry {
        id: "channels-last-likely",
        said_by: "torch",
        texts: &[&["to have {want:int} channels, but got {got:int} channels"]],
        grade: Grade::Shown,
        when: |c| {
            let likely = |want: i128, got: i128| (1..=4).contains(&want) && got >= 16;
            // With the shape at hand the entries that look at it decide.
            c.int("want").zip(c.int("got")).is_some_and(|(want, got)| likely(want, got))
        },
        cause: "the images are channels-last (NHWC), the model takes channels-first (NCHW)",
        why: "The model wants {want} channels. No image has {got}: that is a height, taken for the channels.",
        fix: "x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))",
        rules: &["transposed-axes", "missing-channel-axis"],
    },
    Entry {
        id: "no-channel-axis",
        said_by: "torch",
        texts: CHANNELS,
        grade: Grade::Shown,
        when: |c| {
            let Some((input, want, got)) = channels(c) else { return false };
            c.set("height", input[2].unwrap_or_default());
            c.set("width", input[3].unwrap_or_default());
            input[0] == Some(1) && input[1] == Some(got) && input[3] != Some(want)
        },
        cause: "the channel axis is missing: the batch was taken for channels",
        why: "If the batch was ({got}, {height}, {width}), torch took it for one image of {got} channels, {input}.",
        fix: "x = x[:, None]  # and .repeat(3, axis=1) where the model wants three channels",
        rules: &["missing-channel-axis"],
    },
    Entry {
        id: "channel-count",
        said_by: "torch",
        texts: CHANNELS,
        cause: "the images have another number of channels than the model: gray, RGB and RGBA mixed up",
        why: "The model wants {want} channels, the input {input} has {got}.",
        fix: "image = Image.open(path).convert(\"RGB\")  # \"L\" for gray",
        rules: &["wrong-size", "transposed-axes"],
        ..ENTRY
    },
    Entry {
        id: "matmul-shapes",
        said_by: "torch",
        texts: &[
            &["mat1 and mat2 shapes cannot be multiplied ({rows:int}x{got:int} and {want:int}x{out:int})"],
            &["size mismatch, m1: [{rows:int} x {got:int}], m2: [{want:int} x {out:int}]"],
        ],
        cause: "the input has another number of features than the layer, or images of another size",
        why: "The layer takes {want} features per row and got {got}. After a `flatten` that number follows from the image size.",
        fix: "print(x.shape)  # then select the features, or resize the images",
        rules: &["wrong-size", "transposed-axes"],
        ..ENTRY
    },
    Entry {
        id: "torch-double",
        said_by: "torch",
        texts: DTYPES,
        grade: Grade::Shown,
        when: |c| {
            (c.is("a", "double") || c.is("a", "torch.DoubleTensor")) && !(c.is("b", "long") || c.is("b", "int"))
                || (c.is("b", "double") && c.is("a", "float"))
        },
        cause: "an array is float64, and the weights are float32",
        why: "{a} meets {b}. Double is float64: `np.random.rand`, division by 255.0, `df.values` and Python floats make it.",
        fix: "x = x.astype(np.float32)  # or x.float() on the tensor",
        rules: &["double-precision"],
    },
    Entry {
        id: "torch-unsigned",
        said_by: "torch",
        texts: &[
            &["Input type (unsigned char) and bias type (float) should be the same"],
            &["Input type (torch.ByteTensor) and weight type (torch.FloatTensor) should be the same"],
            &["must have the same dtype, but got Byte and Float"],
            &["must have the same dtype, but got unsigned char and float"],
        ],
        grade: Grade::Shown,
        cause: "the images are uint8, and the model takes float32",
        why: "torch casts nothing by itself. Cast and scale in one place, for training and validation alike.",
        fix: "x = x.astype(np.float32) / 255.0",
        rules: &["wrong-dtype", "unscaled-images"],
        ..ENTRY
    },
    Entry {
        id: "long-labels",
        said_by: "torch",
        texts: &[
            &["expected target dtype to be Long or Byte, but got {a:word}"],
            &["expected scalar type Long but found {a:word}"],
            &["Expected object of scalar type Long but got scalar type {a:word} for argument"],
            &["nll_loss_forward_reduce_cuda_kernel_2d_index not implemented for {a:word}"],
            &["nll_loss_forward_no_reduce_cuda_kernel_index not implemented for {a:word}"],
            &["nll_loss_out_frame not implemented for {a:word}"],
        ],
        grade: Grade::Shown,
        cause: "the class ids are not int64",
        why: "The labels are {a}; `CrossEntropyLoss` takes Long, which is int64. On Windows NumPy before 2.0 made int32 of \
              whole numbers, so the same program works on Linux.",
        fix: "y = y.astype(np.int64)",
        rules: &["wrong-dtype", "fractional-labels"],
        ..ENTRY
    },
    Entry {
        id: "soft-labels-type",
        said_by: "torch",
        texts: &[&["Expected floating point type for target with class probabilities, got {a:word}"]],
        cause: "the labels are one-hot in whole numbers",
        why: "Labels of the output's shape are taken for probabilities, which have to be floats; yours are {a}.",
        fix: "y = y.argmax(axis=1)  # class ids, int64; or y.astype(np.float32) for probabilities",
        rules: &["target-encoding", "wrong-dtype"],
        ..ENTRY
    },
    Entry {
        id: "float-targets",
        said_by: "torch",
        texts: &[
            &["Found dtype Long but expected Float"],
            &["Found dtype Int but expected Float"],
            &["Found dtype Double but expected Float"],
            &["Found dtype Byte but expected Float"],
            &["result type Float cant be cast to the desired output type Long"],
        ],
        grade: Grade::Shown,
        cause: "the targets are not float32, and the loss (BCE, MSE) takes floats of the output's type",
        why: "Whole numbers and float64 are refused alike; torch casts nothing by itself.",
        fix: "y = y.astype(np.float32)",
        rules: &["wrong-dtype", "double-precision"],
        ..ENTRY
    },
    Entry {
        id: "embedding-type",
        said_by: "torch",
        texts: &[&["argument #1 indices to have one of the following scalar types: Long, Int; but got {a:word}"]],
        cause: "the ids for an embedding are floats",
        why: "They are {a}; an embedding takes int64 or int32.",
        fix: "ids = ids.astype(np.int64)",
        rules: &["wrong-dtype", "integers-as-floats"],
        ..ENTRY
    },
    Entry {
        id: "torch-dtypes",
        said_by: "torch",
        texts: DTYPES,
        when: |c| {
            !c.text("a").eq_ignore_ascii_case(c.text("b"))
                && c.text("a").contains("cuda") == c.text("b").contains("cuda")
        },
        cause: "the array's type is not the model's",
        why: "{a} meets {b}; torch casts nothing by itself. (Byte is uint8, Long int64, Half float16, Double float64.)",
        fix: "x = x.astype(np.float32)  # or the model's type: next(model.parameters()).dtype",
        rules: &["wrong-dtype", "double-precision"],
        ..ENTRY
    },
    Entry {
        id: "convert-object",
        said_by: "torch",
        texts: CONVERT_PLAIN_OBJECT,
        grade: Grade::Shown,
        cause: "the array has dtype object, not a number type",
        why: "Rows of different lengths, None, or a mixed pandas column make one.",
        fix: "x = x.astype(np.float32)  # if all are numbers; otherwise pad the rows, or replace None",
        rules: &["object-dtype"],
        ..ENTRY
    },
    Entry {
        id: "convert-text",
        said_by: "torch",
        texts: CONVERT,
        grade: Grade::Shown,
        when: |c| c.text("type").starts_with("numpy.str") || c.text("type").starts_with("numpy.bytes"),
        cause: "the array holds text",
        why: "{type} is NumPy's type for text.",
        fix: "classes, y = np.unique(y, return_inverse=True)  # labels\nx = x.astype(np.float32)  # numbers written as text",
        rules: &["string-dtype"],
    },
    Entry {
        id: "convert-unsigned",
        said_by: "torch",
        texts: CONVERT,
        grade: Grade::Shown,
        when: |c| c.text("type").starts_with("numpy.uint"),
        cause: "the array is of an unsigned type that this torch does not know",
        why: "{type}: depth maps, medical and satellite images often are. torch 2.3 and later know it.",
        fix: "x = x.astype(np.float32)  # or np.int32 for ids",
        rules: &["wrong-dtype"],
    },
    Entry {
        id: "convert-void",
        said_by: "torch",
        texts: CONVERT,
        grade: Grade::Shown,
        when: |c| c.text("type").starts_with("numpy.void"),
        cause: "the array is bfloat16 or float8 saved as raw bytes, or a structured array",
        why: "`np.save` writes bfloat16 as `V2`, which is read back as {type}, bytes without a meaning.",
        fix: "x = x.view(ml_dtypes.bfloat16).astype(np.float32)",
        rules: &["opaque-dtype", "non-numeric-dtype"],
    },
    Entry {
        id: "convert-other",
        said_by: "torch",
        texts: CONVERT,
        cause: "the array's type is none that torch knows",
        why: "It is {type}.",
        fix: "x = x.astype(np.float32)",
        rules: &["non-numeric-dtype", "wrong-dtype"],
        ..ENTRY
    },
    Entry {
        id: "collate-none",
        said_by: "torch",
        texts: COLLATE,
        grade: Grade::Shown,
        when: |c| c.is("type", "NoneType") || c.text("type").starts_with("NoneType"),
        cause: "the dataset returned None for a sample: usually a file that could not be read",
        why: "`cv2.imread` gives None instead of an error, and a `__getitem__` without `return` does too.",
        fix: "for i in range(len(dataset)):\n    assert dataset[i] is not None, i",
        rules: &["object-dtype"],
    },
    Entry {
        id: "collate-type",
        said_by: "torch",
        texts: COLLATE,
        cause: "a sample holds something that is no number: objects or text",
        why: "The type found is {type}. (`object` is a mixed or ragged array; `<U14` is text of 14 characters.)",
        fix: "print({type(v) for v in dataset[0]})  # then cast in __getitem__",
        rules: &["object-dtype", "string-dtype"],
        ..ENTRY
    },
    Entry {
        id: "mixed-channels",
        said_by: "torch",
        texts: STACK,
        grade: Grade::Shown,
        when: |c| {
            let (a, b) = (c.shape("a"), c.shape("b"));
            let tail = |shape: &[Size]| shape.len().saturating_sub(2);
            (a.len() != b.len() || a.first() != b.first())
                && a.len() > 1
                && b.len() > 1
                && a[tail(&a)..] == b[tail(&b)..]
        },
        cause: "gray, RGB and RGBA images are mixed in one batch",
        why: "Sample {i} has shape {a}, sample {j} has {b}: the same image size with other channels.",
        fix: "image = Image.open(path).convert(\"RGB\")",
        rules: &["ragged-samples", "shape-drift", "missing-channel-axis"],
    },
    Entry {
        id: "mixed-orientation",
        said_by: "torch",
        texts: STACK,
        grade: Grade::Shown,
        when: |c| {
            let (a, b) = (c.shape("a"), c.shape("b"));
            let (mut sorted_a, mut sorted_b) = (a.clone(), b.clone());
            sorted_a.sort_unstable();
            sorted_b.sort_unstable();
            a != b && sorted_a == sorted_b
        },
        cause: "some samples have their axes in another order: height and width swapped, or channels first and last mixed",
        why: "Sample {i} has shape {a}, sample {j} has {b}: the same sizes in another order.",
        fix: "x = x.transpose(0, 2, 1)  # for the samples at fault; portrait photos also need ImageOps.exif_transpose",
        rules: &["ragged-samples", "shape-drift", "transposed-axes"],
    },
    Entry {
        id: "ragged-samples",
        said_by: "torch",
        texts: STACK,
        cause: "the samples of a batch differ in size",
        why: "Sample {i} has shape {a}, sample {j} has {b}.",
        fix: "image = image.resize((224, 224))  # images\n\
              batch = torch.nn.utils.rnn.pad_sequence(samples, batch_first=True)  # sequences, in collate_fn",
        rules: &["ragged-samples", "shape-drift", "object-dtype"],
        ..ENTRY
    },
    Entry {
        id: "ragged-lists",
        said_by: "torch",
        texts: &[&["each element in list of batch should be of equal size"]],
        cause: "the samples of a batch are lists of different lengths",
        why: "Lists are joined element by element, so all need the same length.",
        fix: "batch = torch.nn.utils.rnn.pad_sequence([torch.tensor(s) for s in samples], batch_first=True)",
        rules: &["ragged-samples", "shape-drift", "object-dtype"],
        ..ENTRY
    },
    Entry {
        id: "negative-strides",
        said_by: "torch",
        texts: &[&["At least one stride in the given numpy array is negative"]],
        cause: "the array is a view that runs backwards: a flip, or `[..., ::-1]` from BGR to RGB",
        why: "torch shares the memory and cannot run backwards. `np.ascontiguousarray` does not cure an axis of length 1; `copy` does.",
        fix: "x = x.copy()",
        rules: &["negative-strides"],
        ..ENTRY
    },
    Entry {
        id: "torch-byte-order",
        said_by: "torch",
        texts: &[&["given numpy array has byte order different from the native byte order"]],
        cause: "the array is big-endian",
        why: "FITS, old netCDF, MATLAB and Java files are.",
        fix: "x = x.astype(x.dtype.newbyteorder(\"=\"))",
        rules: &["foreign-byte-order"],
        ..ENTRY
    },
    Entry {
        id: "read-only",
        said_by: "torch",
        texts: &[&["given NumPy array is not writable"], &["given NumPy array is not writeable"]],
        cause: "the array is read-only: a memory map, `np.frombuffer`, or an image",
        why: "A warning only. Writing into the tensor would write into that memory.",
        fix: "x = x.copy()",
        rules: &["read-only-array"],
        ..ENTRY
    },
    Entry {
        id: "not-an-array",
        said_by: "torch",
        texts: &[&["expected np.ndarray (got {type:word})"]],
        cause: "a single number or a list was passed where an array is needed",
        why: "It is a {type}. Indexing a 1-D array of labels gives a single number.",
        fix: "y = torch.as_tensor(y)  # or np.asarray(y)",
        rules: &["scalar-array"],
        ..ENTRY
    },
];

const CONVERT_PLAIN_OBJECT: &[&[&str]] = &[&["cant convert np.ndarray of type numpy.object_"]];

/// The input with four axes, the channels wanted and those found.
fn channels(captured: &Captured) -> Option<(Vec<Size>, u64, u64)> {
    let input = captured.shape("input");
    let count = |name| captured.int(name).and_then(|count| u64::try_from(count).ok());
    (input.len() == 4).then_some((input, count("want")?, count("got")?))
}
