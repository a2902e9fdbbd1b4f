//! The rules. A rule is plain data and one function: it compares facts with the spec and says what it found. It opens
//! no file, prints nothing, and knows nothing of the other rules.
//!
//! To add one: `src/rules/<id with _>.rs`, `docs/rules/<id>.md`, and the two lines below. A test fails while the three
//! disagree.

mod archive_bomb;
mod bad_boolean;
mod bad_sample_weight;
mod batched_twice;
mod blank_samples;
mod broadcast_danger;
mod class_imbalance;
#[cfg(test)]
mod clean;
mod constant_feature;
mod container;
pub mod context;
mod corrupt_member;
pub mod decoder;
mod dimension_mismatch;
mod double_precision;
mod dtype;
mod dtype_drift;
mod duplicate_member;
mod duplicate_samples;
mod empty_batch;
mod foreign_byte_order;
mod fortran_order;
mod fractional_labels;
mod frozen_dimension;
mod id_out_of_range;
mod ids;
mod input_as_target;
mod integers_as_floats;
mod label_out_of_range;
mod labels;
mod lossy_cast;
mod lost_key;
mod malformed_header;
mod masked_array;
mod misnamed_input;
mod missing_batch_axis;
mod missing_channel_axis;
mod missing_class;
mod missing_input;
mod negative_strides;
mod non_finite_values;
mod non_numeric_dtype;
mod nondeterministic_shape;
mod not_evaluated;
mod numbering_gap;
mod object_dtype;
mod opaque_dtype;
mod out_of_range_values;
mod oversize_batch;
mod pairing;
mod partial_last_batch;
#[cfg(test)]
mod pickles;
mod plan;
mod program_error;
mod quotes;
mod ragged_samples;
mod range_drift;
mod rank_story;
mod read_only_array;
mod repeated_batch;
mod reused_buffer;
mod rows_lost;
mod sample;
mod scalar_array;
mod scaled_twice;
mod scrambled_axes;
mod sentinel_values;
mod shape_drift;
mod shapes;
mod shifted_data;
mod single_sample_batches;
mod size_out_of_bounds;
mod size_reason;
mod sorted_labels;
mod spec_model_drift;
mod split_drift;
mod split_overlap;
mod stores;
mod stray_member;
mod string_dtype;
mod structure_drift;
pub mod swapped_arrays;
mod target_domain;
pub mod target_encoding;
#[cfg(test)]
mod testing;
mod too_few_batches;
mod trailing_bytes;
mod transposed_axes;
mod truncated_array;
mod unequal_lengths;
mod uneven_batches;
mod unexpected_array;
mod unreadable_source;
mod unsafe_pickle;
mod unsatisfiable_spec;
mod unscaled_images;
mod unused_allow;
mod whole_dataset_batch;
mod wrong_container;
mod wrong_dtype;
mod wrong_length;
mod wrong_rank;
mod wrong_size;
mod zero_steps;

pub use context::{ArrayCx, BatchCx, CaptureCx, Findings, SetsCx, SourceCx, SpecCx, StreamCx, ValuesCx};

use crate::diagnostic::Level;
use crate::values::Wants;

/// Every rule, by group, in the order of the table.
pub static RULES: &[&Rule] = &[
    // source
    &unreadable_source::RULE,
    &malformed_header::RULE,
    &truncated_array::RULE,
    &trailing_bytes::RULE,
    &shifted_data::RULE,
    &corrupt_member::RULE,
    &duplicate_member::RULE,
    &stray_member::RULE,
    &archive_bomb::RULE,
    &unsafe_pickle::RULE,
    &program_error::RULE,
    // structure
    &missing_input::RULE,
    &unexpected_array::RULE,
    &misnamed_input::RULE,
    &swapped_arrays::RULE,
    &input_as_target::RULE,
    &wrong_container::RULE,
    &structure_drift::RULE,
    &lost_key::RULE,
    // dtype
    &object_dtype::RULE,
    &string_dtype::RULE,
    &double_precision::RULE,
    &wrong_dtype::RULE,
    &non_numeric_dtype::RULE,
    &opaque_dtype::RULE,
    &foreign_byte_order::RULE,
    &dtype_drift::RULE,
    &integers_as_floats::RULE,
    &lossy_cast::RULE,
    // shape
    &missing_batch_axis::RULE,
    &missing_channel_axis::RULE,
    &batched_twice::RULE,
    &transposed_axes::RULE,
    &wrong_rank::RULE,
    &wrong_size::RULE,
    &size_out_of_bounds::RULE,
    &dimension_mismatch::RULE,
    &unequal_lengths::RULE,
    &broadcast_danger::RULE,
    &shape_drift::RULE,
    &frozen_dimension::RULE,
    &ragged_samples::RULE,
    &empty_batch::RULE,
    &scalar_array::RULE,
    &scrambled_axes::RULE,
    // plan
    &whole_dataset_batch::RULE,
    &oversize_batch::RULE,
    &single_sample_batches::RULE,
    &uneven_batches::RULE,
    &partial_last_batch::RULE,
    &too_few_batches::RULE,
    &rows_lost::RULE,
    &zero_steps::RULE,
    &repeated_batch::RULE,
    &reused_buffer::RULE,
    &wrong_length::RULE,
    &nondeterministic_shape::RULE,
    &numbering_gap::RULE,
    // values
    &non_finite_values::RULE,
    &out_of_range_values::RULE,
    &unscaled_images::RULE,
    &scaled_twice::RULE,
    &range_drift::RULE,
    &constant_feature::RULE,
    &blank_samples::RULE,
    &sentinel_values::RULE,
    &bad_boolean::RULE,
    &duplicate_samples::RULE,
    &split_overlap::RULE,
    &split_drift::RULE,
    // targets
    &target_encoding::RULE,
    &label_out_of_range::RULE,
    &fractional_labels::RULE,
    &target_domain::RULE,
    &id_out_of_range::RULE,
    &sorted_labels::RULE,
    &missing_class::RULE,
    &class_imbalance::RULE,
    &bad_sample_weight::RULE,
    // layout
    &fortran_order::RULE,
    &negative_strides::RULE,
    &read_only_array::RULE,
    &masked_array::RULE,
    // spec
    &unsatisfiable_spec::RULE,
    &spec_model_drift::RULE,
    &unused_allow::RULE,
    &not_evaluated::RULE,
];

