//! The measured table. `docs/frameworks.md` shows it to users and is compared with it by a test.
//!
//! A row that quotes an error was seen to end in it, with the versions that the page names, unless it stands for Triton,
//! whose rows come from what its users reported.

use super::{Given, Treatment, Use};
use crate::config::Level;
use crate::config::framework::Framework;
use crate::spec::dtype::Dtype;

use Framework::{Any, Jax, Keras, Onnxruntime, Sklearn, Tensorflow, Torch, Triton};
use Given::{Bool, Complex, Double, Float, LongDouble, Named, Object, Opaque, Raw, Text, Time, Whole, Wide};
use Level::{Error, Note, Warning};
use Treatment::{Accepted, Cast, Depends, Misread, Refused};
use Use::{Classes, Features, Ids, Scores, Weights};

/// What some consumers do with some arrays in some places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// The consumers. [`Framework::Any`] stands for all that have no row of their own.
    pub(super) who: &'static [Framework],
    /// What the array is for.
    pub(super) uses: &'static [Use],
    /// What it is instead.
    pub(super) given: &'static [Given],
    /// Only these types, by name; empty for all.
    pub(super) only: &'static [&'static str],
    /// `None` where it was not measured.
    pub(super) treatment: Option<Treatment>,
    /// `None` for the rule's own.
    pub(super) level: Option<Level>,
    /// `{found}` and `{wanted}` stand for the types in the framework's own words.
    pub(super) says: &'static str,
}

/// The first row that speaks of the case: one of the framework's own, else one for any framework.
pub(super) fn lookup(framework: Framework, used: Use, given: Given, found: &Dtype) -> Option<&'static Row> {
    let of = |who: Framework| {
        TABLE.iter().find(|row| {
            row.who.contains(&who)
                && row.uses.contains(&used)
                && row.given.contains(&given)
                && (row.only.is_empty() || row.only.contains(&found.name().as_str()))
        })
    };
    of(framework).or_else(|| of(Any))
}

const INPUTS: &[Use] = &[Features, Ids];
const TARGETS: &[Use] = &[Classes, Scores, Weights];
const REAL: &[Use] = &[Features, Scores, Weights];
const ALL: &[Use] = &[Features, Ids, Classes, Scores, Weights];
pub(super) const PLAIN: &[Given] = &[Double, Float, Whole, Wide, Bool];
pub(super) const NUMBERS: &[Given] = &[Double, Float, Whole, Wide];
pub(super) const INTEGERS: &[Given] = &[Whole, Wide];
pub(super) const FLOATS: &[Given] = &[Double, Float];

const fn row(
    who: &'static [Framework],
    uses: &'static [Use],
    given: &'static [Given],
    treatment: Treatment,
    level: Option<Level>,
    says: &'static str,
) -> Row {
    Row { who, uses, given, only: &[], treatment: Some(treatment), level, says }
}

/// The row holds for these types alone.
const fn only(names: &'static [&'static str], row: Row) -> Row {
    Row { only: names, ..row }
}

/// Nobody measured it, or there is no one answer.
const fn unmeasured(
    who: &'static [Framework],
    uses: &'static [Use],
    given: &'static [Given],
    level: Option<Level>,
    says: &'static str,
) -> Row {
    Row { who, uses, given, only: &[], treatment: None, level, says }
}

