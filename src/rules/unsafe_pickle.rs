//! A pickle that does more than rebuild an array.

use std::collections::BTreeSet;

use super::context::place;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::{Level, Place};
use crate::source::text::shown;
use crate::values::Wants;
use crate::values::pickle::{Global, GlobalName, Objects, Standing};

pub(super) static RULE: Rule = Rule {
    id: "unsafe-pickle",
    group: Group::Source,
    level: Level::Error,
    finds: "a pickle that imports something other than what rebuilds arrays and plain data",
    needs: Needs::HEADERS.values(Wants::CONTENTS),
    page: include_str!("../../docs/rules/unsafe-pickle.md"),
    judge: Judge::Values(judge),
};

/// Imports that are named.
const NAMED: usize = 4;

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let mut looked = Looked::No;
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut lost: Option<String> = None;
    let mut places: Vec<Place> = Vec::new();
    for (cell, values) in cx.cells {
        let Some(objects) = &values.objects else { continue };
        if looked == Looked::No {
            looked = Looked::Yes;
        }
        let mine = foreign(objects);
        if mine.is_empty() {
            if objects.trouble.is_some() {
                lost.get_or_insert_with(|| place(cell).to_string());
            }
            continue;
        }
        places.push(place(cell).detail(listed(&mine)));
        names.extend(mine);
    }
    if places.is_empty() {
        return match lost {
            Some(at) => Looked::Unable(format!("the pickle of {at} could not be followed to its end")),
            None => looked,
        };
    }
    let finding = cx
        .finding(
            cx.declared.map(|declared| &declared.at),
            format!("{} holds a pickle that imports more than an array needs", cx.label()),
            "The pickle of an object array imports only what rebuilds arrays and plain data.",
            format!("it imports {}", listed(&names)),
            places,
        )
        .cause("its elements are objects of another library, such as pandas or PIL; or somebody made the file to run code")
        .consequence(
            "`np.load(..., allow_pickle=True)` imports them and calls what the file says, with your rights, before there is \
             any array; without it, `np.load` stops: `Object arrays cannot be loaded when allow_pickle=False`",
        )
        .help(
            "load it only if you trust whoever wrote it, and save what the model gets as plain arrays; batchlint has read the \
             instructions of the pickle and run none of them",
        );
    out.push(finding);
    looked
}

/// What loading would import besides the known rebuilders, safe to show.
fn foreign(objects: &Objects) -> BTreeSet<String> {
    let foreign = |global: &&Global| matches!(global.standing, Standing::Foreign | Standing::Misused);
    let mut names: BTreeSet<String> = objects.globals.iter().filter(foreign).map(name).collect();
    if objects.globals_beyond > 0 {
        names.insert("more imports than are listed".into());
    }
    names
}

fn name(global: &Global) -> String {
    let what = match &global.name {
        GlobalName::Named { module, name } => format!("`{}.{}`", shown(module, 60), shown(name, 60)),
        GlobalName::Extension(code) => format!("extension {code} of `copyreg`"),
        GlobalName::PersistentId => "what the loading program looks up by itself".into(),
        GlobalName::Computed => "a name that is made while loading".into(),
        GlobalName::Forgotten => "a name that is too long to keep".into(),
    };
    if global.standing == Standing::Misused {
        format!("{what}, which it uses as no pickle of NumPy does")
    } else {
        what
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).cloned().collect();
    if names.len() > NAMED {
        shown.push(format!("{} more", names.len() - NAMED));
    }
    match shown.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => shown.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::Looked;
    use crate::rules::testing::{World, array};
    use crate::spec::Framework;

    fn x(pickle: &[u8]) -> World {
        World::new(Framework::Torch).input("x", "float32", "batch").raw(vec![(array("x: |O[2]"), pickle.to_vec())])
    }

    #[test]
    fn whatever_is_imported_is_named_and_nothing_is_run() {
        for (pickle, name) in [
            (&b"cos\nsystem\n(S'touch /tmp/x'\ntR."[..], "it imports `os.system`"),
            (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.", "it imports `builtins.eval`"),
            // The names come out of the memo.
            (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x9400h\x00h\x01\x93.", "it imports `os.system`"),
            (b"c\x1b[31mos\nsystem\n.", "it imports `\\u{1b}[31mos.system`"),
        ] {
            let found = x(pickle).judge(&RULE);
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].found, name);
            assert_eq!(found[0].message, "input `x` holds a pickle that imports more than an array needs");
        }
    }

    #[test]
    fn a_damaged_pickle_did_not_pass_and_numbers_have_none() {
        assert!(matches!(&x(b"\x80\x04]").looked(&RULE)[0], Looked::Unable(why) if why.contains("followed")));
        let world = World::unspecified().values(&[("x: float32[2]", &[1.0])]);
        assert_eq!(world.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn what_numpy_writes_itself_is_fine() {
        let world = x(crate::rules::pickles::OBJECTS);
        assert!(world.judge(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes]);
    }
}
