//! Whole tracebacks, as people paste them.

use batchlint::rules::decoder::decode;

fn ids(text: &str) -> Vec<&'static str> {
    decode(text).iter().map(|cause| cause.entry.id).collect()
}

#[test]
fn a_traceback_of_torch_in_a_notebook() {
    let text = "\u{1b}[0;31m---------------------------------------------------------------------------\u{1b}[0m
\u{1b}[0;31mRuntimeError\u{1b}[0m                              Traceback (most recent call last)
Cell \u{1b}[0;32mIn[7], line 4\u{1b}[0m
\u{1b}[1;32m      2\u{1b}[0m model = torchvision.models.resnet18()
\u{1b}[1;32m      3\u{1b}[0m x = torch.from_numpy(batch)
\u{1b}[0;32m----> 4\u{1b}[0m model(x)

File \u{1b}[0;32m/opt/env/lib/python3.11/site-packages/torch/nn/modules/module.py:1775\u{1b}[0m, in Module._wrapped_call_impl(self, *args, **kwargs)
\u{1b}[0;32m-> 1775\u{1b}[0m     return self._call_impl(*args, **kwargs)

File \u{1b}[0;32m/opt/env/lib/python3.11/site-packages/torch/nn/modules/conv.py:543\u{1b}[0m, in Conv2d._conv_forward(self, input, weight, bias)
\u{1b}[0;32m--> 543\u{1b}[0m return F.conv2d(
\u{1b}[0;31mRuntimeError\u{1b}[0m: Given groups=1, weight of size [64, 3, 7, 7], expected input[8, 224, 224, 3] to have 3 channels, but got 224 channels instead";
    assert_eq!(ids(text), ["channels-last"]);
}

#[test]
fn a_traceback_in_a_box_with_wrapped_lines() {
    let text = "╭─────────────────── Traceback (most recent call last) ───────────────────╮
│ /home/u/train.py:31 in <module>                                           │
│                                                                           │
│   28                                                                      │
│   29 model = build()                                                      │
│   30 model.compile(\"adam\", \"sparse_categorical_crossentropy\")             │
│ ❱ 31 model.fit(batches(), steps_per_epoch=10)                             │
│                                                                           │
│ /opt/env/lib/python3.11/site-packages/keras/src/utils/traceback_utils.py: │
│ 122 in error_handler                                                      │
╰───────────────────────────────────────────────────────────────────────────╯
╭───────────────────────────────────────────────────────────────────────────╮
│ InvalidArgumentError: logits and labels must have the same first dimens   │
│ ion, got logits shape [250,10] and labels                                 │
│ shape [2500]                                                              │
╰───────────────────────────────────────────────────────────────────────────╯";
    let causes = decode(text);
    assert_eq!(causes[0].entry.id, "one-hot-flattened");
    assert!(causes[0].why.contains("250 rows times 10 classes"), "{}", causes[0].why);
}

#[test]
fn a_cuda_assert_with_many_equal_lines() {
    let line = "/pytorch/aten/src/ATen/native/cuda/Loss.cu:245: nll_loss_forward_reduce_cuda_kernel_2d: block: [0,0,0], \
                thread: [3,0,0] Assertion `t >= 0 && t < n_classes` failed.\n";
    let text = line.repeat(24)
        + "Traceback (most recent call last):\n  File \"train.py\", line 40, in <module>\n    loss.backward()\n\
           RuntimeError: CUDA error: device-side assert triggered\n\
           CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be incorrect.\n";
    assert_eq!(ids(&text), ["class-assert"], "the vague text beside it says nothing more");
}

#[test]
fn a_chained_traceback_of_numpy() {
    let text = "Traceback (most recent call last):
  File \"/opt/env/lib/python3.11/site-packages/numpy/lib/_npyio_impl.py\", line 500, in load
    return pickle.load(fid, **pickle_kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
_pickle.UnpicklingError: invalid load key, 'v'.

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File \"/home/u/train.py\", line 5, in <module>
    x = np.load(\"x.npy\", allow_pickle=True)
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File \"/opt/env/lib/python3.11/site-packages/numpy/lib/_npyio_impl.py\", line 502, in load
    raise pickle.UnpicklingError(
_pickle.UnpicklingError: Failed to interpret file 'x.npy' as a pickle";
    assert_eq!(ids(text)[0], "lfs-pointer");
}

#[test]
fn the_margin_of_pytest_and_quoted_mail() {
    let text = "    def test_fit():
        model = build()
>       model.fit(x, y)

tests/test_model.py:14:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
x = [1, 2]

    def standardize(x):
>       raise ValueError(
E       ValueError: Data cardinality is ambiguous. Make sure all arrays contain the same number of samples.'x' sizes: 8
E       'y' sizes: 6

FAILED tests/test_model.py::test_fit";
    let causes = decode(text);
    assert_eq!(causes[0].entry.id, "unequal-lengths");
    assert!(causes[0].why.contains("8 samples and 6 targets"), "{}", causes[0].why);
    let quoted = format!("> {}", text.replace('\n', "\n> "));
    assert_eq!(ids(&quoted), ["unequal-lengths"]);
}
