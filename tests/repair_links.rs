//! Repairs where names, links, owners and folders matter: what belongs to a file stays, and nothing leads elsewhere.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use batchlint::fix::data::plan::Content;
use batchlint::fix::data::{Destination, copy};
use batchlint::fix::replace::Stamp;
use batchlint::source::Progress;
use support::repair::{Looked, cast, doubles, names, npy, one, part, singles, tree};

#[test]
fn a_link_stays_a_link_and_permissions_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    fs::write(&path, npy("<f8", false, "(2,)", &doubles(2))).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    fs::create_dir(folder.path().join("links")).unwrap();
    let link = folder.path().join("links/x.npy");
    symlink("../x.npy", &link).unwrap();
    let looked = Looked::at(&link);
    looked.in_place(&one(&link, Content::Npy(part(0, cast("float32"))))).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&path).unwrap(), npy("<f4", false, "(2,)", &singles(&doubles(2))));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o604);
    assert_eq!(names(folder.path()), ["links/x.npy", "x.npy"]);
    let looked = Looked::at(&link);
    let why = looked.refused(&one(&folder.path().join("links/y.npy"), Content::Same));
    assert_eq!(why, "it is a link, and files under other names would take its place");
}

#[test]
fn a_link_under_the_new_name_is_not_taken_for_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, new) = (folder.path().join("x.npz"), folder.path().join("x.npy"));
    fs::write(&path, npy("<f8", false, "(2,)", &doubles(2))).unwrap();
    symlink("x.npz", &new).unwrap();
    let looked = Looked::at(&path);
    for content in [Content::Same, Content::Npy(part(0, None))] {
        let why = looked.refused(&one(&new, content));
        assert!(why.ends_with("is already there, and holds something else"), "{why}");
    }
}

#[test]
fn a_file_with_two_names_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    fs::write(&path, npy("<f8", false, "(2,)", &doubles(2))).unwrap();
    fs::hard_link(&path, folder.path().join("y.npy")).unwrap();
    let looked = Looked::at(&path);
    let why = looked.refused(&one(&path, Content::Npy(part(0, cast("float32")))));
    assert_eq!(why, "it has 2 names (hard links), and only this one would be replaced");
}

#[test]
fn a_file_that_may_not_be_written_to_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    fs::write(&path, npy("<f8", false, "(2,)", &doubles(2))).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let why = Looked::at(&path).refused(&one(&path, Content::Npy(part(0, cast("float32")))));
    assert_eq!(why, "it may not be written to");
}

#[test]
fn another_folder_gets_what_is_repaired_and_what_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("data");
    fs::create_dir_all(root.join("a/b")).unwrap();
    let path = root.join("a/b/x.npy");
    let bytes = npy("<f8", false, "(2,)", &doubles(2));
    let looked = Looked::new(&path, &bytes);
    let dir = folder.path().join("new");
    let under = Destination::Under { root: root.clone(), dir: dir.clone() };
    let plan = one(&path, Content::Npy(part(0, cast("float32"))));
    let progress = Progress::default();
    for fresh in [true, false] {
        assert_eq!(looked.carry_out(&plan, &under).unwrap().outputs[0].fresh, fresh);
        let other = root.join("a/other.txt");
        fs::write(&other, "as it is").unwrap();
        let done = copy(&other, &Stamp::of(&other).unwrap(), &under, &progress).unwrap();
        assert_eq!((done.removed, done.outputs[0].fresh), (false, fresh));
    }
    let narrow = npy("<f4", false, "(2,)", &singles(&doubles(2)));
    assert_eq!(tree(&dir), [("a/b/x.npy".to_owned(), narrow), ("a/other.txt".to_owned(), b"as it is".to_vec())]);
    assert_eq!(fs::read(&path).unwrap(), bytes);
    fs::write(dir.join("a/b/x.npy"), "mine").unwrap();
    let why = looked.carry_out(&plan, &under).unwrap_err().why;
    assert!(why.ends_with("is already there, and holds something else"), "{why}");
    let named = Destination::Under { root: "".into(), dir: dir.clone() };
    looked.carry_out(&plan, &named).unwrap();
    assert!(dir.join("x.npy").is_file());
    // Not through a link, and not from outside of the root.
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    fs::create_dir(folder.path().join("third")).unwrap();
    symlink(folder.path().join("elsewhere"), folder.path().join("third/a")).unwrap();
    let third = Destination::Under { root, dir: folder.path().join("third") };
    let outside = "it would be written outside of the folder";
    assert!(looked.carry_out(&plan, &third).unwrap_err().why.ends_with(outside));
    let stray = Destination::Under { root: folder.path().join("elsewhere"), dir };
    assert!(looked.carry_out(&plan, &stray).unwrap_err().why.ends_with(outside));
    assert!(names(&folder.path().join("elsewhere")).is_empty());
}

#[test]
fn owners_and_attributes_stay_where_that_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    fs::write(&path, npy("<f8", false, "(2,)", &doubles(2))).unwrap();
    let given = std::os::unix::fs::chown(&path, Some(4242), Some(4243)).is_ok();
    let owner = |path: &Path| fs::metadata(path).map(|file| (file.uid(), file.gid())).unwrap();
    let before = owner(&path);
    assert_eq!(given, before == (4242, 4243));
    #[cfg(target_os = "linux")]
    let marked = rustix::fs::setxattr(&path, "user.mark", b"seen", rustix::fs::XattrFlags::empty()).is_ok();
    Looked::at(&path).in_place(&one(&path, Content::Npy(part(0, cast("float32"))))).unwrap();
    assert_eq!(owner(&path), before);
    #[cfg(target_os = "linux")]
    if marked {
        let mut value = [0; 8];
        let length = rustix::fs::getxattr(&path, "user.mark", &mut value).unwrap();
        assert_eq!(&value[..length], b"seen");
    }
}