/// What a rule has to see before it can judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// A spec that declares arrays or a plan.
    pub spec: bool,
    /// What to look at in the values. A [`Judge::Values`] rule cannot do without; others say less where they are not
    /// known.
    pub values: Wants,
}

impl Needs {
    /// Headers only.
    pub const HEADERS: Self = Self { spec: false, values: Wants::NOTHING };
    /// Headers, and a spec to compare them with.
    pub const SPEC: Self = Self { spec: true, values: Wants::NOTHING };
    /// Counts, extremes and positions of values.
    pub const NUMBERS: Self = Self { spec: false, values: Wants::NUMBERS };

    /// The same, and these values.
    #[must_use]
    pub const fn values(self, values: Wants) -> Self {
        Self { values, ..self }
    }

    /// The same, and a spec to compare them with.
    #[must_use]
    pub const fn spec(self) -> Self {
        Self { spec: true, ..self }
    }
}

/// The families that `--select` and the table of rules use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each variant is the name of the group")]
pub enum Group {
    Source,
    Structure,
    Dtype,
    Shape,
    Plan,
    Values,
    Targets,
    Layout,
    Spec,
}

impl Group {
    /// Every group, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Source,
        Self::Structure,
        Self::Dtype,
        Self::Shape,
        Self::Plan,
        Self::Values,
        Self::Targets,
        Self::Layout,
        Self::Spec,
    ];

    /// The name that `--select` takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Structure => "structure",
            Self::Dtype => "dtype",
            Self::Shape => "shape",
            Self::Plan => "plan",
            Self::Values => "values",
            Self::Targets => "targets",
            Self::Layout => "layout",
            Self::Spec => "spec",
        }
    }
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// The name of the fault. Stable; reads well in "allow ...".
    pub id: &'static str,
    /// Its family.
    pub group: Group,
    /// The level where neither the framework nor the user says otherwise.
    pub level: Level,
    /// What it finds, in a few words, for the table of rules.
    pub finds: &'static str,
    /// What it has to see.
    pub needs: Needs,
    /// Its page: documentation, `explain` text and test in one.
    pub page: &'static str,
    /// What it does.
    pub judge: Judge,
}

/// Rules about values that one file alone answers for: they look at values one by one, not at how many there are.
const ONE_BY_ONE: [&str; 7] = [
    "non-finite-values",
    "out-of-range-values",
    "label-out-of-range",
    "fractional-labels",
    "target-domain",
    "id-out-of-range",
    "bad-boolean",
];

impl Rule {
    /// Whether one file alone answers for what the rule finds, so that it is true whatever else there is.
    #[must_use]
    pub fn stands_alone(&self) -> bool {
        match self.judge {
            Judge::Source(_) | Judge::Array(_) => true,
            Judge::Values(_) => ONE_BY_ONE.contains(&self.id),
            _ => false,
        }
    }
}

/// The function of a rule, by what it looks at.
#[derive(Debug, Clone, Copy)]
pub enum Judge {
    /// One file.
    Source(fn(&SourceCx<'_>, &mut Findings) -> Looked),
    /// All arrays of one name that share one header.
    Array(fn(&ArrayCx<'_>, &mut Findings) -> Looked),
    /// The values of all arrays of one name.
    Values(fn(&ValuesCx<'_>, &mut Findings) -> Looked),
    /// All batches whose arrays have the same headers.
    Batch(fn(&BatchCx<'_>, &mut Findings) -> Looked),
    /// A program that was run for its batches.
    Capture(fn(&CaptureCx<'_>, &mut Findings) -> Looked),
    /// Two sets that should share nothing: training and validation.
    Sets(fn(&SetsCx<'_>, &mut Findings) -> Looked),
    /// All batches of a stream.
    Stream(fn(&StreamCx<'_>, &mut Findings) -> Looked),
    /// The spec, before any data is read.
    Spec(fn(&SpecCx<'_>, &mut Findings) -> Looked),
    /// Made by the pipeline itself, from what the other rules did: `unused-allow`, `not-evaluated`.
    Verdict,
}

/// What became of a check. A check that found nothing has passed only if the rule really looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// The rule compared something. It passed if it found nothing.
    Yes,
    /// There was nothing here for the rule to compare: no such declaration, or the wrong kind of array.
    No,
    /// There was, and it could not be compared; why.
    Unable(String),
}
