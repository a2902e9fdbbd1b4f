//! What goes wrong between here and a store: told for what it is, or not noticed at all.

use std::time::Duration;

use super::server::{Answer, Server};
use super::{batch, checked, findings};

const FOLDER: &str = "s3://bkt/d";
const X: &str = "s3://bkt/d/x.npy";

/// A server with one object, and some others.
fn server(others: u32) -> Server {
    let server = Server::new();
    server.put("d/x.npy", batch(3000, 1));
    for n in 0..others {
        server.put(&format!("d/o_{n}.npy"), batch(3000, 2 + n));
    }
    server
}

/// Asserts that the one object is unreadable for this reason, and gives the finding.
fn assert_told(server: &Server, arguments: &[&str], message: &str) -> serde_json::Value {
    let (code, report) = checked(server, arguments);
    let found = findings(&report);
    let expected = format!("unreadable-source: {message}");
    assert!(found.contains(&expected), "{found:#?}\n{report:#}");
    assert_eq!(code, 1, "{report:#}");
    let finding =
        report["diagnostics"].as_array().unwrap().iter().find(|finding| finding["rule"] == "unreadable-source");
    finding.unwrap().clone()
}

/// Asserts that nothing is noticed.
fn assert_served(server: &Server, arguments: &[&str]) {
    let (code, report) = checked(server, arguments);
    assert_eq!(code, 0, "{report:#}");
    assert!(!findings(&report).iter().any(|found| found.starts_with("unreadable-source")), "{report:#}");
}

#[test]
fn a_storm_of_slow_downs_is_weathered_with_fewer_requests() {
    for code in [(503, "SlowDown"), (429, "TooManyRequests")] {
        let server = server(399);
        server.plan(move |request| match request.place {
            100..300 => Answer::Error(code.0, code.1),
            _ => Answer::Late(Duration::from_millis(200)),
        });
        let (exit, report) = checked(&server, &[FOLDER, "--headers-only"]);
        assert_eq!((exit, &report["coverage"]["batches"]), (0, &400.into()), "{report:#}");
        let log = server.log();
        let most = |from: usize, to: usize| log[from..to].iter().map(|request| request.under_way).max().unwrap();
        let (before, after) = (most(0, 100), most(300, 340));
        assert!(after < before, "{after} after {before}");
    }
}

#[test]
fn what_fails_twice_is_asked_for_again() {
    let body = b"HTTP/1.1 206 Partial".to_vec();
    for answer in [Answer::Cut(1000), Answer::Raw(Vec::new()), Answer::Raw(body), Answer::Error(500, "InternalError")] {
        let server = server(0);
        server.plan(move |request| if request.nth < 2 && !request.is_list() { answer.clone() } else { Answer::Serve });
        assert_served(&server, &[FOLDER]);
        assert!(server.log().len() > 3);
    }
}

#[test]
fn a_list_that_fails_twice_is_asked_for_again() {
    let server = server(3);
    server.plan(|request| match request.nth {
        0 => Answer::Error(503, "SlowDown"),
        1 => Answer::Raw(Vec::new()),
        _ => Answer::Serve,
    });
    assert_served(&server, &[FOLDER]);
}

#[test]
fn an_answer_of_another_length_is_told() {
    let server = server(0);
    // The body is complete for the connection, and too short for the range.
    let head = "HTTP/1.1 206 Partial Content\r\nETag: \"e\"\r\nLast-Modified: Tue, 01 Jul 2025 10:00:00 GMT\r\n\
                Content-Range: bytes 0-3007/3008\r\nContent-Length: 5\r\n\r\nhello";
    server.plan(move |_| Answer::Raw(head.into()));
    let finding = assert_told(&server, &[X], "answer has another length than it says");
    assert!(finding.to_string().contains("5 of 3008 bytes"), "{finding:#}");
}

#[test]
fn another_range_than_was_asked_for_is_told() {
    for range in ["bytes 100-3007/3008", "bytes 0-10/3008", "bytes */3008", "nonsense", "bytes 5-1/3008"] {
        let server = server(0);
        server.plan(move |_| Answer::Header("Content-Range", range.into()));
        assert_told(&server, &[X], "object cannot be read");
    }
}

#[test]
fn silence_is_no_answer_in_time() {
    let server = server(0);
    server.plan(|_| Answer::Silence);
    let finding = assert_told(&server, &[X, "--remote-timeout", "1"], "no answer in time");
    assert!(finding["help"].as_str().unwrap().contains("--remote-timeout"), "{finding:#}");
}

