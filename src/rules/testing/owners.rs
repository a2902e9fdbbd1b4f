//! Which array of a live batch belongs to which declaration. It is worked out among the facts; a world says it shortest.

use super::World;
use crate::spec::{Declared, Framework};

/// `name=key` of every array of the first batch, in the order of the columns: declared ones first.
fn owned(world: &World) -> String {
    let stream = world.stream();
    let of = |column: &crate::facts::Column<'_>| {
        let key = &column.cells.first()?.array.key;
        Some(format!("{}={key}", column.name))
    };
    stream.columns.iter().filter_map(of).collect::<Vec<_>>().join(" ")
}

fn x_and_y() -> World {
    World::new(Framework::Keras).input("x", "float32", "batch, 4").target("y", "int64", "batch")
}

fn two_inputs() -> World {
    World::new(Framework::Keras)
        .target("y", "int64", "batch")
        .input("a", "float32", "batch, 4")
        .input("b", "float32", "batch, 4")
        .weight("w", "float32", "batch")
}

const X: &str = "float32[8, 4]";

#[test]
fn a_flat_tuple_goes_in_the_order_of_the_roles() {
    assert_eq!(owned(&x_and_y().live(&["(float32[8, 4], int64[8])"])), "x=0 y=1");
    assert_eq!(owned(&x_and_y().live(&["[float32[8, 4], int64[8]]"])), "x=0 y=1");
    let flat = "(float32[8, 4], float32[8, 4], int64[8], float32[8])";
    assert_eq!(owned(&two_inputs().live(&[flat])), "y=2 a=0 b=1 w=3");
    let more = x_and_y().live(&["(float32[8, 4], int64[8], float32[8])"]);
    assert_eq!(owned(&more), "x=0 y=1 element 2=2", "what nobody declared keeps its place as a name");
}

#[test]
fn a_place_without_an_array_is_still_a_place() {
    assert_eq!(owned(&x_and_y().live(&["(None, int64[8])"])), "y=1");
}

#[test]
fn parts_that_are_containers_go_by_role() {
    let nested = "((float32[8, 4], float32[8, 4]), int64[8], float32[8])";
    assert_eq!(owned(&two_inputs().live(&[nested])), "y=1 a=0.0 b=0.1 w=2");
    let dict = "({b: float32[8, 4], a: float32[8, 4]}, int64[8], float32[8])";
    assert_eq!(owned(&two_inputs().live(&[dict])), "y=1 a=0.a b=0.b w=2");
    let single = "((float32[8, 4]), (int64[8]))";
    assert_eq!(owned(&x_and_y().live(&[single])), "x=0.0 y=1.0");
}

#[test]
fn names_win_over_places() {
    assert_eq!(owned(&x_and_y().live(&["{y: int64[8], x: float32[8, 4]}"])), "x=x y=y");
    assert_eq!(owned(&x_and_y().live(&["Batch(y: int64[8], x: float32[8, 4])"])), "x=x y=y");
}

#[test]
fn an_unknown_name_is_not_matched_by_its_place() {
    assert_eq!(owned(&x_and_y().live(&["{image: float32[8, 4], label: int64[8]}"])), "image=image label=label");
    assert_eq!(owned(&x_and_y().live(&["({image: float32[8, 4]}, int64[8])"])), "y=1 element 0.image=0.image");
}

#[test]
fn picks_by_key_and_position_come_first_and_leave_the_others_their_order() {
    let at = |world: World, position: u64| {
        world.with(|declared| {
            declared.pick.position = Some(Declared { value: position, at: declared.at.clone() });
        })
    };
    let world = at(World::new(Framework::Keras).input("x", "float32", "batch, 4"), 1).target("y", "int64", "batch");
    assert_eq!(owned(&world.live(&["(int64[8], float32[8, 4])"])), "x=1 y=0");
    let key = |world: World, key: &str| {
        world.with(|declared| declared.pick.key = Some(Declared { value: key.into(), at: declared.at.clone() }))
    };
    let world = key(World::new(Framework::Keras).input("x", "float32", "batch, 4"), "0.image");
    assert_eq!(
        owned(&world.live(&["({image: float32[8, 4], id: int64[8]}, int64[8])"])),
        "x=0.image element 0.id=0.id element 1=1"
    );
}

#[test]
fn a_single_array_is_the_input() {
    assert_eq!(owned(&x_and_y().live(&[X])), "x=");
    assert_eq!(owned(&World::new(Framework::Torch).target("y", "", "").live(&[X])), "y=");
    assert_eq!(owned(&World::unspecified().live(&[X])), "=");
}

#[test]
fn a_list_of_samples_stands_for_nothing() {
    let samples = "[(float32[4], int64[]), (float32[4], int64[]), (float32[4], int64[]), (float32[4], int64[])]";
    assert!(owned(&x_and_y().live(&[samples])).starts_with("element 0.0=0.0 element 0.1=0.1"));
}
