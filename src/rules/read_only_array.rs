//! Arrays that cannot be written to.

use super::context::{batch_unit, place};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::{Finding, Fix, Level, Proof, python};
use crate::facts::Cell;
use crate::spec::Framework;

pub(super) static RULE: Rule = Rule {
    id: "read-only-array",
    group: Group::Layout,
    level: Level::Note,
    finds: "read-only arrays, of which torch makes tensors that must not be written to",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/read-only-array.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    // An array of another library, seen through NumPy, is read-only for NumPy alone.
    let of_numpy = |cell: &&Cell<'_>| cell.array.leaf.as_deref().is_some_and(|leaf| leaf.via == "numpy");
    if !dtype::is_fed(cx) || !cx.cells.iter().any(|cell| of_numpy(&cell)) {
        return Looked::No;
    }
    let locked: Vec<Cell<'_>> = cx
        .cells
        .iter()
        .filter(of_numpy)
        .filter(|cell| cell.array.leaf.as_deref().is_some_and(|leaf| !leaf.writeable))
        .copied()
        .collect();
    if locked.is_empty() || !matches!(cx.framework(), Framework::Torch | Framework::Any) {
        return Looked::Yes;
    }
    let x = python::variable(cx.name);
    out.push(
        Finding::new(
            cx.anchor(cx.declared.map(|declared| &declared.at)),
            cx.name,
            format!("{} is read-only", cx.label()),
            "The array can be written to.",
            "a read-only array",
        )
        .counted(locked.iter().map(place).collect(), locked.len() as u64, cx.of, batch_unit(cx.spec))
        .cause("a memory map (`np.load(path, mmap_mode=\"r\")`), `np.frombuffer`, `np.broadcast_to`, or an image as an array")
        .consequence(
            "torch warns once, `The given NumPy array is not writable, and PyTorch does not support non-writable tensors.`; \
             an operation in place, such as `x.div_(255)`, then writes where it must not",
        )
        .help("copy it where the batch is made; a batch of a memory map has to be read from the disk anyway")
        .fix(Fix::new(
            format!("{x} = {x}.copy()"),
            Proof::Lossless("a copy holds the same values, whatever they are".into()),
        )),
    );
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    #[test]
    fn torch_warns_of_a_read_only_array() {
        let world =
            World::new(Framework::Torch).live(&["(float32[8, 3] readonly, int64[8])", "(float32[8, 3], int64[8])"]);
        let found = world.judge(&RULE);
        assert_eq!((found.len(), &*found[0].message), (1, "element 0 is read-only"));
        assert_eq!((found[0].count, found[0].of), (1, 2));
    }

    #[test]
    fn others_do_not_care_and_tensors_are_no_arrays() {
        for (framework, batch) in [
            (Framework::Keras, "(float32[8, 3] readonly)"),
            (Framework::Torch, "(float32[8, 3] torch readonly)"),
            (Framework::Torch, "(float32[8, 3])"),
        ] {
            assert!(World::new(framework).live(&[batch]).judge(&RULE).is_empty(), "{batch}");
        }
        let files = World::new(Framework::Torch).batch(&["x: float32[8, 3]"]);
        assert_eq!(files.looked(&RULE), [Looked::No]);
    }
}
