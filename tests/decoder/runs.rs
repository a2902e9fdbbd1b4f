//! Texts about lengths, structure, counts, memory and losses.

use super::Case;

pub(crate) const CASES: &[Case] = &[
    (
        "list-of-samples",
        "ValueError: Data cardinality is ambiguous:\n  x sizes: 80, 80, 80, 80, 80, 80\n  y sizes: 6\nMake sure all arrays contain the same number of samples.",
        &["6 inputs", "80 rows", "np.array(x)"],
    ),
    (
        "unequal-lengths",
        "ValueError: Data cardinality is ambiguous:\n  x sizes: 30000\n  y sizes: 50000\nMake sure all arrays contain the same number of samples.",
        &["30000", "50000"],
    ),
    (
        "unequal-lengths",
        "Input arrays should have the same number of samples as target arrays. Found 950 input samples and 910 target samples.",
        &["950", "910"],
    ),
    ("incompatible-lengths", "ValueError: Dimensions 20 and 19 are not compatible", &["20 against 19"]),
    ("partial-batch-shapes", "InvalidArgumentError: Incompatible shapes: [4,8] vs. [8,8]", &["[4,8] meets [8,8]"]),
    ("incompatible-shapes", "InvalidArgumentError: Incompatible shapes: [20] vs. [20,3]", &["[20] meets [20,3]"]),
    ("arity-drift", "tuple arity mismatch; expected: 3, got: 2", &["tuple of 3", "one of 2"]),
    (
        "signature-arity",
        "ValueError: Arguments and signature arguments do not match. got: 13, expected: 14",
        &["13 arrays", "14"],
    ),
    (
        "container-list",
        "When passing a Python generator to a Keras model, the generator must return a tuple, either (input,) or (inputs, targets) or (inputs, targets, sample_weights). Received: [array([[0.1]])]",
        &["yield (x, y)"],
    ),
    (
        "container-list",
        "ValueError: Output of generator should be a tuple `(x, y, sample_weight)` or `(x, y)`. Found: None",
        &["class_mode"],
    ),
    (
        "container-inputs",
        "TypeError: `output_signature` must contain objects that are subclass of `tf.TypeSpec` but found <class 'list'> which is not.",
        &["tuple"],
    ),
    (
        "container-two-inputs",
        "ValueError: Layer model expects 1 input(s), but it received 2 input tensors. Inputs received: [...]",
        &["has 1 input(s)", "got 2"],
    ),
    ("dict-batch", "AttributeError: 'str' object has no attribute 'shape'", &["dict"]),
    (
        "missing-input",
        "ValueError: Missing data for input \"a\". You passed a data dictionary with keys ['p', 'q']. Expected the following keys: ['a', 'b']",
        &["`a`"],
    ),
    ("missing-input", "No data provided for \"input_1\". Need data for each key in: ['input_1']", &["`input_1`"]),
    ("target-structure", "ValueError: y_true and y_pred have different structures.\ny_true: *", &["output"]),
    (
        "ran-out",
        "WARNING:tensorflow:Your input ran out of data; interrupting training. Make sure that your dataset or generator can generate at least `steps_per_epoch * epochs` batches (in this case, 9810.0 batches). You may need to use the repeat() function",
        &["while True"],
    ),
    ("stop-iteration", "StopIteration", &["while True"]),
    (
        "stateful-remainder",
        "ValueError: In a stateful network, you should only pass inputs with a number of samples that can be divided by the batch size. Found: 2500 samples",
        &["batch_size"],
    ),
    (
        "replica-remainder",
        "AssertionError: batch_size must be divisible by the number of TPU cores in use (100 vs 8)",
        &["drop_remainder"],
    ),
    (
        "last-step",
        "7587/7588 [============================>.] - ETA: 0s\nRuntimeError: something",
        &["step 7587 of 7588"],
    ),
    (
        "last-step",
        "7/8 ━━━━━━━━━━━━━━━━━━━━ 0s 5ms/step - accuracy: 0.5\nTraceback (most recent call last):",
        &["step 7 of 8"],
    ),
    ("last-step", "it fails at the last step", &["the last step"]),
    (
        "jax-empty-batch",
        "TypeError: Gradient only defined for scalar-output functions. Output had shape: (0,).",
        &["(0,)", "math.ceil"],
    ),
    (
        "jax-loss-shape",
        "TypeError: Gradient only defined for scalar-output functions. Output had shape: (32,).",
        &["(32,)"],
    ),
    (
        "jax-type",
        "TypeError: Error interpreting argument to <function f at 0x7f> as a JAX value. The problematic value is of type <class 'numpy.ndarray'> and was passed to the function at path x.",
        &["newbyteorder"],
    ),
    (
        "jax-byte-order",
        "TypeError: Dtype >f8 is not a valid JAX array type. Only arrays of numeric types are supported by JAX.",
        &[">f8"],
    ),
    (
        "jax-dtype",
        "TypeError: Dtype object is not a valid JAX array type. Only arrays of numeric types are supported by JAX.",
        &["is object"],
    ),
    (
        "masked-array",
        "ValueError: numpy masked arrays are not supported as direct inputs to JAX functions. Use arr.filled() to convert the value to a standard numpy array.",
        &["filled"],
    ),
    ("two-gigabytes", "ValueError: Cannot create a tensor proto whose content is larger than 2GB.", &["2 GB"]),
    (
        "out-of-memory",
        "ResourceExhaustedError: OOM when allocating tensor with shape[295,64,256,256] and type float on /job:localhost/replica:0",
        &["[295,64,256,256]", "295 rows"],
    ),
    ("nothing-to-concatenate", "ValueError: need at least one array to concatenate", &["math.ceil"]),
    ("negative-loss", "Epoch 2: loss: -72.4", &["-72.4", "127"]),
    ("negative-loss", "my loss is negative with BCE", &["127"]),
    ("loss-nan", "120/120 - 3s - loss: nan - accuracy: 0.1", &["isfinite"]),
    ("loss-nan", "Batch 6: Invalid loss, terminating training", &["isfinite"]),
    ("zero-loss", "1/40 - loss: 0.0000e+00 - accuracy: 1.0", &["0.0000e+00"]),
    (
        "batch-of-one",
        "ValueError: Expected more than 1 value per channel when training, got input size torch.Size([1, 4])",
        &["drop_last=True"],
    ),
    (
        "data-parallel",
        "RuntimeError: Gather got an input of invalid size: got [2, 1, 20, 256, 64], but expected [2, 2, 20, 256, 64]",
        &["[2, 1, 20, 256, 64]"],
    ),
    ("data-parallel-empty", "TypeError: forward() missing 1 required positional argument: 'input'", &["DataParallel"]),
    ("squeezed-batch", "TypeError: iteration over a 0-d tensor", &["squeeze"]),
];
