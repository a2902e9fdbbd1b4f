
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'batchlint' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'batchlint'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'batchlint' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Lint dumped batches: files, folders and globs')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a Python program for its batches, and lint them')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Look at arrays without judging them, and save what was seen')
            [CompletionResult]::new('fix', 'fix', [CompletionResultType]::ParameterValue, 'Say how dumped batches can be repaired, with proof; with --out or --in-place, repair them')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a first batchlint.toml, from good data, from the model, or from both')
            [CompletionResult]::new('baseline', 'baseline', [CompletionResultType]::ParameterValue, 'Keep what is wrong already, so that only what is new is shown')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Print the page of a rule, or the likely cause of an error text that a framework printed')
            [CompletionResult]::new('rules', 'rules', [CompletionResultType]::ParameterValue, 'List the rules')
            break
        }
        'batchlint;check' {
            [CompletionResult]::new('--spec', '--spec', [CompletionResultType]::ParameterName, 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says')
            [CompletionResult]::new('--framework', '--framework', [CompletionResultType]::ParameterName, 'Who will consume the batches')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Rows per batch')
            [CompletionResult]::new('--dataset-size', '--dataset-size', [CompletionResultType]::ParameterName, 'Rows in the whole dataset')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps per epoch')
            [CompletionResult]::new('--epochs', '--epochs', [CompletionResultType]::ParameterName, 'Epochs')
            [CompletionResult]::new('--max-bytes-per-array', '--max-bytes-per-array', [CompletionResultType]::ParameterName, 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated')
            [CompletionResult]::new('--facts', '--facts', [CompletionResultType]::ParameterName, 'Judge saved facts (`inspect --format jsonl -o FILE`) in place of data; several files are taken together')
            [CompletionResult]::new('--against', '--against', [CompletionResultType]::ParameterName, 'A set that should share no sample with the others, such as the validation set; linted as well; can be repeated')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Only these rules or groups')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Not these rules or groups')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Set the level of a rule or group: note, warning or error')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The least level that makes the exit code 1 [default: error]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print the findings')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a report to a file as well; can be repeated')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'What was wrong already is not shown again; `batchlint baseline write` makes the file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--headers-only', '--headers-only', [CompletionResultType]::ParameterName, 'Read headers only: no values, and no rule that needs them')
            [CompletionResult]::new('--require-complete', '--require-complete', [CompletionResultType]::ParameterName, 'Fail when a check could not be made')
            [CompletionResult]::new('--all-places', '--all-places', [CompletionResultType]::ParameterName, 'Name every place of a fault, not just three')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Show counts and places, and no value of the data')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'batchlint;run' {
            [CompletionResult]::new('--arg', '--arg', [CompletionResultType]::ParameterName, 'An argument of the function: a Python literal, or else a text; can be repeated')
            [CompletionResult]::new('--batches', '--batches', [CompletionResultType]::ParameterName, 'How many batches to take at most')
            [CompletionResult]::new('--time-limit', '--time-limit', [CompletionResultType]::ParameterName, 'Ask for no further batch after so many seconds')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'End the program when the import or one batch takes longer')
            [CompletionResult]::new('--max-memory', '--max-memory', [CompletionResultType]::ParameterName, 'Memory that the program may take, as bytes or `"2 GiB"`')
            [CompletionResult]::new('--save', '--save', [CompletionResultType]::ParameterName, 'Keep the batches that were seen, as .npz files in a new folder')
            [CompletionResult]::new('--python', '--python', [CompletionResultType]::ParameterName, 'The interpreter [default: that of `$VIRTUAL_ENV`, of `.venv`, of `$CONDA_PREFIX`, or `python3`]')
            [CompletionResult]::new('--import', '--import', [CompletionResultType]::ParameterName, 'How to import the file of the target: all of it, or only the statements that the target needs')
            [CompletionResult]::new('--repeat', '--repeat', [CompletionResultType]::ParameterName, 'Make the batches so often, under fixed seeds if twice, and say what differs')
            [CompletionResult]::new('--write-spec', '--write-spec', [CompletionResultType]::ParameterName, 'Keep what was learnt from the training call as a spec')
            [CompletionResult]::new('--spec', '--spec', [CompletionResultType]::ParameterName, 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says')
            [CompletionResult]::new('--framework', '--framework', [CompletionResultType]::ParameterName, 'Who will consume the batches')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Rows per batch')
            [CompletionResult]::new('--dataset-size', '--dataset-size', [CompletionResultType]::ParameterName, 'Rows in the whole dataset')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps per epoch')
            [CompletionResult]::new('--epochs', '--epochs', [CompletionResultType]::ParameterName, 'Epochs')
            [CompletionResult]::new('--max-bytes-per-array', '--max-bytes-per-array', [CompletionResultType]::ParameterName, 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Only these rules or groups')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Not these rules or groups')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Set the level of a rule or group: note, warning or error')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The least level that makes the exit code 1 [default: error]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print the findings')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a report to a file as well; can be repeated')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'What was wrong already is not shown again; `batchlint baseline write` makes the file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--no-trace', '--no-trace', [CompletionResultType]::ParameterName, 'Do not trace the program for places in its source')
            [CompletionResult]::new('--diff', '--diff', [CompletionResultType]::ParameterName, 'Show what would be edited in the source, after running the edited text and comparing its batches')
            [CompletionResult]::new('--fix', '--fix', [CompletionResultType]::ParameterName, 'Edit the source, where running the edited text shows that its batches are right and nothing is lost')
            [CompletionResult]::new('--unsafe-fixes', '--unsafe-fixes', [CompletionResultType]::ParameterName, 'With --fix or --diff: also edits that lose something, or that running the program cannot prove')
            [CompletionResult]::new('--headers-only', '--headers-only', [CompletionResultType]::ParameterName, 'Read headers only: no values, and no rule that needs them')
            [CompletionResult]::new('--require-complete', '--require-complete', [CompletionResultType]::ParameterName, 'Fail when a check could not be made')
            [CompletionResult]::new('--all-places', '--all-places', [CompletionResultType]::ParameterName, 'Name every place of a fault, not just three')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Show counts and places, and no value of the data')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'batchlint;inspect' {
            [CompletionResult]::new('--spec', '--spec', [CompletionResultType]::ParameterName, 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says')
            [CompletionResult]::new('--framework', '--framework', [CompletionResultType]::ParameterName, 'Who will consume the batches')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Rows per batch')
            [CompletionResult]::new('--dataset-size', '--dataset-size', [CompletionResultType]::ParameterName, 'Rows in the whole dataset')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps per epoch')
            [CompletionResult]::new('--epochs', '--epochs', [CompletionResultType]::ParameterName, 'Epochs')
            [CompletionResult]::new('--max-bytes-per-array', '--max-bytes-per-array', [CompletionResultType]::ParameterName, 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was seen')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write to a file, which is replaced when everything is written')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to a file, which is replaced when everything is written')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--headers-only', '--headers-only', [CompletionResultType]::ParameterName, 'Read headers only: no values, and no rule that needs them')
            [CompletionResult]::new('--each', '--each', [CompletionResultType]::ParameterName, 'Show every array by itself, not all of one name together')
            [CompletionResult]::new('--ascii', '--ascii', [CompletionResultType]::ParameterName, 'Draw histograms with ASCII characters only')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'batchlint;fix' {
            [CompletionResult]::new('--spec', '--spec', [CompletionResultType]::ParameterName, 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says')
            [CompletionResult]::new('--framework', '--framework', [CompletionResultType]::ParameterName, 'Who will consume the batches')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Rows per batch')
            [CompletionResult]::new('--dataset-size', '--dataset-size', [CompletionResultType]::ParameterName, 'Rows in the whole dataset')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps per epoch')
            [CompletionResult]::new('--epochs', '--epochs', [CompletionResultType]::ParameterName, 'Epochs')
            [CompletionResult]::new('--max-bytes-per-array', '--max-bytes-per-array', [CompletionResultType]::ParameterName, 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Only repairs of these rules or groups; what the values cannot prove right is done where its rule is named here')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'No repairs of these rules or groups')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Write a corrected copy of all files below this folder')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print the plan')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--headers-only', '--headers-only', [CompletionResultType]::ParameterName, 'Read headers only: no values, and no rule that needs them')
            [CompletionResult]::new('--allow-lossy', '--allow-lossy', [CompletionResultType]::ParameterName, 'Accept repairs that lose something; the plan says what')
            [CompletionResult]::new('--in-place', '--in-place', [CompletionResultType]::ParameterName, 'Put the repaired files in the place of the old ones')
            [CompletionResult]::new('--diff', '--diff', [CompletionResultType]::ParameterName, 'Show headers before and after')
            [CompletionResult]::new('--each', '--each', [CompletionResultType]::ParameterName, 'Show every file by itself, not all with one fault together')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'batchlint;init' {
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Good data: files, folders or globs of .npy and .npz batches; can be repeated')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...')
            [CompletionResult]::new('--framework', '--framework', [CompletionResultType]::ParameterName, 'Who will consume the batches')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Rows per batch, in the place of those that an export has fixed')
            [CompletionResult]::new('--max-bytes-per-array', '--max-bytes-per-array', [CompletionResultType]::ParameterName, 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'A spec, or what was read as a document for programs')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write to a file, such as batchlint.toml; one that is there is not replaced')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to a file, such as batchlint.toml; one that is there is not replaced')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace the file that `-o` names')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'batchlint;baseline' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('write', 'write', [CompletionResultType]::ParameterValue, 'Keep what a check finds, as counts per source, array and rule')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Take out what a check no longer finds')
            break
        }
        'batchlint;baseline;write' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The file, which is replaced when everything is known [default: that of the spec, or batchlint-baseline.json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The file, which is replaced when everything is known [default: that of the spec, or batchlint-baseline.json]')
            [CompletionResult]::new('--spec', '--spec', [CompletionResultType]::ParameterName, 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says')
            [CompletionResult]::new('--framework', '--framework', [CompletionResultType]::ParameterName, 'Who will consume the batches')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Rows per batch')
            [CompletionResult]::new('--dataset-size', '--dataset-size', [CompletionResultType]::ParameterName, 'Rows in the whole dataset')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps per epoch')
            [CompletionResult]::new('--epochs', '--epochs', [CompletionResultType]::ParameterName, 'Epochs')
            [CompletionResult]::new('--max-bytes-per-array', '--max-bytes-per-array', [CompletionResultType]::ParameterName, 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated')
            [CompletionResult]::new('--facts', '--facts', [CompletionResultType]::ParameterName, 'Judge saved facts (`inspect --format jsonl -o FILE`) in place of data; several files are taken together')
            [CompletionResult]::new('--against', '--against', [CompletionResultType]::ParameterName, 'A set that should share no sample with the others, such as the validation set; linted as well; can be repeated')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Only these rules or groups')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Not these rules or groups')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Set the level of a rule or group: note, warning or error')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The least level that makes the exit code 1 [default: error]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print the findings')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a report to a file as well; can be repeated')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'What was wrong already is not shown again; `batchlint baseline write` makes the file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--headers-only', '--headers-only', [CompletionResultType]::ParameterName, 'Read headers only: no values, and no rule that needs them')
            [CompletionResult]::new('--require-complete', '--require-complete', [CompletionResultType]::ParameterName, 'Fail when a check could not be made')
            [CompletionResult]::new('--all-places', '--all-places', [CompletionResultType]::ParameterName, 'Name every place of a fault, not just three')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Show counts and places, and no value of the data')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'batchlint;baseline;prune' {
            [CompletionResult]::new('--spec', '--spec', [CompletionResultType]::ParameterName, 'What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what the spec says wins over what the model says')
            [CompletionResult]::new('--framework', '--framework', [CompletionResultType]::ParameterName, 'Who will consume the batches')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Rows per batch')
            [CompletionResult]::new('--dataset-size', '--dataset-size', [CompletionResultType]::ParameterName, 'Rows in the whole dataset')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps per epoch')
            [CompletionResult]::new('--epochs', '--epochs', [CompletionResultType]::ParameterName, 'Epochs')
            [CompletionResult]::new('--max-bytes-per-array', '--max-bytes-per-array', [CompletionResultType]::ParameterName, 'Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated')
            [CompletionResult]::new('--facts', '--facts', [CompletionResultType]::ParameterName, 'Judge saved facts (`inspect --format jsonl -o FILE`) in place of data; several files are taken together')
            [CompletionResult]::new('--against', '--against', [CompletionResultType]::ParameterName, 'A set that should share no sample with the others, such as the validation set; linted as well; can be repeated')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Only these rules or groups')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Not these rules or groups')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Set the level of a rule or group: note, warning or error')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The least level that makes the exit code 1 [default: error]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print the findings')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a report to a file as well; can be repeated')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'What was wrong already is not shown again; `batchlint baseline write` makes the file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--headers-only', '--headers-only', [CompletionResultType]::ParameterName, 'Read headers only: no values, and no rule that needs them')
            [CompletionResult]::new('--require-complete', '--require-complete', [CompletionResultType]::ParameterName, 'Fail when a check could not be made')
            [CompletionResult]::new('--all-places', '--all-places', [CompletionResultType]::ParameterName, 'Name every place of a fault, not just three')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Show counts and places, and no value of the data')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'batchlint;explain' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'batchlint;rules' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to list them')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say which spec applies, and how it was found')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
