//! Why a finding has no repair of the data: the right answer is not in them, or the fault is not theirs.

use crate::config::Level;
use crate::diagnostic::Diagnostic;
use crate::source::{FaultKind, FileFault, SourceFacts};

/// Why nothing here mends the finding; `None` where another repair that is offered mends it too, or nothing has to be mended.
/// `offered` says whether a rule has a repair in this run.
pub(super) fn why(
    diagnostic: &Diagnostic,
    sources: &[SourceFacts],
    offered: &dyn Fn(&str) -> bool,
) -> Option<&'static str> {
    let cast = || offered("double-precision") || offered("wrong-dtype");
    match diagnostic.rule {
        // What the cast, or the shape, mends.
        "lossy-cast" | "dtype-drift" | "integers-as-floats" if cast() => None,
        "out-of-range-values" if offered("unscaled-images") => None,
        "missing-class" if offered("label-out-of-range") => None,
        "shape-drift" | "unequal-lengths" | "dimension-mismatch"
            if offered("transposed-axes") || offered("missing-batch-axis") || offered("batched-twice") =>
        {
            None
        }
        _ if diagnostic.level == Level::Note => None,
        "unreadable-source" => Some(unreadable(diagnostic, sources)),
        rule => Some(of(rule)),
    }
}

/// Why there is no repair of the files that the finding names, which all have the same fault.
fn unreadable(diagnostic: &Diagnostic, sources: &[SourceFacts]) -> &'static str {
    let blamed = |source: &&SourceFacts| diagnostic.finding.places.iter().any(|place| place.source == *source.path);
    let faults = sources.iter().filter(blamed).flat_map(|source| &source.faults);
    let mut faults = faults.filter_map(|fault| match &fault.kind {
        FaultKind::File(FileFault::NpyNamedNpz | FileFault::NpzNamedNpy) => None,
        FaultKind::File(fault) => Some(fault),
        _ => None,
    });
    match faults.next() {
        Some(FileFault::NotFound | FileFault::DanglingLink | FileFault::LinkLoop) => {
            "the file is missing: write it anew, or put it back in its place"
        }
        Some(
            FileFault::PermissionDenied
            | FileFault::Special(_)
            | FileFault::Unopenable(_)
            | FileFault::Changed
            | FileFault::Rewritten,
        ) => "it could not be read, so what is in it is not known",
        Some(FileFault::Other(_) | FileFault::NoArrays) => "it holds no arrays: its finding says what it is",
        _ => DAMAGED,
    }
}

const DAMAGED: &str = "the right bytes are not in the file: write it anew";

/// Why there is no repair of what the rule finds.
fn of(rule: &str) -> &'static str {
    match rule {
        "object-dtype" | "unsafe-pickle" => {
            "what the objects should become is not in the file, and a pickle is never opened; write the arrays anew"
        }
        "non-finite-values" | "sentinel-values" => {
            "which numbers belong there the data do not say: drop the rows, or fill them in where they are made"
        }
        "truncated-array" => "the data that is missing is not in the file: write it anew",
        "corrupt-member" | "shifted-data" | "malformed-header" | "archive-bomb" => DAMAGED,
        "missing-input" | "numbering-gap" | "too-few-batches" | "rows-lost" | "unequal-lengths" => {
            "what is missing is not in the data"
        }
        "string-dtype" | "non-numeric-dtype" | "opaque-dtype" => "which numbers they stand for the data do not say",
        "lossy-cast" => "the declared type has no room for these values; `--allow-lossy` casts them with the others",
        "wrong-dtype" | "double-precision" | "dtype-drift" => {
            "different arrays of the fault need different casts, or nothing says to which type"
        }
        "empty-batch" => "a batch without rows holds nothing to repair",
        "structure-drift" => "which of the structures is meant the data do not say",
        "wrong-size" | "wrong-rank" | "scalar-array" | "size-out-of-bounds" => {
            "the values for another shape are not in the data"
        }
        "swapped-arrays" => {
            "which of the two is right the data alone do not prove: swap their names where they are written"
        }
        "unexpected-array" => "it may be wanted by somebody else, and what is not declared is not deleted",
        "unscaled-images" | "scaled-twice" | "range-drift" | "out-of-range-values" => {
            "how the model's own data were scaled is not in these"
        }
        "label-out-of-range" | "fractional-labels" | "target-domain" | "target-encoding" | "id-out-of-range" => {
            "which labels are meant the data do not say"
        }
        "repeated-batch" | "duplicate-samples" | "split-overlap" | "input-as-target" | "blank-samples" => {
            "which samples should stand there the data do not say"
        }
        "unsatisfiable-spec" | "spec-model-drift" | "unused-allow" | "zero-steps" | "frozen-dimension" => {
            "it is the spec that has to change, not the data"
        }
        "oversize-batch"
        | "uneven-batches"
        | "single-sample-batches"
        | "whole-dataset-batch"
        | "partial-last-batch" => "how the rows should be shared out the plan does not say",
        "duplicate-member" | "stray-member" => "another name is for you to choose",
        "trailing-bytes" => "what the bytes are the file does not say",
        "not-evaluated" => "it was not checked",
        _ => "no repair of the data is known: mend the code that makes them",
    }
}
