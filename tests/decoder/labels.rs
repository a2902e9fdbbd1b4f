//! Texts about labels, targets, weights and ids.

use super::Case;

pub(crate) const CASES: &[Case] = &[
    (
        "one-hot-flattened",
        "InvalidArgumentError: logits and labels must have the same first dimension, got logits shape [250,10] and labels shape [2500]",
        &["2500 labels", "250 rows", "10 classes"],
    ),
    (
        "sequence-labels",
        "logits and labels must have the same first dimension, got logits shape [32,5000] and labels shape [640]",
        &["640 labels", "32 sequences", "20 steps"],
    ),
    (
        "logits-and-labels",
        "logits and labels must have the same first dimension, got logits shape [5,3] and labels shape [4]",
        &["[5,3]", "[4]"],
    ),
    (
        "labels-from-one",
        "Received a label value of 66908 which is outside the valid range of [0, 66908).  Label values: 66908 12",
        &["66908", "y - 1"],
    ),
    (
        "nan-label",
        "Received a label value of -9223372036854775808 which is outside the valid range of [0, 3).  Label values: 0 1",
        &["NaN"],
    ),
    (
        "unlabelled",
        "Received a label value of -1 which is outside the valid range of [0, 3).  Label values: -1 1",
        &["0 to 3 - 1"],
    ),
    (
        "mask-label",
        "Received a label value of 255 which is outside the valid range of [0, 21).  Label values: 255",
        &["21 classes"],
    ),
    (
        "label-range",
        "Received a label value of 9 which is outside the valid range of [0, 3).  Label values: 9",
        &["Label 9", "3 classes"],
    ),
    (
        "one-hot-into-sparse",
        "ValueError: Argument `output` must have rank (ndim) `target.ndim - 1`. Received: target.shape=(None, 3), output.shape=(None, 3)",
        &["(None, 3)", "argmax"],
    ),
    (
        "ids-into-categorical",
        "ValueError: Arguments `target` and `output` must have the same rank (ndim). Received: target.shape=(None,), output.shape=(None, 3)",
        &["(None,)", "to_categorical"],
    ),
    (
        "ids-in-a-column",
        "ValueError: Arguments ``target`` and ``output`` must have the same shape. Received: target.shape=(4, 1), output.shape=(4, 2)",
        &["(4, 1)", "(4, 2)"],
    ),
    ("ids-in-a-column", "ValueError: Shapes (None, 1) and (None, 10) are incompatible", &["(None, 10)"]),
    ("target-shape", "ValueError: Shapes (None, 12) and (None, 10) are incompatible", &["(None, 12)"]),
    (
        "keras1-ids-into-categorical",
        "ValueError: You are passing a target array of shape (32, 1) while using as loss `categorical_crossentropy`. `categorical_crossentropy` expects targets to be binary matrices",
        &["(32, 1)"],
    ),
    (
        "keras2-ids",
        "ValueError: Error when checking target: expected dense_3 to have shape (10,) but got array with shape (1,)",
        &["`dense_3`", "(10,)"],
    ),
    (
        "keras2-one-hot",
        "ValueError: Error when checking target: expected dense_2 to have shape (1,) but got array with shape (10,)",
        &["(10,)", "argmax"],
    ),
    (
        "keras2-target",
        "Error when checking target: expected dense_2 to have shape (20,) but got array with shape (1000,)",
        &["(20,)", "(1000,)"],
    ),
    (
        "weights-shape",
        "ValueError: Found a sample_weight array with shape (100, 512, 512, 1). In order to use timestep-wise sample weighting, you should pass a 2D sample_weight array.",
        &["(100, 512, 512, 1)"],
    ),
    (
        "weights-length",
        "ValueError: Data cardinality is ambiguous. Make sure all arrays contain the same number of samples.'x' sizes: 20\n'y' sizes: 20\n'sample_weight' sizes: 19",
        &["20 samples", "19 weights"],
    ),
    ("missing-labels", "ValueError: None values not supported.", &["class_mode"]),
    (
        "id-too-large",
        "InvalidArgumentError: indices[2,4] = 10 is not in [0, 10) [Op:ResourceGather]",
        &["up to 10", "has 10"],
    ),
    ("id-range", "indices[0,57] = 1544453 is not in [0, 1498136)", &["1544453", "1498136"]),
    ("long-labels", "RuntimeError: expected target dtype to be Long or Byte, but got Int", &["are Int", "np.int64"]),
    ("long-labels", "RuntimeError: expected scalar type Long but found Float", &["are Float"]),
    (
        "long-labels",
        "RuntimeError: \"nll_loss_forward_reduce_cuda_kernel_2d_index\" not implemented for 'Int'",
        &["are Int"],
    ),
    (
        "long-labels",
        "RuntimeError: Expected object of scalar type Long but got scalar type Int for argument #2 'target' in call to _thnn_nll_loss_forward",
        &["are Int"],
    ),
    (
        "soft-labels-type",
        "RuntimeError: Expected floating point type for target with class probabilities, got Long",
        &["Long"],
    ),
    ("float-targets", "RuntimeError: Found dtype Long but expected Float", &["np.float32"]),
    ("float-targets", "RuntimeError: result type Float can't be cast to the desired output type Long", &["np.float32"]),
    ("target-out-of-bounds", "IndexError: Target 3 is out of bounds.", &["Label 3"]),
    (
        "class-assert",
        "../aten/src/ATen/native/cuda/Loss.cu:250: nll_loss_forward_reduce_cuda_kernel_2d: block: [0,0,0], thread: [5,0,0] Assertion `t >= 0 && t < n_classes` failed.\nRuntimeError: CUDA error: device-side assert triggered",
        &["0 to C - 1"],
    ),
    ("device-assert", "RuntimeError: CUDA error: device-side assert triggered", &["CUDA_LAUNCH_BLOCKING"]),
    ("embedding-range", "IndexError: index out of range in self", &["512"]),
    (
        "embedding-range",
        "indexSelectLargeIndex: block: [29,0,0], thread: [64,0,0] Assertion `srcIndex < srcSelectDimSize` failed.",
        &["tables"],
    ),
    ("bce-domain", "RuntimeError: all elements of target should be between 0 and 1", &["255"]),
    ("bce-domain", "Assertion target_val >= zero && target_val <= one failed", &["127"]),
    ("multi-target", "RuntimeError: 0D or 1D target tensor expected, multi-target not supported", &["(N,)"]),
    (
        "broadcast-target",
        "UserWarning: Using a target size (torch.Size([64])) that is different to the input size (torch.Size([64, 1])). This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
        &["[64]", "[64, 1]"],
    ),
    (
        "broadcast-target",
        "ValueError: Target size (torch.Size([8])) must be the same as input size (torch.Size([8, 1]))",
        &["[8, 1]"],
    ),
    (
        "target-size",
        "ValueError: Target size (torch.Size([8, 3])) must be the same as input size (torch.Size([8, 1]))",
        &["[8, 3]"],
    ),
    (
        "flattened-batch",
        "ValueError: Expected input batch_size (8) to match target batch_size (80).",
        &["80 labels for 8 rows", "exactly 10"],
    ),
    (
        "batch-sizes",
        "ValueError: Expected input batch_size (8) to match target batch_size (7).",
        &["8 rows", "7 labels"],
    ),
    ("tensor-dataset", "AssertionError: Size mismatch between tensors", &["row"]),
    (
        "sklearn-nan",
        "ValueError: Input X contains NaN.\nLogisticRegression does not accept missing values encoded as NaN natively.",
        &["nan_to_num"],
    ),
    (
        "sklearn-float32-range",
        "ValueError: Input X contains infinity or a value too large for dtype('float32').",
        &["3.4e38"],
    ),
    (
        "sklearn-infinity",
        "ValueError: Input X contains infinity or a value too large for dtype('float64').",
        &["infinite"],
    ),
    (
        "sklearn-features",
        "ValueError: X has 3 features, but LogisticRegression is expecting 4 features as input.",
        &["3 columns", "LogisticRegression", "on 4"],
    ),
    (
        "sklearn-lengths",
        "ValueError: Found input variables with inconsistent numbers of samples: [20, 19]",
        &["[20, 19]"],
    ),
    (
        "sklearn-labels",
        "ValueError: Unknown label type: continuous. Maybe you are trying to fit a classifier, which expects discrete classes on a regression target with continuous values.",
        &["\"continuous\""],
    ),
    (
        "sklearn-column",
        "DataConversionWarning: A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples, ), for example using ravel().",
        &["ravel"],
    ),
    ("sklearn-one-hot", "ValueError: y should be a 1d array, got an array of shape (20, 2) instead.", &["(20, 2)"]),
    ("sklearn-text", "ValueError: could not convert string to float: np.str_('abc')", &["\"abc\""]),
    ("sklearn-text", "ValueError: could not convert string to float: '1,5'", &["\"1\""]),
    (
        "sklearn-one-class",
        "ValueError: This solver needs samples of at least 2 classes in the data, but the data contains only one class: 0",
        &["permutation"],
    ),
    ("sklearn-complex", "ValueError: Complex data not supported", &["real"]),
    (
        "sklearn-empty",
        "ValueError: Found array with 0 sample(s) (shape=(0, 4)) while a minimum of 1 is required by LogisticRegression.",
        &["(0, 4)"],
    ),
    ("sklearn-rank", "ValueError: Found array with dim 3. LogisticRegression expected <= 2.", &["with 3"]),
    ("sklearn-rank", "ValueError: Expected 2D array, got 1D array instead:\narray=[1. 2.].", &["with 1D"]),
];
