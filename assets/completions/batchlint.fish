# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_batchlint_global_optspecs
    string join \n color= q/quiet v/verbose h/help V/version
end

function __fish_batchlint_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_batchlint_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_batchlint_using_subcommand
    set -l cmd (__fish_batchlint_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c batchlint -n "__fish_batchlint_needs_command" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_needs_command" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_needs_command" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c batchlint -n "__fish_batchlint_needs_command" -s V -l version -d 'Print version'
complete -c batchlint -n "__fish_batchlint_needs_command" -f -a "check" -d 'Lint dumped batches: files, folders and globs'
complete -c batchlint -n "__fish_batchlint_needs_command" -f -a "run" -d 'Run a Python program for its batches, and lint them'
complete -c batchlint -n "__fish_batchlint_needs_command" -f -a "inspect" -d 'Look at arrays without judging them, and save what was seen'
complete -c batchlint -n "__fish_batchlint_needs_command" -f -a "merge" -d 'Put saved facts of many parts together, as if one scan had seen everything'
complete -c batchlint -n "__fish_batchlint_needs_command" -f -a "fix" -d 'Say how dumped batches can be repaired, with proof; with --out or --in-place, repair them'
complete -c batchlint -n "__fish_batchlint_needs_command" -f -a "init" -d 'Write a first batchlint.toml, from good data, from the model, or from both'
complete -c batchlint -n "__fish_batchlint_needs_command" -f -a "baseline" -d 'Keep what is wrong already, so that only what is new is shown'
complete -c batchlint -n "__fish_batchlint_needs_command" -f -a "explain" -d 'Print the page of a rule, or the likely cause of an error text that a framework printed'
complete -c batchlint -n "__fish_batchlint_needs_command" -f -a "rules" -d 'List the rules'
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l files-from -d 'Files and folders from a list as well, `-` for stdin: one per line, or separated by NUL bytes, or an S3 Inventory as CSV; can be repeated' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l spec -d 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l model -d 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l framework -d 'Who will consume the batches' -r -f -a "keras\t'Keras 3 `fit` on the TensorFlow backend'
tensorflow\t'TensorFlow without Keras: custom loops, `tf.data`'
torch\t'PyTorch'
jax\t'JAX'
onnxruntime\t'ONNX Runtime\'s Python API'
triton\t'Triton Inference Server'
sklearn\t'scikit-learn'
any\t'Not said: levels are those of the rule'"
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l batch-size -d 'Rows per batch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l dataset-size -d 'Rows in the whole dataset' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l steps -d 'Steps per epoch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l epochs -d 'Epochs' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l max-bytes-per-array -d 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l limit -d 'Set a limit on what is read, by its key under [limits]; can be repeated: header_characters, header_depth, archive_members, member_bytes, run_bytes, bomb_ratio, bomb_bytes, model_bytes, model_json_bytes, model_depth, frame_json_bytes, frame_payload_bytes' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l spec-text -d 'A spec that stands in no file, as TOML' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l cache -d 'Keep what was seen in this folder, and read only what changed since' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l connections -d 'Requests that are under way at the same time, at most; how many it is depends on how the store answers [default: 1024]' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l remote-timeout -d 'Seconds without a byte after which a request is tried again [default: 30]' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l facts -d 'Judge saved facts (`inspect --format jsonl -o FILE`) in place of data; several files are taken together' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l against -d 'A set that should share no sample with the others, such as the validation set; linted as well; can be repeated' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l select -d 'Only these rules or groups' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l ignore -d 'Not these rules or groups' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l level -d 'Set the level of a rule or group: note, warning or error' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l fail-on -d 'The least level that makes the exit code 1 [default: error]' -r -f -a "note\t'Worth knowing'
warning\t'Works, at a cost or a risk'
error\t'Training stops, or is ruined in silence'"
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l format -d 'How to print the findings' -r -f -a "full\t'A page for a person: the line, the cause, the consequence, the fix'
concise\t'One line per finding'
json\t'The versioned report document'
jsonl\t'The same, one line for the run and one per finding'
sarif\t'SARIF 2.1.0, for code scanning and editors'
github\t'Workflow commands: annotations of GitHub Actions'
gitlab\t'The Code Quality report of GitLab'
junit\t'Test cases, one per check, for whatever shows test results'
html\t'One page with findings, data and coverage, for a browser'"
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l report -d 'Write a report to a file as well; can be repeated' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l baseline -d 'What was wrong already is not shown again; `batchlint baseline write` makes the file' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l headers-only -d 'Read headers only: no values, and no rule that needs them'
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l anonymous -d 'Ask without credentials, as for a public bucket'
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l require-complete -d 'Fail when a check could not be made'
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l all-places -d 'Name every place of a fault, not just three'
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l redact -d 'Show counts and places, and no value of the data'
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -l fail-fast -d 'Read no more values once the check has failed: counts are then the least that they can be'
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l arg -d 'An argument of the function: a Python literal, or else a text; can be repeated' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l batches -d 'How many batches to take at most' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l time-limit -d 'Ask for no further batch after so many seconds' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l timeout -d 'End the program when the import or one batch takes longer' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l max-memory -d 'Memory that the program may take, as bytes or `"2 GiB"`' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l save -d 'Keep the batches that were seen, as .npz files in a new folder' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l python -d 'The interpreter [default: that of `$VIRTUAL_ENV`, of `.venv`, of `$CONDA_PREFIX`, or `python3`]' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l import -d 'How to import the file of the target: all of it, or only the statements that the target needs' -r -f -a "full\t'Everything, as Python does'
slice\t'Imports, definitions and constants that the target needs: for files that train when they are imported'"
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l repeat -d 'Make the batches so often, under fixed seeds if twice, and say what differs' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l write-spec -d 'Keep what was learnt from the training call as a spec' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l spec -d 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l model -d 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l framework -d 'Who will consume the batches' -r -f -a "keras\t'Keras 3 `fit` on the TensorFlow backend'
tensorflow\t'TensorFlow without Keras: custom loops, `tf.data`'
torch\t'PyTorch'
jax\t'JAX'
onnxruntime\t'ONNX Runtime\'s Python API'
triton\t'Triton Inference Server'
sklearn\t'scikit-learn'
any\t'Not said: levels are those of the rule'"
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l batch-size -d 'Rows per batch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l dataset-size -d 'Rows in the whole dataset' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l steps -d 'Steps per epoch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l epochs -d 'Epochs' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l max-bytes-per-array -d 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l limit -d 'Set a limit on what is read, by its key under [limits]; can be repeated: header_characters, header_depth, archive_members, member_bytes, run_bytes, bomb_ratio, bomb_bytes, model_bytes, model_json_bytes, model_depth, frame_json_bytes, frame_payload_bytes' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l select -d 'Only these rules or groups' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l ignore -d 'Not these rules or groups' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l level -d 'Set the level of a rule or group: note, warning or error' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l fail-on -d 'The least level that makes the exit code 1 [default: error]' -r -f -a "note\t'Worth knowing'
warning\t'Works, at a cost or a risk'
error\t'Training stops, or is ruined in silence'"
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l format -d 'How to print the findings' -r -f -a "full\t'A page for a person: the line, the cause, the consequence, the fix'
concise\t'One line per finding'
json\t'The versioned report document'
jsonl\t'The same, one line for the run and one per finding'
sarif\t'SARIF 2.1.0, for code scanning and editors'
github\t'Workflow commands: annotations of GitHub Actions'
gitlab\t'The Code Quality report of GitLab'
junit\t'Test cases, one per check, for whatever shows test results'
html\t'One page with findings, data and coverage, for a browser'"
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l report -d 'Write a report to a file as well; can be repeated' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l baseline -d 'What was wrong already is not shown again; `batchlint baseline write` makes the file' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l no-trace -d 'Do not trace the program for places in its source'
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l diff -d 'Show what would be edited in the source, after running the edited text and comparing its batches'
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l fix -d 'Edit the source, where running the edited text shows that its batches are right and nothing is lost'
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l unsafe-fixes -d 'With --fix or --diff: also edits that lose something, or that running the program cannot prove'
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l headers-only -d 'Read headers only: no values, and no rule that needs them'
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l require-complete -d 'Fail when a check could not be made'
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l all-places -d 'Name every place of a fault, not just three'
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -l redact -d 'Show counts and places, and no value of the data'
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l files-from -d 'Files and folders from a list as well, `-` for stdin: one per line, or separated by NUL bytes, or an S3 Inventory as CSV; can be repeated' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l spec -d 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l model -d 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l framework -d 'Who will consume the batches' -r -f -a "keras\t'Keras 3 `fit` on the TensorFlow backend'
tensorflow\t'TensorFlow without Keras: custom loops, `tf.data`'
torch\t'PyTorch'
jax\t'JAX'
onnxruntime\t'ONNX Runtime\'s Python API'
triton\t'Triton Inference Server'
sklearn\t'scikit-learn'
any\t'Not said: levels are those of the rule'"
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l batch-size -d 'Rows per batch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l dataset-size -d 'Rows in the whole dataset' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l steps -d 'Steps per epoch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l epochs -d 'Epochs' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l max-bytes-per-array -d 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l limit -d 'Set a limit on what is read, by its key under [limits]; can be repeated: header_characters, header_depth, archive_members, member_bytes, run_bytes, bomb_ratio, bomb_bytes, model_bytes, model_json_bytes, model_depth, frame_json_bytes, frame_payload_bytes' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l spec-text -d 'A spec that stands in no file, as TOML' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l cache -d 'Keep what was seen in this folder, and read only what changed since' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l connections -d 'Requests that are under way at the same time, at most; how many it is depends on how the store answers [default: 1024]' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l remote-timeout -d 'Seconds without a byte after which a request is tried again [default: 30]' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l shard -d 'Only one part of the files, `3/64` of `0/64` to `63/64`: each file is in one of them, whatever machine asks' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l format -d 'How to print what was seen' -r -f -a "table\t'One line per array name: type, shape, extremes, mean, a histogram'
json\t'One document with the same'
jsonl\t'The facts, for `check --facts`'"
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -s o -l output -d 'Write to a file, which is replaced when everything is written' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l headers-only -d 'Read headers only: no values, and no rule that needs them'
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l anonymous -d 'Ask without credentials, as for a public bucket'
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l each -d 'Show every array by itself, not all of one name together'
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -l ascii -d 'Draw histograms with ASCII characters only'
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c batchlint -n "__fish_batchlint_using_subcommand merge" -s o -l output -d 'Write to a file, which is replaced when everything is written [default: stdout]' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand merge" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand merge" -l allow-missing -d 'Merge what is there although shards are missing; `check --facts` says so then'
complete -c batchlint -n "__fish_batchlint_using_subcommand merge" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_using_subcommand merge" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_using_subcommand merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l spec -d 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l model -d 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l framework -d 'Who will consume the batches' -r -f -a "keras\t'Keras 3 `fit` on the TensorFlow backend'
tensorflow\t'TensorFlow without Keras: custom loops, `tf.data`'
torch\t'PyTorch'
jax\t'JAX'
onnxruntime\t'ONNX Runtime\'s Python API'
triton\t'Triton Inference Server'
sklearn\t'scikit-learn'
any\t'Not said: levels are those of the rule'"
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l batch-size -d 'Rows per batch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l dataset-size -d 'Rows in the whole dataset' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l steps -d 'Steps per epoch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l epochs -d 'Epochs' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l max-bytes-per-array -d 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l limit -d 'Set a limit on what is read, by its key under [limits]; can be repeated: header_characters, header_depth, archive_members, member_bytes, run_bytes, bomb_ratio, bomb_bytes, model_bytes, model_json_bytes, model_depth, frame_json_bytes, frame_payload_bytes' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l select -d 'Only repairs of these rules or groups; what the values cannot prove right is done where its rule is named here' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l ignore -d 'No repairs of these rules or groups' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l out -d 'Write a corrected copy of all files below this folder' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l format -d 'How to print the plan' -r -f -a "table\t'A table for people'
json\t'The versioned plan document'"
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l headers-only -d 'Read headers only: no values, and no rule that needs them'
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l allow-lossy -d 'Accept repairs that lose something; the plan says what'
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l in-place -d 'Put the repaired files in the place of the old ones'
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l diff -d 'Show headers before and after'
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -l each -d 'Show every file by itself, not all with one fault together'
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_using_subcommand fix" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -l from -d 'Good data: files, folders or globs of .npy and .npz batches; can be repeated' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -l model -d 'The model: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -l framework -d 'Who will consume the batches' -r -f -a "keras\t'Keras 3 `fit` on the TensorFlow backend'
tensorflow\t'TensorFlow without Keras: custom loops, `tf.data`'
torch\t'PyTorch'
jax\t'JAX'
onnxruntime\t'ONNX Runtime\'s Python API'
triton\t'Triton Inference Server'
sklearn\t'scikit-learn'
any\t'Not said: levels are those of the rule'"
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -l batch -d 'Rows per batch, in the place of those that an export has fixed' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -l max-bytes-per-array -d 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -l limit -d 'Set a limit on what is read, by its key under [limits]; can be repeated: header_characters, header_depth, archive_members, member_bytes, run_bytes, bomb_ratio, bomb_bytes, model_bytes, model_json_bytes, model_depth, frame_json_bytes, frame_payload_bytes' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -l format -d 'A spec, or what was read as a document for programs' -r -f -a "toml\t''
json\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -s o -l output -d 'Write to a file, such as batchlint.toml; one that is there is not replaced' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -l force -d 'Replace the file that `-o` names'
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and not __fish_seen_subcommand_from write prune" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and not __fish_seen_subcommand_from write prune" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and not __fish_seen_subcommand_from write prune" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and not __fish_seen_subcommand_from write prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and not __fish_seen_subcommand_from write prune" -f -a "write" -d 'Keep what a check finds, as counts per source, array and rule'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and not __fish_seen_subcommand_from write prune" -f -a "prune" -d 'Take out what a check no longer finds'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -s o -l output -d 'The file, which is replaced when everything is known [default: that of the spec, or batchlint-baseline.json]' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l files-from -d 'Files and folders from a list as well, `-` for stdin: one per line, or separated by NUL bytes, or an S3 Inventory as CSV; can be repeated' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l spec -d 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l model -d 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l framework -d 'Who will consume the batches' -r -f -a "keras\t'Keras 3 `fit` on the TensorFlow backend'
tensorflow\t'TensorFlow without Keras: custom loops, `tf.data`'
torch\t'PyTorch'
jax\t'JAX'
onnxruntime\t'ONNX Runtime\'s Python API'
triton\t'Triton Inference Server'
sklearn\t'scikit-learn'
any\t'Not said: levels are those of the rule'"
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l batch-size -d 'Rows per batch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l dataset-size -d 'Rows in the whole dataset' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l steps -d 'Steps per epoch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l epochs -d 'Epochs' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l max-bytes-per-array -d 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l limit -d 'Set a limit on what is read, by its key under [limits]; can be repeated: header_characters, header_depth, archive_members, member_bytes, run_bytes, bomb_ratio, bomb_bytes, model_bytes, model_json_bytes, model_depth, frame_json_bytes, frame_payload_bytes' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l spec-text -d 'A spec that stands in no file, as TOML' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l cache -d 'Keep what was seen in this folder, and read only what changed since' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l connections -d 'Requests that are under way at the same time, at most; how many it is depends on how the store answers [default: 1024]' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l remote-timeout -d 'Seconds without a byte after which a request is tried again [default: 30]' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l facts -d 'Judge saved facts (`inspect --format jsonl -o FILE`) in place of data; several files are taken together' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l against -d 'A set that should share no sample with the others, such as the validation set; linted as well; can be repeated' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l select -d 'Only these rules or groups' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l ignore -d 'Not these rules or groups' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l level -d 'Set the level of a rule or group: note, warning or error' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l fail-on -d 'The least level that makes the exit code 1 [default: error]' -r -f -a "note\t'Worth knowing'
warning\t'Works, at a cost or a risk'
error\t'Training stops, or is ruined in silence'"
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l format -d 'How to print the findings' -r -f -a "full\t'A page for a person: the line, the cause, the consequence, the fix'
concise\t'One line per finding'
json\t'The versioned report document'
jsonl\t'The same, one line for the run and one per finding'
sarif\t'SARIF 2.1.0, for code scanning and editors'
github\t'Workflow commands: annotations of GitHub Actions'
gitlab\t'The Code Quality report of GitLab'
junit\t'Test cases, one per check, for whatever shows test results'
html\t'One page with findings, data and coverage, for a browser'"
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l report -d 'Write a report to a file as well; can be repeated' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l baseline -d 'What was wrong already is not shown again; `batchlint baseline write` makes the file' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l headers-only -d 'Read headers only: no values, and no rule that needs them'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l anonymous -d 'Ask without credentials, as for a public bucket'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l require-complete -d 'Fail when a check could not be made'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l all-places -d 'Name every place of a fault, not just three'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -l redact -d 'Show counts and places, and no value of the data'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from write" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l files-from -d 'Files and folders from a list as well, `-` for stdin: one per line, or separated by NUL bytes, or an S3 Inventory as CSV; can be repeated' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l spec -d 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l model -d 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l framework -d 'Who will consume the batches' -r -f -a "keras\t'Keras 3 `fit` on the TensorFlow backend'
tensorflow\t'TensorFlow without Keras: custom loops, `tf.data`'
torch\t'PyTorch'
jax\t'JAX'
onnxruntime\t'ONNX Runtime\'s Python API'
triton\t'Triton Inference Server'
sklearn\t'scikit-learn'
any\t'Not said: levels are those of the rule'"
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l batch-size -d 'Rows per batch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l dataset-size -d 'Rows in the whole dataset' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l steps -d 'Steps per epoch' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l epochs -d 'Epochs' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l max-bytes-per-array -d 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l limit -d 'Set a limit on what is read, by its key under [limits]; can be repeated: header_characters, header_depth, archive_members, member_bytes, run_bytes, bomb_ratio, bomb_bytes, model_bytes, model_json_bytes, model_depth, frame_json_bytes, frame_payload_bytes' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l spec-text -d 'A spec that stands in no file, as TOML' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l cache -d 'Keep what was seen in this folder, and read only what changed since' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l connections -d 'Requests that are under way at the same time, at most; how many it is depends on how the store answers [default: 1024]' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l remote-timeout -d 'Seconds without a byte after which a request is tried again [default: 30]' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l facts -d 'Judge saved facts (`inspect --format jsonl -o FILE`) in place of data; several files are taken together' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l against -d 'A set that should share no sample with the others, such as the validation set; linted as well; can be repeated' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l select -d 'Only these rules or groups' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l ignore -d 'Not these rules or groups' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l level -d 'Set the level of a rule or group: note, warning or error' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l fail-on -d 'The least level that makes the exit code 1 [default: error]' -r -f -a "note\t'Worth knowing'
warning\t'Works, at a cost or a risk'
error\t'Training stops, or is ruined in silence'"
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l format -d 'How to print the findings' -r -f -a "full\t'A page for a person: the line, the cause, the consequence, the fix'
concise\t'One line per finding'
json\t'The versioned report document'
jsonl\t'The same, one line for the run and one per finding'
sarif\t'SARIF 2.1.0, for code scanning and editors'
github\t'Workflow commands: annotations of GitHub Actions'
gitlab\t'The Code Quality report of GitLab'
junit\t'Test cases, one per check, for whatever shows test results'
html\t'One page with findings, data and coverage, for a browser'"
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l report -d 'Write a report to a file as well; can be repeated' -r
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l baseline -d 'What was wrong already is not shown again; `batchlint baseline write` makes the file' -r -F
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l headers-only -d 'Read headers only: no values, and no rule that needs them'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l anonymous -d 'Ask without credentials, as for a public bucket'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l require-complete -d 'Fail when a check could not be made'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l all-places -d 'Name every place of a fault, not just three'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l redact -d 'Show counts and places, and no value of the data'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_using_subcommand baseline; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c batchlint -n "__fish_batchlint_using_subcommand explain" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand explain" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_using_subcommand explain" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c batchlint -n "__fish_batchlint_using_subcommand rules" -l format -d 'How to list them' -r -f -a "text\t''
json\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand rules" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it'
always\t''
never\t''"
complete -c batchlint -n "__fish_batchlint_using_subcommand rules" -s q -l quiet -d 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code'
complete -c batchlint -n "__fish_batchlint_using_subcommand rules" -s v -l verbose -d 'Say which spec applies, and how it was found'
complete -c batchlint -n "__fish_batchlint_using_subcommand rules" -s h -l help -d 'Print help (see more with \'--help\')'
