//! PyTorch about labels, ids, targets and batch sizes.

use super::{ENTRY, Entry, Grade};

const SIZES: &[&[&str]] = &[&["Expected input batch_size ({x:int}) to match target batch_size ({y:int})"]];
const TARGET_SIZES: &[&[&str]] = &[
    &["Using a target size (torch.Size({got:shape})) that is different to the input size (torch.Size({want:shape}))"],
    &["Target size (torch.Size({got:shape})) must be the same as input size (torch.Size({want:shape}))"],
];

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "target-out-of-bounds",
        said_by: "torch",
        texts: &[&["Target {value:int} is out of bounds"]],
        cause: "a label is no class of the model",
        why: "Label {value}: with C outputs the classes are 0 to C - 1. If C is {value}, the labels start at 1; 255 and -1 \
              often mark what is to be ignored.",
        fix: "y = y - y.min()  # labels from 1\nloss = nn.CrossEntropyLoss(ignore_index=255)  # a mark to be ignored",
        rules: &["label-out-of-range"],
        ..ENTRY
    },
    Entry {
        id: "class-assert",
        said_by: "torch on CUDA",
        texts: &[&["t >= 0 && t < n_classes"], &["cur_target >= 0 && cur_target < n_classes"]],
        cause: "a label is no class of the model",
        why: "With C outputs the classes are 0 to C - 1. The Python line in the traceback is not the one at fault, and \
              the process cannot go on after it.",
        fix: "print(y.min(), y.max())  # before the loss; y - 1 if labels start at 1\n\
              loss = nn.CrossEntropyLoss(ignore_index=255)  # where 255 marks what is to be ignored",
        rules: &["label-out-of-range"],
        ..ENTRY
    },
    Entry {
        id: "device-assert",
        said_by: "torch on CUDA",
        texts: &[&["device-side assert triggered"]],
        grade: Grade::Vague,
        cause: "a label is no class of the model, or an id is outside an embedding",
        why: "The GPU says so late, on a line that is not at fault. Run once with `CUDA_LAUNCH_BLOCKING=1`, or on the CPU, \
              and the text names the number.",
        fix: "print(y.min(), y.max(), ids.min(), ids.max())",
        rules: &["label-out-of-range", "id-out-of-range", "target-domain"],
        ..ENTRY
    },
    Entry {
        id: "embedding-range",
        said_by: "torch",
        texts: &[&["srcIndex < srcSelectDimSize"], &["index out of range in self"]],
        cause: "an id is not below the size of the embedding, or the sequence is longer than the model's positions",
        why: "Both are looked up in tables. A new token that the model's table does not have, or text over 512 tokens, does that.",
        fix: "assert ids.min() >= 0 and ids.max() < vocabulary_size\nids = ids[:, :512]  # the longest the model takes",
        rules: &["id-out-of-range", "size-out-of-bounds"],
        ..ENTRY
    },
    Entry {
        id: "bce-domain",
        said_by: "torch",
        texts: &[&["all elements of target should be between 0 and 1"], &["target_val >= zero && target_val <= one"]],
        cause: "the targets are not within 0 and 1",
        why: "Masks of 0 and 255, and labels -1 and 1 or 1 and 2, do that. `BCEWithLogitsLoss` takes them without a word.",
        fix: "y = (y > 127).astype(np.float32)  # a mask of 0 and 255; (y + 1) / 2 for labels -1 and 1",
        rules: &["target-domain"],
        ..ENTRY
    },
    Entry {
        id: "multi-target",
        said_by: "torch",
        texts: &[
            &["0D or 1D target tensor expected, multi-target not supported"],
            &["1D target tensor expected, multi-target not supported"],
            &["multi-target not supported at"],
        ],
        cause: "the labels have an axis too many: a column (N, 1), or one-hot rows in whole numbers",
        why: "`CrossEntropyLoss` takes one class id per sample, in shape (N,).",
        fix: "y = y.reshape(-1)  # a column\ny = y.argmax(axis=1)  # one-hot",
        rules: &["target-encoding", "wrong-rank"],
        ..ENTRY
    },
    Entry {
        id: "broadcast-target",
        said_by: "torch",
        texts: TARGET_SIZES,
        grade: Grade::Shown,
        when: |c| {
            let (got, want) = (c.shape("got"), c.shape("want"));
            let column = |long: &[_], short: &[_]| {
                long.len() == short.len() + 1 && long.ends_with(&[Some(1)]) && long.starts_with(short)
            };
            column(&want, &got) || column(&got, &want)
        },
        cause: "targets and output differ by an axis of length 1, (N,) and (N, 1)",
        why: "The targets are {got}, the output is {want}. Where this is a warning only, they are broadcast to an N × N \
              matrix, and the loss compares every sample with every target.",
        fix: "y = y.reshape(output.shape)  # (N, 1): y[:, None]; (N,): y.reshape(-1)",
        rules: &["broadcast-danger", "wrong-rank"],
    },
    Entry {
        id: "target-size",
        said_by: "torch",
        texts: TARGET_SIZES,
        cause: "the targets have another shape than the model's output",
        why: "The targets are {got}, the output is {want}.",
        fix: "print(y.shape, output.shape)",
        rules: &["broadcast-danger", "wrong-size", "target-encoding"],
        ..ENTRY
    },
    Entry {
        id: "flattened-batch",
        said_by: "torch",
        texts: SIZES,
        grade: Grade::Shown,
        when: |c| match (c.int("x"), c.int("y")) {
            (Some(x), Some(y)) if x > 0 && y > x && y % x == 0 => {
                c.set("times", y / x);
                true
            }
            _ => false,
        },
        cause: "there are several labels per sample: one-hot or per-step labels that were flattened",
        why: "{y} labels for {x} rows of output are exactly {times} for each.",
        fix: "y = y.reshape(len(x), -1).argmax(axis=1)  # one-hot\n\
              output = output.reshape(-1, num_classes)  # one output per step, as many as labels",
        rules: &["target-encoding", "unequal-lengths"],
    },
    Entry {
        id: "batch-sizes",
        said_by: "torch",
        texts: SIZES,
        cause: "the batch holds another number of labels than of samples, or the model folds samples together",
        why: "The output has {x} rows, there are {y} labels. A `view(-1, features)` with a wrong number of features does that too.",
        fix: "assert len(x) == len(y), (x.shape, y.shape)  # then x.flatten(1) instead of x.view(-1, features)",
        rules: &["unequal-lengths", "wrong-size"],
        ..ENTRY
    },
    Entry {
        id: "tensor-dataset",
        said_by: "torch",
        texts: &[&["AssertionError: Size mismatch between tensors"]],
        cause: "the arrays of the dataset have different numbers of rows",
        why: "`TensorDataset` takes a row of each.",
        fix: "assert len(x) == len(y), (x.shape, y.shape)",
        rules: &["unequal-lengths"],
        ..ENTRY
    },
    Entry {
        id: "batch-of-one",
        said_by: "torch",
        texts: &[
            &["Expected more than 1 value per channel when training, got input size torch.Size({shape:shape})"],
            &["Expected more than 1 value per channel when training"],
        ],
        cause: "a batch of one sample reached batch normalisation, usually the short last batch",
        why: "There is no variance over a single value. It comes after hours, at the last step of the first epoch, where the \
              dataset leaves a remainder of 1.",
        fix: "loader = DataLoader(dataset, batch_size, shuffle=True, drop_last=True)",
        rules: &["partial-last-batch", "single-sample-batches"],
        ..ENTRY
    },
    Entry {
        id: "data-parallel",
        said_by: "torch",
        texts: &[&["Gather got an input of invalid size: got {got:shape}, but expected {want:shape}"]],
        cause: "the last batch cannot be shared out evenly to the GPUs",
        why: "One GPU gave {got} where the others gave {want}.",
        fix: "loader = DataLoader(dataset, batch_size, drop_last=True)  # a batch_size that the number of GPUs divides",
        rules: &["partial-last-batch", "uneven-batches"],
        ..ENTRY
    },
    Entry {
        id: "data-parallel-empty",
        said_by: "torch",
        texts: &[
            &["forward() missing 1 required positional argument"],
            &["forward() missing {n:int} required positional argument"],
        ],
        grade: Grade::Vague,
        cause: "with DataParallel: the last batch has fewer samples than there are GPUs, so one of them gets nothing",
        why: "Without DataParallel the model simply takes another input than the loop passes.",
        fix: "loader = DataLoader(dataset, batch_size, drop_last=True)",
        rules: &["partial-last-batch", "missing-input"],
        ..ENTRY
    },
    Entry {
        id: "squeezed-batch",
        said_by: "torch",
        texts: &[&["iteration over a 0-d tensor"], &["only one element tensors can be converted to Python scalars"]],
        grade: Grade::Vague,
        cause: "`squeeze()` took away the batch axis of a batch of one",
        why: "The code works until a batch holds a single sample, usually the last.",
        fix: "x = x.squeeze(-1)  # name the axis",
        rules: &["partial-last-batch", "scalar-array"],
        ..ENTRY
    },
];