#[rustfmt::skip]
pub(super) static TABLE: &[Row] = &[
    // Keras 3 on TensorFlow
    row(&[Keras], ALL, &[Double], Cast, Some(Warning),
        "keras casts it to {wanted} without a word, but only inside the model: until then every batch is moved and kept as float64"),
    row(&[Keras], &[Features], &[Float, Bool], Cast, Some(Warning),
        "keras casts it to {wanted} without a word"),
    row(&[Keras], &[Features], INTEGERS, Cast, Some(Warning),
        "keras casts it to {wanted} without a word and does not scale it: pixels of 0 to 255 train with a loss in the hundreds"),
    row(&[Keras], &[Ids], FLOATS, Cast, Some(Error),
        "keras casts it to {wanted} without a word and cuts the fraction: 1.9 becomes 1, and values between 0 and 1 all become 0"),
    row(&[Keras], &[Ids], &[Whole, Bool], Cast, Some(Note),
        "keras casts it to {wanted} without a word, and every value survives"),
    row(&[Keras], &[Ids], &[Wide], Cast, Some(Warning),
        "keras casts it to {wanted} without a word, and values outside its range wrap: 2**40 becomes 0 as int32, 300 becomes 44 as uint8"),
    row(&[Keras], &[Classes], &[Whole, Wide, Bool], Accepted, Some(Note),
        "keras takes it: its sparse losses take class ids of any integer type, and bool"),
    row(&[Keras], &[Classes], FLOATS, Cast, Some(Warning),
        "keras takes float class ids and cuts the fraction without a word: 0.7 is trained as class 0"),
    row(&[Keras], &[Scores, Weights], &[Float, Whole, Wide, Bool], Accepted, Some(Note),
        "keras takes it: its losses take bool, integers and floats here"),
    row(&[Keras], ALL, &[Object, Text, Time, LongDouble, Raw, Opaque], Refused, Some(Error),
        "keras stops: `ValueError: Invalid dtype: {found}`, and names neither the array nor the batch"),
    row(&[Keras], &[Features], &[Complex], Cast, None,
        "keras drops the imaginary part; only TensorFlow's log says so: `You are casting an input of type {found} to an incompatible dtype {wanted}. This will discard the imaginary part`"),
    only(&["int4"], row(&[Keras], ALL, &[Named], Refused, Some(Error),
        "keras stops: `ValueError: Invalid dtype: int4`")),
    only(&["bfloat16", "float8_e4m3fn"], row(&[Keras], ALL, &[Named], Cast, Some(Warning),
        "keras casts it to the model's dtype without a word, once the loader has imported `ml_dtypes`")),

    // TensorFlow without Keras
    row(&[Tensorflow], &[Features], NUMBERS, Refused, Some(Error),
        "tensorflow does not mix dtypes: `cannot compute Mul as input #1(zero-based) was expected to be a {found} tensor but is a {wanted} tensor`; only `tf.data` with an `output_signature` casts, without a word"),
    row(&[Tensorflow], &[Features], &[Bool], Misread, Some(Error),
        "`tf.matmul` refuses bool; `x * w` of a bool and a float tensor gives bool, without a word"),
    only(&["int32", "int64"], row(&[Tensorflow], &[Ids, Classes], INTEGERS, Accepted, Some(Note),
        "tensorflow takes it: lookups and sparse losses take int32 and int64")),
    row(&[Tensorflow], &[Ids], PLAIN, Refused, Some(Error),
        "a tensorflow lookup stops: `Value for attr 'Tindices' of {found} is not in the list of allowed values: int32, int64`"),
    row(&[Tensorflow], &[Classes], PLAIN, Refused, Some(Error),
        "`tf.nn.sparse_softmax_cross_entropy_with_logits` stops: `Value for attr 'Tlabels' of {found} is not in the list of allowed values: int32, int64`"),
    row(&[Tensorflow], &[Scores, Weights], NUMBERS, Refused, Some(Error),
        "tensorflow does not mix dtypes: `cannot compute Mul as input #1(zero-based) was expected to be a {wanted} tensor but is a {found} tensor`"),
    row(&[Tensorflow], &[Scores], &[Bool], Refused, Some(Error),
        "tensorflow's losses stop: `cannot compute Sub as input #1(zero-based) was expected to be a {wanted} tensor but is a bool tensor`"),
    row(&[Tensorflow], ALL, &[Object], Refused, None,
        "tensorflow stops: `Failed to convert a NumPy array to a Tensor (Unsupported object type float)`; the type it names is that of the first element that it cannot take"),
    row(&[Tensorflow], ALL, &[Text], Refused, None,
        "tensorflow makes a string tensor of it; the first numeric operation stops: `Value for attr 'T' of string is not in the list of allowed values`, or `Cast string to float is not supported`"),
    row(&[Tensorflow], ALL, &[Time, LongDouble], Refused, None,
        "tensorflow stops: `Failed to convert a NumPy array to a Tensor (Unsupported numpy type: {found})`"),
    row(&[Tensorflow], ALL, &[Raw, Opaque], Refused, Some(Error),
        "tensorflow stops: `Failed to convert a NumPy array to a Tensor`, with `Unsupported numpy data type` or `Unexpected numpy data type`"),
    row(&[Tensorflow], REAL, &[Complex], Refused, None,
        "tensorflow does not mix dtypes: `cannot compute Mul as input #1(zero-based) was expected to be a {found} tensor but is a {wanted} tensor`"),
    only(&["bfloat16"], row(&[Tensorflow], &[Features], &[Named], Accepted, Some(Note),
        "tensorflow takes it, once the loader has imported `ml_dtypes`: `tf.matmul` of bfloat16 and float32 gives float32")),

    // PyTorch
    row(&[Torch], &[Features], PLAIN, Refused, Some(Error),
        "torch stops at the first layer: `mat1 and mat2 must have the same dtype, but got {found} and {wanted}`; a convolution says `Input type (...) and bias type (...) should be the same`"),
    only(&["int32", "int64"], row(&[Torch], &[Ids], INTEGERS, Accepted, Some(Note),
        "torch takes it where it goes into `nn.Embedding`, which takes int64 and int32")),
    row(&[Torch], &[Ids], PLAIN, Refused, Some(Error),
        "`nn.Embedding` stops: `Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int`"),
    only(&["int64", "uint8"], row(&[Torch], &[Classes], INTEGERS, Accepted, Some(Note),
        "torch takes it: `cross_entropy` takes class ids as int64 and uint8")),
    row(&[Torch], &[Classes], PLAIN, Refused, Some(Error),
        "`cross_entropy` stops: `expected target dtype to be Long or Byte, but got {found}` (older versions: `expected scalar type Long but found {found}`)"),
    row(&[Torch], &[Scores], FLOATS, Depends, Some(Warning),
        "`BCELoss` stops: `Found dtype {found} but expected {wanted}`; the other losses take it, and some then compute in {found}"),
    row(&[Torch], &[Scores], INTEGERS, Depends, Some(Error),
        "`BCELoss` stops: `Found dtype {found} but expected {wanted}`, and so do `BCEWithLogitsLoss` and, for probabilities, `CrossEntropyLoss`; only `MSELoss` and `L1Loss` take it"),
    row(&[Torch], &[Scores], &[Bool], Depends, Some(Error),
        "`BCELoss` stops: `Found dtype Bool but expected {wanted}`, and so do `BCEWithLogitsLoss` and `L1Loss`; only `MSELoss` takes it"),
    row(&[Torch], &[Weights], PLAIN, Accepted, Some(Note),
        "torch takes it where weights are multiplied with losses; float64 weights make the loss float64"),
    row(&[Torch], ALL, &[Object], Refused, None,
        "torch stops: `TypeError: can't convert np.ndarray of type numpy.object_`"),
    row(&[Torch], ALL, &[Text, Time], Refused, None,
        "torch stops: `TypeError: can't convert np.ndarray of type numpy.{found}`"),
    row(&[Torch], ALL, &[LongDouble], Refused, None,
        "torch stops: `TypeError: can't convert np.ndarray of type numpy.longdouble`"),
    row(&[Torch], ALL, &[Raw, Opaque], Refused, Some(Error),
        "torch stops: `TypeError: can't convert np.ndarray of type numpy.void`"),
    row(&[Torch], &[Features], &[Complex], Refused, None,
        "torch stops at the first layer: `mat1 and mat2 must have the same dtype, but got {found} and {wanted}`"),
    row(&[Torch], &[Classes], &[Complex], Refused, None,
        "`cross_entropy` stops: `expected target dtype to be Long or Byte, but got {found}`"),
    only(&["bfloat16"], row(&[Torch], ALL, &[Named], Refused, Some(Error),
        "torch has bfloat16, but does not take it from NumPy: `can't convert np.ndarray of type ml_dtypes.bfloat16`")),

    // JAX with its default of 32 bits
    row(&[Jax], ALL, &[Double], Cast, Some(Warning),
        "jax casts it to float32 without a word, unless `jax_enable_x64` is set; values beyond float32 become inf"),
    row(&[Jax], REAL, &[Float], Accepted, Some(Note),
        "jax takes it as it is, and compiles once more for this dtype"),
    row(&[Jax], &[Features], &[Whole, Wide, Bool], Accepted, Some(Warning),
        "jax takes it as it is and does not scale it; 64-bit integers become 32-bit ones, and `2**32 + 7` becomes 7"),
    row(&[Jax], &[Scores, Weights], &[Whole, Wide, Bool], Accepted, Some(Note),
        "jax takes it as it is and promotes it where it meets a float"),
    row(&[Jax], &[Ids], FLOATS, Refused, Some(Error),
        "jax stops where it is an index: `Indexer must have integer or boolean type, got indexer with type {found}`"),
    row(&[Jax], &[Classes], FLOATS, Depends, Some(Error),
        "jax stops where it is an index: `Indexer must have integer or boolean type, got indexer with type {found}`; `jax.nn.one_hot` takes it and gives an all-zero row for 0.7"),
    row(&[Jax], &[Ids, Classes], &[Whole], Accepted, Some(Note),
        "jax takes it as it is, and compiles once more for this dtype"),
    row(&[Jax], &[Ids, Classes], &[Wide], Cast, Some(Warning),
        "jax makes 32-bit integers of 64-bit ones without a word, and values outside the range wrap: `2**32 + 7` becomes 7"),
    row(&[Jax], &[Ids, Classes], &[Bool], Depends, Some(Warning),
        "`jnp.take` and `one_hot` take bool as 0 and 1; as an index it is a mask: `boolean index did not match shape of indexed array`"),
    row(&[Jax], ALL, &[Object, Text, Time, LongDouble, Raw, Opaque], Refused, Some(Error),
        "jax stops: `TypeError: Error interpreting argument to ... The problematic value is of type <class 'numpy.ndarray'>`, and does not name the dtype"),
    row(&[Jax], &[Features], &[Complex], Accepted, None,
        "jax takes it and computes with complex numbers from there on"),
    only(&["bfloat16"], row(&[Jax], &[Features], &[Named], Accepted, Some(Note),
        "jax takes it, once the loader has imported `ml_dtypes`")),

    // ONNX Runtime's Python API
    row(&[Onnxruntime], INPUTS, PLAIN, Refused, Some(Error),
        "onnxruntime stops: `INVALID_ARGUMENT : Unexpected input data type. Actual: (tensor({found})) , expected: (tensor({wanted}))`"),
    row(&[Onnxruntime], INPUTS, &[Object, Text, Raw, Opaque], Refused, Some(Error),
        "onnxruntime stops: `INVALID_ARGUMENT : Unexpected input data type. Actual: (tensor(string)) , expected: (tensor({wanted}))`; it calls everything that is no number a string"),
    row(&[Onnxruntime], INPUTS, &[Complex, Time, LongDouble], Refused, None,
        "onnxruntime stops: `Numpy_type ... can't be converted to MLDataType.`"),
    only(&["bfloat16", "float8_e4m3fn"], row(&[Onnxruntime], INPUTS, &[Named], Refused, Some(Error),
        "onnxruntime stops: `Numpy_type ... can't be converted to MLDataType.`")),

    // Triton
    row(&[Triton], INPUTS, &[Double], Refused, Some(Error),
        "triton stops: `invalid size 4153344 bytes for input 'input', expects 2076672 bytes`, exactly twice the bytes"),
    row(&[Triton], INPUTS, &[Float, Whole, Wide, Bool], Refused, Some(Error),
        "triton stops: `unexpected datatype TYPE_INT64 for inference input 'ids', expecting TYPE_INT32`, or whatever the two types are"),
    unmeasured(&[Onnxruntime, Triton], TARGETS, PLAIN, Some(Warning),
        "the runtime never sees targets; what matters is the program that compares them with the output"),

    // scikit-learn
    row(&[Sklearn], REAL, PLAIN, Accepted, Some(Note),
        "scikit-learn takes it, as it takes numbers of any type"),
    row(&[Sklearn], &[Ids], FLOATS, Accepted, Some(Warning),
        "scikit-learn takes it as it is, fractions and all"),
    row(&[Sklearn], &[Ids, Classes], &[Whole, Wide, Bool], Accepted, Some(Note),
        "scikit-learn takes it, as it takes any integers, and bool"),
    row(&[Sklearn], &[Classes], FLOATS, Depends, Some(Warning),
        "scikit-learn takes whole numbers of any type; with a single fraction among them its classifiers stop: `Unknown label type: continuous`"),
    row(&[Sklearn], &[Features, Ids], &[Object], Depends, None,
        "scikit-learn converts what it can; the first element that is no number stops it: `setting an array element with a sequence.`"),
    row(&[Sklearn], &[Classes], &[Object], Depends, None,
        "scikit-learn's classifiers stop: `Unknown label type: unknown`, unless every element is text"),
    row(&[Sklearn], INPUTS, &[Text], Depends, None,
        "scikit-learn stops: `could not convert string to float`; text that reads as numbers is converted without a word"),
    row(&[Sklearn], &[Classes], &[Text], Depends, Some(Warning),
        "scikit-learn's classifiers take `<U` text as class names; bytes stop them: `Support for labels represented as bytes is not supported`"),
    row(&[Sklearn], ALL, &[Complex], Refused, None,
        "scikit-learn stops: `Complex data not supported`"),
    row(&[Sklearn], ALL, &[Time], Accepted, Some(Warning),
        "scikit-learn takes it without a word, as plain numbers"),
    row(&[Sklearn], REAL, &[LongDouble], Cast, Some(Warning),
        "scikit-learn takes it and converts it to float64 or float32"),
    row(&[Sklearn], ALL, &[Raw, Opaque], Refused, Some(Error),
        "scikit-learn stops: `setting an array element with a sequence.`, or `Cannot cast array data from dtype(...)`"),
    only(&["bfloat16"], row(&[Sklearn], &[Features], &[Named], Cast, Some(Note),
        "scikit-learn takes it and computes in float64, once the loader has imported `ml_dtypes`")),

    // Nobody said who consumes the batches, or nobody measured what this one does.
    unmeasured(&[Any], &[Features], &[Double], None,
        "torch, tensorflow, onnxruntime and triton refuse it; keras and jax cast it without a word, after moving the wide numbers"),
    unmeasured(&[Any], &[Scores], &[Double], None,
        "tensorflow's losses and torch's `BCELoss` refuse it; keras and jax cast it without a word"),
    unmeasured(&[Any], &[Weights], PLAIN, None,
        "tensorflow does not mix dtypes; keras, torch, jax and scikit-learn take weights of any type"),
    unmeasured(&[Any], &[Features], &[Float, Whole, Wide, Bool], None,
        "torch, tensorflow, onnxruntime and triton refuse it; keras casts it without a word and does not scale it"),
    unmeasured(&[Any], &[Ids], FLOATS, None,
        "torch, tensorflow, jax and onnxruntime refuse floats as ids; keras cuts the fraction without a word"),
    unmeasured(&[Any], &[Ids], &[Whole, Wide, Bool], None,
        "onnxruntime and triton take exactly the type of the model; torch and tensorflow look up int64 and int32 only; keras casts without a word"),
    unmeasured(&[Any], &[Classes], FLOATS, None,
        "torch and tensorflow refuse floats as class ids; keras cuts the fraction without a word"),
    unmeasured(&[Any], &[Classes], &[Whole, Wide, Bool], None,
        "torch takes class ids as int64 and uint8, tensorflow as int64 and int32, keras and scikit-learn as any integer"),
    unmeasured(&[Any], &[Scores], &[Float, Whole, Wide, Bool], None,
        "tensorflow refuses it, in torch it depends on the loss, keras and scikit-learn take it"),
    unmeasured(&[Any], ALL, &[Object], None,
        "keras, tensorflow, torch, jax and onnxruntime refuse it, mostly without naming the array"),
    unmeasured(&[Any], ALL, &[Text], None,
        "keras, torch, jax and onnxruntime refuse it at once, tensorflow at the first numeric operation"),
    unmeasured(&[Any], ALL, &[Time], None,
        "keras, tensorflow, torch, jax and onnxruntime refuse it; scikit-learn takes it without a word"),
    unmeasured(&[Any], ALL, &[LongDouble], None,
        "keras, tensorflow, torch, jax and onnxruntime refuse it"),
    unmeasured(&[Any], ALL, &[Complex], None,
        "keras drops the imaginary part, onnxruntime and scikit-learn refuse it, torch and tensorflow refuse to mix it with floats, jax computes with it"),
    unmeasured(&[Any], ALL, &[Raw, Opaque], None,
        "keras, tensorflow, torch, jax, onnxruntime and scikit-learn refuse raw bytes"),
    unmeasured(&[Any], ALL, &[Named], None,
        "with `ml_dtypes` imported, keras and jax take bfloat16; torch and onnxruntime refuse it"),
];

