//! A spec together with a model artefact: the artefact gives the base, and the lines that are written win.

use super::import::Model;
use super::parse::parse;
use super::{At, Declaration, Declared, Framework, Plan, Role, Spec, Symbol};
use crate::config::read::read;
use crate::error::{Error, Text};

/// What a model artefact says, as lines of a spec. All places are those of its own text.
#[derive(Debug, Clone)]
pub struct Said {
    /// The lines, with comments that say where in the artefact they stand. It is named like the artefact.
    pub text: Text,
    /// Who will consume the batches, where the format says it.
    pub framework: Option<Declared<Framework>>,
    /// The batch plan: rows, where the artefact fixes them.
    pub plan: Plan,
    /// Bounds of the symbols in the shapes.
    pub symbols: Vec<Symbol>,
    /// What the artefact declares, in its order.
    pub arrays: Vec<Declaration>,
    /// Which array of the whole spec each of them became; `None` where something else is written in its place.
    pub became: Vec<Option<usize>>,
}

impl Said {
    /// Understands the text that was made of a model.
    pub fn new(model: &Model, text: Text) -> Result<Self, Error> {
        let read = read(&text.body, &[]).map_err(|faults| Error { text: Some(text.clone()), faults })?;
        let parsed = parse(text.clone(), read);
        if !parsed.faults.is_empty() {
            return Err(Error { text: Some(text), faults: parsed.faults });
        }
        let mut spec = parsed.spec;
        anchor(&mut spec);
        let Spec { framework, plan, symbols, mut arrays, .. } = spec;
        let inputs = model.inputs.len();
        let ports = arrays.iter_mut().filter(|declared| declared.role == Role::Input);
        for (index, declared) in ports.enumerate() {
            // The only input is fed without a name.
            declared.advisory = inputs == 1 || model.inputs.get(index).is_none_or(|port| port.made_up);
        }
        // No artefact names targets: it names the outputs that they are compared with.
        let targets = arrays.iter_mut().filter(|declared| declared.role == Role::Target);
        targets.for_each(|declared| declared.advisory = true);
        let became = vec![None; arrays.len()];
        Ok(Self { text, framework, plan, symbols, arrays, became })
    }
}

/// The spec as written, with what the artefact says wherever nothing is written.
#[must_use]
pub fn combine(written: Spec, mut said: Said) -> Spec {
    let mut spec = written;
    if spec.framework.is_none() {
        spec.framework.clone_from(&said.framework);
    }
    if spec.plan.size.is_none() {
        spec.plan.size.clone_from(&said.plan.size);
    }
    let pairs = pairs(&said.arrays, &spec.arrays);
    let mut left: Vec<Option<Declaration>> = std::mem::take(&mut spec.arrays).into_iter().map(Some).collect();
    let strange: Vec<Role> = left
        .iter()
        .enumerate()
        .filter(|(index, _)| !pairs.contains(&Some(*index)))
        .filter_map(|(_, declared)| Some(declared.as_ref()?.role))
        .collect();
    for (index, of_model) in said.arrays.iter().enumerate() {
        let declared = match pairs[index].and_then(|pair| left[pair].take()) {
            Some(written) => filled(written, of_model),
            // It was meant by something that is written and fits nothing: `spec-model-drift` says so, once.
            None if strange.contains(&of_model.role) => continue,
            None => of_model.clone(),
        };
        said.became[index] = Some(spec.arrays.len());
        spec.arrays.push(declared);
    }
    spec.arrays.extend(left.into_iter().flatten());
    let is_used = |name: &str| {
        let shapes = spec.arrays.iter().filter_map(|declared| declared.shape.as_ref());
        shapes.flat_map(|shape| shape.value.symbols()).any(|symbol| symbol == name)
    };
    let more = said.symbols.iter().filter(|symbol| spec.symbol(&symbol.name).is_none() && is_used(&symbol.name));
    let more: Vec<Symbol> = more.cloned().collect();
    spec.symbols.extend(more);
    spec.model = Some(Box::new(said));
    spec
}

