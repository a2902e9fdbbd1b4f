//! How much a store is asked: requests are what it costs.

use super::server::{BUCKET, Request, Server};
use super::support::dump::write_npz;
use super::{batch, checked};

/// Runs a check of everything, and gives the requests.
fn asked(server: &Server, more: &[&str]) -> Vec<Request> {
    server.log();
    let everything = format!("s3://{BUCKET}");
    let (code, report) = checked(server, &[&[&*everything], more].concat());
    assert!(code < 2, "{report:#}");
    server.log()
}

/// How many of them read an object.
fn reads(requests: &[Request]) -> usize {
    assert!(requests.iter().all(|request| request.method == "GET"), "{requests:#?}");
    requests.iter().filter(|request| !request.is_list()).count()
}

/// Requests that read one object, for its headers and with its values.
fn of_one(key: &str, bytes: Vec<u8>) -> (usize, usize) {
    let server = Server::new();
    server.put(key, bytes);
    let headers = asked(&server, &["--headers-only"]);
    (reads(&headers), reads(&asked(&server, &[])))
}

fn archive(members: usize, bytes: usize, deflated: bool) -> Vec<u8> {
    let parts: Vec<_> = (0..members).map(|n| (format!("k{n}.npy"), batch(bytes, u32::try_from(n).unwrap()))).collect();
    write_npz(&parts, deflated)
}

#[test]
fn an_npy_takes_one_request_and_its_values_one_more() {
    assert_eq!(of_one("small.npy", batch(1000, 1)), (1, 2));
    assert_eq!(of_one("medium.npy", batch(200 << 10, 2)), (1, 2));
    // 256 KiB, 512 KiB twice, 1 MiB, then 2 MiB at a time.
    assert_eq!(of_one("large.npy", batch(10 << 20, 3)), (1, 1 + 4 + 4));
}

#[test]
fn an_npz_takes_one_to_three_requests() {
    assert_eq!(of_one("small.npz", archive(3, 5000, false)).0, 1);
    assert_eq!(of_one("packed.npz", archive(3, 5000, true)).0, 1);
    assert_eq!(of_one("large.npz", archive(2, 300 << 10, false)).0, 3);
    assert_eq!(of_one("many.npz", archive(3000, 300, false)).0, 3);
}

#[test]
fn headers_of_an_object_take_its_first_bytes_only() {
    let server = Server::new();
    server.put("x.npy", batch(10 << 20, 1));
    server.put("z.npz", archive(2, 3 << 20, false));
    let bytes: usize =
        asked(&server, &["--headers-only"]).iter().filter_map(Request::range).map(|(a, b)| b - a + 1).sum();
    assert!(bytes < 64 << 10, "{bytes}");
}

#[test]
fn one_version_is_read() {
    let server = Server::new();
    server.put("x.npy", batch(1 << 20, 1));
    let requests = asked(&server, &[]);
    let (lists, reads): (Vec<_>, Vec<_>) = requests.iter().partition(|request| request.is_list());
    assert!(!lists.is_empty() && reads.len() > 2);
    let tags: Vec<_> = reads.iter().map(|request| request.headers.get("if-match")).collect();
    assert!(tags.iter().all(|tag| tag.is_some() && *tag == tags[0]), "{tags:?}");
}

#[test]
fn folders_are_listed_side_by_side_and_deep_ones_whole() {
    let server = Server::new();
    server.page(100);
    for n in 0..400 {
        server.put(&format!("part-{:02}/day-{}/x_{n}.npy", n % 40, n % 3), batch(200, n));
    }
    server.plan(|request| {
        let wait = std::time::Duration::from_millis(if request.is_list() { 20 } else { 0 });
        super::server::Answer::Late(wait)
    });
    let requests = asked(&server, &["--headers-only"]);
    let lists: Vec<_> = requests.iter().filter(|request| request.is_list()).collect();
    assert_eq!(requests.len() - lists.len(), 400);
    // The root, then each of its folders, which are enough: those are listed with all that is below them.
    let opened = lists.iter().filter(|request| request.query.contains_key("delimiter")).count();
    assert!(opened <= 9 && lists.len() - opened >= 31, "{opened} of {}", lists.len());
    let most = lists.iter().map(|request| request.under_way).max().unwrap();
    assert!(most >= 4, "{most} lists at the same time");
}

#[test]
fn a_glob_lists_the_folder_it_begins_with() {
    let server = Server::new();
    for key in ["a/b/x.npy", "a/c/y.npy", "z/x.npy"] {
        server.put(key, batch(300, 1));
    }
    let (code, _) = checked(&server, &[&format!("s3://{BUCKET}/a/b/x*.npy"), "--headers-only"]);
    assert_eq!(code, 0);
    let requests = server.log();
    let prefixes: Vec<_> =
        requests.iter().filter_map(|request| request.query.get("prefix").map(String::as_str)).collect();
    assert_eq!((prefixes, reads(&requests)), (vec!["a/b/"], 1));
}

#[test]
fn no_more_than_so_many_connections_are_open() {
    let server = Server::new();
    for n in 0..200 {
        server.put(&format!("x_{n}.npy"), batch(200, n));
    }
    server.plan(|_| super::server::Answer::Late(std::time::Duration::from_millis(5)));
    let most = asked(&server, &["--connections", "3"]).iter().map(|request| request.under_way).max();
    assert_eq!(most, Some(3));
}