#[test]
fn who_is_slow_is_waited_for() {
    let server = server(0);
    server.plan(|_| Answer::Late(Duration::from_millis(300)));
    assert_served(&server, &[FOLDER, "--remote-timeout", "5"]);
    // One answer that never comes is asked for again.
    server.plan(|request| if request.nth == 0 { Answer::Silence } else { Answer::Serve });
    server.log();
    assert_served(&server, &[X, "--remote-timeout", "1"]);
}

#[test]
fn errors_of_the_store_are_told_apart() {
    for (status, code, message, word) in [
        (400, "ExpiredToken", "the credentials are refused", "session"),
        (403, "InvalidAccessKeyId", "the credentials are refused", "another account"),
        (403, "SignatureDoesNotMatch", "the credentials are refused", "secret"),
        (403, "RequestTimeTooSkewed", "the credentials are refused", "clock"),
        (403, "AccessDenied", "no permission to read it", "s3:GetObject"),
        (404, "NoSuchKey", "object does not exist", "spelling"),
        (404, "NoSuchBucket", "bucket does not exist", "spelling"),
        (301, "PermanentRedirect", "the bucket is in another region", "AWS_REGION"),
        (400, "AuthorizationHeaderMalformed", "the bucket is in another region", "AWS_REGION"),
        (418, "Teapot", "object cannot be read", "Teapot"),
    ] {
        let server = server(0);
        server.plan(move |_| Answer::Error(status, code));
        let finding = assert_told(&server, &[X], message);
        assert!(finding.to_string().contains(word), "{code}: {finding:#}");
        assert_eq!(server.log().len(), 1, "{code} is asked for again");
    }
}

#[test]
fn a_list_that_is_refused_is_told_and_what_is_named_is_read() {
    let server = server(0);
    server.plan(|request| if request.is_list() { Answer::Error(403, "AccessDenied") } else { Answer::Serve });
    let finding = assert_told(&server, &[FOLDER], "no permission to list it");
    assert!(finding["help"].as_str().unwrap().contains("s3:ListBucket"), "{finding:#}");
    assert_served(&server, &[X]);
    server.plan(|request| if request.is_list() { Answer::Error(404, "NoSuchBucket") } else { Answer::Serve });
    assert_told(&server, &[FOLDER], "bucket does not exist");
}

#[test]
fn one_that_is_refused_does_not_hide_the_others() {
    let server = server(5);
    server.plan(|request| if request.key == "d/x.npy" { Answer::Error(403, "AccessDenied") } else { Answer::Serve });
    let finding = assert_told(&server, &[FOLDER], "no permission to read it");
    assert_eq!((&finding["count"], &finding["of"]), (&1.into(), &6.into()), "{finding:#}");
}

#[test]
fn a_folder_with_nothing_in_it_is_told() {
    let server = server(0);
    let (code, report) = checked(&server, &["s3://bkt/other"]);
    assert_ne!(code, 0, "{report:#}");
    let (code, report) = checked(&server, &["s3://bkt/d/y*.npy"]);
    assert_ne!(code, 0, "{report:#}");
}

#[test]
fn an_object_that_is_replaced_is_told() {
    let (listed, read, ignored) = (server(0), server(0), server(0));
    // Between the list and its headers.
    let change = listed.changer();
    listed.plan(move |request| {
        if !request.is_list() {
            change("d/x.npy", Some(batch(3000, 9)));
        }
        Answer::Serve
    });
    let finding = assert_told(&listed, &[FOLDER], "object changed while it was looked at");
    assert!(finding["cause"].as_str().unwrap().contains("still writing"), "{finding:#}");
    // Between its headers and its values.
    let change = read.changer();
    read.plan(move |request| {
        if request.nth == 1 {
            change("d/x.npy", Some(batch(3000, 9)));
        }
        Answer::Serve
    });
    assert_told(&read, &[X], "object changed while it was looked at");
    assert!(read.log().iter().any(|request| request.headers.contains_key("if-match")));
    // By a store that does not know `If-Match`.
    ignored.plan(|request| match request.nth {
        0 => Answer::Serve,
        _ => Answer::Header("ETag", "\"another\"".into()),
    });
    assert_told(&ignored, &[X], "object changed while it was looked at");
}

#[test]
fn an_object_that_is_deleted_in_between_is_told() {
    let server = server(1);
    let change = server.changer();
    server.plan(move |request| {
        if request.key == "d/x.npy" {
            change("d/x.npy", None);
        }
        Answer::Serve
    });
    assert_told(&server, &[FOLDER], "object does not exist");
}
