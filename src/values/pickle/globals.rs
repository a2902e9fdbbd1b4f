//! What a pickle imports, and which imports are known to do nothing but rebuild data.

use serde::{Deserialize, Serialize};

/// Something that loading the pickle would import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Global {
    /// What it is.
    pub name: GlobalName,
    /// The opcode that imports it first, in bytes from the start of the pickle.
    pub at: u64,
    /// What is known about it.
    pub standing: Standing,
}

/// What a pickle imports. Texts are as the file has them, unescaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GlobalName {
    /// A name of a module, both cut at 256 bytes.
    Named {
        /// `numpy._core.multiarray`
        module: String,
        /// `_reconstruct`
        name: String,
    },
    /// A code that a registry of the loading process turns into a name (`copyreg.add_extension`).
    Extension(u32),
    /// Something that the loading program looks up by itself. `np.load` has no such look-up and refuses it.
    PersistentId,
    /// A name that other code makes while loading.
    Computed,
    /// A name that this walk could not keep: longer than 256 bytes, or repeated after more data than is remembered.
    Forgotten,
}

/// What is known about an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// NumPy's own functions and classes, which every pickled array names.
    Numpy,
    /// Classes of the standard library and of `ml_dtypes` that hold data and run nothing.
    Plain,
    /// Anything else: loading imports its module and may call it.
    Foreign,
    /// Known by name, but used as no pickler uses it: its attributes are set, or a class is called that NumPy's pickles
    /// only name, or a dtype of objects is told that it has none. The latter two take addresses of objects out of bytes.
    Misused,
}

/// What calling an import gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Makes {
    /// An array of the shape in the second argument, until BUILD says another.
    Reconstruct,
    /// An array from bytes, dtype, shape, order and maybe the order of the axes.
    FromBuffer,
    /// A scalar of the dtype in the first argument.
    Scalar,
    /// A dtype.
    Dtype,
    /// NumPy's dtype of strings of any length.
    StringDtype,
    /// Bytes from text in latin-1, a byte per character.
    Encoded,
    Complex,
    Number(Plain),
    Str,
    Bytes,
    Tuple,
    List,
    Dict,
    Set,
    Datetime,
    /// An object of that name.
    Object,
    /// Pickles only name it.
    Nothing,
}

/// The plain numbers that a call can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    Bool,
    Int,
    Float,
}

type Known = (&'static [&'static str], &'static [&'static str], Makes, Standing);

const MULTIARRAY: &[&str] = &["numpy._core.multiarray", "numpy.core.multiarray"];
const NUMERIC: &[&str] = &["numpy._core.numeric", "numpy.core.numeric"];
const INTERNAL: &[&str] = &["numpy._core._internal", "numpy.core._internal"];
const MASKED: &[&str] = &["numpy.ma.core", "numpy.ma"];
const RECORDS: &[&str] = &["numpy", "numpy.rec", "numpy._core.records", "numpy.core.records"];
const MATRIX: &[&str] = &["numpy", "numpy.matrixlib.defmatrix"];
/// Python loads the first under the name of the second for protocols below 3.
const BUILTINS: &[&str] = &["__builtin__", "builtins"];
const PATHLIB: &[&str] = &["pathlib", "pathlib._local"];

