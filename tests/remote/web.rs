//! Files behind plain web servers, which give no list, and not always a part of a file.

use super::server::{Answer, Server};
use super::{batch, findings, folder, nobody, report, run};

fn checked(arguments: &[&str]) -> (i32, serde_json::Value) {
    report(&run(nobody(&folder(), &[&["check", "--format", "json"], arguments].concat())))
}

fn server() -> (Server, String) {
    let server = Server::new();
    server.put("x.npy", batch(300_000, 1));
    let address = format!("http://127.0.0.1:{}/x.npy", server.port);
    (server, address)
}

#[test]
fn a_file_is_read_in_parts() {
    let (server, address) = server();
    let (code, report) = checked(&[&address]);
    assert_eq!((code, &report["coverage"]["batches"]), (0, &1.into()), "{report:#}");
    assert!(server.log().iter().all(|request| request.range().is_some()));
}

#[test]
fn a_server_that_gives_whole_files_is_read_all_the_same() {
    let (server, address) = server();
    server.plan(|_| Answer::Whole);
    let (code, report) = checked(&[&address]);
    assert_eq!((code, &report["coverage"]["batches"]), (0, &1.into()), "{report:#}");
    assert_eq!(report["coverage"]["values_read"], true);
}

#[test]
fn a_file_whose_length_nobody_says_is_told() {
    let (server, address) = server();
    let head = b"HTTP/1.1 200 OK\r\nLast-Modified: Tue, 01 Jul 2025 10:00:00 GMT\r\n\r\n".to_vec();
    server.plan(move |_| Answer::Endless(head.clone(), vec![7; 4096]));
    let (code, report) = checked(&[&address]);
    assert_eq!(code, 1, "{report:#}");
    assert_eq!(findings(&report)[0], "unreadable-source: the server gives whole files only");
}

#[test]
fn a_signature_in_the_address_is_sent_and_never_shown() {
    let (server, address) = server();
    let (code, report) = checked(&[&format!("{address}?X-Sig=geheim&b=2")]);
    assert_eq!(code, 0, "{report:#}");
    assert!(server.log().iter().all(|request| request.query.get("X-Sig").is_some_and(|value| value == "geheim")));
    assert!(!report.to_string().contains("geheim"));
    server.plan(|_| Answer::Error(403, "AccessDenied"));
    let (_, report) = checked(&[&format!("{address}?X-Sig=geheim")]);
    assert_eq!(findings(&report)[0], "unreadable-source: no permission to read it");
    assert!(!report.to_string().contains("geheim"), "{report:#}");
    server.plan(|_| Answer::Error(418, "Teapot"));
    let (_, report) = checked(&[&format!("{address}?X-Sig=geheim")]);
    assert!(!report.to_string().contains("geheim"), "{report:#}");
}

#[test]
fn a_folder_of_a_server_has_no_list() {
    let (server, address) = server();
    let (code, report) = checked(&[address.trim_end_matches("x.npy")]);
    assert_eq!(code, 1);
    assert_eq!(findings(&report)[0], "unreadable-source: address cannot be read from");
    assert_eq!(server.asked(), 0);
}
