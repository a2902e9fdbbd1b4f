//! Ctrl-C while a store is waited for.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use super::server::{Answer, Request, Server, listing};
use super::{batch, command, ended, folder};

/// Starts the command, interrupts it when the server has had so many requests, and gives exit code and output.
fn interrupted(server: &Server, arguments: &[&str], requests: usize) -> (Option<i32>, String) {
    let folder = folder();
    let mut child = command(server, &folder, arguments).spawn().unwrap();
    while server.asked() < requests {
        assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");
        sleep(Duration::from_millis(5));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    // Silence would last for the 30 s of a timeout, ten times: who does not stop is killed there.
    let output = ended(child);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// Nothing is said in answer to these.
fn silent(server: &Server, silent: impl Fn(&Request) -> bool + Send + Sync + 'static) {
    server.plan(move |request| if silent(request) { Answer::Silence } else { Answer::Serve });
}

#[test]
fn during_a_list() {
    let server = Server::new();
    silent(&server, Request::is_list);
    let (code, text) = interrupted(&server, &["check", "s3://bkt/d"], 1);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("interrupted"), "{text}");
}

#[test]
fn during_a_list_that_never_ends() {
    let server = Server::new();
    server.plan(|request| {
        let n = request.place;
        Answer::Raw(listing(&format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>d/x_{n}.npy</Key>\
             <LastModified>2025-07-01T10:00:00.000Z</LastModified><ETag>e</ETag><Size>5</Size></Contents>"
        )))
    });
    let (code, text) = interrupted(&server, &["check", "s3://bkt/d"], 50);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("interrupted"), "{text}");
}

#[test]
fn during_headers() {
    let server = Server::new();
    for n in 0..20 {
        server.put(&format!("d/x_{n}.npy"), batch(1000, n));
    }
    silent(&server, |request| !request.is_list() && request.key != "d/x_0.npy");
    let (code, text) = interrupted(&server, &["check", "s3://bkt/d"], 10);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("interrupted before the header of every file was read"), "{text}");
}

#[test]
fn during_values() {
    let server = Server::new();
    for n in 0..4 {
        server.put(&format!("d/x_{n}.npy"), batch(1 << 20, n));
    }
    // The headers, and the first window of values.
    silent(&server, |request| request.nth >= 2 && !request.is_list());
    let (code, text) = interrupted(&server, &["check", "--format", "json", "s3://bkt/d"], 13);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("\"status\": \"interrupted\""), "{text}");
    assert!(!text.contains("unreadable-source\",\n      \"level\""), "{text}");
    assert!(text.contains("of 4 arrays were not read"), "{text}");
}