/// Big-endian numbers; the last row is that for any framework.
#[rustfmt::skip]
pub(super) static FOREIGN: [Row; 6] = [
    row(&[Keras, Tensorflow], ALL, &[], Cast, None, "tensorflow converts it, and the values are right"),
    row(&[Sklearn], ALL, &[], Accepted, None, "scikit-learn converts it, and the values are right"),
    row(&[Torch], ALL, &[], Refused, Some(Error),
        "torch stops: `given numpy array has byte order different from the native byte order. Conversion between byte orders is currently not supported.`"),
    row(&[Jax], ALL, &[], Refused, Some(Error),
        "jax stops: `TypeError: Error interpreting argument to stage as a JAX value`, without a word about the byte order"),
    row(&[Onnxruntime], ALL, &[], Misread, Some(Error),
        "onnxruntime reads the bytes backwards, without a word: float32 `[1, 2, 3]` arrives as `[4.6e-41, 8.9e-44, 2.3e-41]`, int64 `1` as `72057594037927936`"),
    unmeasured(&[Any], ALL, &[], None,
        "onnxruntime reads the bytes backwards without a word, torch and jax stop, tensorflow and scikit-learn convert it"),
];

/// Fortran order; the last row is that for any framework.
#[rustfmt::skip]
pub(super) static FORTRAN: [Row; 3] = [
    row(&[Keras, Torch, Jax, Onnxruntime, Sklearn], ALL, &[], Accepted, None,
        "taken as it is where the array is passed as an array; a program that copies its raw bytes sees the axes in reverse"),
    row(&[Triton], ALL, &[], Depends, Some(Warning),
        "triton's Python backend stops: `DLPack tensor is not contiguous. Only contiguous DLPack tensors that are stored in C-Order are supported`"),
    unmeasured(&[Any], ALL, &[], None,
        "most frameworks take it as it is; a program that copies its raw bytes sees the axes in reverse, without a word"),
];