/// What is known, and why it is safe to call with arguments that somebody chose. An import is compared whole: a dotted
/// name, which protocol 4 resolves attribute by attribute, is none of these.
const KNOWN: &[Known] = &[
    // Makes an empty array of a class. The class comes from another import, which is judged by itself.
    (MULTIARRAY, &["_reconstruct"], Makes::Reconstruct, Standing::Numpy),
    // Takes values out of bytes; refuses object dtypes, whose bytes would be addresses, or returns the object it got.
    (MULTIARRAY, &["scalar"], Makes::Scalar, Standing::Numpy),
    // frombuffer and reshape. frombuffer refuses object dtypes.
    (NUMERIC, &["_frombuffer"], Makes::FromBuffer, Standing::Numpy),
    // StringDType from one or two plain arguments.
    (INTERNAL, &["_convert_to_stringdtype_kwargs"], Makes::StringDtype, Standing::Numpy),
    (&["numpy.dtypes"], &["StringDType"], Makes::StringDtype, Standing::Numpy),
    // A description of bytes.
    (&["numpy"], &["dtype"], Makes::Dtype, Standing::Numpy),
    // ndarray.__new__ of classes that other imports name.
    (MASKED, &["_mareconstruct"], Makes::Reconstruct, Standing::Numpy),
    // The classes that those are called with.
    (&["numpy"], &["ndarray"], Makes::Nothing, Standing::Numpy),
    (MASKED, &["MaskedArray"], Makes::Nothing, Standing::Numpy),
    (RECORDS, &["recarray", "record"], Makes::Nothing, Standing::Numpy),
    (MATRIX, &["matrix"], Makes::Nothing, Standing::Numpy),
    // The scalar classes, named when a dtype or a class is itself an element.
    (&["numpy"], NUMPY_SCALARS, Makes::Object, Standing::Numpy),
    // str.encode. An encoding that is not loaded yet is imported from the package `encodings` and nowhere else.
    (&["_codecs"], &["encode"], Makes::Encoded, Standing::Plain),
    // Immutable or empty built-in types, whose constructors call nothing of objects of built-in types.
    // `type` is not among them, it makes classes; nor are `getattr`, `eval`, `map` and the like.
    (BUILTINS, &["complex"], Makes::Complex, Standing::Plain),
    (BUILTINS, &["bool"], Makes::Number(Plain::Bool), Standing::Plain),
    (BUILTINS, &["int", "long"], Makes::Number(Plain::Int), Standing::Plain),
    (BUILTINS, &["float"], Makes::Number(Plain::Float), Standing::Plain),
    (BUILTINS, &["str", "unicode"], Makes::Str, Standing::Plain),
    (BUILTINS, &["bytes", "bytearray"], Makes::Bytes, Standing::Plain),
    (BUILTINS, &["tuple"], Makes::Tuple, Standing::Plain),
    (BUILTINS, &["list"], Makes::List, Standing::Plain),
    (BUILTINS, &["dict"], Makes::Dict, Standing::Plain),
    (BUILTINS, &["set", "frozenset"], Makes::Set, Standing::Plain),
    (BUILTINS, &["range", "xrange", "slice", "object", "Ellipsis"], Makes::Object, Standing::Plain),
    // Types of C that check their arguments.
    (&["datetime"], &["datetime", "date", "time", "timedelta", "timezone"], Makes::Datetime, Standing::Plain),
    (&["decimal"], &["Decimal"], Makes::Object, Standing::Plain),
    (&["fractions"], &["Fraction"], Makes::Object, Standing::Plain),
    (&["uuid"], &["UUID", "SafeUUID"], Makes::Object, Standing::Plain),
    // Containers. `defaultdict` calls its factory when a key is missing; the factory is an import and judged by itself.
    (&["collections"], &["OrderedDict", "defaultdict", "Counter"], Makes::Dict, Standing::Plain),
    (&["collections"], &["deque"], Makes::List, Standing::Plain),
    // A path is text until something opens it.
    (PATHLIB, &["Path", "PosixPath", "WindowsPath"], Makes::Object, Standing::Plain),
    (PATHLIB, &["PurePath", "PurePosixPath", "PureWindowsPath"], Makes::Object, Standing::Plain),
    // Scalar types of the package that adds bfloat16 and float8 to NumPy, named by the dtypes of arrays.
    (&["ml_dtypes"], ML_DTYPES, Makes::Object, Standing::Plain),
    // Left out with intent: `copyreg._reconstructor` and `copyreg.__newobj__` make instances of any class without
    // asking it, and stand beside a class that is foreign anyway; `operator.*` and `functools.*` call what they are
    // given; `torch.storage._load_from_bytes` loads another pickle.
];

const NUMPY_SCALARS: &[&str] = &[
    "bool",
    "bool_",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "longdouble",
    "complex64",
    "complex128",
    "clongdouble",
    "str_",
    "bytes_",
    "void",
    "object_",
    "datetime64",
    "timedelta64",
];

const ML_DTYPES: &[&str] = &[
    "bfloat16",
    "float8_e3m4",
    "float8_e4m3",
    "float8_e4m3b11fnuz",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
    "float6_e2m3fn",
    "float6_e3m2fn",
    "float4_e2m1fn",
    "int4",
    "int2",
    "uint4",
    "uint2",
];

/// What is known about a name of a module.
pub(super) fn known(module: &str, name: &str) -> (Makes, Standing) {
    KNOWN
        .iter()
        .find(|(modules, names, ..)| modules.contains(&module) && names.contains(&name))
        .map_or((Makes::Object, Standing::Foreign), |(_, _, makes, standing)| (*makes, *standing))
}
