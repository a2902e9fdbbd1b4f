//! A store that means harm: nothing it says makes the command hang, panic, grow without end, or write to the terminal what it
//! should not.

use super::server::{Answer, Server, escaped, listing};
use super::{batch, checked, command, findings, folder, run};

const FOLDER: &str = "s3://bkt/d";
const HEAD: &str = "HTTP/1.1 206 Partial Content\r\nETag: \"e\"\r\nLast-Modified: Tue, 01 Jul 2025 10:00:00 GMT\r\n";

fn server() -> Server {
    let server = Server::new();
    server.put("d/x.npy", batch(3000, 1));
    server
}

/// The message of the first finding, of a check that ended as it should.
fn told(server: &Server, argument: &str) -> String {
    let (code, report) = checked(server, &[argument]);
    assert_eq!(code, 1, "{report:#}");
    findings(&report)[0].clone()
}

#[test]
fn bodies_without_end_are_cut() {
    // A part of an object that goes on behind its range.
    let part = server();
    let head = format!("{HEAD}Content-Range: bytes 0-3007/3008\r\n\r\n");
    let mut first = head.into_bytes();
    first.extend(batch(3000, 1));
    part.plan(move |_| Answer::Endless(first.clone(), vec![0; 1 << 16]));
    let (code, report) = checked(&part, &["s3://bkt/d/x.npy", "--headers-only"]);
    assert!(code < 2, "{report:#}");
    // A list, and an error.
    for status in ["200 OK", "403 Forbidden"] {
        let list = server();
        let head = format!("HTTP/1.1 {status}\r\n\r\n<?xml version=\"1.0\"?><ListBucketResult>").into_bytes();
        list.plan(move |_| Answer::Endless(head.clone(), b"<X></X>".repeat(5000)));
        let message = told(&list, FOLDER);
        assert!(message.starts_with("unreadable-source: "), "{message}");
    }
}

#[test]
fn headers_without_end_are_refused() {
    let server = server();
    let mut answer = HEAD.as_bytes().to_vec();
    for n in 0..1000 {
        answer.extend(format!("X-{n}: {}\r\n", "y".repeat(1000)).bytes());
    }
    server.plan(move |_| Answer::Raw(answer.clone()));
    assert!(told(&server, "s3://bkt/d/x.npy").starts_with("unreadable-source: "));
}

#[test]
fn sizes_beyond_all_measure_are_only_numbers() {
    for size in ["9223372036854775808", "18446744073709551615"] {
        for key in ["x.npy", "x.npz"] {
            let server = Server::new();
            let body = batch(70_000, 1);
            let head = move |first: usize, last: usize| {
                format!(
                    "{HEAD}Content-Range: bytes {first}-{last}/{size}\r\nContent-Length: {}\r\n\r\n",
                    last - first + 1
                )
            };
            server.plan(move |request| {
                let Some((first, last)) = request.range().filter(|(first, last)| last - first < 4 << 20) else {
                    return Answer::Error(416, "InvalidRange");
                };
                let mut answer = head(first, last).into_bytes();
                answer.extend((first..=last).map(|at| body.get(at).copied().unwrap_or(0)));
                Answer::Raw(answer)
            });
            let (code, report) = checked(&server, &[&format!("s3://bkt/{key}")]);
            assert!(code < 2 && !findings(&report).is_empty(), "{report:#}");
        }
    }
    let server = server();
    server.plan(|_| Answer::Header("Content-Range", "bytes 0-18446744073709551615/18446744073709551615".into()));
    assert!(told(&server, "s3://bkt/d/x.npy").starts_with("unreadable-source: "));
}

#[test]
fn keys_are_never_paths_and_never_reach_the_terminal_as_they_are() {
    let keys = [
        "d/../../x.npy",
        "/etc/x.npy",
        "d/\u{1b}[31mred.npy",
        "d/line\nbreak.npy",
        "d/a//b.npy",
        "d/./y.npy",
        "d/\u{202e}ypn.npy",
    ];
    for key in keys {
        let server = Server::new();
        let entry = format!(
            "<IsTruncated>false</IsTruncated><Contents><Key>{}</Key><LastModified>2025-07-01T10:00:00.000Z</LastModified>\
             <ETag>e</ETag><Size>5</Size></Contents>",
            escaped(key)
        );
        server.plan(move |request| if request.is_list() { Answer::Raw(listing(&entry)) } else { Answer::Serve });
        let folder = folder();
        for format in ["full", "concise", "json"] {
            let output = run(command(&server, &folder, &["check", "--format", format, FOLDER]));
            assert_eq!(output.status.code(), Some(1), "{key:?}: {output:?}");
            let text = [output.stdout, output.stderr].concat();
            assert!(!text.contains(&0x1b), "{key:?} in {format}: {}", String::from_utf8_lossy(&text));
            assert!(!String::from_utf8_lossy(&text).contains('\u{202e}'), "{key:?} in {format}");
        }
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1, "{key:?} was written");
    }
}

#[test]
fn lists_that_are_no_lists_are_told() {
    for body in ["<a><b></a>", "nothing", "<Contents><Key>d/x.npy</Key></Contents>", "<IsTruncated>true</IsTruncated>"]
    {
        let server = server();
        server.plan(move |request| if request.is_list() { Answer::Raw(listing(body)) } else { Answer::Serve });
        let (code, report) = checked(&server, &[FOLDER]);
        assert_ne!(code, 0, "{body}: {report:#}");
    }
}

#[test]
fn numbers_in_lists_are_not_believed() {
    // Smaller and larger than it is.
    for size in ["5", "99999999", "18446744073709551615"] {
        for key in ["d/x.npy", "d/x.npz"] {
            let server = server();
            server.put("d/x.npz", super::support::dump::write_npz(&[("x.npy".to_owned(), batch(300, 1))], false));
            let entry = format!(
                "<IsTruncated>false</IsTruncated><Contents><Key>{key}</Key>\
                 <LastModified>2025-07-01T10:00:00.000Z</LastModified><Size>{size}</Size></Contents>"
            );
            server.plan(move |request| if request.is_list() { Answer::Raw(listing(&entry)) } else { Answer::Serve });
            let message = told(&server, FOLDER);
            assert!(message.starts_with("unreadable-source: "), "{key} {size}: {message}");
        }
    }
}
