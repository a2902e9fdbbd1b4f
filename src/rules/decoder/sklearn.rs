//! scikit-learn.

use super::{ENTRY, Entry, Grade};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "sklearn-nan",
        said_by: "sklearn",
        texts: &[&["Input X contains NaN"], &["Input y contains NaN"], &["Input contains NaN"]],
        cause: "there are missing values (NaN)",
        why: "The text says neither row nor column. An empty cell does that, and so does division by the deviation of a constant column.",
        fix: "print(np.argwhere(~np.isfinite(X))[:5])  # rows and columns\nX = np.nan_to_num(X, nan=0.0)",
        rules: &["non-finite-values"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-float32-range",
        said_by: "sklearn",
        texts: &[&["infinity or a value too large for dtype(float32)"]],
        grade: Grade::Shown,
        cause: "a value is infinite, or beyond float32, which trees and forests cast to",
        why: "float32 ends at 3.4e38. The text says neither row nor column.",
        fix: "print(np.argwhere(~np.isfinite(X.astype(np.float32)))[:5])\nX = np.clip(X, -1e30, 1e30)",
        rules: &["lossy-cast", "non-finite-values"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-infinity",
        said_by: "sklearn",
        texts: &[
            &["contains infinity or a value too large for dtype"],
            &["contains NaN, infinity or a value too large for dtype"],
        ],
        cause: "there are infinite values",
        why: "Division by zero in a rate makes them. The text says neither row nor column.",
        fix: "print(np.argwhere(~np.isfinite(X))[:5])  # rows and columns",
        rules: &["non-finite-values"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-features",
        said_by: "sklearn",
        texts: &[&["X has {got:int} features, but {model:word} is expecting {want:int} features as input"]],
        cause: "the data has another number of columns than the data the model was fitted on",
        why: "{got} columns, and {model} was fitted on {want}. `get_dummies` on each part apart does that.",
        fix: "X = frame.reindex(columns=fitted_columns, fill_value=0)",
        rules: &["wrong-size"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-lengths",
        said_by: "sklearn",
        texts: &[&["Found input variables with inconsistent numbers of samples: {sizes:shape}"]],
        cause: "X and y hold different numbers of samples",
        why: "Their rows: {sizes}.",
        fix: "assert len(X) == len(y), (X.shape, y.shape)",
        rules: &["unequal-lengths"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-labels",
        said_by: "sklearn",
        texts: &[&["Unknown label type: {kind:word}"], &["Unknown label type: ({kind:word},)"]],
        cause: "the labels are no classes: fractions, or an object array",
        why: "They were taken for \"{kind}\". \"continuous\" are floats that are not whole; \"unknown\" is dtype object.",
        fix: "y = y.astype(np.int64)  # if they are whole numbers; otherwise use a regressor",
        rules: &["fractional-labels", "object-dtype"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-column",
        said_by: "sklearn",
        texts: &[&["A column-vector y was passed when a 1d array was expected"]],
        cause: "the labels are a column (N, 1) instead of (N,)",
        why: "A warning only: scikit-learn flattens it. Other code broadcasts it.",
        fix: "y = y.ravel()",
        rules: &["broadcast-danger", "wrong-rank"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-one-hot",
        said_by: "sklearn",
        texts: &[&["y should be a 1d array, got an array of shape {got:shape} instead"]],
        cause: "the labels are one-hot, or several targets for a model that takes one",
        why: "y has shape {got}.",
        fix: "y = y.argmax(axis=1)",
        rules: &["target-encoding", "wrong-rank"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-text",
        said_by: "sklearn, numpy, pandas",
        texts: &[
            &["could not convert string to float: np.str_({text:word})"],
            &["could not convert string to float: {text:word}"],
            &["could not convert string to float"],
        ],
        when: |c| {
            let said = if c.text("text").is_empty() { "A text".to_owned() } else { format!("\"{}\"", c.text("text")) };
            c.set("said", said);
            true
        },
        cause: "a column holds text that is no number",
        why: "{said} was found where a number is needed: a category, a decimal comma, or a header row read as data.",
        fix: "x = pd.to_numeric(column, errors=\"coerce\").to_numpy(np.float32)  # what is no number becomes NaN\n\
              classes, ids = np.unique(column, return_inverse=True)  # categories",
        rules: &["string-dtype", "object-dtype"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-one-class",
        said_by: "sklearn",
        texts: &[&[
            "This solver needs samples of at least 2 classes in the data, but the data contains only one class",
        ]],
        cause: "all labels of this part are of one class: the data is sorted by label and was cut without shuffling",
        why: "The end of a sorted dataset holds the last class only. `shuffle` returns the shuffled data; it changes nothing in place.",
        fix: "p = np.random.default_rng(0).permutation(len(X))\nX, y = X[p], y[p]",
        rules: &["sorted-labels"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-complex",
        said_by: "sklearn",
        texts: &[&["Complex data not supported"]],
        cause: "the array holds complex numbers",
        why: "An FFT makes them.",
        fix: "X = np.concatenate([X.real, X.imag], axis=1)  # or np.abs(X)",
        rules: &["non-numeric-dtype"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-empty",
        said_by: "sklearn",
        texts: &[&["Found array with 0 sample(s) (shape={shape:shape}) while a minimum of 1 is required"]],
        cause: "the batch is empty",
        why: "Its shape is {shape}.",
        fix: "for i in range(math.ceil(n / size)):  # never an empty batch",
        rules: &["empty-batch"],
        ..ENTRY
    },
    Entry {
        id: "sklearn-rank",
        said_by: "sklearn",
        texts: &[&["Found array with dim {got:int}"], &["Expected 2D array, got {got:word} array instead"]],
        cause: "X has to be a table of samples and features, and has another number of axes",
        why: "It was found with {got}.",
        fix: "X = X.reshape(len(X), -1)  # samples by features; X[None, :] for a single sample",
        rules: &["wrong-rank", "missing-batch-axis"],
        ..ENTRY
    },
];