/// Which written array each of the model's is: by name, or by role and place where the model's names say nothing.
fn pairs(said: &[Declaration], written: &[Declaration]) -> Vec<Option<usize>> {
    let mut pairs: Vec<Option<usize>> = said
        .iter()
        .map(|of_model| {
            let of_role = || written.iter().enumerate().filter(|(_, declared)| declared.role == of_model.role);
            let is_key =
                |declared: &Declaration| declared.pick.key.as_ref().is_some_and(|key| key.value == of_model.name);
            let named = of_role().find(|(_, declared)| declared.name == of_model.name);
            named.or_else(|| of_role().find(|(_, declared)| is_key(declared))).map(|(index, _)| index)
        })
        .collect();
    for role in [Role::Input, Role::Target] {
        let open: Vec<usize> =
            (0..said.len()).filter(|index| said[*index].role == role && pairs[*index].is_none()).collect();
        let mut free: Vec<usize> =
            (0..written.len()).filter(|index| written[*index].role == role && !pairs.contains(&Some(*index))).collect();
        let place = |index: usize| written[index].pick.position.as_ref().map(|position| position.value);
        let placed = !free.is_empty() && free.iter().all(|index| place(*index).is_some());
        if open.len() == free.len() && (placed || open.iter().all(|index| said[*index].advisory)) {
            if placed {
                free.sort_by_key(|index| place(*index));
            }
            for (index, pair) in open.into_iter().zip(free) {
                pairs[index] = Some(pair);
            }
        }
    }
    pairs
}

/// What is written, and the model's word where nothing is.
fn filled(written: Declaration, said: &Declaration) -> Declaration {
    let axes = written.axes.or_else(|| {
        // Letters for another number of axes would contradict the shape that is written.
        let rank = written.shape.as_ref().map(|shape| shape.value.dims.len());
        said.axes.clone().filter(|axes| rank.is_none_or(|rank| rank == axes.value.chars().count()))
    });
    let encoding = written.encoding.or_else(|| said.encoding.clone());
    let same = encoding.as_ref().map(|encoding| encoding.value) == said.encoding.as_ref().map(|said| said.value);
    // What a loss says of classes and shapes holds for its own encoding alone.
    let of_loss = |line: bool| same && line;
    let classes = written.classes.or_else(|| said.classes.clone().filter(|_| of_loss(true)));
    let ignore = written.ignore.or_else(|| said.ignore.clone().filter(|_| of_loss(true)));
    let shape = written.shape.or_else(|| said.shape.clone().filter(|_| written.role != Role::Target || same));
    // Limits hold for the type that they were found for.
    let values = written.values.or_else(|| said.values.clone().filter(|_| written.dtype.is_none()));
    Declaration {
        dtype: written.dtype.or_else(|| said.dtype.clone()),
        shape,
        axes,
        values,
        encoding,
        classes,
        ignore,
        optional: written.optional || said.optional,
        ..written
    }
}

/// Every place in a text is one in the text of the model.
fn anchor(spec: &mut Spec) {
    fn at(at: &mut At) {
        if let At::Text(span) = at {
            *at = At::Model(span.clone());
        }
    }
    fn line<T>(declared: &mut Option<Declared<T>>) {
        if let Some(declared) = declared {
            at(&mut declared.at);
        }
    }
    line(&mut spec.framework);
    let Plan { size, last, steps, epochs, dataset, replicas, memory } = &mut spec.plan;
    line(size);
    line(last);
    line(steps);
    line(epochs);
    line(dataset);
    line(replicas);
    line(memory);
    for symbol in &mut spec.symbols {
        at(&mut symbol.at);
    }
    for declared in &mut spec.arrays {
        at(&mut declared.at);
        let Declaration { dtype, shape, axes, values, encoding, classes, ignore, pick, allows, .. } = declared;
        line(dtype);
        line(shape);
        line(axes);
        line(values);
        line(encoding);
        line(classes);
        line(ignore);
        line(&mut pick.files);
        line(&mut pick.key);
        line(&mut pick.position);
        for allow in allows {
            at(&mut allow.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::import::Port;

    const MODEL: &str = "framework = \"keras\"\n[dims]\nT = { varies = true }\n[inputs.image]\ndtype = \"float32\"\n\
        shape = [\"batch\", \"T\", 3]\n[targets.target]\nencoding = \"index\"\nclasses = 2\n";

    fn said(body: &str, inputs: &[&str]) -> Said {
        let port = |name: &&str| Port { name: (*name).into(), made_up: name.starts_with("args"), ..Port::default() };
        let model = Model { inputs: inputs.iter().map(port).collect(), ..Model::default() };
        Said::new(&model, Text { name: "model.keras".into(), body: body.into() }).unwrap()
    }

    fn combined(written: &str, said: Said) -> Spec {
        let text = Text { name: "batchlint.toml".into(), body: written.into() };
        let parsed = parse(text, read(written, &[]).unwrap());
        assert_eq!(parsed.faults, [], "{written}");
        combine(parsed.spec, said)
    }

    fn names(spec: &Spec) -> Vec<&str> {
        spec.arrays.iter().map(|declared| declared.name.as_str()).collect()
    }

    fn written<T>(spec: &Spec, declared: Option<&Declared<T>>) -> String {
        let (text, span) = spec.place(&declared.unwrap().at).unwrap();
        format!("{}: {}", text.name, &text.body[span.clone()])
    }

    #[test]
    fn without_a_file_everything_is_the_models_and_points_into_its_text() {
        let spec = combined("", said(MODEL, &["image"]));
        assert_eq!(names(&spec), ["image", "target"]);
        assert!(spec.arrays.iter().all(|declared| declared.advisory));
        assert_eq!(spec.framework(), Framework::Keras);
        assert_eq!(spec.symbols.len(), 1);
        assert_eq!(written(&spec, spec.arrays[0].dtype.as_ref()), "model.keras: \"float32\"");
    }

    #[test]
    fn written_lines_win_and_the_others_stay() {
        let lines =
            "framework = \"torch\"\n[inputs.x]\nshape = [\"batch\", 8, 3]\n[targets.label]\ndtype = \"int64\"\n";
        let spec = combined(lines, said(MODEL, &["image"]));
        assert_eq!(names(&spec), ["x", "label"], "the names of the only input and of targets are the data's");
        assert_eq!(spec.framework(), Framework::Torch);
        assert_eq!(written(&spec, spec.arrays[0].shape.as_ref()), "batchlint.toml: [\"batch\", 8, 3]");
        assert_eq!(written(&spec, spec.arrays[0].dtype.as_ref()), "model.keras: \"float32\"");
        assert_eq!(spec.arrays[1].classes.as_ref().unwrap().value, 2);
        assert!(spec.symbols.is_empty(), "no shape uses T any more");
        assert!(!spec.arrays[0].advisory);
    }

    #[test]
    fn what_a_loss_says_of_classes_holds_for_its_encoding_alone() {
        let spec = combined("[targets.label]\nencoding = \"one-hot\"\n", said(MODEL, &["image"]));
        let label = spec.arrays.iter().find(|declared| declared.name == "label").unwrap();
        assert!(label.classes.is_none());
    }

    #[test]
    fn several_inputs_go_by_name_unless_a_machine_named_them() {
        let two = |names: [&str; 2]| {
            let port = |name: &str| format!("[inputs.{name}]\ndtype = \"float32\"\n");
            said(&names.map(port).concat(), &names)
        };
        let lines = "[inputs.b]\ndtype = \"uint8\"\n";
        assert_eq!(names(&combined(lines, two(["a", "b"]))), ["a", "b"], "the model's order is that of its arguments");
        let spec = combined("[inputs.c]\n[inputs.b]\n", two(["a", "b"]));
        assert_eq!(names(&spec), ["b", "c"]);
        assert_eq!(spec.model.as_ref().unwrap().became, [None, Some(0)]);
        let spec = combined("[inputs.c]\n[inputs.b]\n", two(["args_0", "args_1"]));
        assert_eq!(names(&spec), ["c", "b"]);
        assert_eq!(spec.model.as_ref().unwrap().became, [Some(0), Some(1)]);
        let spec = combined("[inputs.c]\nposition = 1\n[inputs.d]\nposition = 0\n", two(["a", "b"]));
        assert_eq!(names(&spec), ["d", "c"]);
        assert_eq!(names(&combined("[inputs.c]\nkey = \"a\"\n", two(["a", "b"]))), ["c", "b"]);
    }
}
